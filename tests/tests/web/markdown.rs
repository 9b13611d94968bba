//! Answers in Markdown: read, coloured and set by workers, harmless whatever they hold, and legible
//! without the workers.

use prompthub_tests::{
    TestApp, spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::{Value, json};

use crate::{
    axe::assert_accessible,
    browser::{Browser, Size, in_browser},
};

/// Every kind of thing that an answer may hold.
const EVERYTHING: &str = "\
## Heading

A *word* with $x_1^2$ in it, for $5 or $10.

$$
\\frac{a}{b} = \\sqrt{2}
$$

```rust
let answer = 42; // so
```

```unheard-of
let answer = 42;
```

| a | b |
|---|--:|
| 1 | $\\pi$ |

Broken: \\(\\nosuchcommand{x}\\).
";

/// What must come to nothing.
const HOSTILE: &str = "\
<script>window.hostile = 1</script>

<img src=x onerror=\"window.hostile = 2\">

[link](javascript:window.hostile=3) and <javascript:window.hostile=4>

$\\href{javascript:window.hostile=5}{x}$ and $\\text{<img src=x onerror=window.hostile=6>}$

$$\\style{background:url(https://example.com)}{x}$$

```html
<script>window.hostile = 7</script>
```

```js\" onload=\"window.hostile=8
\u{202e}`${window.hostile = 9}`
```

![picture](https://example.com/picture.png)

Harmless.
";

impl Browser {
    /// How many elements a selector finds.
    async fn count(&self, selector: &str) -> u64 {
        let script = "return document.querySelectorAll(arguments[0]).length";
        let found = self.script(script, vec![json!(selector)]).await;
        found.as_u64().expect("a number")
    }

    /// Waits until a selector finds so many elements.
    async fn counts(&self, selector: &str, count: u64) {
        self.until(&format!("{count} of {selector}"), async || {
            self.count(selector).await == count
        })
        .await;
    }

    /// Has one of the workers fail to load from now on, on every page; returns what ends that.
    async fn spoil_worker(&self, name: &str) -> Value {
        let script = format!(
            "window.failures = 0;
            window.Worker = class extends Worker {{
                constructor(address) {{
                    super(address.includes({name:?}) ? '/missing.js' : address);
                    this.addEventListener('error', () => window.failures++);
                }}
            }};"
        );
        let source = json!({"source": script});
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await
    }

    /// Waits until a worker has failed.
    async fn fails(&self) {
        self.until("a worker that fails", async || {
            let failures = self.script("return window.failures", Vec::new()).await;
            failures.as_u64().is_some_and(|failures| failures > 0)
        })
        .await;
    }

    /// The text of all that a selector finds, each on its own.
    async fn texts(&self, selector: &str) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map(it => it.textContent)";
        let found = self.script(script, vec![json!(selector)]).await;
        serde_json::from_value(found).expect("texts")
    }
}

async fn in_project(app: &TestApp, test: impl AsyncFnOnce(&Browser)) {
    in_browser(app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        test(browser).await;
    })
    .await;
}

/// All of `EVERYTHING`, as it is to be.
async fn assert_everything(browser: &Browser) {
    browser.counts(".ph-code__keyword", 1).await;
    assert_eq!(browser.texts(".ph-code__keyword").await, ["let"]);
    assert_eq!(browser.texts(".ph-code__number").await, ["42"]);
    assert_eq!(browser.texts(".ph-code__comment").await, ["// so\n"]);
    assert_eq!(
        browser.texts(".ph-code__language").await,
        ["Rust", "unheard-of"]
    );
    let code = "let answer = 42; // so\n";
    assert_eq!(
        browser.texts(".ph-code code").await,
        [code, "let answer = 42;\n"]
    );

    assert_eq!(browser.count(".ph-markdown math").await, 3);
    assert_eq!(
        browser
            .count(".ph-math > math[display=block] mfrac > mi")
            .await,
        2
    );
    assert_eq!(browser.count("math[alttext='x_1^2'] > msubsup").await, 1);
    let namespace = "return document.querySelector('math mfrac').namespaceURI";
    let namespace = browser.script(namespace, Vec::new()).await;
    assert_eq!(namespace, "http://www.w3.org/1998/Math/MathML");
    let unread = browser.texts(".ph-markdown__code").await;
    assert_eq!(unread, ["\\nosuchcommand{x}"]);
    assert_eq!(browser.count(".ph-markdown td").await, 2);
    let paragraph = browser.texts(".ph-markdown p").await;
    assert!(paragraph[0].ends_with("for $5 or $10."), "{paragraph:?}");
}

#[tokio::test]
async fn code_is_coloured_and_formulas_are_set() {
    let app = spawn_app().await;
    in_project(&app, async |browser| {
        app.upstream.next(Script::answer(EVERYTHING));
        browser.chat("Everything, please").await;
        assert_everything(browser).await;
        browser.find("heading", "Heading").await;
        browser.find("button", "Copy code").await;
        browser.find("group", "Rust code").await;
        browser.find("group", "Formula").await;
        // A reload ends with the same.
        browser.reload().await;
        assert_everything(browser).await;
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            assert_accessible(browser, &format!("an answer, {scheme}")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn code_that_grows_after_a_whole_line_says_nothing_twice() {
    let app = spawn_app().await;
    in_project(&app, async |browser| {
        let (first, second) = (Gate::new(), Gate::new());
        app.upstream.next(
            StreamScript::new()
                .delta("```toml\n[server]\n")
                .wait(&first)
                .delta("bind = 1\n")
                .wait(&second)
                .delta("port = 2\n```\n")
                .finish("stop")
                .done(),
        );
        browser.fill("Message", "Slowly").await;
        browser.click("button", "Send").await;
        browser.counts(".ph-code code span", 1).await;
        first.open();
        browser.counts(".ph-code code span", 3).await;
        assert_eq!(
            browser.texts(".ph-code code").await,
            ["[server]\nbind = 1\n"]
        );
        second.open();
        browser.counts(".ph-code code span", 5).await;
        assert_eq!(
            browser.texts(".ph-code code").await,
            ["[server]\nbind = 1\nport = 2\n"]
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_set_and_coloured_while_it_grows() {
    let app = spawn_app().await;
    in_project(&app, async |browser| {
        let (first, second) = (Gate::new(), Gate::new());
        app.upstream.next(
            StreamScript::new()
                .delta("# One\n\n```rust\nlet x = 1;\nle")
                .wait(&first)
                .delta("t y = 2;\n```\n\nSo $x")
                .wait(&second)
                .delta(" + y$.")
                .finish("stop")
                .done(),
        );
        browser.fill("Message", "Slowly").await;
        browser.click("button", "Send").await;
        browser.counts(".ph-code__keyword", 1).await;
        // What is there is changed in place: an element that was marked is still the same.
        browser
            .script(
                "document.querySelector('.ph-code').marked = true",
                Vec::new(),
            )
            .await;
        first.open();
        browser.counts(".ph-code__keyword", 2).await;
        assert_eq!(
            browser.texts(".ph-code code").await,
            ["let x = 1;\nlet y = 2;\n"]
        );
        let marked = "return document.querySelector('.ph-code').marked === true";
        assert_eq!(browser.script(marked, Vec::new()).await, true);
        assert_eq!(browser.count("math").await, 0);
        second.open();
        browser.answered().await;
        browser.counts("math", 1).await;
        assert_eq!(
            browser.texts(".ph-code code").await,
            ["let x = 1;\nlet y = 2;\n"]
        );
    })
    .await;
}

#[tokio::test]
async fn hostile_answers_do_nothing() {
    let app = spawn_app().await;
    in_project(&app, async |browser| {
        app.upstream.next(Script::answer(HOSTILE));
        let shown = browser.chat("Do your worst").await;
        assert!(shown.contains("Harmless."), "{shown}");
        browser.counts(".ph-markdown math", 1).await;
        browser
            .until("coloured code", async || {
                browser.count(".ph-code__tag").await > 0
            })
            .await;
        for forbidden in [
            "script",
            "img",
            "iframe",
            "object",
            "[onerror]",
            "[onload]",
            "[style]",
            "[src]",
            "a[href^='javascript']",
            "math [href]",
        ] {
            let within = format!(".ph-markdown {forbidden}");
            assert_eq!(browser.count(&within).await, 0, "{forbidden}");
        }
        assert!(
            shown.contains("<script>window.hostile = 1</script>"),
            "{shown}"
        );
        let hostile = browser
            .script("return window.hostile ?? null", Vec::new())
            .await;
        assert!(hostile.is_null(), "{hostile}");
    })
    .await;
}

#[tokio::test]
async fn without_a_worker_the_text_stands_as_it_came() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        let spoilt = browser.spoil_worker("text").await;
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.fails().await;
        app.upstream.next(Script::answer(EVERYTHING));
        let shown = browser.chat("Everything, please").await;
        assert!(shown.contains("## Heading"), "{shown}");
        assert!(
            shown.contains("```rust\nlet answer = 42; // so\n```"),
            "{shown}"
        );
        browser.reload().await;
        browser.fails().await;
        let shown = browser.answered().await;
        assert!(shown.contains("## Heading"), "{shown}");
        // When the worker loads again, all is well again.
        browser
            .cdp("Page.removeScriptToEvaluateOnNewDocument", spoilt)
            .await;
        browser.reload().await;
        assert_everything(browser).await;
        assert_eq!(browser.count(".ph-markdown--plain").await, 0);
    })
    .await;
}

#[tokio::test]
async fn without_colours_code_stays_plain() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.spoil_worker("highlight").await;
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        app.upstream.next(Script::answer(EVERYTHING));
        browser.chat("Everything, please").await;
        browser.fails().await;
        browser.counts(".ph-markdown math", 3).await;
        let code = browser.texts(".ph-code code").await;
        assert_eq!(code, ["let answer = 42; // so\n", "let answer = 42;\n"]);
        assert_eq!(browser.count(".ph-code code span").await, 0);
    })
    .await;
}

#[tokio::test]
async fn workers_are_kept_for_ever_and_may_do_less_than_the_page() {
    let app = spawn_app().await;
    let html = app.client().get("/").send().await.text();
    for name in ["text", "highlight"] {
        let (_, rest) = html
            .split_once(&format!("/{name}-"))
            .expect("the page names its workers");
        let hash = &rest[..16];
        for file in [
            format!("/{name}-{hash}.js"),
            format!("/{name}-{hash}_bg.wasm"),
        ] {
            let answer = app.client().get(&file).send().await;
            answer.expect_status(200);
            let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
            assert!(header("cache-control").contains("immutable"), "{file}");
            let policy = header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{policy}");
            assert!(
                policy.contains("script-src 'self' 'wasm-unsafe-eval';"),
                "{policy}"
            );
            for word in [
                "unsafe-inline",
                "'unsafe-eval'",
                "https:",
                "worker-src",
                "img-src",
            ] {
                assert!(!policy.contains(word), "{word} in {policy}");
            }
        }
    }
}

//! What is said of an answer besides its text: its reasoning, its figures, what failed before it; and
//! the sums of it all.

use prompthub_tests::{
    TestApp, spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::json;

use crate::browser::{Browser, Size, at_both_sizes, in_browser};

/// A project of Ada's, in the browser and through the API.
async fn open_project(app: &TestApp, browser: &Browser, body: serde_json::Value) {
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project_with(body).await;
    browser.sign_in().await;
    browser.go(&format!("/projects/{}", project.id)).await;
    browser.find("textbox", "Message").await;
}

impl Browser {
    /// The text of the page's element that this selects, as it is shown.
    async fn shown(&self, selector: &str) -> String {
        let script = "const found = document.querySelector(arguments[0]); return found ? found.innerText : ''";
        let text = self.script(script, vec![selector.into()]).await;
        text.as_str().expect("text").to_owned()
    }
}

#[tokio::test]
async fn reasoning_is_folded_and_apart_from_the_answer() {
    at_both_sizes(async |app, browser| {
        open_project(app, browser, json!({"name": "Notes"})).await;
        let gate = Gate::new();
        app.upstream.next(
            StreamScript::new()
                .reasoning("The user greets. ")
                .wait(&gate)
                .reasoning("I greet back.")
                .delta("Hello!")
                .finish("stop")
                .usage(22, 7, "0.000171")
                .done(),
        );
        browser.fill("Message", "Hello").await;
        browser.click("button", "Send").await;
        browser.find("DisclosureTriangle", "Thinking…").await;
        let thoughts = ".ph-message__reasoning p";
        assert_eq!(browser.shown(".ph-message__reasoning[open]").await, "");
        browser.click("DisclosureTriangle", "Thinking…").await;
        browser
            .until("what has come of it is shown", async || {
                browser.shown(thoughts).await.trim() == "The user greets."
            })
            .await;
        gate.open();
        let answer = browser.answered().await;
        assert!(answer.contains("Hello!"), "{answer}");
        assert_eq!(browser.shown(".ph-markdown").await.trim(), "Hello!");
        assert_eq!(
            browser.shown(thoughts).await,
            "The user greets. I greet back."
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_tells_its_figures_and_who_failed_before_it() {
    at_both_sizes(async |app, browser| {
        let project = json!({
            "name": "Notes",
            "model": "openrouter/acme/a",
            "parameters": {"fallback_models": ["openrouter/acme/b"]},
        });
        open_project(app, browser, project).await;
        app.upstream.next(Script::error(404, "No such model."));
        app.upstream
            .next(Script::answer("Hello from the other one."));
        let answer = browser.chat("Hello").await;
        assert!(answer.contains("a gave no answer:"), "{answer}");
        assert!(answer.contains("Answered by b instead."), "{answer}");
        let figures = browser.shown(".ph-message__figures summary").await;
        assert!(
            figures.starts_with("b · 22 in, 7 out · $0.00017"),
            "{figures}"
        );
        let script = "document.querySelector('.ph-message__figures summary').click()";
        browser.script(script, Vec::new()).await;
        browser
            .until("the rest is there", async || {
                let all = browser.shown(".ph-message__figures dl").await;
                [
                    "openrouter/acme/b",
                    "Asked first",
                    "Answered as",
                    "$0.000171, as the provider bills it",
                    "First word after",
                ]
                .iter()
                .all(|words| all.contains(words))
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn the_usage_page_sums_up_and_plots() {
    at_both_sizes(async |app, browser| {
        let project = json!({"name": "Notes", "model": "openrouter/acme/a"});
        open_project(app, browser, project).await;
        browser.chat("One").await;
        browser.chat("Two").await;
        browser.go("/").await;
        browser.click("button", "Account").await;
        browser.click("menuitem", "Usage").await;
        browser.find("heading", "Usage").await;
        assert_eq!(browser.path().await, "/usage");
        browser
            .until("the sums are there", async || {
                let sums = browser.shown("section[aria-label=Sums] table").await;
                let words: Vec<&str> = sums.split_whitespace().collect();
                let total = words.iter().position(|word| *word == "Total");
                total.is_some_and(|total| {
                    words[total..].starts_with(&["Total", "2", "44", "14", "$0.00034"])
                })
            })
            .await;
        let pictures = browser.names("image").await;
        for title in ["Tokens", "Cost", "Time to the first word"] {
            assert!(
                pictures
                    .iter()
                    .any(|name| name.starts_with(&format!("{title} by day"))),
                "{pictures:?}"
            );
        }
        let tables = browser.all("DisclosureTriangle", Some("As a table")).await;
        assert_eq!(tables.len(), 3);
        tables[1].click().await.expect("it opens");
        browser.find("table", "Cost by day").await;
        let costs = browser.shown("section[aria-label=Cost] table").await;
        assert!(costs.contains("$0.00034"), "{costs}");

        browser.click("link", "By project").await;
        browser
            .until("it is by project", async || {
                browser
                    .shown("section[aria-label=Sums] tbody")
                    .await
                    .starts_with("Notes")
            })
            .await;
        browser.click("link", "7 days").await;
        browser
            .until("it is of fewer days", async || {
                let days = "const label = document.querySelector('svg[role=img]')?.getAttribute('aria-label'); \
                    const [from, to] = label?.match(/[0-9-]{10}/g) ?? []; \
                    return (new Date(to) - new Date(from)) / 86400000";
                browser.script(days, Vec::new()).await.as_f64() == Some(6.0)
            })
            .await;
        let query = browser.driver.current_url().await.expect("an address");
        assert_eq!(query.query(), Some("days=7&by=project"));

        // A first day that is not named is the server's choice.
        browser.go("/usage?from=&to=2020-01-31").await;
        browser
            .until("nothing was used then", async || {
                let main = browser.shown("main").await;
                main.contains("Nothing was used in these days.")
            })
            .await;
        let current = "return document.querySelectorAll('nav[aria-label=Days] [aria-current]').length";
        assert_eq!(browser.script(current, Vec::new()).await, 0);
    })
    .await;
}

/// What a part of the page says when its code does not come, as after an upgrade of the server.
#[tokio::test]
async fn a_part_that_does_not_come_can_be_had_by_a_reload() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        app.register("ada@example.com").await;
        browser.sign_in().await;
        let block = |urls: serde_json::Value| json!({"urls": urls});
        browser.cdp("Network.enable", json!({})).await;
        browser
            .cdp("Network.setBlockedURLs", block(json!(["*part-*"])))
            .await;
        browser.click("button", "Account").await;
        browser.click("menuitem", "Usage").await;
        browser.find("button", "Retry").await;
        // The loader says so as well, which is no fault of the page here.
        let complaints = browser.complaints().await;
        assert!(
            complaints
                .iter()
                .all(|complaint| complaint.contains("Failed to fetch")),
            "{complaints:?}"
        );
        browser
            .cdp("Network.setBlockedURLs", block(json!([])))
            .await;
        browser.click("button", "Reload the page").await;
        browser.find("navigation", "Days").await;
    })
    .await;
}

//! What code looks like in its colours, and what stays plain.

use std::{sync::mpsc, thread, time::Duration};

use proptest::prelude::*;

use super::*;

/// Far more than any of these takes: a definition that goes in circles is to fail its test, and
/// not to keep it running.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pieces as `text` or `kind(text)`.
fn notation(nodes: &[Node]) -> Vec<String> {
    let one = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => {
            let class = element.attribute(Attribute::Class).unwrap_or_default();
            let kind = class.strip_prefix("ph-code__").expect("a class of ours");
            format!("{kind}({})", text_of(&element.children))
        }
    };
    nodes.iter().map(one).collect()
}

fn text_of(nodes: &[Node]) -> String {
    let one = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => text_of(&element.children),
    };
    nodes.iter().map(one).collect()
}

fn highlight(language: &str, code: &str) -> Vec<Node> {
    Highlighted::default().update(code, true, language).nodes
}

/// What comes of `reading`, which must end.
fn ended<T: Send + 'static>(reading: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, result) = mpsc::channel();
    thread::spawn(move || sender.send(reading()));
    result.recv_timeout(PATIENCE).ok()
}

fn has(language: &str, code: &str, piece: &str) {
    let pieces = notation(&highlight(language, code));
    // The space after a piece belongs to it.
    let mut trimmed = pieces.iter().map(|it| it.replace(" )", ")"));
    assert!(
        trimmed.any(|it| it == piece),
        "{language}: {pieces:?} without {piece}"
    );
}

#[test]
fn pieces_have_their_kinds() {
    assert_eq!(
        notation(&highlight("rust", "let x = 42; // so\n")),
        [
            "keyword(let)",
            " x = ",
            "number(42)",
            "; ",
            "comment(// so\n)"
        ]
    );
    has("python", "def f(x): return None", "function(f)");
    has("js", "const a = `b ${c} d`;", "string(`b)");
    has("ts", "interface A { b: string }", "keyword(interface)");
    has(
        "tsx",
        "const a = <p className=\"b\">c</p>;",
        "string(\"b\")",
    );
    has("json", "{\"a\": true}", "constant(true)");
    has("html", "<p class=\"a\">b</p>", "attribute(class)");
    has("css", "p { color: red; }", "attribute(color)");
    has("bash", "echo \"$HOME\" # so", "comment(# so)");
    has("sql", "SELECT a FROM b", "keyword(SELECT)");
    has("yaml", "a: 'b'", "string('b')");
    has("toml", "a = 1", "number(1)");
    has("go", "func f() {}", "function(f)");
    has("c", "int f(void) { return 1; }", "keyword(return)");
    has("cpp", "class A {};", "keyword(class)");
    has("java", "class A { int b = 1; }", "number(1)");
    has("c#", "class A { string b = \"c\"; }", "string(\"c\")");
    has("php", "<?php echo 'a';", "string('a')");
    has("ruby", "def f; 'a'; end", "string('a')");
    has("kotlin", "fun f() = \"a\"", "string(\"a\")");
    has("swift", "let a = \"b\"", "string(\"b\")");
    has("diff", "-a\n+b\n", "inserted(+b\n)");
    has("dockerfile", "FROM a\nRUN b", "keyword(FROM)");
    has("markdown", "# A\n", "heading(# A\n)");
    has("xml", "<a b=\"c\"/>", "string(\"c\")");
}

#[test]
fn every_language_is_there_and_colours_something() {
    for language in language::LANGUAGES {
        let syntax = SYNTAXES.find_syntax_by_name(language.syntax);
        let syntax = syntax.unwrap_or_else(|| panic!("no {}", language.syntax));
        let mut reader = Reader {
            state: ParseState::new(syntax),
            stack: ScopeStack::new(),
        };
        // A little of everything: what is left out of the set must not be needed for it.
        let lines = [
            "<?php\n",
            "<script>let a = /b/;</script>\n",
            "<style>p { color: red }</style>\n",
            "# a 'b' \"c\" // d\n",
            "/** e @param f */\n",
            "def g(h): return 1 -- i\n",
            "$j = `k` ${l} %m {{n}} <o p=\"q\">\n",
            "[r]\n",
            "s = t: u;\n",
            "FROM v\n",
            "```\n",
        ];
        for line in lines {
            assert_eq!(
                reader.read(line, &mut Vec::new()),
                Understood::Yes,
                "{}: {line}",
                language.label
            );
        }
    }
}

#[test]
fn an_unknown_language_is_plain() {
    assert_eq!(
        notation(&highlight("klingon", "let x;\nlet y;")),
        ["let x;\n", "let y;"]
    );
}

#[test]
fn only_the_last_line_is_read_again() {
    let mut code = Highlighted::default();
    let first = code.update("let x;\nlet", false, "rust");
    assert_eq!((first.keep, notation(&first.nodes).len()), (0, 3));
    let next = code.update("let x;\nlet y", false, "rust");
    assert_eq!(
        (next.keep, notation(&next.nodes)),
        (2, vec!["keyword(let)".into(), " y".into()])
    );
}

#[test]
fn too_much_stays_plain() {
    let long = "let x;\n".repeat(20_000);
    let nodes = highlight("rust", &long);
    assert_eq!(text_of(&nodes), long);
    assert_eq!(
        notation(&nodes).last().map(String::as_str),
        Some("let x;\n")
    );
    let wide = format!("let a = \"{}\";\nlet b;\n", "x".repeat(MAX_LINE));
    assert_eq!(notation(&highlight("rust", &wide)).len(), 2);
}

#[test]
fn hostile_code_ends() {
    for (language, piece) in [
        ("js", "/("),
        ("js", "`${"),
        ("tsx", "<a>"),
        ("html", "<"),
        ("html", "<script>"),
        ("markdown", "["),
        ("markdown", "*a_"),
        ("python", "f'{"),
        ("cpp", "a<"),
        ("rust", "r#\""),
        ("bash", "$(("),
        ("regex", "(a*)*"),
        ("php", "<?php "),
        ("sql", "("),
        ("yaml", "- {"),
        ("json", "[{"),
        ("latex", "\\a{"),
        ("perl", "s/a/"),
        ("ruby", "#{"),
        ("toml", "[["),
    ] {
        let line = piece.repeat(MAX_LINE / piece.len() / 4) + "\n";
        let code = line.repeat(4);
        assert_eq!(text_of(&highlight(language, &code)), code, "{language}");
    }
}

/// JavaScript's definition went in circles there, reading nothing.
#[test]
fn a_comment_after_an_operand_is_no_division() {
    for code in [
        "a /* b",
        "a /* b */",
        "a /** b */\n",
        "a // b",
        "f /* b\n*/ + 1",
    ] {
        let nodes = ended(move || highlight("js", code));
        let nodes = nodes.unwrap_or_else(|| panic!("{code:?} has no end"));
        assert_eq!(text_of(&nodes), code);
        let pieces = notation(&nodes);
        let is_comment = |piece: &String| piece.starts_with("comment(/");
        assert!(pieces.iter().any(is_comment), "{code:?}: {pieces:?}");
    }
    has("js", "a / 2", "number(2)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the code arrives, no character is lost, and the page ends up with what a single
    /// reading gives.
    #[test]
    fn streaming_gives_what_one_reading_gives(
        language in prop::sample::select(vec!["rust", "js", "python", "html", "bash", "markdown"]),
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", " ", "\n", "\"", "'", "`", "${", "}", "{", "/*", "*/", "//", "#", "<", ">", "</",
                "script", "let ", "def ", "(", ")", "\\", "ä", "```", "<!--", "EOF", "<<", "1",
            ]),
            0..40,
        )
    ) {
        let read = ended(move || {
            let mut code = Highlighted::default();
            let mut text = String::new();
            let mut shown: Vec<Node> = Vec::new();
            for piece in pieces {
                text.push_str(piece);
                let update = code.update(&text, false, language);
                shown.truncate(update.keep);
                shown.extend(update.nodes);
                assert_eq!(text_of(&shown), text);
            }
            assert_eq!(shown, highlight(language, &text));
        });
        prop_assert!(read.is_some(), "it has no end, or another one");
    }
}

//! What the parser and the growing document must hold, for honest and for hostile text.

use proptest::prelude::*;

use super::{
    super::{
        ast::{Kind, Node},
        parse::parse,
    },
    *,
};

fn blocks(source: &str) -> Vec<Node> {
    Document::default().update(source, true).blocks
}

/// A short notation for trees: `p("text", em("more"))`.
fn notation(nodes: &[Node]) -> String {
    let parts: Vec<String> = nodes
        .iter()
        .map(|node| match node {
            Node::Text(text) => format!("{text:?}"),
            Node::Element { kind, children } => format!("{}({})", name(kind), notation(children)),
        })
        .collect();
    parts.join(", ")
}

fn name(kind: &Kind) -> String {
    match kind {
        Kind::Paragraph => "p".to_owned(),
        Kind::Heading(level) => format!("h{level}"),
        Kind::BulletList => "ul".to_owned(),
        Kind::Item => "li".to_owned(),
        Kind::CodeBlock { language } => format!("code[{language}]"),
        Kind::Link { href } => format!("a[{href}]"),
        Kind::Math { display: false } => "math".to_owned(),
        Kind::Math { display: true } => "display".to_owned(),
        Kind::Image { source, host } => format!("img[{source} {host}]"),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

fn render(source: &str) -> String {
    notation(&blocks(source))
}

fn depth(node: &Node) -> usize {
    match node {
        Node::Text(_) => 0,
        Node::Element { children, .. } => 1 + children.iter().map(depth).max().unwrap_or(0),
    }
}

fn count(nodes: &[Node]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(_) => 1,
            Node::Element { children, .. } => 1 + count(children),
        })
        .sum()
}

#[test]
fn blocks_and_spans_are_recognised() {
    assert_eq!(render("# A *b*"), r#"h2("A ", emphasis("b"))"#);
    assert_eq!(
        render("- [x] a\n- b"),
        r#"ul(li(checkbox(true)(), "a"), li("b"))"#
    );
    assert_eq!(
        render("```rust,ignore\nlet x;\n```"),
        r#"code[rust]("let x;\n")"#
    );
    assert_eq!(
        render("| a | b |\n|--|-:|\n| 1 | `2` |"),
        "table(tablehead(tablecell { header: true, align: start }(\"a\"), \
         tablecell { header: true, align: end }(\"b\")), \
         tablerow(tablecell { header: false, align: start }(\"1\"), \
         tablecell { header: false, align: end }(code(\"2\"))))"
    );
}

#[test]
fn html_is_text() {
    assert_eq!(render("a <b>c</b>"), r#"p("a <b>c</b>")"#);
    assert_eq!(render("a<br>c"), r#"p("a", break(), "c")"#);
    let script = "<script>alert(1)</script>";
    assert_eq!(render(script), format!("plain({script:?})"));
}

#[test]
fn only_safe_links_are_links() {
    assert_eq!(render("[a](https://b.c)"), r#"p(a[https://b.c]("a"))"#);
    assert_eq!(render("<me@b.c>"), r#"p(a[mailto:me@b.c]("me@b.c"))"#);
    assert_eq!(render("[a](javascript:alert(1))"), r#"p("a")"#);
    assert_eq!(render("[a](&#106;avascript:alert(1))"), r#"p("a")"#);
    assert_eq!(
        render("<javascript:alert(1)>"),
        r#"p("javascript:alert(1)")"#
    );
    assert_eq!(render("![a](data:image/png;base64,AA)"), r#"p("a")"#);
    assert_eq!(
        render("![a](https://b.c/d)"),
        r#"p(img[https://b.c/d b.c]("a"))"#
    );
}

#[test]
fn nothing_stands_without_a_name() {
    assert_eq!(
        render("[](https://b.c)"),
        r#"p(a[https://b.c]("https://b.c"))"#
    );
    assert_eq!(
        render("[![a](https://b.c/d)](https://b.c)"),
        r#"p(a[https://b.c]("a"))"#
    );
    assert_eq!(render("#"), "p()");
    assert!(render("| | a |\n|-|-|").contains("header: false"));
}

#[test]
fn formulas_keep_what_markdown_would_take() {
    assert_eq!(
        render("a $x_1*y_2*z$ b"),
        r#"p("a ", math("x_1*y_2*z"), " b")"#
    );
    assert_eq!(render("$$\na\n- b\n=\n$$"), r#"p(display("a\n- b\n="))"#);
    assert_eq!(render("*\\(a*b\\)*"), r#"p(emphasis(math("a*b")))"#);
    assert_eq!(render("> \\[\n> a\n> \\]"), r#"quote(p(display("a")))"#);
    assert_eq!(
        render("- $$\n  a\n  $$\n- b"),
        r#"ul(li(display("a")), li("b"))"#
    );
    assert_eq!(render("It is $5, or $10."), r#"p("It is $5, or $10.")"#);
    assert_eq!(
        render("`$x$`\n\n    $y$"),
        r#"p(code("$x$")), code[]("$y$")"#
    );
    assert_eq!(render("A &amp; $b$ &lt;"), r#"p("A & ", math("b"), " <")"#);
}

#[test]
fn an_unfinished_formula_is_shown_as_written() {
    let text = "so\n\n$$\n\\frac{a}\n- b";
    let shown = Document::default().update(text, false).blocks;
    assert_eq!(notation(&shown), r#"p("so"), p(code("\\frac{a}\n- b"))"#);
    assert_eq!(render(text), r#"p("so"), p("$$\n\\frac{a}"), ul(li("b"))"#);
}

#[test]
fn headings_leave_no_level_out() {
    let levels = |source: &str| {
        let names = blocks(source);
        names
            .iter()
            .map(|node| notation(std::slice::from_ref(node)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        levels("### a\n# b\n### c\n#### d\n## e"),
        r#"h2("a") h2("b") h3("c") h4("d") h3("e")"#
    );
}

#[test]
fn only_the_last_block_is_built_again() {
    let mut document = Document::default();
    let update = document.update("one\n\ntwo\n\nthr", false);
    assert_eq!((update.keep, update.blocks.len()), (0, 3));
    let update = document.update("one\n\ntwo\n\nthree", false);
    assert_eq!((update.keep, update.blocks.len()), (1, 2));
    let update = document.update("one\n\ntwo\n\nthree\n", false);
    assert_eq!((update.keep, update.blocks.len()), (1, 2));
    let update = document.update("one\n\ntwo\n\nthree\nfour", false);
    assert_eq!(
        (update.keep, notation(&update.blocks).as_str()),
        (2, r#"p("three\nfour")"#)
    );
}

#[test]
fn another_text_starts_over() {
    let mut document = Document::default();
    document.update("one\n\ntwo", false);
    let update = document.update("new\n\ntext", false);
    assert_eq!((update.keep, update.blocks.len()), (0, 2));
}

#[test]
fn a_web_address_links_without_a_mark() {
    assert_eq!(
        render("See https://example.com/a_b_c?d=1&e=2."),
        r#"p("See ", a[https://example.com/a_b_c?d=1&e=2]("https://example.com/a_b_c?d=1&e=2"), ".")"#
    );
    assert_eq!(
        render("- **http://a.example** (https://b.example/c_(d))"),
        r#"ul(li(strong(a[http://a.example]("http://a.example")), " (", a[https://b.example/c_(d)]("https://b.example/c_(d)"), ")"))"#
    );
    let links = |source: &str| render(source).matches("a[").count();
    for (source, marked) in [
        ("`https://example.com`", 0),
        ("    https://example.com", 0),
        ("[https://a.example](https://example.com)", 1),
        ("![https://a.example](https://example.com/a.png)", 0),
        (
            "[![https://a.example](https://example.com/a.png)](https://b.example)",
            1,
        ),
        ("<div>\nhttps://example.com", 0),
        (
            "javascript://example.com/%0aalert(1) and ftp://example.com and ://",
            0,
        ),
    ] {
        assert_eq!(links(source), marked, "{}", render(source));
    }
}

#[test]
fn a_link_defined_later_is_resolved_at_the_end() {
    let text = "See [it].\n\nMore.\n\n[it]: https://example.com\n\nEnd.";
    let mut document = Document::default();
    let shown = document.update(&text[..17], false).blocks;
    assert_eq!(notation(&shown[..1]), r#"p("See [it].")"#);
    assert_eq!(document.update(text, false).keep, 1);
    let update = document.update(text, true);
    assert_eq!(update.keep, 0);
    assert_eq!(
        notation(&update.blocks[..1]),
        r#"p("See ", a[https://example.com]("it"), ".")"#
    );
}

#[test]
fn a_link_defined_earlier_is_resolved_at_once() {
    let mut document = Document::default();
    document.update("[it]: https://example.com\n\nOne.\n\nTwo\n", false);
    let update = document.update("[it]: https://example.com\n\nOne.\n\nTwo\n\n[IT]", false);
    assert_eq!(update.keep, 1);
    assert_eq!(
        notation(&update.blocks[1..]),
        r#"p(a[https://example.com]("IT"))"#
    );
}

#[test]
fn the_beginning_of_a_marker_is_not_shown() {
    for undecided in ["-", "``", "> ", "**", "=="] {
        let text = format!("before\n{undecided}");
        let shown = Document::default().update(&text, false).blocks;
        assert_eq!(notation(&shown), r#"p("before")"#, "{undecided}");
    }
}

#[test]
fn nesting_is_bounded() {
    let hostile = [
        "> ".repeat(1000) + "deep",
        "*".repeat(1000) + "a" + &"*".repeat(1000),
        (0..1000)
            .map(|depth| " ".repeat(depth * 2) + "- a\n")
            .collect(),
        "[".repeat(1000) + "a" + &"](https://b.c)".repeat(1000),
        "*a **b ".repeat(1000),
    ];
    for source in hostile {
        for complete in [false, true] {
            let blocks = Document::default().update(&source, complete).blocks;
            assert!(
                blocks.iter().all(|block| depth(block) <= 33),
                "{}",
                &source[..20]
            );
        }
    }
    assert!(render(&("> ".repeat(1000) + "deep")).contains("deep"));
}

#[test]
fn one_block_has_a_bounded_number_of_elements() {
    let wide = format!(
        "|{}\n|{}\n{}",
        "a|".repeat(2000),
        "-|".repeat(2000),
        "|\n".repeat(2000)
    );
    assert!(count(&blocks(&wide)) < 80_000);
    assert!(count(&blocks(&"*a* ".repeat(30_000))) < 80_000);
    let long = "word ".repeat(40_000);
    assert_eq!(count(&blocks(&long)), 2);
}

#[test]
fn hostile_text_costs_linear_time() {
    // Far from any figure to reach: what is quadratic would take minutes here.
    let sources = [
        "> ", "*", "_a", "[", "![", "`a``", "- ", "<", "&", "|", "\\", "# ", "<!--", "](", "$a",
        "$$", r"\(", r"\[", "$$a\n", r"\\", "$ ",
    ]
    .map(|piece| piece.repeat(400_000 / piece.len()));
    let begun = std::time::Instant::now();
    for source in &sources {
        parse(source, true, &mut Definitions::default());
    }
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
}

proptest! {
    /// However the text arrives, the page ends up with what a single parse gives, and what is
    /// kept was right at every moment.
    #[test]
    fn streaming_gives_what_one_parse_gives(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b c", " ", "\n", "\n\n", "# ", "- ", "  ", "    ", "1. ", "> ", "```", "~~~",
                "*", "**", "_", "`", "|", "|-|\n", "---", "===", "[x]", "[a](https://b.c)", "<b>",
                "<!--", "-->", "\\", "ä", "\t", "\r\n", "&amp;", "***\n", "- [ ] ",
                "$", "$$", r"\(", r"\)", r"\[", r"\]", "$x$", "5",
            ]),
            0..40,
        )
    ) {
        let mut document = Document::default();
        let mut text = String::new();
        let mut shown: Vec<Node> = Vec::new();
        for piece in pieces {
            text.push_str(piece);
            let update = document.update(&text, false);
            prop_assert!(update.keep <= shown.len());
            shown.truncate(update.keep);
            shown.extend(update.blocks);
        }
        let update = document.update(&text, true);
        shown.truncate(update.keep);
        shown.extend(update.blocks);
        prop_assert_eq!(notation(&shown), render(&text));
    }
}

//! Which elements show a piece of a document.
//!
//! The one place that chooses elements, classes and attributes for Markdown; the source has no say
//! in them. Classes are those of `style/components/markdown.css`, actions those that the page's
//! `markdown` module carries out.

use prompthub_markup::{Attribute, Element, Node as Shown, Tag};

use super::ast::{Align, Kind, Node};
use crate::{language, math};

pub fn shape(node: Node) -> Shown {
    match node {
        Node::Text(text) => Shown::Text(text),
        Node::Element { kind, children } => element(kind, children).into(),
    }
}

fn element(kind: Kind, children: Vec<Node>) -> Element {
    let (tag, class) = match kind {
        Kind::Paragraph => (Tag::P, ""),
        Kind::Plain => (Tag::P, "ph-markdown__plain"),
        Kind::Heading(level) => (heading(level), ""),
        Kind::Quote => (Tag::Blockquote, ""),
        Kind::BulletList => (Tag::Ul, ""),
        Kind::NumberedList(first) => return numbered(first, children),
        Kind::Item => (Tag::Li, ""),
        Kind::Checkbox(done) => return checkbox(done),
        Kind::Rule => (Tag::Hr, ""),
        Kind::CodeBlock { language } => return code_block(&language, text_of(&children)),
        Kind::Table => return table(children),
        Kind::TableHead => {
            let row = holding(Element::new(Tag::Tr), children);
            return Element::new(Tag::Thead).holding(row);
        }
        Kind::TableRow => (Tag::Tr, ""),
        Kind::TableCell { header, align } => return cell(header, align, children),
        Kind::Emphasis => (Tag::Em, ""),
        Kind::Strong => (Tag::Strong, ""),
        Kind::Strikethrough => (Tag::Del, ""),
        Kind::Code => (Tag::Code, "ph-markdown__code"),
        Kind::Math { display } => return formula(&text_of(&children), display),
        Kind::Break => (Tag::Br, ""),
        Kind::Link { href } => return link(href, children),
        Kind::Image { source, host } => return image(source, &host, children),
    };
    holding(classed(tag, class), children)
}

fn holding(mut element: Element, children: Vec<Node>) -> Element {
    element.children.extend(children.into_iter().map(shape));
    element
}

fn classed(tag: Tag, class: &str) -> Element {
    let element = Element::new(tag);
    if class.is_empty() {
        element
    } else {
        element.with(Attribute::Class, class)
    }
}

fn text_of(nodes: &[Node]) -> String {
    let texts = nodes.iter().map(|node| match node {
        Node::Text(text) => text.clone(),
        Node::Element { children, .. } => text_of(children),
    });
    texts.collect()
}

fn heading(level: u8) -> Tag {
    match level {
        0..=2 => Tag::H2,
        3 => Tag::H3,
        4 => Tag::H4,
        5 => Tag::H5,
        _ => Tag::H6,
    }
}

fn numbered(first: u64, children: Vec<Node>) -> Element {
    let list = Element::new(Tag::Ol);
    let list = if first == 1 {
        list
    } else {
        list.with(Attribute::Start, first.to_string())
    };
    holding(list, children)
}

fn checkbox(done: bool) -> Element {
    let input = classed(Tag::Input, "ph-markdown__checkbox")
        .with(Attribute::Type, "checkbox")
        .with(Attribute::Disabled, "")
        .with(Attribute::AriaLabel, if done { "Done" } else { "To do" });
    if done {
        input.with(Attribute::Checked, "")
    } else {
        input
    }
}

/// A bar with the language and a button, and under it the code, which scrolls by itself.
fn code_block(name: &str, code: String) -> Element {
    let language = language::find(name);
    let label = match language {
        Some(language) => language.label,
        None if name.is_empty() => "Text",
        None => name,
    };
    let mut content = Element::new(Tag::Code);
    if language.is_some() {
        content = content.with(Attribute::Language, name);
    }
    if !code.is_empty() {
        content = content.holding(code);
    }
    let copy = button("ph-button--quiet ", "copy-code").holding("Copy code");
    let bar = classed(Tag::Div, "ph-code__bar")
        .holding(classed(Tag::Span, "ph-code__language").holding(label))
        .holding(copy);
    let name = language.map_or("Code".to_owned(), |language| {
        format!("{} code", language.label)
    });
    let body = scrollable(classed(Tag::Pre, "ph-code__body"), &name).holding(content);
    classed(Tag::Div, "ph-code").holding(bar).holding(body)
}

fn table(rows: Vec<Node>) -> Element {
    let table = holding(Element::new(Tag::Table), rows);
    scrollable(classed(Tag::Div, "ph-markdown__table"), "Table").holding(table)
}

fn cell(header: bool, align: Align, children: Vec<Node>) -> Element {
    let class = match align {
        Align::Start => "",
        Align::Center => "ph-markdown__cell--center",
        Align::End => "ph-markdown__cell--end",
    };
    let cell = if header {
        classed(Tag::Th, class).with(Attribute::Scope, "col")
    } else {
        classed(Tag::Td, class)
    };
    holding(cell, children)
}

/// A formula, or its source where that cannot be read as one.
fn formula(latex: &str, display: bool) -> Element {
    let Some(math) = math::render(latex, display) else {
        return classed(Tag::Code, "ph-markdown__code").holding(latex);
    };
    if display {
        scrollable(classed(Tag::Span, "ph-math"), "Formula").holding(math)
    } else {
        math
    }
}

fn link(href: String, children: Vec<Node>) -> Element {
    let link = Element::new(Tag::A)
        .with(Attribute::Href, href)
        .with(Attribute::Target, "_blank")
        .with(Attribute::Rel, "noopener noreferrer nofollow");
    holding(link, children)
}

/// A picture that is only offered: loading it would tell its host who reads, and when.
fn image(source: String, host: &str, children: Vec<Node>) -> Element {
    let load = button("", "load-image")
        .with(Attribute::Source, source)
        .holding(format!("Load image from {host}"));
    let description = holding(classed(Tag::Span, "ph-markdown__description"), children);
    classed(Tag::Span, "ph-markdown__image")
        .holding(load)
        .holding(description)
}

fn button(variant: &str, action: &str) -> Element {
    Element::new(Tag::Button)
        .with(
            Attribute::Class,
            format!("ph-button {variant}ph-button--small"),
        )
        .with(Attribute::Type, "button")
        .with(Attribute::Action, action)
}

/// Lets the keyboard scroll what may be wider than the page.
fn scrollable(element: Element, label: &str) -> Element {
    element
        .with(Attribute::TabIndex, "0")
        .with(Attribute::Role, "group")
        .with(Attribute::AriaLabel, label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str) -> Element {
        code_block(name, "let x;\n".to_owned())
    }

    fn find(element: &Element, tag: Tag) -> Option<&Element> {
        if element.tag == tag {
            return Some(element);
        }
        element.children.iter().find_map(|child| match child {
            Shown::Element(element) => find(element, tag),
            Shown::Text(_) => None,
        })
    }

    #[test]
    fn code_says_its_language_where_it_can_be_coloured() {
        let of = |name| {
            let block = code(name);
            let content = find(&block, Tag::Code).expect("code");
            let label = find(&block, Tag::Span).expect("a label");
            (
                content.attribute(Attribute::Language).map(str::to_owned),
                label.children.clone(),
            )
        };
        assert_eq!(of("rs"), (Some("rs".to_owned()), vec!["Rust".into()]));
        assert_eq!(of("klingon"), (None, vec!["klingon".into()]));
        assert_eq!(of(""), (None, vec!["Text".into()]));
    }

    #[test]
    fn code_can_be_copied_and_scrolled_with_the_keyboard() {
        let block = code("rs");
        let copy = find(&block, Tag::Button).expect("a button");
        assert_eq!(copy.children, vec!["Copy code".into()]);
        assert_eq!(copy.attribute(Attribute::Action), Some("copy-code"));
        let body = find(&block, Tag::Pre).expect("a body");
        assert_eq!(body.attribute(Attribute::TabIndex), Some("0"));
        assert_eq!(body.attribute(Attribute::AriaLabel), Some("Rust code"));
    }

    #[test]
    fn a_formula_that_cannot_be_read_is_shown_as_written() {
        let shown = formula(r"\nosuch{x}", true);
        assert_eq!(
            (shown.tag, shown.children),
            (Tag::Code, vec![r"\nosuch{x}".into()])
        );
        let shown = formula("x", true);
        assert_eq!(shown.attribute(Attribute::AriaLabel), Some("Formula"));
        assert_eq!(formula("x", false).tag, Tag::Math);
    }
}

//! LaTeX as MathML, in elements of ours.
//!
//! What `math-core` writes is read again and kept only as far as the vocabulary knows it: a formula
//! comes from a model, and neither a link nor a style may come out of it. Styles that lay out a
//! table become classes.

use std::cell::OnceCell;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use prompthub_markup::{Attribute, Element, Node, Tag};

/// A longer formula, in bytes, is shown as it is written.
const MAX_BYTES: usize = 8 * 1024;
/// One in which more may lie in each other is, too: the library goes down into each.
const MAX_NESTING: usize = 50;

/// Macros that models use and the library has not.
const MACROS: [(&str, &str); 5] = [
    // See `boxed`.
    ("boxed", r"\begin{array}{|c|}\hline #1\end{array}"),
    ("fbox", r"\begin{array}{|c|}\hline \text{#1}\end{array}"),
    // Colours would not be legible in both themes.
    ("textcolor", "{#2}#1"),
    ("colorbox", "{#2}#1"),
    ("mbox", r"\text{#1}"),
];

thread_local! {
    static CONVERTER: OnceCell<Option<LatexToMathML>> = const { OnceCell::new() };
}

/// The formula as MathML; `None` when it cannot be read, or asks for something that is not shown.
#[must_use]
pub fn render(latex: &str, display: bool) -> Option<Element> {
    if latex.len() > MAX_BYTES || nesting(latex) > MAX_NESTING {
        return None;
    }
    let kind = if display {
        MathDisplay::Block
    } else {
        MathDisplay::Inline
    };
    let written = CONVERTER.with(|converter| {
        let converter = converter.get_or_init(converter_with_macros).as_ref()?;
        let converted = converter.convert_with_local_state(latex, kind).ok()?;
        Some(converted.mathml)
    })?;
    let read = roxmltree::Document::parse(&written).ok()?;
    let mut nodes = Vec::new();
    take(read.root_element(), &mut nodes);
    match nodes.pop()? {
        Node::Element(math) if math.tag == Tag::Math && nodes.is_empty() => {
            Some(math.with(Attribute::AltText, latex))
        }
        Node::Element(_) | Node::Text(_) => None,
    }
}

fn converter_with_macros() -> Option<LatexToMathML> {
    let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    LatexToMathML::new(MathCoreConfig {
        macros: MACROS.map(own).into(),
        ..MathCoreConfig::default()
    })
    .ok()
}

/// How deep a formula may nest, at most: the groups that are open at a place, and the commands just
/// before it, each of which may take the next as its argument.
fn nesting(latex: &str) -> usize {
    let mut deepest = 0;
    let mut groups = 0_usize;
    let mut commands = 0_usize;
    let mut rest = latex;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' => {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphabetic())
                    .unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end.max(1)).unwrap_or((rest, ""));
                rest = after;
                match name {
                    "begin" | "left" => groups = groups.saturating_add(1),
                    "end" | "right" => groups = groups.saturating_sub(1),
                    _ => commands = commands.saturating_add(1),
                }
            }
            '{' => groups = groups.saturating_add(1),
            '}' => {
                groups = groups.saturating_sub(1);
                commands = 0;
            }
            '^' | '_' | '[' => commands = commands.saturating_add(1),
            c if c.is_whitespace() => {}
            _ => commands = 0,
        }
        deepest = deepest.max(groups.saturating_add(commands));
    }
    deepest
}

/// Adds what is allowed of an element; of what is not, its content.
fn take(node: roxmltree::Node<'_, '_>, nodes: &mut Vec<Node>) {
    if let Some(text) = node.text().filter(|_| node.is_text()) {
        return nodes.push(text.into());
    }
    let tag = Tag::from_name(node.tag_name().name()).filter(|tag| tag.is_math());
    let Some(tag) = tag else {
        return node.children().for_each(|child| take(child, nodes));
    };
    let mut element = Element::new(tag);
    let mut classes = Vec::new();
    for attribute in node.attributes() {
        match attribute.name() {
            "style" => classes.extend(attribute.value().split(';').filter_map(class_of_style)),
            "class" => classes.extend(attribute.value().split(' ').filter_map(class_of_stroke)),
            name => {
                let known = Attribute::from_name(name).filter(|it| it.is_math());
                if let Some(name) = known {
                    element
                        .attributes
                        .push((name, attribute.value().to_owned()));
                }
            }
        }
    }
    if !classes.is_empty() {
        element = element.with(Attribute::Class, classes.join(" "));
    }
    node.children()
        .for_each(|child| take(child, &mut element.children));
    nodes.push(Node::Element(boxed(element)));
}

/// What a box holds, in a box: `MACROS` has it as a table of one cell with lines at its sides and
/// above it, since the library would put the line below it on a row of its own.
fn boxed(table: Element) -> Element {
    let has = |element: &Element, class| element.attribute(Attribute::Class) == Some(class);
    let [Node::Element(row)] = table.children.as_slice() else {
        return table;
    };
    let [Node::Element(cell)] = row.children.as_slice() else {
        return table;
    };
    let lines = has(&table, "ph-math__line-start ph-math__line-top");
    if !(lines && has(cell, "ph-math__line-end")) {
        return table;
    }
    let mut content = Element::new(Tag::Mrow).with(Attribute::Class, "ph-math__box");
    content.children.clone_from(&cell.children);
    content
}

/// The class that does what a declaration of a style does, for those that lay out tables.
fn class_of_style(declaration: &str) -> Option<&'static str> {
    let (property, value) = declaration.split_once(':')?;
    match (property.trim(), value.trim()) {
        ("text-align", "left") => Some("ph-math__start"),
        ("text-align", "right") => Some("ph-math__end"),
        ("padding-left", "0") => Some("ph-math__joined-start"),
        ("padding-right", "0") => Some("ph-math__joined-end"),
        ("width", "100%") => Some("ph-math__wide"),
        ("width", "50%") => Some("ph-math__half"),
        ("border-left", _) => Some("ph-math__line-start"),
        ("border-right", _) => Some("ph-math__line-end"),
        ("border-top", _) => Some("ph-math__line-top"),
        ("border-bottom", _) => Some("ph-math__line-bottom"),
        _ => None,
    }
}

/// The class of an element that only draws a line through its neighbours.
fn class_of_stroke(class: &str) -> Option<&'static str> {
    match class {
        "menclose-updiagonalstrike" => Some("ph-math__strike-up"),
        "menclose-downdiagonalstrike" => Some("ph-math__strike-down"),
        "menclose-horizontalstrike" => Some("ph-math__strike"),
        _ => None,
    }
}

#[cfg(test)]
#[path = "math/tests.rs"]
mod tests;

//! The tree of `ast` as nodes of the page.
//!
//! Every node is made by `createElement` and `createTextNode`, every attribute is set by name
//! here, and the source reaches the page only as text. When a document grows, what is there
//! stays: nodes are changed where the trees differ, so a reader's selection holds. Must not parse.

use wasm_bindgen::JsValue;
use web_sys::{Document as Page, Element, Text};

use super::{
    ast::{Align, Kind, Node},
    document::{Document, Update},
};

/// The attribute by which `mod` knows what a press inside a document asks for.
pub const ACTION: &str = "data-action";
pub const COPY_CODE: &str = "copy-code";
pub const LOAD_IMAGE: &str = "load-image";
/// The address of a picture that is not loaded.
pub const SOURCE: &str = "data-source";

/// A document on the page, inside one container that holds nothing else.
pub struct Renderer {
    page: Page,
    container: Element,
    document: Document,
    blocks: Vec<Rendered>,
}

/// A node on the page, and what it was made from.
enum Rendered {
    Text {
        node: Text,
        text: String,
    },
    /// `content` holds the children; it is `root` or lies within it.
    Element {
        kind: Kind,
        root: Element,
        content: Element,
        children: Vec<Rendered>,
    },
}

impl Renderer {
    #[must_use]
    pub fn new(page: Page, container: Element) -> Self {
        Self {
            page,
            container,
            document: Document::default(),
            blocks: Vec::new(),
        }
    }

    /// Shows the text as it is now. `complete` says that nothing will be added.
    pub fn render(&mut self, text: &str, complete: bool) {
        let Update { keep, blocks } = self.document.update(text, complete);
        // The document may only refuse what the browser has no memory for.
        let _ = self.patch(keep, blocks);
        if complete {
            // Whatever comes now is another text; the page needs no model of this one.
            self.document = Document::default();
            self.blocks = Vec::new();
        }
    }

    /// Has the browser lay out now what it would lay out for the next frame, so that whoever
    /// measures the cost of a change sees all of it.
    pub fn lay_out(&self) {
        let _ = self.container.client_height();
    }

    fn patch(&mut self, keep: usize, blocks: Vec<Node>) -> Result<(), JsValue> {
        if self.blocks.is_empty() {
            self.container.set_text_content(None);
        }
        patch_children(&self.page, &self.container, &mut self.blocks, keep, blocks)
    }
}

/// Makes what `content` holds after its first `keep` children what `nodes` say.
fn patch_children(
    page: &Page,
    content: &Element,
    children: &mut Vec<Rendered>,
    keep: usize,
    nodes: Vec<Node>,
) -> Result<(), JsValue> {
    let wanted = keep.saturating_add(nodes.len());
    while children.len() > wanted {
        if let Some(child) = children.pop() {
            content.remove_child(child.root())?;
        }
    }
    for (index, node) in nodes.into_iter().enumerate() {
        match children.get_mut(keep.saturating_add(index)) {
            Some(child) => child.patch(page, content, node)?,
            None => {
                let child = Rendered::create(page, node)?;
                content.append_child(child.root())?;
                children.push(child);
            }
        }
    }
    Ok(())
}

impl Rendered {
    fn root(&self) -> &web_sys::Node {
        match self {
            Self::Text { node, .. } => node,
            Self::Element { root, .. } => root,
        }
    }

    fn create(page: &Page, node: Node) -> Result<Self, JsValue> {
        match node {
            Node::Text(text) => Ok(Self::Text {
                node: page.create_text_node(&text),
                text,
            }),
            Node::Element {
                kind,
                children: nodes,
            } => {
                let (root, content) = create_element(page, &kind)?;
                let mut children = Vec::new();
                patch_children(page, &content, &mut children, 0, nodes)?;
                Ok(Self::Element {
                    kind,
                    root,
                    content,
                    children,
                })
            }
        }
    }

    fn patch(&mut self, page: &Page, parent: &Element, new: Node) -> Result<(), JsValue> {
        match (&mut *self, new) {
            (Self::Text { node, text }, Node::Text(new)) => {
                match new.strip_prefix(text.as_str()) {
                    Some("") => {}
                    Some(more) => node.append_data(more)?,
                    None => node.set_data(&new),
                }
                *text = new;
                Ok(())
            }
            (
                Self::Element {
                    kind,
                    content,
                    children,
                    ..
                },
                Node::Element {
                    kind: new,
                    children: nodes,
                },
            ) if *kind == new => patch_children(page, content, children, 0, nodes),
            (_, new) => {
                let new = Self::create(page, new)?;
                parent.replace_child(new.root(), self.root())?;
                *self = new;
                Ok(())
            }
        }
    }
}

/// The element of a kind, and the one that takes its children.
fn create_element(page: &Page, kind: &Kind) -> Result<(Element, Element), JsValue> {
    let simple = |name: &str, class: &str| {
        let element = element(page, name, class)?;
        Ok((element.clone(), element))
    };
    match kind {
        Kind::Paragraph => simple("p", ""),
        Kind::Plain => simple("p", "ph-markdown__plain"),
        Kind::Heading(level) => simple(heading(*level), ""),
        Kind::Quote => simple("blockquote", ""),
        Kind::BulletList => simple("ul", ""),
        Kind::NumberedList(first) => {
            let list = element(page, "ol", "")?;
            if *first != 1 {
                list.set_attribute("start", &first.to_string())?;
            }
            Ok((list.clone(), list))
        }
        Kind::Item => simple("li", ""),
        Kind::Checkbox(done) => checkbox(page, *done),
        Kind::Rule => simple("hr", ""),
        Kind::CodeBlock { language } => code_block(page, language),
        Kind::Table => table(page),
        Kind::TableHead => {
            let head = element(page, "thead", "")?;
            let row = child(page, &head, "tr", "")?;
            Ok((head, row))
        }
        Kind::TableRow => simple("tr", ""),
        Kind::TableCell { header, align } => {
            let class = match align {
                Align::Start => "",
                Align::Center => "ph-markdown__cell--center",
                Align::End => "ph-markdown__cell--end",
            };
            let cell = element(page, if *header { "th" } else { "td" }, class)?;
            if *header {
                cell.set_attribute("scope", "col")?;
            }
            Ok((cell.clone(), cell))
        }
        Kind::Emphasis => simple("em", ""),
        Kind::Strong => simple("strong", ""),
        Kind::Strikethrough => simple("del", ""),
        Kind::Code => simple("code", "ph-markdown__code"),
        Kind::Break => simple("br", ""),
        Kind::Link { href } => {
            let link = element(page, "a", "")?;
            link.set_attribute("href", href)?;
            link.set_attribute("target", "_blank")?;
            link.set_attribute("rel", "noopener noreferrer nofollow")?;
            Ok((link.clone(), link))
        }
        Kind::Image { source, host } => image(page, source, host),
    }
}

fn checkbox(page: &Page, done: bool) -> Result<(Element, Element), JsValue> {
    let input = element(page, "input", "ph-markdown__checkbox")?;
    input.set_attribute("type", "checkbox")?;
    input.set_attribute("disabled", "")?;
    input.set_attribute("aria-label", if done { "Done" } else { "To do" })?;
    if done {
        input.set_attribute("checked", "")?;
    }
    Ok((input.clone(), input))
}

/// A bar with the language and a button, and under it the code, which scrolls by itself.
fn code_block(page: &Page, language: &str) -> Result<(Element, Element), JsValue> {
    let block = element(page, "div", "ph-code")?;
    let bar = child(page, &block, "div", "ph-code__bar")?;
    let label = child(page, &bar, "span", "ph-code__language")?;
    label.set_text_content(Some(if language.is_empty() {
        "text"
    } else {
        language
    }));
    let copy = child(
        page,
        &bar,
        "button",
        "ph-button ph-button--quiet ph-button--small",
    )?;
    copy.set_attribute("type", "button")?;
    copy.set_attribute(ACTION, COPY_CODE)?;
    copy.set_attribute("aria-label", "Copy code")?;
    copy.set_text_content(Some("Copy"));
    let body = child(page, &block, "pre", "ph-code__body")?;
    scrollable(&body, "Code")?;
    let code = child(page, &body, "code", "")?;
    Ok((block, code))
}

fn table(page: &Page) -> Result<(Element, Element), JsValue> {
    let frame = element(page, "div", "ph-markdown__table")?;
    scrollable(&frame, "Table")?;
    let table = child(page, &frame, "table", "")?;
    Ok((frame, table))
}

/// A picture that is only offered: loading it would tell its host who reads, and when.
fn image(page: &Page, source: &str, host: &str) -> Result<(Element, Element), JsValue> {
    let frame = element(page, "span", "ph-markdown__image")?;
    let load = child(page, &frame, "button", "ph-button ph-button--small")?;
    load.set_attribute("type", "button")?;
    load.set_attribute(ACTION, LOAD_IMAGE)?;
    load.set_attribute(SOURCE, source)?;
    load.set_text_content(Some(&format!("Load image from {host}")));
    let description = child(page, &frame, "span", "ph-markdown__description")?;
    Ok((frame, description))
}

/// Lets the keyboard scroll what may be wider than the page.
fn scrollable(element: &Element, label: &str) -> Result<(), JsValue> {
    element.set_attribute("tabindex", "0")?;
    element.set_attribute("role", "group")?;
    element.set_attribute("aria-label", label)
}

fn heading(level: u8) -> &'static str {
    match level {
        0..=2 => "h2",
        3 => "h3",
        4 => "h4",
        5 => "h5",
        _ => "h6",
    }
}

fn element(page: &Page, name: &str, class: &str) -> Result<Element, JsValue> {
    let element = page.create_element(name)?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    Ok(element)
}

fn child(page: &Page, parent: &Element, name: &str, class: &str) -> Result<Element, JsValue> {
    let element = element(page, name, class)?;
    parent.append_child(&element)?;
    Ok(element)
}

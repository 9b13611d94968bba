//! What a worker says is to be shown, as nodes of the page.
//!
//! Every node is made by `createElement` and `createTextNode`, of the closed vocabulary of
//! `prompthub-markup`; the source reaches the page only as text and as the values of attributes.
//! When a document grows, what is there stays: nodes are changed where the trees differ, so a
//! reader's selection holds. Must not parse.

use std::rc::Rc;

use prompthub_markup::{Attribute, Blocks, Element as Wanted, Node};
use wasm_bindgen::JsValue;
use web_sys::{Document as Page, Element, Text};

use super::code::Code;

const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// The content of one element, and what it was made from.
pub struct Content {
    page: Page,
    /// What holds the nodes: the element, or what will be put into it when it is complete.
    parent: web_sys::Node,
    nodes: Vec<Rendered>,
}

/// A node on the page, and what it was made from.
enum Rendered {
    Text {
        node: Text,
        text: String,
    },
    Element {
        wanted: Wanted,
        element: Element,
        children: Vec<Rendered>,
        /// Where the element holds code to be coloured: it then looks after its content itself.
        code: Option<Rc<Code>>,
    },
}

/// An update on its way to the page.
pub struct Patch {
    blocks: Blocks,
    next: usize,
}

impl Patch {
    pub fn new(blocks: Blocks) -> Self {
        let next = blocks.keep();
        Self { blocks, next }
    }
}

impl Content {
    /// Of something that is empty.
    pub fn new(page: Page, parent: impl Into<web_sys::Node>) -> Self {
        Self {
            page,
            parent: parent.into(),
            nodes: Vec::new(),
        }
    }

    /// Makes this text all that there is.
    pub fn show_text(&mut self, text: &str) {
        // The document may only refuse what the browser has no memory for.
        let _ = self.patch_node(0, Node::from(text));
        let _ = self.truncate(1);
    }

    /// How many top-level nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds text at the end, and leaves the first `kept` nodes as they are: a worker counts on them.
    pub fn append_text(&mut self, more: &str, kept: usize) {
        if more.is_empty() {
            return;
        }
        let last = self.nodes.len().saturating_sub(1);
        let (place, text) = match self.nodes.last() {
            Some(Rendered::Text { text, .. }) if last >= kept => (last, format!("{text}{more}")),
            _ => (self.nodes.len(), more.to_owned()),
        };
        let _ = self.patch_node(place, Node::Text(text));
    }

    /// Does a part of what `patch` says: one top-level node. Returns whether there is more to do.
    pub fn step(&mut self, patch: &mut Patch) -> bool {
        let Some(node) = patch.blocks.next() else {
            let _ = self.truncate(patch.next);
            return false;
        };
        let _ = self.patch_node(patch.next, node);
        patch.next = patch.next.saturating_add(1);
        true
    }

    /// Moves all that was made into another element, which then holds it.
    pub fn move_to(&mut self, parent: impl Into<web_sys::Node>) {
        let parent = parent.into();
        // A fragment that is appended leaves its nodes there.
        let _ = parent.append_child(&self.parent);
        self.parent = parent;
    }

    /// All code within that looks after itself.
    pub fn codes(&self) -> Vec<Rc<Code>> {
        let mut codes = Vec::new();
        collect_codes(&self.nodes, &mut codes);
        codes
    }

    fn patch_node(&mut self, place: usize, node: Node) -> Result<(), JsValue> {
        patch_node(&self.page, &self.parent, &mut self.nodes, place, node)
    }

    fn truncate(&mut self, length: usize) -> Result<(), JsValue> {
        truncate(&self.parent, &mut self.nodes, length)
    }
}

fn collect_codes(nodes: &[Rendered], codes: &mut Vec<Rc<Code>>) {
    for node in nodes {
        if let Rendered::Element { children, code, .. } = node {
            codes.extend(code.clone());
            collect_codes(children, codes);
        }
    }
}

/// Makes the node at `place`, or a new one at the end, what `node` says.
fn patch_node(
    page: &Page,
    parent: &web_sys::Node,
    nodes: &mut Vec<Rendered>,
    place: usize,
    node: Node,
) -> Result<(), JsValue> {
    if let Some(there) = nodes.get_mut(place) {
        return there.patch(page, parent, node);
    }
    let node = Rendered::create(page, node)?;
    parent.append_child(node.root())?;
    nodes.push(node);
    Ok(())
}

fn truncate(
    parent: &web_sys::Node,
    nodes: &mut Vec<Rendered>,
    length: usize,
) -> Result<(), JsValue> {
    while nodes.len() > length {
        if let Some(node) = nodes.pop() {
            parent.remove_child(node.root())?;
        }
    }
    Ok(())
}

fn patch_children(
    page: &Page,
    parent: &web_sys::Node,
    nodes: &mut Vec<Rendered>,
    wanted: Vec<Node>,
) -> Result<(), JsValue> {
    let length = wanted.len();
    for (place, node) in wanted.into_iter().enumerate() {
        patch_node(page, parent, nodes, place, node)?;
    }
    truncate(parent, nodes, length)
}

impl Rendered {
    fn root(&self) -> &web_sys::Node {
        match self {
            Self::Text { node, .. } => node,
            Self::Element { element, .. } => element,
        }
    }

    fn create(page: &Page, node: Node) -> Result<Self, JsValue> {
        let mut wanted = match node {
            Node::Text(text) => {
                let node = page.create_text_node(&text);
                return Ok(Self::Text { node, text });
            }
            Node::Element(wanted) => wanted,
        };
        let name = wanted.tag.name();
        let element = if wanted.tag.is_math() {
            page.create_element_ns(Some(MATHML), name)?
        } else {
            page.create_element(name)?
        };
        for (attribute, value) in &wanted.attributes {
            element.set_attribute(attribute.name(), value)?;
        }
        let content = std::mem::take(&mut wanted.children);
        let mut children = Vec::new();
        let code = wanted.attribute(Attribute::Language).map(|language| {
            let code = Code::new(Content::new(page.clone(), element.clone()), language);
            code.show(text_of(&content));
            code
        });
        if code.is_none() {
            patch_children(page, &element, &mut children, content)?;
        }
        Ok(Self::Element {
            wanted,
            element,
            children,
            code,
        })
    }

    fn patch(&mut self, page: &Page, parent: &web_sys::Node, new: Node) -> Result<(), JsValue> {
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
                    wanted,
                    element,
                    children,
                    code,
                },
                Node::Element(new),
            ) if wanted.tag == new.tag && wanted.attributes == new.attributes => match code {
                Some(code) => {
                    code.show(text_of(&new.children));
                    Ok(())
                }
                None => patch_children(page, element, children, new.children),
            },
            (_, new) => {
                let new = Self::create(page, new)?;
                parent.replace_child(new.root(), self.root())?;
                *self = new;
                Ok(())
            }
        }
    }
}

/// Code holds nothing but text.
fn text_of(nodes: &[Node]) -> &str {
    match nodes.first() {
        Some(Node::Text(text)) => text,
        Some(Node::Element(_)) | None => "",
    }
}

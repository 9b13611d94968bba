//! What a worker may have the page build, and the bytes in which it says so.
//!
//! A model's text is hostile, so the vocabulary is closed: a tree can only be made of the elements
//! and attributes listed in `vocabulary`, none of which runs anything. Both sides share this crate;
//! it is small, since the page's first load carries it. Must not know Markdown, nor the DOM.

mod vocabulary;
mod wire;

pub use vocabulary::{Attribute, Tag};
pub use wire::{Blocks, encode};

/// One node of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Text(String),
    Element(Element),
}

/// An element with its attributes, each at most once, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    pub tag: Tag,
    pub attributes: Vec<(Attribute, String)>,
    pub children: Vec<Node>,
}

impl Element {
    #[must_use]
    pub fn new(tag: Tag) -> Self {
        Self {
            tag,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// With one more attribute.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, value: impl Into<String>) -> Self {
        self.attributes.push((attribute, value.into()));
        self
    }

    /// With one more child at its end.
    #[must_use]
    pub fn holding(mut self, child: impl Into<Node>) -> Self {
        self.children.push(child.into());
        self
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, attribute: Attribute) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(name, _)| *name == attribute);
        found.map(|(_, value)| value.as_str())
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What a follower of a document has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// So many top-level nodes at the beginning stay as they are.
    pub keep: usize,
    /// These take the place of all others.
    pub nodes: Vec<Node>,
}

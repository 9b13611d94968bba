//! What Markdown means, as a tree that holds nothing dangerous.
//!
//! Only what is listed here can reach the page: there is no kind for raw HTML, for a script or
//! for a link of another scheme. `shape` says what each looks like.

/// Where the text of a table's column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Start,
    Center,
    End,
}

/// What an element is. Its children are what its role allows: items in a list, rows in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Paragraph,
    /// Text whose spaces and line ends count: raw HTML, and what is too much to be laid out.
    Plain,
    /// The level: out of `parse` as written, 1 to 6; out of `Document` its place in the outline.
    Heading(u8),
    Quote,
    BulletList,
    /// The number of the first item.
    NumberedList(u64),
    Item,
    /// A box before a task, ticked or not.
    Checkbox(bool),
    Rule,
    /// Its only child is its text. The language is as written after the fence, perhaps empty.
    CodeBlock {
        language: String,
    },
    Table,
    TableHead,
    TableRow,
    TableCell {
        header: bool,
        align: Align,
    },
    Emphasis,
    Strong,
    Strikethrough,
    Code,
    /// A formula. Its only child is its LaTeX.
    Math {
        display: bool,
    },
    Break,
    /// The address is one that [`super::link::safe_href`] let through.
    Link {
        href: String,
    },
    /// A picture elsewhere, not to be fetched unasked; its children are its description.
    Image {
        source: String,
        host: String,
    },
}

/// One piece of a rendered document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Text(String),
    Element { kind: Kind, children: Vec<Node> },
}

impl Node {
    /// An element that only holds text.
    pub fn with_text(kind: Kind, text: impl Into<String>) -> Self {
        Self::Element {
            kind,
            children: vec![Self::Text(text.into())],
        }
    }

    /// Whether a reader finds any words in it.
    pub fn has_text(&self) -> bool {
        match self {
            Self::Text(text) => !text.trim().is_empty(),
            Self::Element { children, .. } => children.iter().any(Self::has_text),
        }
    }
}

/// Adds text to the end of a list of nodes, without two texts in a row.
pub fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if let Some(Node::Text(last)) = nodes.last_mut() {
        last.push_str(text);
    } else if !text.is_empty() {
        nodes.push(Node::Text(text.to_owned()));
    }
}

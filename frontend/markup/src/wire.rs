//! An update as bytes, which are read block by block, so that the page can pause in between.
//!
//! Numbers are LEB128. An update is the number of nodes kept, then the new nodes. A node is
//! `0, text` or `code of the tag + 1, number of attributes, (code, text)…, number of children,
//! children…`; a text is its length in bytes and its UTF-8.

use crate::{Attribute, Element, Node, Tag, Update};

/// Deeper than any worker nests; bytes that ask for more are not ours.
const MAX_DEPTH: usize = 512;

/// The bytes that say `update`.
#[must_use]
pub fn encode(update: &Update) -> Vec<u8> {
    let mut bytes = Vec::new();
    number(&mut bytes, update.keep);
    for node in &update.nodes {
        write(&mut bytes, node);
    }
    bytes
}

fn write(bytes: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Text(content) => {
            number(bytes, 0);
            text(bytes, content);
        }
        Node::Element(element) => {
            number(bytes, element.tag.code().saturating_add(1));
            number(bytes, element.attributes.len());
            for (attribute, value) in &element.attributes {
                number(bytes, attribute.code());
                text(bytes, value);
            }
            number(bytes, element.children.len());
            for child in &element.children {
                write(bytes, child);
            }
        }
    }
}

fn number(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

/// Reads the new nodes of an update one after the other. What cannot be read ends it.
#[derive(Debug)]
pub struct Blocks {
    keep: usize,
    bytes: Vec<u8>,
    place: usize,
}

impl Blocks {
    /// Begins with the bytes of an update; `None` when they are none.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let mut blocks = Self {
            keep: 0,
            bytes,
            place: 0,
        };
        blocks.keep = blocks.number()?;
        Some(blocks)
    }

    /// How many nodes before these stay as they are.
    #[must_use]
    pub fn keep(&self) -> usize {
        self.keep
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let Some(code) = self.number()?.checked_sub(1) else {
            return Some(Node::Text(self.text()?));
        };
        let mut element = Element::new(Tag::from_code(code)?);
        for _ in 0..self.number()? {
            let attribute = Attribute::from_code(self.number()?)?;
            element.attributes.push((attribute, self.text()?));
        }
        for _ in 0..self.number()? {
            element.children.push(self.node(depth.saturating_add(1))?);
        }
        Some(Node::Element(element))
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = *self.bytes.get(self.place)?;
            self.place = self.place.saturating_add(1);
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()?;
        let end = self.place.checked_add(length)?;
        let text = self.bytes.get(self.place..end)?;
        self.place = end;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }
}

impl Iterator for Blocks {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        let node = self.node(0);
        if node.is_none() {
            self.place = self.bytes.len();
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: Vec<u8>) -> Option<Update> {
        let blocks = Blocks::new(bytes)?;
        let keep = blocks.keep();
        Some(Update {
            keep,
            nodes: blocks.collect(),
        })
    }

    #[test]
    fn what_is_written_is_read() {
        let long = "ä".repeat(1000);
        let link = Element::new(Tag::A)
            .with(Attribute::Href, "https://example.com")
            .with(Attribute::Rel, "")
            .holding(long.as_str());
        let paragraph = Element::new(Tag::P).holding("one ").holding(link);
        let update = Update {
            keep: 300,
            nodes: vec![
                paragraph.into(),
                Element::new(Tag::Munderover).into(),
                "".into(),
            ],
        };
        assert_eq!(read(encode(&update)), Some(update));
    }

    #[test]
    fn foreign_bytes_end_the_reading() {
        assert_eq!(read(Vec::new()), None);
        // A text longer than what follows, a tag that is not listed, text that is not UTF-8.
        for bytes in [&[0, 0, 9, b'a'][..], &[0, 0x70, 0, 0], &[0, 0, 1, 0xff]] {
            let update = read(bytes.to_vec()).map(|update| update.nodes);
            assert_eq!(update, Some(Vec::new()), "{bytes:?}");
        }
        let deep: Vec<u8> = std::iter::once(0)
            .chain([1, 0, 1].repeat(100_000))
            .collect();
        assert_eq!(read(deep).map(|update| update.nodes), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(update) = read(bytes) {
                prop_assert_eq!(read(encode(&update)), Some(update));
            }
        }
    }
}

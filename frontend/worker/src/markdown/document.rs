//! A document that grows: which blocks are finished, and which have to be built again.
//!
//! A top-level block of Markdown hardly ever changes once the next one has begun, so only the end of
//! a text is parsed again. The exceptions, above all a link whose definition comes later, are put
//! right when the document is complete: then all of it is read once more. Must not know the DOM.

use std::collections::HashMap;

use super::{
    ast::{Kind, Node},
    parse::{Block, Parsed, parse},
};

/// Where the labels of reference links lead, compared as `CommonMark` does.
#[derive(Debug, Default)]
pub struct Definitions(HashMap<String, String>);

impl Definitions {
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&str> {
        self.0.get(&normalise(label)).map(String::as_str)
    }

    /// Adds definitions; the first one of a label counts.
    pub fn extend(&mut self, found: impl IntoIterator<Item = (String, String)>) {
        for (label, target) in found {
            self.0.entry(normalise(&label)).or_insert(target);
        }
    }
}

fn normalise(label: &str) -> String {
    label
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// What a reader of the document has to change.
#[derive(Debug, PartialEq, Eq)]
pub struct Update {
    /// So many blocks at the beginning stay as they are.
    pub keep: usize,
    /// These take the place of all others.
    pub blocks: Vec<Node>,
}

/// Follows a text that mostly grows at its end.
#[derive(Debug, Default)]
pub struct Document {
    /// The text of the finished blocks.
    finished: String,
    finished_blocks: usize,
    definitions: Definitions,
    /// Of the headings in the finished blocks.
    outline: Outline,
}

impl Document {
    /// Takes the text in as it is now. `complete` says that nothing will be added.
    pub fn update(&mut self, text: &str, complete: bool) -> Update {
        let growing = text.strip_prefix(self.finished.as_str());
        let Some(tail) = growing.filter(|_| !complete) else {
            *self = Self::default();
            return self.update_tail(text, complete);
        };
        self.update_tail(tail, complete)
    }

    fn update_tail(&mut self, tail: &str, complete: bool) -> Update {
        let shown = if complete {
            tail
        } else {
            without_undecided_line(tail)
        };
        let Parsed {
            mut blocks,
            open_formula,
        } = parse(shown, complete, &mut self.definitions);
        let keep = self.finished_blocks;
        let finished = if complete {
            0
        } else {
            self.finish(shown, &blocks, open_formula)
        };
        let mut outline = self.outline.clone();
        for (index, block) in blocks.iter_mut().enumerate() {
            if index == finished {
                self.outline = outline.clone();
            }
            outline.place(&mut block.node);
        }
        Update {
            keep,
            blocks: blocks.into_iter().map(|Block { node, .. }| node).collect(),
        }
    }

    /// Notes which blocks at the beginning of the tail will stay as they are, and says how many.
    ///
    /// All before the last block whose first line is complete: more text in an incomplete line
    /// may yet make that line a part of the block before it. So may the end of a formula with the
    /// lines since its beginning.
    fn finish(&mut self, tail: &str, blocks: &[Block], open_formula: Option<usize>) -> usize {
        let changeable = open_formula.unwrap_or(tail.len());
        let starts = blocks.iter().enumerate().rev().map(|(index, block)| {
            // A range may begin after an indentation that belongs to the block.
            let before = tail.get(..block.source.start).unwrap_or_default();
            (
                index,
                before.rfind('\n').map_or(0, |end| end.saturating_add(1)),
            )
        });
        let mut decided = starts.filter(|(_, start)| {
            *start <= changeable && tail.get(*start..).is_some_and(|rest| rest.contains('\n'))
        });
        let Some((index, start)) = decided.next() else {
            return 0;
        };
        self.finished
            .push_str(tail.get(..start).unwrap_or_default());
        self.finished_blocks = self.finished_blocks.saturating_add(index);
        index
    }
}

/// The headings that the next one stands under, as levels of the source.
///
/// The page itself has the one heading of level 1, and a reader who moves by headings must meet no
/// gap, whatever levels a model chooses; so the levels shown are places in this outline.
#[derive(Debug, Clone, Default)]
struct Outline(Vec<u8>);

impl Outline {
    fn place(&mut self, node: &mut Node) {
        let Node::Element { kind, children } = node else {
            return;
        };
        if let Kind::Heading(level) = kind {
            self.0.retain(|above| *above < *level);
            self.0.push(*level);
            *level = u8::try_from(self.0.len().saturating_add(1))
                .unwrap_or(6)
                .min(6);
        }
        for child in children {
            self.place(child);
        }
    }
}

/// The text without a last line that is only the beginning of something: of a fence, a list item,
/// a rule. Shown at once it would flash as something else.
fn without_undecided_line(text: &str) -> &str {
    let (before, line) = text.rsplit_once('\n').unwrap_or(("", text));
    let marker = |c: char| matches!(c, '-' | '=' | '*' | '_' | '+' | '`' | '~' | '#' | '>' | '|');
    let undecided = line.len() <= 8
        && !line.trim().is_empty()
        && line.chars().all(|c| marker(c) || c.is_whitespace());
    if undecided { before } else { text }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

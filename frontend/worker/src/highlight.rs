//! Code in colours: pieces of text, each of one of a few kinds.
//!
//! A line never changes once it has ended, so only what follows the last complete line is read
//! again. What a definition cannot make sense of, and what is too much, stays as plain as it came.

use std::sync::LazyLock;

use prompthub_markup::{Attribute, Element, Node, Tag, Update};
use syntect::parsing::{ParseState, ScopeStack, ScopeStackOp, SyntaxReference, SyntaxSet};

use crate::{Follow, language};

mod kinds;

/// What comes after so many bytes of code stays plain.
const MAX_BYTES: usize = 100 * 1024;
/// Code with a longer line, in bytes, is data or minified; from there on it stays plain.
const MAX_LINE: usize = 4 * 1024;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(|| {
    let dump = include_bytes!(concat!(env!("OUT_DIR"), "/syntaxes.bin"));
    syntect::dumps::from_uncompressed_data(dump).unwrap_or_default()
});

/// Follows one piece of code.
#[derive(Default)]
pub struct Highlighted {
    /// The lines that are complete, and how many nodes show them.
    finished: String,
    finished_nodes: usize,
    /// After these lines; `None` before the first line, and where nothing is understood any more.
    reader: Option<Reader>,
}

impl Follow for Highlighted {
    fn update(&mut self, text: &str, _complete: bool, language: &str) -> Update {
        if !text.starts_with(self.finished.as_str()) {
            *self = Self::default();
        }
        if self.finished.is_empty() {
            self.reader = Reader::of(language);
        }
        let keep = self.finished_nodes;
        let mut nodes = Vec::new();
        let tail = text.get(self.finished.len()..).unwrap_or_default();
        for line in tail.split_inclusive('\n') {
            if self.finished.len().saturating_add(line.len()) > MAX_BYTES || line.len() > MAX_LINE {
                self.reader = None;
            }
            let reader = self.reader.as_mut();
            if line.ends_with('\n') {
                match reader.map(|reader| reader.read(line, &mut nodes)) {
                    Some(Understood::Yes) => {}
                    Some(Understood::No) | None => {
                        self.reader = None;
                        nodes.push(line.into());
                    }
                }
                self.finished.push_str(line);
                self.finished_nodes = keep.saturating_add(nodes.len());
            } else {
                let read = reader.map(|reader| reader.clone().read(line, &mut nodes));
                if read != Some(Understood::Yes) {
                    nodes.push(line.into());
                }
            }
        }
        Update { keep, nodes }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Understood {
    Yes,
    No,
}

/// What is open at the end of a line.
#[derive(Clone)]
struct Reader {
    state: ParseState,
    stack: ScopeStack,
}

impl Reader {
    fn of(language: &str) -> Option<Self> {
        let syntax = syntax(language)?;
        Some(Self {
            state: ParseState::new(syntax),
            stack: ScopeStack::new(),
        })
    }

    /// Reads the next line, and adds its pieces unless it cannot be understood.
    fn read(&mut self, line: &str, nodes: &mut Vec<Node>) -> Understood {
        let Ok(changes) = self.state.parse_line(line, &SYNTAXES) else {
            return Understood::No;
        };
        let mut pieces = Pieces::default();
        let mut from = 0;
        for (at, change) in changes {
            if at > from {
                pieces.add(line.get(from..at), kinds::of(&self.stack));
                from = at;
            }
            if !matches!(change, ScopeStackOp::Noop) && self.stack.apply(&change).is_err() {
                return Understood::No;
            }
        }
        pieces.add(line.get(from..), kinds::of(&self.stack));
        nodes.extend(pieces.nodes());
        Understood::Yes
    }
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let language = language::find(language)?;
    SYNTAXES.find_syntax_by_name(language.syntax)
}

/// The pieces of one line; neighbours of one kind are one piece.
#[derive(Default)]
struct Pieces(Vec<(Option<&'static str>, String)>);

impl Pieces {
    fn add(&mut self, text: Option<&str>, kind: Option<&'static str>) {
        let text = text.unwrap_or_default();
        // Spaces have no colour, whatever they are in.
        let blank = text.trim().is_empty();
        match self.0.last_mut() {
            Some((last, so_far)) if *last == kind || blank => so_far.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push((kind.filter(|_| !blank), text.to_owned())),
        }
    }

    fn nodes(self) -> impl Iterator<Item = Node> {
        self.0.into_iter().map(|(kind, text)| match kind {
            None => Node::Text(text),
            Some(class) => Element::new(Tag::Span)
                .with(Attribute::Class, class)
                .holding(text)
                .into(),
        })
    }
}

#[cfg(test)]
#[path = "highlight/tests.rs"]
mod tests;

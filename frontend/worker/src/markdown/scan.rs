//! Where one formula begins and ends, delimiter by delimiter.
//!
//! Owns the rules by which a dollar sign or a backslash is the beginning of a formula. Must not know
//! Markdown: where there cannot be any, `formulas` tells.

use std::{collections::HashMap, ops::Range};

use super::formulas::{Formula, FormulaKind};

/// A longer formula, in bytes, is none.
const MAX_BYTES: usize = 16 * 1024;

/// A search through one text.
pub(super) struct Scan<'a> {
    text: &'a str,
    /// Ranges without formulas, in their order.
    closed: Vec<Range<usize>>,
    /// Up to where each closing delimiter was searched for in vain, so that no search is made twice.
    searched: HashMap<&'static str, usize>,
}

/// What a delimiter turned out to be.
pub(super) enum Found {
    Formula(Formula),
    /// No formula; searching goes on at `next`.
    Nothing {
        next: usize,
    },
    /// The beginning of one, whose end may yet come.
    Open {
        latex: usize,
    },
}

/// How the search for a formula's end went.
enum End {
    At(usize),
    NoneBefore(usize),
    NotYet,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str, closed: Vec<Range<usize>>) -> Self {
        Self {
            text,
            closed,
            searched: HashMap::new(),
        }
    }

    /// What begins at a dollar sign or a backslash.
    pub(super) fn formula_at(&mut self, start: usize) -> Found {
        if let Some(closed) = self.closed_at(start) {
            return Found::Nothing {
                next: closed.max(start.saturating_add(1)),
            };
        }
        let rest = self.text.get(start..).unwrap_or_default();
        let (opening, closing, kind) = if rest.starts_with("$$") {
            ("$$", "$$", FormulaKind::Display)
        } else if rest.starts_with('$') {
            ("$", "$", FormulaKind::Inline)
        } else if rest.starts_with(r"\(") {
            (r"\(", r"\)", FormulaKind::Inline)
        } else if rest.starts_with(r"\[") {
            (r"\[", r"\]", FormulaKind::Display)
        } else {
            // A backslash and what it takes the meaning from.
            let escaped = rest.chars().take(2).map(char::len_utf8).sum::<usize>();
            return Found::Nothing {
                next: start.saturating_add(escaped),
            };
        };
        let latex = start.saturating_add(opening.len());
        let nothing = Found::Nothing { next: latex };
        if opening == "$" && !self.may_open(start) {
            return nothing;
        }
        if self
            .searched
            .get(closing)
            .is_some_and(|place| latex < *place)
        {
            return nothing;
        }
        match self.end(latex, closing) {
            End::At(end) => {
                let range = start..end.saturating_add(closing.len());
                let content = self.text.get(latex..end).unwrap_or_default();
                if content.trim().is_empty()
                    || (opening == "$" && !self.is_formula(content, range.end))
                {
                    return nothing;
                }
                Found::Formula(Formula {
                    range,
                    latex: latex..end,
                    kind,
                })
            }
            // One dollar sign may be anything, so nothing waits for a second one.
            End::NotYet if opening == "$" => {
                self.searched.insert(closing, self.text.len());
                nothing
            }
            End::NotYet => Found::Open { latex },
            End::NoneBefore(place) => {
                self.searched.insert(closing, place);
                nothing
            }
        }
    }

    /// The end of the closed range that `place` lies in.
    fn closed_at(&self, place: usize) -> Option<usize> {
        let next = self.closed.partition_point(|range| range.end <= place);
        let range = self.closed.get(next)?;
        (range.start <= place).then_some(range.end)
    }

    /// Where `closing` stands, in the same block and before anything closed.
    fn end(&self, from: usize, closing: &str) -> End {
        let next = self.closed.partition_point(|range| range.start < from);
        let closed = self.closed.get(next).map(|range| range.start);
        let limit = from.saturating_add(MAX_BYTES);
        let mut at = from;
        let mut line_is_blank = false;
        while let Some(rest) = self.text.get(at..) {
            let Some(c) = rest.chars().next() else {
                return End::NotYet;
            };
            if at >= limit || closed.is_some_and(|closed| closed <= at) {
                return End::NoneBefore(at);
            }
            if rest.starts_with(closing) {
                return End::At(at);
            }
            match c {
                '$' if rest.len() == 1 && closing == "$$" => return End::NotYet,
                // A dollar sign within `\(…\)` is no formula's.
                '$' => return End::NoneBefore(at),
                // What nothing waits for must not change what the next lines are.
                '\n' if line_is_blank || closing == "$" => return End::NoneBefore(at),
                '\n' => line_is_blank = true,
                ' ' | '\t' | '\r' | '>' => {}
                _ => line_is_blank = false,
            }
            at = at.saturating_add(c.len_utf8());
            if c == '\\' {
                // What it takes the meaning from, too.
                let escaped = self.text.get(at..).and_then(|rest| rest.chars().next());
                let escaped = escaped.filter(|c| *c != '\n');
                at = at.saturating_add(escaped.map_or(0, char::len_utf8));
            }
        }
        End::NotYet
    }

    /// Whether a single dollar sign may begin a formula: not after a letter or digit, as in `US$5`,
    /// nor before a space.
    fn may_open(&self, start: usize) -> bool {
        let before = self
            .text
            .get(..start)
            .and_then(|text| text.chars().next_back());
        let after = self
            .text
            .get(start.saturating_add(1)..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_none_or(char::is_whitespace)
    }

    /// Whether what stands between single dollar signs is a formula, and not the words between two
    /// prices.
    fn is_formula(&self, content: &str, end: usize) -> bool {
        let after = self.text.get(end..).and_then(|text| text.chars().next());
        let begins_with_digit = content.starts_with(|c: char| c.is_ascii_digit());
        let has_words = content.split_whitespace().skip(1).any(|word| {
            let letters = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '\\');
            letters.len() > 1 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        let is_followed_by_digit = after.is_some_and(|c| c.is_ascii_digit());
        let is_prose = begins_with_digit && has_words;
        !(content.ends_with(char::is_whitespace) || is_followed_by_digit || is_prose)
    }
}

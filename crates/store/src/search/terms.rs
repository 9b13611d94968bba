//! What somebody searches for, and what the engines are asked for and given.
//!
//! Every word carries a key of its owner, in the index as in the query: the index of one person
//! never touches another's, however much that other has written. The key is no proof (two people
//! may share one): queries compare the owner as well.

use std::{fmt::Write, ops::ControlFlow};

use prompthub_dto::ids::{ProjectId, UserId};

use super::words::each_word;

/// What PostgreSQL can hold in one `tsvector` is 1 MiB.
const MAX_INDEXED_BYTES: usize = 1_000_000;
/// What a word takes there besides its letters, at most: padding, a count and a position.
const BYTES_PER_WORD: usize = 5;
/// The highest position that a `tsvector` knows; words further on all have this one.
const MAX_POSITION: usize = 16_383;

/// Words to be found, all of them; the last may be the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerms(pub(super) Vec<Phrase>);

/// Words that follow each other: `3.14` is two, since punctuation only separates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) words: Vec<String>,
    /// Whether the last word may be the beginning of one.
    pub(super) prefix: bool,
}

impl SearchTerms {
    /// Every character is text. `None` when there is no word in it.
    #[must_use]
    pub fn parse(query: &str) -> Option<Self> {
        let mut phrases: Vec<_> = query
            .split_whitespace()
            .map(|chunk| Phrase {
                words: words_of(chunk),
                prefix: false,
            })
            .filter(|phrase| !phrase.words.is_empty())
            .collect();
        let mut last = phrases.pop()?;
        last.prefix = true;
        let mut distinct = Vec::with_capacity(phrases.len());
        for phrase in phrases {
            if !distinct.contains(&phrase) {
                distinct.push(phrase);
            }
        }
        distinct.push(last);
        Some(Self(distinct))
    }

    /// In FTS5's language. Between its quotes are letters and digits alone.
    pub(crate) fn fts5(&self, owner: UserId, project: Option<ProjectId>) -> String {
        let owner = owner_key(owner);
        let mut query = match project {
            Some(project) => format!("\"{}\" AND ", project_word(project)),
            None => String::new(),
        };
        self.join(&mut query, " AND ", |query, phrase| {
            let words = phrase.words.iter().map(|word| format!("{owner}{word}"));
            let star = if phrase.prefix { " *" } else { "" };
            let _ = write!(query, "\"{}\"{star}", words.collect::<Vec<_>>().join(" "));
        });
        query
    }

    /// In the language of PostgreSQL's `tsquery`. Between its quotes are letters and digits alone.
    pub(crate) fn tsquery(&self, owner: UserId) -> String {
        let owner = owner_key(owner);
        let mut query = String::new();
        self.join(&mut query, " & ", |query, phrase| {
            let words = phrase.words.iter().map(|word| format!("'{owner}{word}'"));
            let star = if phrase.prefix { ":*" } else { "" };
            let _ = write!(query, "{}{star}", words.collect::<Vec<_>>().join(" <-> "));
        });
        query
    }

    fn join(&self, query: &mut String, and: &str, write: impl Fn(&mut String, &Phrase)) {
        for (phrase, number) in self.0.iter().zip(0..) {
            if number > 0 {
                query.push_str(and);
            }
            write(query, phrase);
        }
    }
}

fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let _ = each_word(text, |word, _| {
        words.push(word.to_owned());
        ControlFlow::Continue(())
    });
    words
}

/// Which part of a conversation a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Title,
    Message,
}

/// A text for the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'t> {
    pub(crate) owner: UserId,
    pub(crate) project: ProjectId,
    pub(crate) part: Part,
    pub(crate) text: &'t str,
}

impl Document<'_> {
    /// The words for FTS5, with spaces between them.
    pub(crate) fn spaced(&self) -> String {
        let mut text = String::with_capacity(self.text.len().saturating_mul(2));
        self.each_word(|word, _| {
            text.push_str(word);
            text.push(' ');
        });
        text
    }

    /// The words and their positions as PostgreSQL writes a `tsvector`, with the project's.
    pub(crate) fn tsvector(&self) -> String {
        let weight = match self.part {
            Part::Title => "A",
            Part::Message => "",
        };
        let mut text = format!("'{}'", project_word(self.project));
        self.each_word(|word, position| {
            // PostgreSQL itself brings the positions of a word together.
            let _ = write!(text, " '{word}':{}{weight}", position.min(MAX_POSITION));
        });
        text
    }

    /// The words with their owner's key, counted from 1, as far as they fit into an index.
    fn each_word(&self, mut visit: impl FnMut(&str, usize)) {
        let mut keyed = owner_key(self.owner);
        let key = keyed.len();
        let mut position: usize = 0;
        let mut bytes: usize = 0;
        let _ = each_word(self.text, |word, _| {
            keyed.truncate(key);
            keyed.push_str(word);
            position += 1;
            bytes += keyed.len() + BYTES_PER_WORD;
            if bytes > MAX_INDEXED_BYTES {
                return ControlFlow::Break(());
            }
            visit(&keyed, position);
            ControlFlow::Continue(())
        });
    }
}

/// The last six hexadecimal digits of a UUIDv7 are random.
fn key(id: &str) -> &str {
    id.get(30..).unwrap_or(id)
}

/// What the migration's `prefix` of the FTS5 table counts on: six characters.
fn owner_key(owner: UserId) -> String {
    key(owner.as_str()).to_owned()
}

/// A word that stands for the project. Others begin with a hexadecimal digit, so it is none of them.
pub(crate) fn project_word(project: ProjectId) -> String {
    format!("p{}", key(project.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f";

    fn fts5(query: &str) -> Option<String> {
        Some(SearchTerms::parse(query)?.fts5(OWNER.parse().unwrap(), None))
    }

    fn tsquery(query: &str) -> Option<String> {
        Some(SearchTerms::parse(query)?.tsquery(OWNER.parse().unwrap()))
    }

    #[test]
    fn every_character_is_text() {
        assert_eq!(fts5("Hi"), Some(r#""07398fhi" *"#.to_owned()));
        assert_eq!(
            fts5(r#"a "NEAR" title:x* "#),
            Some(r#""07398fa" AND "07398fnear" AND "07398ftitle 07398fx" *"#.to_owned())
        );
        assert_eq!(
            tsquery("don't & ! 'x':*"),
            Some("'07398fdon' <-> '07398ft' & '07398fx':*".to_owned())
        );
        assert_eq!(fts5("\0 *\"' (%_) 🎉"), None);
        assert_eq!(
            fts5("a a A a"),
            Some(r#""07398fa" AND "07398fa" *"#.to_owned())
        );
        let project = SearchTerms::parse("x").unwrap();
        let id = "019aa9f5-8c00-7cc3-98c4-dc0c0cabcdef";
        assert_eq!(
            project.fts5(OWNER.parse().unwrap(), Some(id.parse().unwrap())),
            r#""pabcdef" AND "07398fx" *"#
        );
    }

    #[test]
    fn an_index_takes_no_more_than_it_can() {
        let document = |text| Document {
            owner: OWNER.parse().unwrap(),
            project: OWNER.parse().unwrap(),
            part: Part::Title,
            text,
        };
        assert_eq!(document("Hi, you").spaced(), "07398fhi 07398fyou ");
        assert_eq!(
            document("Hi, you").tsvector(),
            "'p07398f' '07398fhi':1A '07398fyou':2A"
        );
        let long = "word ".repeat(200_000);
        assert!(document(&long).spaced().len() < MAX_INDEXED_BYTES);
        assert!(document(&long).tsvector().ends_with("'07398fword':16383A"));
    }
}

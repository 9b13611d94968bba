//! The text around what was found, cut from the text itself: the same for every database, which of
//! them keeps no text in its index.

use std::{
    collections::HashMap,
    ops::{ControlFlow, Range},
};

use super::{terms::SearchTerms, words::each_word};

/// Words that a snippet shows.
const SHOWN_WORDS: usize = 30;
/// Bytes that a snippet shows, and bytes before the first match: words may be of any length.
const SHOWN_BYTES: usize = 400;
const BYTES_BEFORE: usize = 160;
/// Words after the first match that are looked through for a place where more comes together.
const SEARCHED_WORDS: usize = 5_000;

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPiece {
    pub text: String,
    /// Whether it is what was searched for.
    pub matched: bool,
}

/// About 30 words of `text`, from where most of the terms come together.
pub(super) fn snippet(text: &str, terms: &SearchTerms) -> Vec<SnippetPiece> {
    let mut finder = Finder::new(terms);
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut found: Vec<Match> = Vec::new();
    let _ = each_word(text, |word, range| {
        words.push(range);
        finder.take(word, words.len() - 1, &mut found);
        let enough = match found.first() {
            Some(first) => first.words.start + SEARCHED_WORDS,
            None => usize::MAX,
        };
        if words.len() < enough {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    found.sort_unstable_by_key(|found| (found.words.start, found.words.end));
    let best = best_place(&found);
    let shown = shown_words(&words, found.get(best.clone()).unwrap_or_default());
    let marked: Vec<_> = found
        .get(best.start..)
        .unwrap_or_default()
        .iter()
        .filter_map(|found| bytes_of(&words, &found.words))
        .collect();
    let shown = shown_bytes(text, &words, &shown, marked.first());
    pieces(text, shown, &marked)
}

/// Terms found: which phrase, and the words that are it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Match {
    phrase: usize,
    words: Range<usize>,
}

/// Finds phrases in a sequence of words, each time a word is given.
struct Finder<'t> {
    /// Where a word stands in the phrases.
    places: HashMap<&'t str, Vec<(usize, u32)>>,
    /// The last word, and its place, where it may be the beginning of one.
    beginning: Option<(&'t str, usize, u32)>,
    phrases: Vec<Progress>,
}

/// The beginnings of a phrase that the last words are: bit `n` for its first `n + 1` words.
#[derive(Debug, Clone)]
struct Progress {
    length: u32,
    seen: u128,
    now: u128,
}

impl<'t> Finder<'t> {
    fn new(terms: &'t SearchTerms) -> Self {
        let mut finder = Self {
            places: HashMap::new(),
            beginning: None,
            phrases: Vec::with_capacity(terms.0.len()),
        };
        for (phrase, number) in terms.0.iter().zip(0..) {
            let mut length = 0;
            // A phrase has fewer words than a query has characters; more than these are not marked.
            for word in phrase.words.iter().take(128) {
                finder
                    .places
                    .entry(word)
                    .or_default()
                    .push((number, length));
                length += 1;
            }
            if let Some(last) = phrase.words.get(127).or(phrase.words.last())
                && phrase.prefix
            {
                finder.beginning = Some((last, number, length.saturating_sub(1)));
            }
            finder.phrases.push(Progress {
                length,
                seen: 0,
                now: 0,
            });
        }
        finder
    }

    fn take(&mut self, word: &str, number: usize, found: &mut Vec<Match>) {
        for (phrase, bit) in self.places.get(word).into_iter().flatten() {
            if let Some(progress) = self.phrases.get_mut(*phrase) {
                progress.now |= 1 << bit;
            }
        }
        if let Some((beginning, phrase, bit)) = self.beginning
            && word.starts_with(beginning)
            && let Some(progress) = self.phrases.get_mut(phrase)
        {
            progress.now |= 1 << bit;
        }
        for (progress, phrase) in self.phrases.iter_mut().zip(0..) {
            progress.seen = (progress.seen << 1 | 1) & progress.now;
            progress.now = 0;
            let last = progress.length.saturating_sub(1);
            if progress.seen >> last & 1 == 1 {
                let before = usize::try_from(last).unwrap_or(number);
                found.push(Match {
                    phrase,
                    words: number.saturating_sub(before)..number + 1,
                });
            }
        }
    }
}

/// The matches, by number, of the first place where as many terms as anywhere come together.
fn best_place(found: &[Match]) -> Range<usize> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let mut best = (0, 0..0);
    let mut end = 0;
    for (first, start) in found.iter().zip(0..) {
        while let Some(next) = found.get(end)
            && (end == start || next.words.end <= first.words.start + SHOWN_WORDS)
        {
            *counts.entry(next.phrase).or_default() += 1;
            end += 1;
        }
        if counts.len() > best.0 {
            best = (counts.len(), start..end);
        }
        if let Some(count) = counts.get_mut(&first.phrase) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&first.phrase);
            }
        }
    }
    best.1
}

/// The words to show: the matches, with as much before as after them.
fn shown_words(words: &[Range<usize>], matches: &[Match]) -> Range<usize> {
    let start = matches.first().map_or(0, |first| first.words.start);
    let end = matches.iter().map(|found| found.words.end).max();
    let taken = end.unwrap_or(start).saturating_sub(start);
    let before = SHOWN_WORDS.saturating_sub(taken) / 2;
    let start = start.saturating_sub(before);
    start..words.len().min(start + SHOWN_WORDS.max(taken))
}

/// The bytes to show: with what surrounds the words at the text's beginning and end, and no more
/// than fits.
fn shown_bytes(
    text: &str,
    words: &[Range<usize>],
    shown: &Range<usize>,
    first_match: Option<&Range<usize>>,
) -> Range<usize> {
    let mut start = match shown.start {
        0 => 0,
        number => words.get(number).map_or(0, |word| word.start),
    };
    if let Some(first) = first_match {
        start = text.ceil_char_boundary(start.max(first.start.saturating_sub(BYTES_BEFORE)));
    }
    let end = match words.get(shown.end) {
        Some(_) => bytes_of(words, shown).map_or(start, |bytes| bytes.end),
        None => text.len(),
    };
    start
        ..text
            .floor_char_boundary(end.min(start + SHOWN_BYTES))
            .max(start)
}

fn bytes_of(words: &[Range<usize>], numbers: &Range<usize>) -> Option<Range<usize>> {
    let first = words.get(numbers.start)?;
    let last = words.get(numbers.end.checked_sub(1)?)?;
    Some(first.start..last.end)
}

/// `text[shown]`, cut at the borders of what is marked. `marked` is in order of its beginnings.
fn pieces(text: &str, shown: Range<usize>, marked: &[Range<usize>]) -> Vec<SnippetPiece> {
    let mut pieces: Vec<SnippetPiece> = Vec::new();
    let mut push = |range: Range<usize>, matched| {
        let text = text.get(range).unwrap_or_default();
        match pieces.last_mut() {
            _ if text.is_empty() => {}
            // Matches that overlap are one.
            Some(last) if last.matched && matched => last.text.push_str(text),
            _ => pieces.push(SnippetPiece {
                text: text.to_owned(),
                matched,
            }),
        }
    };
    let mut at = shown.start;
    for mark in marked {
        let start = mark.start.clamp(at, shown.end);
        let end = mark.end.clamp(start, shown.end);
        push(at..start, false);
        push(start..end, true);
        at = end;
    }
    push(at..shown.end, false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        snippet(text, &SearchTerms::parse(query).unwrap())
            .into_iter()
            .map(|piece| match piece.matched {
                true => format!("[{}]", piece.text),
                false => piece.text,
            })
            .collect()
    }

    #[test]
    fn what_was_found_is_marked_in_the_text_itself() {
        for (text, query, expected) in [
            ("Hello, <b>World</b>!", "world", "Hello, <b>[World]</b>!"),
            (
                "Crème BRÛLÉE, brûlées",
                "brulee",
                "Crème [BRÛLÉE], [brûlées]",
            ),
            ("one two three", "three o", "[one] two [three]"),
            (
                "Pi is 3.14, not 3 or 14.",
                "3.14",
                "Pi is [3.14], not 3 or 14.",
            ),
            ("a b a b a", "a.b.a", "[a b a b a]"),
            ("大きな東京タワー", "東京", "大きな[東京]タワー"),
            ("nothing of it", "x", "nothing of it"),
            ("", "x", ""),
            ("…!", "x", "…!"),
            (
                "prefixes only at the end, pre",
                "pre en",
                "prefixes only at the [end], [pre]",
            ),
        ] {
            assert_eq!(shown(text, query), expected, "{query}");
        }
    }

    #[test]
    fn the_place_where_most_comes_together_is_shown() {
        let filler = "word ".repeat(100);
        let text = format!("apple {filler}apple and pear {filler}pear");
        let snippet = shown(&text, "apple pear");
        assert!(snippet.contains("[apple] and [pear]"), "{snippet}");
        assert_eq!(snippet.split_whitespace().count(), SHOWN_WORDS);
    }

    #[test]
    fn a_snippet_is_short_whatever_the_text() {
        let long = "é".repeat(10_000);
        let gap = "!".repeat(10_000);
        for text in [
            format!("{long} needle {long}"),
            format!("{gap}needle{gap}"),
            format!("needle{long}"),
            format!("{gap}😀{gap}"),
        ] {
            let snippet = snippet(&text, &SearchTerms::parse("needle").unwrap());
            let all: String = snippet.iter().map(|piece| piece.text.as_str()).collect();
            assert!(text.contains(&all) && all.len() <= SHOWN_BYTES, "{all}");
            assert_eq!(
                snippet.iter().any(|piece| piece.matched),
                text.contains("needle")
            );
        }
    }
}

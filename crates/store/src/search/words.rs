//! What counts as a word, the same on every database: the index, queries and snippets all cut and
//! fold text here, so that no engine's own idea of hyphens, accents or letter case matters.
//!
//! A word is a run of letters, digits and the marks that belong to them; all else only separates.
//! Case, diacritics and compatibility forms (`ﬁ`, full-width Latin) are folded away. In scripts that
//! are written without spaces each character is a word, and what is searched for becomes a phrase.

use std::ops::{ControlFlow, Range};

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Characters of a word that count: no query is longer, and PostgreSQL refuses words of 2 KiB.
const MAX_WORD_CHARS: usize = 200;

/// Calls `visit` with each word, folded, and the bytes of `text` that it is made from, until it breaks.
pub(super) fn each_word(
    text: &str,
    mut visit: impl FnMut(&str, Range<usize>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut word = Word::default();
    let mut folded = Vec::new();
    for (start, c) in text.char_indices() {
        let range = start..start + c.len_utf8();
        if c.is_ascii_alphanumeric() {
            word.end_if(word.alone, &mut visit)?;
            word.push(c.to_ascii_lowercase(), range);
            continue;
        }
        if c.is_ascii() {
            word.end_if(true, &mut visit)?;
            continue;
        }
        if is_joiner(c) {
            continue;
        }
        folded.clear();
        fold(c, &mut folded);
        for &c in &folded {
            if is_combining_mark(c) {
                // Belongs to the letter before it; without one there is nothing to mark.
                if !word.text.is_empty() {
                    word.push(c, range.clone());
                }
            } else if !c.is_alphanumeric() {
                word.end_if(true, &mut visit)?;
            } else {
                let alone = stands_alone(c);
                word.end_if(alone || word.alone, &mut visit)?;
                word.alone = alone;
                word.push(c, range.clone());
            }
        }
    }
    word.end_if(true, &mut visit)
}

/// A word in the making.
#[derive(Default)]
struct Word {
    text: String,
    chars: usize,
    range: Range<usize>,
    /// Whether it is a character that makes a word by itself.
    alone: bool,
}

impl Word {
    fn push(&mut self, c: char, range: Range<usize>) {
        if self.text.is_empty() {
            self.range.start = range.start;
        }
        self.range.end = range.end;
        if self.chars < MAX_WORD_CHARS {
            self.text.push(c);
            self.chars += 1;
        }
    }

    fn end_if(
        &mut self,
        ends: bool,
        visit: &mut impl FnMut(&str, Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if !ends || self.text.is_empty() {
            return ControlFlow::Continue(());
        }
        let flow = visit(&self.text, self.range.clone());
        self.text.clear();
        self.chars = 0;
        self.alone = false;
        flow
    }
}

/// Through upper case, since only that makes one of `ß` and `SS`, of `ς` and `σ`.
fn fold(c: char, folded: &mut Vec<char>) {
    decompose_compatible(c, |part| {
        if !is_diacritic(part) {
            folded.extend(part.to_uppercase().flat_map(char::to_lowercase));
        }
    });
}

/// Marks that people leave out when they search: accents, Hebrew points, Arabic vowels, variation
/// selectors. The marks of other scripts are letters in all but name.
fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0487}' | '\u{0591}'..='\u{05BD}' | '\u{05BF}'
        | '\u{05C1}'..='\u{05C2}' | '\u{05C4}'..='\u{05C5}' | '\u{05C7}' | '\u{0610}'..='\u{061A}'
        | '\u{064B}'..='\u{065F}' | '\u{0670}' | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}'
        | '\u{06E7}'..='\u{06E8}' | '\u{06EA}'..='\u{06ED}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FE20}'..='\u{FE2F}')
}

/// Invisible characters within words: soft hyphen, joiners, the byte order mark.
fn is_joiner(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FEFF}'
    )
}

/// Letters of scripts that do not put spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let _ = each_word(text, |word, range| {
            assert!(
                text.get(range.clone())
                    .is_some_and(|source| !source.is_empty())
            );
            words.push(word.to_owned());
            ControlFlow::Continue(())
        });
        words
    }

    #[test]
    fn words_are_letters_and_digits_folded() {
        for (text, expected) in [
            ("Hello, World!", "hello world"),
            (
                "don't user@example.com 3.14 snake_case",
                "don t user example com 3 14 snake case",
            ),
            ("Crème brûlée ÅNGSTRÖM", "creme brulee angstrom"),
            ("cre\u{300}me bru\u{302}le\u{301}e", "creme brulee"),
            ("Straße STRASSE", "strasse strasse"),
            ("ΣΊΣΥΦΟΣ Σίσυφος", "σισυφοσ σισυφοσ"),
            ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),
            ("ﬁne ＡＢＣ①", "fine abc1"),
            ("soft\u{AD}hyphen", "softhyphen"),
            ("שָׁלוֹם", "שלום"),
            ("東京 タワーtest", "東 京 タ ワ ー test"),
            ("が か\u{3099}", "か\u{3099} か\u{3099}"),
            ("हिन्दी", "हिन्दी"),
            ("\u{0}\u{1}*\"%(){}:^-+ 🎉👩\u{200D}🚀 \u{301}", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_word_knows_where_it_is_from() {
        let text = "¡Él, Straße!";
        let mut found = Vec::new();
        let _ = each_word(text, |word, range| {
            found.push((word.to_owned(), text[range].to_owned()));
            ControlFlow::Continue(())
        });
        let expected = [("el", "Él"), ("strasse", "Straße")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_word_has_a_longest_length() {
        assert_eq!(words(&"é".repeat(100_000)), ["e".repeat(MAX_WORD_CHARS)]);
    }
}

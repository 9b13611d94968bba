//! How many tokens a text has, by estimate.
//!
//! Owns a count that needs no vocabulary: no memory, no start-up, one look at each character.
//!
//! The weights are fitted to OpenAI's `o200k_base` on prose, code, JSON and YAML, which they meet
//! within a tenth, and lie above it for other scripts. Other vocabularies are smaller or cut finer,
//! Anthropic's by about a fifth as its users report (not checked), so that what is unknown gets
//! [`MARGIN_PERCENT`] more: it is better to leave out a turn too many than to have the whole
//! question refused.

use crate::Content;

/// What every message takes beside its text, for the marks around it. OpenAI's is 3 or 4.
pub const MESSAGE_TOKENS: u64 = 4;
/// What an image takes at most, scaled down as providers do it. Anthropic documents 1,600 for the
/// largest; OpenAI's detailed ones are below that. Not checked for others.
pub const IMAGE_TOKENS: u64 = 1600;

/// How much more a text may have for a model whose vocabulary is not known.
const MARGIN_PERCENT: u64 = 20;
/// Letters and digits in a row beyond this are no word: base64, hashes, keys.
const LONGEST_WORD: u64 = 24;

/// Weights in twentieths of a token.
const WHOLE: u64 = 20;
const LOWER: u64 = 5;
const UPPER: u64 = 7;
const DIGIT: u64 = 10;
const IN_NO_WORD: u64 = 13;
const LINE_END: u64 = 4;
const PUNCTUATION: u64 = 14;
/// Latin beyond ASCII, Greek, Cyrillic, Arabic, Hebrew, the scripts of India.
const ALPHABETIC: u64 = 10;
/// Chinese, Japanese, Korean, symbols.
const WIDE: u64 = 20;
/// Emoji and rare scripts.
const RARE: u64 = 40;

/// About how many tokens the text has for this model (the provider's own id, with or without our
/// slug before it).
#[must_use]
pub fn estimate_tokens(model: &str, text: &str) -> u64 {
    let tokens = weigh(text).div_ceil(WHOLE);
    match super::is_openai(model) {
        true => tokens,
        false => tokens.saturating_add((tokens * MARGIN_PERCENT).div_ceil(100)),
    }
}

/// More tokens than [`estimate_tokens`] finds in any text of so many bytes: enough to tell that a short
/// conversation fits without looking at it.
#[must_use]
pub fn most_tokens(bytes: usize) -> u64 {
    // No character weighs more than 14 twentieths of a token a byte, of which the margin makes 17; then each of
    // the two may be rounded up.
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(3)
}

/// The same for a whole message, its images and the marks around it.
#[must_use]
pub fn estimate_content(model: &str, content: &Content) -> u64 {
    let images = u64::try_from(content.images().count()).unwrap_or(u64::MAX);
    estimate_tokens(model, &content.text())
        .saturating_add(images.saturating_mul(IMAGE_TOKENS))
        .saturating_add(MESSAGE_TOKENS)
}

fn weigh(text: &str) -> u64 {
    let (mut sum, mut word, mut letters) = (0, 0, 0);
    for c in text.chars() {
        let (weight, is_of_word) = match c {
            'a'..='z' => (LOWER, true),
            'A'..='Z' => (UPPER, true),
            '0'..='9' => (DIGIT, true),
            '\n' | '\r' => (LINE_END, false),
            // A space is part of the word that follows, and indentation is one token.
            ' ' | '\t' => (0, false),
            '\0'..='\u{7f}' => (PUNCTUATION, false),
            '\u{80}'..='\u{1fff}' => (ALPHABETIC, false),
            '\u{2000}'..='\u{ffff}' => (WIDE, false),
            _ => (RARE, false),
        };
        if is_of_word {
            word += weight;
            letters += 1;
        } else {
            sum += end_of_word(word, letters) + weight;
            (word, letters) = (0, 0);
        }
    }
    sum + end_of_word(word, letters)
}

/// What letters and digits in a row weigh.
fn end_of_word(word: u64, letters: u64) -> u64 {
    match letters > LONGEST_WORD {
        true => letters * IN_NO_WORD,
        false => word,
    }
}

/// Texts and how many tokens `o200k_base` makes of them.
#[cfg(test)]
pub(super) const SAMPLES: &[(&str, u64)] = &[
    (
        "Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen Gewalt. Das Deutsche Volk bekennt sich darum zu unverletzlichen und unveräußerlichen Menschenrechten als Grundlage jeder menschlichen Gemeinschaft, des Friedens und der Gerechtigkeit in der Welt.",
        64,
    ),
    (
        "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。人人有资格享有本宣言所载的一切权利和自由,不分种族、肤色、性别、语言、宗教、政治或其他见解。",
        76,
    ),
    (
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
        72,
    ),
    (
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.",
        41,
    ),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Image, Part};

    const OPENAI: &str = "openai/gpt-5";

    #[test]
    fn texts_of_all_kinds_are_met_or_exceeded_a_little() {
        for (text, tokens) in SAMPLES {
            let found = estimate_tokens(OPENAI, text);
            assert!(
                found >= *tokens && found <= tokens * 2,
                "{found} for {tokens}: {text}"
            );
            assert!(estimate_tokens("anthropic/claude-x", text) > found);
        }
    }

    #[test]
    fn what_is_no_word_weighs_more() {
        let word = "x".repeat(24);
        let hash = "x".repeat(48);
        assert!(estimate_tokens(OPENAI, &hash) > 4 * estimate_tokens(OPENAI, &word));
    }

    #[test]
    fn messages_have_marks_and_images() {
        assert_eq!(estimate_tokens("x", ""), 0);
        assert_eq!(estimate_content("x", &"".into()), MESSAGE_TOKENS);
        let image = Image::new(b"GIF89a".as_slice()).unwrap();
        let content = Content::Parts(vec![Part::Image(image.clone()), Part::Image(image)]);
        let expected = MESSAGE_TOKENS + 2 * IMAGE_TOKENS;
        assert_eq!(estimate_content("x", &content), expected);
    }

    proptest! {
        #[test]
        fn more_text_never_has_fewer_tokens(a in ".{0,60}", b in ".{0,60}") {
            let whole = format!("{a}{b}");
            let both = estimate_tokens(OPENAI, &whole);
            prop_assert!(estimate_tokens("x", &whole) <= most_tokens(whole.len()));
            // Up to the least unit, in which either may be rounded up.
            prop_assert!(both + 1 >= estimate_tokens(OPENAI, &a));
            prop_assert!(both <= 40 * u64::try_from(a.chars().count() + b.chars().count()).unwrap());
        }
    }
}

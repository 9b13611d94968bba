//! Characters that JSON cut into halves.
//!
//! JSON writes a character beyond U+FFFF as two escapes, `\ud83d\ude00`. Servers that cut text by UTF-16 units
//! send the halves in two events, neither of which is JSON that can be read. Owns the way round that: a half
//! that stands alone is given a mark, a character that nobody writes, before the JSON is read, and the marks
//! become characters again in the text that comes out. A half that stays alone is U+FFFD.

use std::borrow::Cow;

use crate::CompletionEvent;

/// The first and the last of the halves, and of the first halves.
const HALVES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;
const FIRST_HALVES: std::ops::RangeInclusive<u32> = 0xD800..=0xDBFF;
/// The mark of the first one: the end of the last private plane, for which nobody has a use.
const MARKS: u32 = 0x0010_F800;
/// The length of an escape.
const ESCAPE: usize = 6;

/// The halves of one answer.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    /// Whether a mark was ever set: until then, what looks like one is a character.
    marked: bool,
    /// The first half that the text ends with.
    text: Option<u32>,
    /// The same of what the model thinks.
    reasoning: Option<u32>,
}

impl Halves {
    /// The JSON with a mark for each half that stands alone.
    pub(crate) fn mark<'a>(&mut self, json: &'a str) -> Cow<'a, str> {
        if !json.contains("\\ud") && !json.contains("\\uD") {
            return Cow::Borrowed(json);
        }
        let mut marked = String::new();
        let mut rest = json;
        // What has been looked at of `rest`.
        let mut at = 0_usize;
        while let Some(escape) = rest.get(at..).and_then(|rest| rest.find('\\')) {
            at = at.saturating_add(escape);
            at = match half(rest, at) {
                // An escaped character, which may be another backslash.
                None => at.saturating_add(2),
                Some(first) => {
                    let after = at.saturating_add(ESCAPE);
                    let is_whole = FIRST_HALVES.contains(&first)
                        && half(rest, after).is_some_and(|second| !FIRST_HALVES.contains(&second));
                    if is_whole {
                        after.saturating_add(ESCAPE)
                    } else {
                        marked.push_str(rest.get(..at).unwrap_or_default());
                        marked.extend(mark_of(first));
                        rest = rest.get(after..).unwrap_or_default();
                        self.marked = true;
                        0
                    }
                }
            };
        }
        if marked.is_empty() {
            return Cow::Borrowed(json);
        }
        marked.push_str(rest);
        Cow::Owned(marked)
    }

    /// The event with characters for marks. Its text may be empty: then it waits for its other half.
    pub(crate) fn join(&mut self, event: CompletionEvent) -> CompletionEvent {
        match event {
            CompletionEvent::Text(text) if self.marked => {
                CompletionEvent::Text(join(&mut self.text, &text))
            }
            CompletionEvent::Reasoning(text) if self.marked => {
                CompletionEvent::Reasoning(join(&mut self.reasoning, &text))
            }
            event => event,
        }
    }

    /// What is left at the end of a half that waits for another one.
    pub(crate) fn rest(&mut self) -> Option<CompletionEvent> {
        let alone = || char::REPLACEMENT_CHARACTER.to_string();
        if self.reasoning.take().is_some() {
            return Some(CompletionEvent::Reasoning(alone()));
        }
        self.text.take().map(|_| CompletionEvent::Text(alone()))
    }
}

/// The half that the escape at this byte writes, if it writes one.
fn half(json: &str, at: usize) -> Option<u32> {
    let digits = json.get(at..at.checked_add(ESCAPE)?)?.strip_prefix("\\u")?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    HALVES.contains(&code).then_some(code)
}

fn mark_of(half: u32) -> Option<char> {
    char::from_u32(MARKS.checked_add(half.checked_sub(*HALVES.start())?)?)
}

/// The half that the character is a mark of.
fn marked(c: char) -> Option<u32> {
    u32::from(c)
        .checked_sub(MARKS)?
        .checked_add(*HALVES.start())
}

fn join(waiting: &mut Option<u32>, text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for c in text.chars() {
        let half = marked(c);
        let second = half.filter(|half| !FIRST_HALVES.contains(half));
        match (waiting.take(), second) {
            (Some(first), Some(second)) => {
                let pair = [first, second].map(|half| u16::try_from(half).unwrap_or_default());
                joined.extend(char::decode_utf16(pair).flatten());
                continue;
            }
            (Some(_), None) | (None, Some(_)) => joined.push(char::REPLACEMENT_CHARACTER),
            (None, None) => {}
        }
        match half {
            None => joined.push(c),
            Some(_) if second.is_some() => {}
            first => *waiting = first,
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of these pieces of text, each written as JSON has it.
    fn read(pieces: &[&str]) -> String {
        let mut halves = Halves::default();
        let mut all = String::new();
        for piece in pieces {
            let json = format!("\"{piece}\"");
            let text: String = serde_json::from_str(&halves.mark(&json)).unwrap();
            let CompletionEvent::Text(text) = halves.join(CompletionEvent::Text(text)) else {
                panic!("text stays text");
            };
            all.push_str(&text);
        }
        if let Some(CompletionEvent::Text(text)) = halves.rest() {
            all.push_str(&text);
        }
        all
    }

    #[test]
    fn halves_are_joined_and_lone_ones_are_replaced() {
        for (pieces, expected) in [
            (&[r"a\ud83d", r"\ude00b"][..], "a😀b"),
            (&[r"\uD83D", "", r"\uDE00"], "😀"),
            (&[r"\ud83d\ude00", r"\ud83d", r"\ude00"], "😀😀"),
            (&[r"a\ud83d", "b"], "a\u{fffd}b"),
            (&[r"a\ud83d"], "a\u{fffd}"),
            (&[r"\ude00a"], "\u{fffd}a"),
            (&[r"\ud83d\ud83d\ude00"], "\u{fffd}😀"),
            (
                &[r"\ud83d", r"\ud83d", r"\ude00\ude00"],
                "\u{fffd}😀\u{fffd}",
            ),
            (&[r"a\ud83d\n\u00e4"], "a\u{fffd}\nä"),
            // No escapes: the backslash is escaped itself.
            (&[r"C:\\ud83d", r"\\\ud83d"], "C:\\ud83d\\\u{fffd}"),
            // Without a half, even the last private characters are what they are.
            (&["\u{10f800}", r"\ud83d\ude00"], "\u{10f800}😀"),
        ] {
            assert_eq!(read(pieces), expected, "{pieces:?}");
        }
    }

    proptest! {
        #[test]
        fn any_cut_of_any_text_is_mended(text in "(?s).{0,20}", at in 0_usize..40) {
            let escape = |unit: &u16| format!("\\u{unit:04x}");
            let units: Vec<u16> = text.encode_utf16().collect();
            let (a, b) = units.split_at(at.min(units.len()));
            let [a, b] = [a, b].map(|units| units.iter().map(escape).collect::<String>());
            // What looks like a mark is one, once there was a half.
            prop_assume!(text.chars().all(|c| marked(c).is_none()));
            prop_assert_eq!(read(&[&a, &b]), text);
        }

        #[test]
        fn any_json_is_marked_without_a_panic(json in r#"(?s)(\\|\\u|d83d|\\ude00|.){0,20}"#) {
            let _ = Halves::default().mark(&json);
        }
    }
}

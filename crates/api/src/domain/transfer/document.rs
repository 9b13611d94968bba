//! From the bytes of a document to what is going to be stored: which kind it is, and what is wrong with it.

use prompthub_dto::{
    documents::{ConversationDocument, DOCUMENT_VERSION, ProjectDocument},
    problem::{FieldCode, ProblemCode},
    transfer::ImportSource,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_path_to_error::Segment;

use super::{
    chatgpt,
    draft::{Draft, Frame, Skipped, step},
    loose::Loose,
    own,
};
use crate::error::ApiError;

/// What the beginning of one of our own documents says.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: Loose<String>,
    #[serde(default)]
    version: Loose<f64>,
}

/// Reads a document of any kind that is taken.
///
/// # Errors
/// `malformed_json`; complaints about fields, each named by its JSON pointer.
pub(super) fn read(mut bytes: Vec<u8>, frame: &Frame) -> Result<Draft, ApiError> {
    let mut skipped = Skipped::default();
    let mended = mend_surrogates(&mut bytes);
    if mended > 0 {
        skipped.add(
            "",
            format!("{mended} halves of surrogate pairs, which are no text; each became U+FFFD"),
        );
    }
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match json.trim_ascii_start().first() {
        Some(b'[') => chatgpt::draft(parse(json)?, frame, skipped),
        Some(b'{') => read_own(json, frame, skipped),
        _ => {
            // What is no JSON at all is told so.
            parse::<serde::de::IgnoredAny>(json)?;
            Err(none_of_the_kinds("body"))
        }
    }
}

fn read_own(json: &[u8], frame: &Frame, mut skipped: Skipped) -> Result<Draft, ApiError> {
    let head: Head = parse(json)?;
    let format = head.format.0.unwrap_or_default();
    if !matches!(
        format.as_str(),
        "prompthub.conversation" | "prompthub.project"
    ) {
        return Err(none_of_the_kinds("/format"));
    }
    let known = (1..=DOCUMENT_VERSION).any(|version| head.version.0 == Some(f64::from(version)));
    if !known {
        return Err(ApiError::field(
            "/version",
            FieldCode::Invalid,
            format!("Must be 1 to {DOCUMENT_VERSION}, the versions that this server knows."),
        ));
    }
    if format == "prompthub.conversation" {
        let document: ConversationDocument = parse(json)?;
        Ok(Draft {
            source: ImportSource::Conversation,
            project: None,
            conversations: vec![own::conversation(document, "", frame, &mut skipped)?],
            skipped,
        })
    } else {
        let document: ProjectDocument = parse(json)?;
        own::project(document, frame, skipped)
    }
}

/// Of a document that is not taken; `field` is what shows it.
pub(super) fn none_of_the_kinds(field: &str) -> ApiError {
    ApiError::field(
        field,
        FieldCode::Invalid,
        "Is no document that is taken: send a conversation or a project as exported here, or the \
         conversations.json of a ChatGPT export.",
    )
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(json).map_err(|error| {
        if error.is_data() {
            // Where it is costs a second look, which only what is refused pays for.
            locate::<T>(json)
        } else {
            unreadable(&error)
        }
    })
}

fn locate<T: DeserializeOwned>(json: &[u8]) -> ApiError {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => ApiError::new(
            ProblemCode::MalformedJson,
            "The document is not valid JSON.",
        ),
        Err(error) => {
            let pointer: String = error.path().iter().map(segment).collect();
            complaint(&pointer, &error.into_inner().to_string())
        }
    }
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", step(key)),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

/// What serde says of a value, as a complaint about what `pointer` names.
fn complaint(pointer: &str, message: &str) -> ApiError {
    let name = message.split('`').nth(1).unwrap_or_default();
    let within = if pointer.ends_with(&format!("/{}", step(name))) {
        pointer.to_owned()
    } else {
        format!("{pointer}/{}", step(name))
    };
    if message.starts_with("missing field") {
        ApiError::field(within, FieldCode::Required, "Is required.")
    } else if message.starts_with("unknown field") {
        ApiError::field(
            within,
            FieldCode::Unknown,
            "Is not a field of this document.",
        )
    } else if message.starts_with("duplicate field") {
        ApiError::field(within, FieldCode::Invalid, "Is there twice.")
    } else if message.starts_with("invalid type") {
        ApiError::field(pointer, FieldCode::WrongType, "Has the wrong type.")
    } else {
        ApiError::field(pointer, FieldCode::Invalid, "Is not a value of this field.")
    }
}

/// What is no JSON, or JSON beyond what anybody can read.
fn unreadable(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let place = format!("At line {}, column {}", error.line(), error.column());
    if text.starts_with("number out of range") {
        ApiError::field(
            "body",
            FieldCode::OutOfRange,
            format!("{place}: the number is out of range."),
        )
    } else if text.starts_with("recursion limit exceeded") {
        ApiError::field(
            "body",
            FieldCode::Invalid,
            format!("{place}: it is nested too deeply."),
        )
    } else {
        ApiError::new(
            ProblemCode::MalformedJson,
            format!("{place}: it is not valid JSON."),
        )
    }
}

/// Replaces halves of surrogate pairs by U+FFFD and says how many there were. JSON may have them, text may
/// not: programs that cut texts at 16-bit units leave them behind.
fn mend_surrogates(json: &mut [u8]) -> u64 {
    /// Bytes of `\uXXXX`.
    const ESCAPE: usize = 6;
    let mut mended = 0;
    let mut at = 0;
    loop {
        let rest = json.get(at..).unwrap_or_default();
        let Some(found) = rest.iter().position(|byte| *byte == b'\\') else {
            return mended;
        };
        at += found;
        match unit(json, at) {
            Some(0xd800..=0xdbff) if matches!(unit(json, at + ESCAPE), Some(0xdc00..=0xdfff)) => {
                at += 2 * ESCAPE;
            }
            Some(0xd800..=0xdfff) => {
                if let Some(escape) = json.get_mut(at..at + ESCAPE) {
                    escape.copy_from_slice(b"\\ufffd");
                }
                mended += 1;
                at += ESCAPE;
            }
            Some(_) => at += ESCAPE,
            // Another escape, whose second byte may be a backslash.
            None => at += 2,
        }
    }
}

/// The 16-bit unit that an escape at `at` stands for.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use prompthub_dto::ids::{ProjectId, UserId};

    use super::*;

    fn mended(text: &str) -> (String, u64) {
        let mut bytes = text.as_bytes().to_vec();
        let count = mend_surrogates(&mut bytes);
        (String::from_utf8(bytes).unwrap(), count)
    }

    #[test]
    fn only_halves_are_mended() {
        for (text, after, count) in [
            (r#""plain""#, r#""plain""#, 0),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#, 0),
            (r#""\ud83d""#, r#""\ufffd""#, 1),
            (r#""\uDE00x""#, r#""\ufffdx""#, 1),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#, 1),
            (r#""\\ud83d""#, r#""\\ud83d""#, 0),
            (r#""\\\ud83d""#, r#""\\\ufffd""#, 1),
            (r#""\u00""#, r#""\u00""#, 0),
            (r#""\"#, r#""\"#, 0),
            (r#""\u+12f""#, r#""\u+12f""#, 0),
        ] {
            assert_eq!(mended(text), (after.to_owned(), count), "{text}");
        }
    }

    fn refusal(json: &str) -> (String, ProblemCode) {
        let frame = Frame {
            owner: UserId::new(),
            project: ProjectId::new(),
            now: prompthub_store::now(),
        };
        match read(json.as_bytes().to_vec(), &frame) {
            Err(ApiError::Validation(errors)) => {
                (errors[0].field.clone(), ProblemCode::ValidationFailed)
            }
            Err(other) => (String::new(), other.code()),
            Ok(draft) => panic!("{json} was taken: {draft:?}"),
        }
    }

    #[test]
    fn what_is_refused_is_pointed_at() {
        let invalid = |pointer: &str| (pointer.to_owned(), ProblemCode::ValidationFailed);
        let malformed = (String::new(), ProblemCode::MalformedJson);
        let head = r#"{"format":"prompthub.conversation","version":1"#;
        for (json, expected) in [
            (String::new(), malformed.clone()),
            ("x".to_owned(), malformed.clone()),
            ("{".to_owned(), malformed.clone()),
            ("[1,".to_owned(), malformed.clone()),
            ("{} x".to_owned(), malformed),
            ("null".to_owned(), invalid("body")),
            ("12".to_owned(), invalid("body")),
            ("{}".to_owned(), invalid("/format")),
            (r#"{"format":1}"#.to_owned(), invalid("/format")),
            (r#"{"format":"other"}"#.to_owned(), invalid("/format")),
            (
                r#"{"format":"prompthub.conversation","version":3}"#.to_owned(),
                invalid("/version"),
            ),
            (format!("{head}}}"), invalid("/id")),
            (format!(r#"{head},"rating":5}}"#), invalid("/rating")),
            (format!(r#"{head},"messages":{{}}}}"#), invalid("/messages")),
            (
                format!(r#"{head},"messages":[{{"role":"system"}}]}}"#),
                invalid("/messages/0/role"),
            ),
            (format!(r#"{head},"title":1e999}}"#), invalid("body")),
            (
                "[]x".to_owned(),
                (String::new(), ProblemCode::MalformedJson),
            ),
            (r#"[{"role":"user"}]"#.to_owned(), invalid("body")),
        ] {
            assert_eq!(refusal(&json), expected, "{json}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_or_passed_over() {
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refusal(&deep).1, ProblemCode::ValidationFailed);
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(refusal(&deep).1, ProblemCode::MalformedJson);
    }
}

//! What serde says against a request, as a complaint about a field in words for whoever sent it.
//!
//! Owns the notation of a field's path (`message.0.file`) and the wording. No name of a Rust type leaves here, and what was
//! sent comes back only in part.

use prompthub_dto::problem::FieldCode;
use serde_path_to_error::{Path, Segment};

use crate::error::{ApiError, field_error};

/// The most characters of a name or a value that a complaint repeats.
const MAX_REPEATED: usize = 100;
/// The most characters of a complaint of our own types, which may list what they take.
const MAX_WORDS: usize = 500;

/// `message` without a position in the text, about the value at `path`.
pub(super) fn complaint(path: &Path, message: &str) -> ApiError {
    let (code, name, text) = read(message);
    let parent = dotted(path);
    let field = match name.map(cut) {
        // The path of an unknown field may already end in its name.
        Some(name) if parent == name || parent.ends_with(&format!(".{name}")) => parent,
        Some(name) if parent.is_empty() => name,
        Some(name) => format!("{parent}.{name}"),
        None => parent,
    };
    let field = match field.is_empty() {
        true => "body".to_owned(),
        false => field,
    };
    ApiError::Validation(vec![field_error(field, code, text)])
}

/// The names and places on the way to a value, with dots between them.
fn dotted(path: &Path) -> String {
    let steps = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(cut(key)),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    steps.collect::<Vec<_>>().join(".")
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_REPEATED).collect()
}

/// What kind of fault it is, the name of the field where the message has it, and the words for it.
fn read(message: &str) -> (FieldCode, Option<&str>, String) {
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let named = |code, words: &str| (code, Some(quoted), words.to_owned());
    let (kind, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let out_of_range = || "Is out of range.".to_owned();
    if message.starts_with("missing field") {
        named(FieldCode::Required, "Is required.")
    } else if message.starts_with("unknown field") {
        named(FieldCode::Unknown, "Is not a field of this request.")
    } else if message.starts_with("duplicate field") {
        named(FieldCode::Invalid, "Is there twice.")
    } else if let Some(words) = parse_failure(message) {
        (FieldCode::Invalid, None, words.to_owned())
    } else if kind.starts_with("invalid type") || kind.starts_with("invalid length") {
        (FieldCode::WrongType, None, must_be(expected))
    } else if kind.starts_with("invalid value") && is_number(expected) || is_infinite(message) {
        (FieldCode::OutOfRange, None, out_of_range())
    } else if kind.starts_with("unknown variant") {
        (
            FieldCode::Invalid,
            None,
            sentence(&format!("must be {expected}")),
        )
    } else {
        (FieldCode::Invalid, None, sentence(message))
    }
}

/// Whether a number is none that can be counted with: it is JSON all the same.
pub(super) fn is_infinite(message: &str) -> bool {
    message.starts_with("number out of range")
}

fn is_number(expected: &str) -> bool {
    matches!(
        expected,
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize"
    )
}

/// What serde calls a type, in JSON's words.
fn must_be(expected: &str) -> String {
    let words = match expected {
        "a boolean" => "true or false",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a string or an array of parts" => "a text or a list of parts",
        "an object" => expected,
        _ if is_number(expected) => "a whole number",
        _ if expected.contains("string") || expected.contains("variant") => "a text",
        _ if expected.starts_with("struct ")
            || expected.contains("map")
            || expected.contains("enum ") =>
        {
            "an object"
        }
        _ => return "Is of the wrong type.".to_owned(),
    };
    format!("Must be {words}.")
}

/// What the standard library says of a text in a query that is no number or no truth value, in words for
/// whoever wrote it.
fn parse_failure(message: &str) -> Option<&'static str> {
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            Some("Must be a whole number.")
        }
        "number too large to fit in target type" | "number too small to fit in target type" => {
            Some("Is out of range.")
        }
        "provided string was not `true` or `false`" => Some("Must be true or false."),
        _ => None,
    }
}

fn sentence(message: &str) -> String {
    let message: String = message.chars().take(MAX_WORDS).collect();
    let mut chars = message.chars();
    match chars.next() {
        // A name stands as it is written.
        Some(_)
            if message
                .split(' ')
                .next()
                .is_some_and(|word| word.contains('_')) =>
        {
            format!("{message}.")
        }
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => "Is not valid.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::chat::Chat;

    use super::*;

    fn complaint_about(body: &str) -> (String, FieldCode, String) {
        let mut json = serde_json::Deserializer::from_str(body);
        let read = serde_path_to_error::deserialize::<_, Chat>(&mut json);
        let error = read.map(|_| body).expect_err("it is refused");
        let message = error.inner().to_string();
        let message = message.rsplit_once(" at line ").unwrap().0;
        match complaint(error.path(), message) {
            ApiError::Validation(mut errors) => {
                let error = errors.remove(0);
                (error.field, error.code, error.message)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_are_of_json_and_not_of_rust() {
        use FieldCode::{Invalid, OutOfRange, WrongType};
        for (body, field, code, words) in [
            ("null", "body", WrongType, "Must be an object."),
            ("7", "body", WrongType, "Must be an object."),
            (
                r#"{"message":7}"#,
                "message",
                WrongType,
                "Must be a text or a list of parts.",
            ),
            (
                r#"{"message":[7]}"#,
                "message.0",
                WrongType,
                "Must be an object.",
            ),
            (
                r#"{"message":"x","stream":1}"#,
                "stream",
                WrongType,
                "Must be true or false.",
            ),
            (
                r#"{"message":"x","model":1}"#,
                "model",
                WrongType,
                "Must be a text.",
            ),
            (
                r#"{"message":"x","parameters":7}"#,
                "parameters",
                WrongType,
                "Must be an object.",
            ),
            (
                r#"{"message":"x","parameters":{"temperature":"1"}}"#,
                "parameters.temperature",
                WrongType,
                "Must be a number.",
            ),
            (
                r#"{"message":"x","parameters":{"max_tokens":"1"}}"#,
                "parameters.max_tokens",
                WrongType,
                "Must be a whole number.",
            ),
            (
                r#"{"message":"x","parameters":{"max_tokens":99999999999}}"#,
                "parameters.max_tokens",
                OutOfRange,
                "Is out of range.",
            ),
            (
                r#"{"message":"x","parameters":{"stop":"a"}}"#,
                "parameters.stop",
                WrongType,
                "Must be a list.",
            ),
            (
                r#"{"message":"x","parameters":{"stop":[1]}}"#,
                "parameters.stop.0",
                WrongType,
                "Must be a text.",
            ),
            (
                r#"{"message":"x","parameters":{"response_format":"json"}}"#,
                "parameters.response_format",
                WrongType,
                "Must be an object.",
            ),
            (
                r#"{"message":"x","parameters":{"response_format":{"type":"json_schema"}}}"#,
                "parameters.response_format",
                Invalid,
                "json_schema needs a name and a schema.",
            ),
            (
                r#"{"message":"x","on_disconnect":"die"}"#,
                "on_disconnect",
                Invalid,
                "Must be `continue` or `cancel`.",
            ),
        ] {
            let expected = (field.to_owned(), code, words.to_owned());
            assert_eq!(complaint_about(body), expected, "{body}");
        }
    }

    #[test]
    fn what_was_sent_comes_back_only_in_part() {
        let long = "x".repeat(1_000_000);
        for body in [
            format!(r#"{{"message":"x","on_disconnect":"{long}"}}"#),
            format!(r#"{{"message":"x","{long}":1}}"#),
            format!(r#"{{"message":"x","stream":"{long}"}}"#),
            format!(r#"{{"message":"x","parameters":{{"{long}":1}}}}"#),
        ] {
            let (field, _, message) = complaint_about(&body);
            assert!(field.len() + message.len() < 1000, "{field}: {message}");
        }
        assert_eq!(complaint_about(r#"{"message":"x","":1}"#).0, "body");
    }
}

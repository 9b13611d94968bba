//! Fields beside the text of an answer, in whatever shape servers send them.
//!
//! Owns what is made of a field that is not as it should be: nothing, rather than the end of an answer that is
//! otherwise fine. Must not be used for the text itself, which would then vanish in silence.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::decimal;

/// The field, or its default where it is something else. For `deserialize_with`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    <&RawValue>::deserialize(deserializer).map(|json| part(Some(json)))
}

/// A number of tokens, also as `10.0` or as text; `None` for whatever else is there. For `deserialize_with`.
pub(crate) fn count<'de, D>(deserializer: D) -> Result<Option<u64>, D::Error>
where
    D: Deserializer<'de>,
{
    <&RawValue>::deserialize(deserializer).map(|json| {
        let number = decimal::plain(json.get())?;
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        let is_whole = fraction.bytes().all(|digit| digit == b'0');
        whole.parse().ok().filter(|_| is_whole)
    })
}

/// A part of a document as far as it has the fields that are known; an invented one has none of them.
pub(crate) fn part<'a, T: Default + Deserialize<'a>>(json: Option<&'a RawValue>) -> T {
    json.and_then(|json| serde_json::from_str(json.get()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Fields {
        #[serde(default, deserialize_with = "count")]
        count: Option<u64>,
        #[serde(default, deserialize_with = "or_default")]
        list: Vec<u8>,
    }

    #[test]
    fn numbers_count_however_they_are_written() {
        for (json, expected) in [
            ("10", Some(10)),
            ("10.0", Some(10)),
            ("1e1", Some(10)),
            (r#""10""#, Some(10)),
            ("0", Some(0)),
            ("1.5", None),
            ("-1", None),
            ("null", None),
            ("[]", None),
            (r#""many""#, None),
            ("1e30", None),
        ] {
            let fields: Fields = serde_json::from_str(&format!(r#"{{"count":{json}}}"#)).unwrap();
            assert_eq!(fields.count, expected, "{json}");
        }
    }

    #[test]
    fn what_is_something_else_is_as_if_it_was_not_there() {
        for (json, list) in [
            (r#"{"list":[1]}"#, vec![1]),
            (r#"{"list":"none"}"#, vec![]),
            (r#"{"list":null}"#, vec![]),
            (r#"{"list":{"a":[{}]}}"#, vec![]),
            ("{}", vec![]),
        ] {
            let fields: Fields = serde_json::from_str(json).unwrap();
            assert_eq!(fields, Fields { count: None, list }, "{json}");
        }
    }
}

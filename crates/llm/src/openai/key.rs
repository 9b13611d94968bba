//! What OpenRouter tells of a key at `GET /key`.
//!
//! Its list of models is for everybody, so that a wrong key is only found out here.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{AccountCheck, ErrorKind, ProviderError, decimal};

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Key<'a>,
}

#[derive(Debug, Deserialize)]
struct Key<'a> {
    /// Credits, which are dollars; `null` for a key without a limit of its own.
    #[serde(borrow, default)]
    limit_remaining: Option<&'a RawValue>,
}

/// The key can be used, unless its own limit is spent. What the account has left, only a key for its
/// management may ask.
pub(super) fn read(json: &[u8]) -> Result<AccountCheck, ProviderError> {
    let answer: Answer<'_> = serde_json::from_slice(json).map_err(|error| {
        ProviderError::new(ErrorKind::Protocol, "the provider told nothing of the key")
            .with_source(error)
    })?;
    let left = answer.data.limit_remaining.map(RawValue::get);
    let is_spent = left.is_some_and(|left| left.starts_with('-') || decimal_is_zero(left));
    if is_spent {
        let message = "the key has spent all that it may";
        return Err(ProviderError::new(ErrorKind::Credit, message).with_reason(message));
    }
    Ok(AccountCheck {
        models: None,
        left_usd: left.and_then(decimal::plain),
    })
}

fn decimal_is_zero(text: &str) -> bool {
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(json: &str) -> Result<Option<String>, ErrorKind> {
        match read(json.as_bytes()) {
            Ok(check) => Ok(check.left_usd),
            Err(error) => Err(error.kind),
        }
    }

    #[test]
    fn a_spent_key_is_one_without_credit() {
        for (json, expected) in [
            (
                r#"{"data":{"label":"k","limit":10,"limit_remaining":7.25}}"#,
                Ok(Some("7.25")),
            ),
            (
                r#"{"data":{"limit":null,"limit_remaining":null}}"#,
                Ok(None),
            ),
            (r#"{"data":{}}"#, Ok(None)),
            (r#"{"data":{"limit_remaining":0}}"#, Err(ErrorKind::Credit)),
            (
                r#"{"data":{"limit_remaining":0.0}}"#,
                Err(ErrorKind::Credit),
            ),
            (
                r#"{"data":{"limit_remaining":-0.5}}"#,
                Err(ErrorKind::Credit),
            ),
            (r#"{"object":"list"}"#, Err(ErrorKind::Protocol)),
            ("<html>", Err(ErrorKind::Protocol)),
        ] {
            assert_eq!(
                left(json),
                expected.map(|left| left.map(str::to_owned)),
                "{json}"
            );
        }
    }
}

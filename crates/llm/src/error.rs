//! The one error of every provider.
//!
//! Owns the kinds of failure that callers tell apart and what may be said of them. Must not hold a
//! provider's raw answer, nor a key.

use std::{error::Error, time::Duration};

/// The most characters of a provider's own words that are passed on.
const MAX_MESSAGE_CHARS: usize = 400;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The API key was not accepted.
    Auth,
    /// The account has no credit left, or its key's budget is spent.
    Credit,
    /// Too many requests or tokens for now.
    RateLimited,
    /// The provider will not do this: unknown model, bad parameters, too long, moderation.
    Refused,
    /// Nothing came in time, here or further up.
    Timeout,
    /// It cannot be reached, is overloaded, failed or broke off.
    Unavailable,
    /// What came is not an answer in its wire format.
    Protocol,
}

/// A provider failed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    pub kind: ErrorKind,
    /// How long the provider asks to wait; as it was sent, however absurd.
    pub retry_after: Option<Duration>,
    /// One short line for the log and, when `kind` is [`ErrorKind::Refused`], for the person: then
    /// it holds the provider's own reason.
    pub message: String,
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ProviderError {
    /// A failure with no further cause. `message` becomes one line of bounded length.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        Self {
            kind,
            retry_after: None,
            message: one_line(message.as_ref()),
            source: None,
        }
    }

    /// The same, with what caused it.
    #[must_use]
    pub fn with_source(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Box::new(source)),
            ..self
        }
    }

    /// The same, with how long the provider asks to wait.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }
}

/// `text` in one line: no control characters, single spaces, cut where it is too long.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut chars = 0_usize;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
            chars += 1;
        }
        for c in word.chars() {
            if chars >= MAX_MESSAGE_CHARS {
                line.push('…');
                return line;
            }
            line.push(c);
            chars += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line() {
        let error = ProviderError::new(ErrorKind::Refused, " a\r\n\tb \u{1b}[31m c\n");
        assert_eq!(error.message, "a b [31m c");
        let error = ProviderError::new(ErrorKind::Refused, "é".repeat(5000));
        assert_eq!(error.message.chars().count(), MAX_MESSAGE_CHARS + 1);
        assert!(error.message.ends_with("é…"));
    }
}

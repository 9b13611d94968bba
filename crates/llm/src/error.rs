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

/// A limit of ours that passed. See [`Timeouts`](crate::Timeouts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deadline {
    /// No connection.
    Connect,
    /// A connection, and no answer over it.
    FirstByte,
    /// An answer that stopped coming.
    Silence,
    /// An answer that came on and on.
    Total,
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
    /// The provider's own words, in one line, where it gave any that may be shown: no key is in
    /// them, and of a refused key nothing is kept.
    pub reason: Option<String>,
    /// The HTTP status that the provider failed with, where it did.
    pub status: Option<u16>,
    /// Which of our own limits passed; `None` too when the provider says that it ran out of time.
    pub deadline: Option<Deadline>,
    /// Whether the provider was not reached, so that it was asked nothing.
    pub unreached: bool,
    /// Whether it is known that no word of the answer had come: [`Resilient`](crate::Resilient) knows.
    pub wordless: bool,
    /// After how many failures in a row it was not even tried; `retry_after` is how long it will not be.
    pub skipped_after: Option<u32>,
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
            reason: None,
            status: None,
            deadline: None,
            unreached: false,
            wordless: false,
            skipped_after: None,
            source: None,
        }
    }

    /// The same, with the provider's own words. They become one line of bounded length.
    #[must_use]
    pub fn with_reason(self, reason: impl AsRef<str>) -> Self {
        Self {
            reason: Some(one_line(reason.as_ref())),
            ..self
        }
    }

    /// The same, of a response with this HTTP status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// The same, as the passing of one of our own limits.
    #[must_use]
    pub fn with_deadline(self, deadline: Deadline) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    /// The same, of a provider that was not reached.
    #[must_use]
    pub fn without_connection(self) -> Self {
        Self {
            unreached: true,
            ..self
        }
    }

    /// The same, before the first word of an answer.
    #[must_use]
    pub fn without_words(self) -> Self {
        Self {
            wordless: true,
            ..self
        }
    }

    /// Whether the same request may well succeed a little later: the provider or the way to it is
    /// overloaded or failed. Only for a failure before the first token; what passed our own
    /// patience once would do so again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ErrorKind::RateLimited | ErrorKind::Unavailable => true,
            ErrorKind::Timeout => matches!(self.deadline, None | Some(Deadline::Connect)),
            // A budget that requests under way have taken for the moment; only then is there a wait.
            ErrorKind::Credit => self.retry_after.is_some(),
            ErrorKind::Auth | ErrorKind::Refused | ErrorKind::Protocol => false,
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

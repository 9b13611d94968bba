//! What is wrong with an account, in words for whoever set it up.

use prompthub_dto::problem::FieldCode;
use prompthub_llm::{ErrorKind, InvalidOptions, ProviderError};
use prompthub_store::CatalogueStatus;

use crate::error::ApiError;

/// Who reads the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whose account it is: the provider's own words help.
    Owner,
    /// Whoever uses an account of the operator's. What its provider says of it is nobody's business.
    Everybody,
}

/// What a failed call says of the account: whether the provider answered, and what to do about it.
#[must_use]
pub fn verdict(error: &ProviderError, audience: Audience) -> (CatalogueStatus, String) {
    let status = match error.kind {
        ErrorKind::Timeout => CatalogueStatus::Unreachable,
        ErrorKind::Unavailable if error.status.is_none() => CatalogueStatus::Unreachable,
        _ => CatalogueStatus::Failed,
    };
    let reason = error
        .reason
        .as_deref()
        .filter(|_| audience == Audience::Owner);
    let reason = reason.map(sentence);
    let words = match (error.kind, error.status) {
        (ErrorKind::Auth, _) => "The provider does not accept the API key.".to_owned(),
        (ErrorKind::Credit, _) => "The provider's account has no credit left.".to_owned(),
        (ErrorKind::RateLimited, _) => {
            "The provider is limiting requests. Try again in a while.".to_owned()
        }
        (ErrorKind::Refused, Some(404 | 405)) => {
            "The provider has no list of models there. Check the base URL.".to_owned()
        }
        (ErrorKind::Refused, Some(_)) => match reason {
            Some(reason) => format!("The provider refused: {reason}"),
            None => "The provider refused.".to_owned(),
        },
        (ErrorKind::Timeout | ErrorKind::Unavailable, Some(status)) => match reason {
            Some(reason) => format!("The provider failed (HTTP {status}): {reason}"),
            None => format!("The provider failed (HTTP {status})."),
        },
        (ErrorKind::Protocol, _) => format!(
            "{} Check the base URL: what is there does not speak this preset's format.",
            sentence(&error.message)
        ),
        // Ours: an address that may not be connected to, a deadline, no connection.
        (ErrorKind::Refused | ErrorKind::Timeout | ErrorKind::Unavailable, None) => {
            sentence(&error.message)
        }
    };
    (status, words)
}

/// The same for an account of which no adapter can be made.
#[must_use]
pub fn of_account(error: &ApiError) -> String {
    error.to_problem("").detail
}

/// What a person has to change in an account that cannot be.
pub(super) fn complaint(error: InvalidOptions) -> ApiError {
    let code = match error {
        InvalidOptions::MissingBaseUrl { .. } | InvalidOptions::MissingKey => FieldCode::Required,
        _ => FieldCode::Invalid,
    };
    match error.field() {
        Some(field) => ApiError::field(field, code, sentence(&error.to_string())),
        None => ApiError::internal(error),
    }
}

/// `text` with a capital letter before it and a full stop after it.
#[must_use]
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    let mut sentence = first.chain(chars).collect::<String>();
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        for (text, expected) in [
            ("no such host", "No such host."),
            ("Was it you?", "Was it you?"),
            (" élan… ", "Élan…"),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }
}

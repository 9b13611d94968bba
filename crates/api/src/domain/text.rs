//! Bounded text, counted in characters.

use prompthub_dto::problem::FieldCode;

use crate::error::ApiError;

/// Bounds of a text, in characters.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub min: usize,
    pub max: usize,
}

/// `text` when it lies within `bounds` and has no NUL, which PostgreSQL cannot store.
///
/// # Errors
/// With a complaint about `field`.
pub fn bounded(field: &str, text: String, bounds: Bounds) -> Result<String, ApiError> {
    // Counting stops beyond the bound, so a huge text costs no more than the longest allowed.
    let length = text.chars().take(bounds.max.saturating_add(1)).count();
    if length < bounds.min {
        let (code, message) = match length {
            0 => (FieldCode::Required, "Must not be empty.".to_owned()),
            _ => (
                FieldCode::TooShort,
                format!("Use at least {} characters.", bounds.min),
            ),
        };
        return Err(ApiError::field(field, code, message));
    }
    if length > bounds.max {
        return Err(ApiError::field(
            field,
            FieldCode::TooLong,
            format!("Use at most {} characters.", bounds.max),
        ));
    }
    if text.contains('\0') {
        return Err(ApiError::field(
            field,
            FieldCode::Invalid,
            "Must not contain NUL.",
        ));
    }
    Ok(text)
}

/// Whether there is nothing to be seen: white space, and characters without a width.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace() || matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    })
}

/// A name: one line, trimmed, without control characters.
///
/// # Errors
/// With a complaint about `field`.
pub fn name(field: &str, text: &str, bounds: Bounds) -> Result<String, ApiError> {
    let text = bounded(field, text.trim().to_owned(), bounds)?;
    if text.chars().any(char::is_control) {
        return Err(ApiError::field(
            field,
            FieldCode::Invalid,
            "Must be one line without control characters.",
        ));
    }
    Ok(text)
}

/// Collects the complaints of several fields, so that a person reads all of them at once.
#[derive(Debug, Default)]
pub struct Complaints(Vec<prompthub_dto::problem::FieldError>);

impl Complaints {
    /// The value, or `None` with its complaint kept for [`Complaints::into_result`].
    ///
    /// # Errors
    /// Passes on what is no complaint about a field.
    pub fn take<T>(&mut self, outcome: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(ApiError::Validation(errors)) => {
                self.0.extend(errors);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// # Errors
    /// All complaints, when there are any.
    pub fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Validation(self.0))
        }
    }

    /// All complaints as one error.
    #[must_use]
    pub fn into_error(self) -> ApiError {
        ApiError::Validation(self.0)
    }
}

//! E-mail addresses: how they look, and the form in which they are compared.

use prompthub_dto::problem::FieldCode;
use unicode_normalization::UnicodeNormalization;

use crate::error::ApiError;

/// RFC 5321 allows no longer path.
const EMAIL_MAX: usize = 254;

/// An e-mail address as typed, and the form in which addresses are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// # Errors
    /// With a complaint about `email` unless it looks like one. Only a message that arrives could
    /// prove more.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let invalid = |message: &str| ApiError::field("email", FieldCode::Invalid, message);
        let email = Self::guess(text);
        if email.shown.is_empty() {
            return Err(ApiError::field(
                "email",
                FieldCode::Required,
                "Enter an email address.",
            ));
        }
        if email.shown.len() > EMAIL_MAX || email.key.len() > EMAIL_MAX {
            return Err(ApiError::field(
                "email",
                FieldCode::TooLong,
                format!("Use at most {EMAIL_MAX} characters."),
            ));
        }
        if text.contains('\0')
            || email
                .key
                .chars()
                .any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(invalid("Must not contain spaces."));
        }
        let well_formed = email.key.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !local.contains('@')
                && !domain.is_empty()
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !domain.contains("..")
        });
        if well_formed {
            Ok(email)
        } else {
            Err(invalid("Enter an email address, such as ada@example.com."))
        }
    }

    /// What somebody claims to be their address.
    #[must_use]
    pub fn guess(text: &str) -> Self {
        // Nothing longer was ever stored, and normalising must not cost what a stranger chooses.
        let shown: String = text
            .trim()
            .chars()
            .take(EMAIL_MAX.saturating_add(1))
            .collect();
        // No stored address has a NUL, and PostgreSQL refuses to look for one.
        let shown = shown.replace('\0', "\u{fffd}");
        let key = shown
            .nfkc()
            .collect::<String>()
            .to_lowercase()
            .trim()
            .to_owned();
        Self { shown, key }
    }

    /// The form that is unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As it was typed, trimmed.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_trimmed_normalised_and_lower_case() {
        let keys = [
            "Ada@Example.com",
            " ada@example.com ",
            "ADA@EXAMPLE.COM",
            "ａda@example.com",
        ];
        for text in keys {
            assert_eq!(
                Email::parse(text).unwrap().key(),
                "ada@example.com",
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "",
            "  ",
            "ada",
            "@",
            "ada@",
            "@example.com",
            "a b@example.com",
            "a@b@c",
            "a@.b",
            "a@b.",
            "a@b..c",
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }
}

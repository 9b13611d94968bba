//! Passwords: how they are hashed and compared.
//!
//! bcrypt reads at most 72 bytes and stops at NUL, so what it gets is the base64 of SHA-384 of the
//! NFC form: 64 characters that depend on the whole password.

use std::{ops::Range, sync::Arc};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use bcrypt::BcryptError;
use prompthub_dto::problem::FieldCode;
use sha2::{Digest, Sha384};
use unicode_normalization::UnicodeNormalization;

use super::hashers::Hashers;
use crate::error::ApiError;

const MIN_CHARS: usize = 8;
const MAX_CHARS: usize = 1024;

/// A password that fulfils the rules, ready to be hashed. The text itself is not kept.
pub struct Password(String);

impl Password {
    /// A password that somebody chose.
    ///
    /// # Errors
    /// With a complaint about `field` when it has fewer than 8 or more than 1,024 characters.
    pub fn parse(field: &str, text: &str) -> Result<Self, ApiError> {
        match text.chars().take(MAX_CHARS.saturating_add(1)).count() {
            ..MIN_CHARS => Err(ApiError::field(
                field,
                FieldCode::TooShort,
                format!("Use at least {MIN_CHARS} characters."),
            )),
            MIN_CHARS..=MAX_CHARS => Ok(Self::guess(text)),
            _ => Err(ApiError::field(
                field,
                FieldCode::TooLong,
                format!("Use at most {MAX_CHARS} characters."),
            )),
        }
    }

    /// A password that somebody claims to be theirs; the rules may have changed since.
    #[must_use]
    pub fn guess(text: &str) -> Self {
        // Beyond the longest password that could ever have been set, more makes no difference.
        let normal: String = text.nfc().take(MAX_CHARS.saturating_mul(4)).collect();
        Self(STANDARD.encode(Sha384::digest(normal.as_bytes())))
    }
}

/// Names a stored hash without giving it away.
#[must_use]
pub fn proof(stored: &str) -> String {
    STANDARD.encode(Sha384::digest(stored.as_bytes()))
}

/// Hashes passwords and compares them with hashes.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// Of new hashes.
    cost: u32,
    /// Of the dearest hash. Each comparison that fails costs as much, or how long it takes would tell which accounts
    /// there are whose hashes are of another cost than today's.
    highest: u32,
    hashers: Hashers,
    /// What an unknown account is compared with, so that it costs the same as a known one.
    dummy: Arc<str>,
}

impl Passwords {
    /// `cost` is bcrypt's, in powers of two; `stored` are the stored hashes, or their beginnings, each kind at least once.
    ///
    /// # Errors
    /// When bcrypt refuses the cost, or the system gives no thread to hash on.
    pub fn new(cost: u32, stored: &[String]) -> anyhow::Result<Self> {
        let costs = stored.iter().filter_map(|hash| cost_of(hash));
        let highest = costs.fold(cost, u32::max);
        Ok(Self {
            cost,
            highest,
            hashers: Hashers::start().context("cannot start the threads that hash passwords")?,
            dummy: dummy_hash(highest)?.into(),
        })
    }

    /// The hash to store.
    ///
    /// # Errors
    /// Only when the machine is out of randomness.
    pub async fn hash(&self, password: Password) -> Result<String, ApiError> {
        let cost = self.cost;
        let hash = self.hashers.run(move || bcrypt::hash(password.0, cost));
        hash.await?.map_err(ApiError::internal)
    }

    /// Whether `stored` was made at another cost than new hashes are.
    #[must_use]
    pub fn is_outdated(&self, stored: &str) -> bool {
        cost_of(stored) != Some(self.cost)
    }

    /// Whether `password` belongs to `stored`; `None`, for an account that is not there, costs the
    /// same as a wrong password and is never right.
    ///
    /// # Errors
    /// When the stored hash cannot be read.
    pub async fn verify(&self, password: Password, stored: Option<&str>) -> Result<bool, ApiError> {
        let known = stored.is_some();
        let hash = stored.unwrap_or(&self.dummy).to_owned();
        let highest = self.highest;
        let matches = self.hashers.run(move || {
            let matches = bcrypt::verify(&password.0, &hash)?;
            for cost in lacking(&hash, highest).filter(|_| !matches) {
                bcrypt::hash_with_salt(&password.0, cost, [0; 16])?;
            }
            Ok::<_, BcryptError>(matches)
        });
        Ok(matches.await?.map_err(ApiError::internal)? && known)
    }
}

/// What a hash was made at.
fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

/// The costs that, with that of `hash`, come to `highest`: each step doubles the work.
fn lacking(hash: &str, highest: u32) -> Range<u32> {
    cost_of(hash).unwrap_or(highest)..highest
}

/// A well-formed hash of nothing in particular. Made without hashing, which would delay the start.
fn dummy_hash(cost: u32) -> anyhow::Result<String> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let cheap = bcrypt::hash_with_salt("nobody's password", 4, salt)
        .context("cannot prepare password hashing")?
        .format_for_version(bcrypt::Version::TwoB);
    Ok(cheap.replacen("$04$", &format!("${cost:02}$"), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(4, &[]).unwrap()
    }

    #[tokio::test]
    async fn length_is_counted_in_characters() {
        assert!(Password::parse("password", "ééééééé").is_err());
        assert!(Password::parse("password", "éééééééé").is_ok());
        assert!(Password::parse("password", &"é".repeat(1024)).is_ok());
        assert!(Password::parse("password", &"é".repeat(1025)).is_err());
    }

    #[tokio::test]
    async fn nothing_is_truncated() {
        let passwords = passwords();
        let long = "x".repeat(100);
        let hash = passwords
            .hash(Password::guess(&format!("{long}a")))
            .await
            .unwrap();
        assert!(
            passwords
                .verify(Password::guess(&format!("{long}a")), Some(&hash))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Password::guess(&format!("{long}b")), Some(&hash))
                .await
                .unwrap()
        );
        let nul = passwords
            .hash(Password::guess("secret\0one"))
            .await
            .unwrap();
        assert!(
            !passwords
                .verify(Password::guess("secret\0two"), Some(&nul))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn composed_and_decomposed_are_the_same() {
        let passwords = passwords();
        let hash = passwords
            .hash(Password::guess("caf\u{e9} noir"))
            .await
            .unwrap();
        let decomposed = Password::guess("cafe\u{301} noir");
        assert!(passwords.verify(decomposed, Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_account_is_compared_at_the_same_cost() {
        let passwords = Passwords::new(5, &[]).unwrap();
        assert!(passwords.dummy.contains("$05$"));
        assert!(
            !passwords
                .verify(Password::guess("nobody's password"), None)
                .await
                .unwrap()
        );
    }

    #[test]
    fn a_cheaper_hash_costs_as_much_as_the_dearest() {
        for (hash, work) in [
            ("$2b$04$x", 1 << 4),
            ("$2b$07$x", 1 << 7),
            ("$2b$08$", 1 << 8),
        ] {
            let made_up: u32 = lacking(hash, 8).map(|cost| 1_u32 << cost).sum();
            assert_eq!(work + made_up, 1 << 8, "{hash}");
        }
        assert_eq!(lacking("nonsense", 8).count(), 0);
    }

    #[tokio::test]
    async fn hashes_of_another_cost_are_known_and_compared() {
        let cheap = passwords().hash(Password::guess("password")).await.unwrap();
        let kinds = ["$2b$04$".to_owned(), "$2b$06$".to_owned()];
        let passwords = Passwords::new(5, &kinds).unwrap();
        assert!(passwords.dummy.contains("$06$"), "{}", passwords.dummy);
        assert!(passwords.is_outdated(&cheap));
        let today = passwords.hash(Password::guess("password")).await.unwrap();
        assert!(!passwords.is_outdated(&today));
        for (password, hash, matches) in [
            ("password", &cheap, true),
            ("passwort", &cheap, false),
            ("password", &today, true),
            ("passwort", &today, false),
        ] {
            let outcome = passwords
                .verify(Password::guess(password), Some(hash))
                .await;
            assert_eq!(outcome.unwrap(), matches, "{password} {hash}");
        }
    }
}

//! The fields of an account, each valid, and what is made from them: what is shown of a key, the slug.

use prompthub_dto::{
    ids::{ProviderId, UserId},
    problem::{FieldCode, ProblemCode},
};
use prompthub_llm::{
    Secret,
    presets::{self, Preset},
};
use prompthub_store::{
    Conn,
    providers::{self, SealedKey},
};
use url::Url;

use crate::{
    domain::text::{Bounds, bounded},
    error::ApiError,
    providers::is_reserved,
    state::App,
};

/// Accounts that one person may have.
const MAX_ACCOUNTS: usize = 20;
pub(super) const NAME: Bounds = Bounds { min: 1, max: 60 };
const BASE_URL: Bounds = Bounds { min: 0, max: 2000 };
const API_KEY: Bounds = Bounds { min: 0, max: 4096 };
/// Characters of a slug, without the number that tells it from another.
const SLUG_CHARS: usize = 40;
/// Of a shorter key nothing is shown: too much of it would be.
const HINTED_CHARS: usize = 12;
const HINT_CHARS: usize = 4;

pub(super) fn find_preset(text: &str) -> Result<&'static Preset, ApiError> {
    presets::find(text).ok_or_else(|| {
        ApiError::field(
            "preset",
            FieldCode::Invalid,
            "Is not a preset; GET /api/providers/presets lists them.",
        )
    })
}

/// `None` for the preset's own.
pub(super) fn parse_base_url(text: Option<String>) -> Result<Option<Url>, ApiError> {
    let text = bounded("base_url", text.unwrap_or_default(), BASE_URL)?;
    match text.trim() {
        "" => Ok(None),
        text => Url::parse(text).map(Some).map_err(|_| {
            let message = "Must be a URL, such as https://models.example.com/v1.";
            ApiError::field("base_url", FieldCode::Invalid, message)
        }),
    }
}

/// `None` for no key.
pub(super) fn parse_key(text: Option<String>) -> Result<Option<Secret>, ApiError> {
    let text = bounded("api_key", text.unwrap_or_default(), API_KEY)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

pub(super) fn seal(
    app: &App,
    id: ProviderId,
    owner: UserId,
    key: Option<&Secret>,
) -> Result<Option<SealedKey>, ApiError> {
    let Some(key) = key else { return Ok(None) };
    let sealer = app.providers.sealer();
    let sealed = sealer.seal(id, owner, key).map_err(ApiError::Internal)?;
    Ok(Some(SealedKey {
        sealed,
        hint: hint(key),
    }))
}

/// The last characters of a key that is long enough.
fn hint(key: &Secret) -> Option<String> {
    let chars = key.expose().chars().collect::<Vec<_>>();
    let last = chars.len().checked_sub(HINT_CHARS)?;
    let hint = chars.get(last..)?.iter().collect();
    (chars.len() >= HINTED_CHARS).then_some(hint)
}

/// A slug that neither the person nor the operator has, made from the name.
pub(super) fn free_slug(
    conn: &mut Conn,
    owner: UserId,
    name: &str,
    preset: &Preset,
) -> Result<String, ApiError> {
    let taken = providers::slugs(conn, owner)?;
    if taken.len() >= MAX_ACCOUNTS {
        return Err(ApiError::new(
            ProblemCode::TooManyProviders,
            format!(
                "You have {MAX_ACCOUNTS} providers, which is as many as there may be. Delete one first."
            ),
        ));
    }
    let slug = match slug_of(name) {
        slug if slug.is_empty() => preset.name.to_owned(),
        slug => slug,
    };
    let is_free = |slug: &String| !is_reserved(slug) && !taken.contains(slug);
    // With so many to choose from, one of them is free.
    let numbered = (2..=MAX_ACCOUNTS + 2).map(|number| format!("{slug}-{number}"));
    std::iter::once(slug.clone())
        .chain(numbered)
        .find(is_free)
        .ok_or_else(|| ApiError::internal(anyhow::anyhow!("no slug is free")))
}

/// Letters and digits of ASCII, and a hyphen for whatever lies between them.
fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let slug = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let slug = slug.chars().take(SLUG_CHARS).collect::<String>();
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hint_is_the_end_of_a_long_key() {
        for (key, expected) in [
            ("sk-or-v1-0123456789abcdef", Some("cdef")),
            ("0123456789ab", Some("89ab")),
            ("0123456789a", None),
            ("", None),
            ("schlüsselwörtchenßßßß", Some("ßßßß")),
        ] {
            assert_eq!(hint(&Secret::new(key)).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn a_slug_is_made_of_the_name() {
        for (name, expected) in [
            ("My Groq", "my-groq"),
            ("  --LM Studio (laptop)!", "lm-studio-laptop"),
            ("Größe", "gr-e"),
            ("模型", ""),
        ] {
            assert_eq!(slug_of(name), expected);
        }
    }

    proptest! {
        #[test]
        fn a_slug_is_a_part_of_a_models_name(name in ".{0,80}") {
            let slug = slug_of(&name);
            prop_assert!(slug.len() <= SLUG_CHARS);
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", slug);
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'), "{}", slug);
        }
    }
}

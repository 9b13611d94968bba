//! Accounts with providers: what may be set up, and what is said of those that are.

use std::time::{Duration, Instant};

use prompthub_dto::{
    Page,
    ids::{ProviderId, UserId},
    problem::{FieldCode, ProblemCode},
    providers::{CreateProvider, Provider, ProviderPreset, ProviderTest, UpdateProvider},
};
use prompthub_llm::{
    AccountCheck, CompletionRequest, ErrorKind, Parameters, ProviderError, Secret,
    presets::{self, PRESETS, Preset},
};
use prompthub_store::{
    Conn, catalogues, now,
    providers::{self, ProviderPatch, ProviderRow, SealedKey},
    users,
};
use url::Url;

use super::text::{Bounds, Complaints, bounded, name};
use crate::{
    error::ApiError,
    providers::{Draft, OwnAccount, is_reserved, sentence, verdict},
    state::App,
    wire,
};

/// Accounts that one person may have.
const MAX_ACCOUNTS: usize = 20;
const NAME: Bounds = Bounds { min: 1, max: 60 };
const BASE_URL: Bounds = Bounds { min: 0, max: 2000 };
const API_KEY: Bounds = Bounds { min: 0, max: 4096 };
/// Characters of a slug, without the number that tells it from another.
const SLUG_CHARS: usize = 40;
/// Of a shorter key nothing is shown: too much of it would be.
const HINTED_CHARS: usize = 12;
const HINT_CHARS: usize = 4;

/// What an account can be made with.
#[must_use]
pub fn list_presets() -> Vec<ProviderPreset> {
    PRESETS.iter().map(wire::preset).collect()
}

/// The operator's accounts that the person may use, then the person's own by name.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, user: UserId) -> Result<Page<Provider>, ApiError> {
    let mut items = Vec::new();
    for account in app.providers.shared(user).await? {
        app.providers.refresh_shared_if_due(&account);
        items.push(wire::shared_provider(&account));
    }
    for account in app.providers.own(user).await? {
        app.providers.refresh_own_if_due(&account);
        items.push(show(app, account));
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
}

fn show(app: &App, account: OwnAccount) -> Provider {
    let fault = app.providers.fault_of(&account.row);
    wire::own_provider(account, fault)
}

/// Sets up an account; its models are asked for at once, beside everything else.
///
/// # Errors
/// Complaints about the fields, `too_many_providers`.
pub async fn create(
    app: &App,
    owner: UserId,
    request: CreateProvider,
) -> Result<Provider, ApiError> {
    let mut complaints = Complaints::default();
    let preset = complaints.take(find_preset(&request.preset))?;
    let new_name = complaints.take(name("name", &request.name, NAME))?;
    let base_url = complaints.take(parse_base_url(request.base_url))?;
    let api_key = complaints.take(parse_key(request.api_key))?;
    let (Some(preset), Some(name), Some(base_url), Some(api_key)) =
        (preset, new_name, base_url, api_key)
    else {
        return Err(complaints.into_error());
    };
    let id = ProviderId::new();
    let draft = Draft {
        slug: id.to_string(),
        preset,
        base_url: base_url.clone(),
        api_key: api_key.clone(),
    };
    app.providers.check(draft).await?;
    let key = seal(app, id, owner, api_key.as_ref())?;
    let row = app
        .store
        .write(move |conn| {
            users::lock(conn, owner)?;
            let at = now();
            let row = ProviderRow {
                id,
                owner_id: owner,
                slug: free_slug(conn, owner, &name, preset)?,
                preset: preset.name.to_owned(),
                name,
                base_url: base_url.map(Into::into),
                key_hint: key.as_ref().and_then(|key| key.hint.clone()),
                sealed_key: key.map(|key| key.sealed),
                created_at: at,
                updated_at: at,
            };
            providers::insert(conn, &row)?;
            Ok::<_, ApiError>(row)
        })
        .await?;
    app.providers.refresh_own(row.clone());
    Ok(show(app, (row, None).into()))
}

/// Changes what `request` names. What is changed takes effect at the next question.
///
/// # Errors
/// `not_found`, complaints about the fields, `stale_version` when two changes of the key or the base URL
/// meet: each was checked against what was there before the other.
pub async fn update(
    app: &App,
    owner: UserId,
    id: ProviderId,
    request: UpdateProvider,
) -> Result<Provider, ApiError> {
    let before = find(app, owner, id).await?.row;
    let preset = find_preset(&before.preset)?;
    let mut complaints = Complaints::default();
    let new_name = request.name.map(|text| name("name", &text, NAME));
    let new_name = complaints.take(new_name.transpose())?.flatten();
    let base_url = request.base_url.map(|text| parse_base_url(Some(text)));
    let base_url = complaints.take(base_url.transpose())?.flatten();
    let api_key = request.api_key.map(|text| parse_key(Some(text)));
    let api_key = complaints.take(api_key.transpose())?.flatten();
    complaints.into_result()?;

    let is_elsewhere =
        |url: &Option<Url>| url.as_ref().map(Url::as_str) != before.base_url.as_deref();
    let base_url = base_url.filter(is_elsewhere);
    if base_url.is_some() && before.sealed_key.is_some() && api_key.is_none() {
        // Whoever sits down at a signed-in browser must not have the key sent elsewhere.
        return Err(ApiError::field(
            "api_key",
            FieldCode::Required,
            "Enter the key again: it is sent only where it was entered for.",
        ));
    }
    if base_url.is_some() || api_key.is_some() {
        let old_key = match &api_key {
            // What is replaced need not be readable any more.
            Some(_) => None,
            None => app.providers.draft(&before)?.api_key,
        };
        let stored_url = before.base_url.as_deref().map(Url::parse).transpose();
        app.providers
            .check(Draft {
                slug: before.slug.clone(),
                preset,
                base_url: match &base_url {
                    Some(url) => url.clone(),
                    None => stored_url.map_err(ApiError::internal)?,
                },
                api_key: api_key.clone().unwrap_or(old_key),
            })
            .await?;
    }
    let key = match api_key {
        Some(key) => Some(seal(app, id, owner, key.as_ref())?),
        None => None,
    };
    let (is_moved, is_changed) = (base_url.is_some(), base_url.is_some() || key.is_some());
    let patch = ProviderPatch {
        name: new_name,
        base_url: base_url.map(|url| url.map(Into::into)),
        key,
    };
    let account = app
        .store
        .write(move |conn| {
            users::lock(conn, owner)?;
            let (now_there, _) = providers::find(conn, owner, id)?.ok_or_else(no_provider)?;
            if (now_there.base_url, now_there.sealed_key) != (before.base_url, before.sealed_key) {
                return Err(ApiError::new(
                    ProblemCode::StaleVersion,
                    "It has been changed in this moment. Load it again.",
                ));
            }
            if is_moved {
                // What is known is of another server's models.
                catalogues::delete(conn, id)?;
            }
            providers::update(conn, owner, id, &patch, now())?;
            providers::find(conn, owner, id)?.ok_or_else(no_provider)
        })
        .await?;
    if is_changed {
        app.providers.refresh_own(account.0.clone());
    }
    Ok(show(app, account.into()))
}

/// Deletes an account with its key and what is known of its models. Answers that it is giving go on to
/// their end.
///
/// # Errors
/// `not_found`.
pub async fn delete(app: &App, owner: UserId, id: ProviderId) -> Result<(), ApiError> {
    let deleted = app
        .store
        .write(move |conn| providers::delete(conn, owner, id))
        .await?;
    match deleted {
        true => Ok(()),
        false => Err(no_provider()),
    }
}

/// Makes one cheap call and says in words what came of it.
///
/// # Errors
/// `not_found`, `rate_limited`. That the provider fails is no error.
pub async fn test(app: &App, owner: UserId, id: ProviderId) -> Result<ProviderTest, ApiError> {
    let account = find(app, owner, id).await?;
    app.limits.check_provider_test(owner)?;
    let provider = match app.providers.adapter(&account.row).await {
        Ok(provider) => provider,
        Err(error @ (ApiError::Refused { .. } | ApiError::Provider(_))) => {
            return Ok(ProviderTest {
                ok: false,
                message: error.to_problem("").detail,
                latency_ms: None,
            });
        }
        Err(error) => return Err(error),
    };
    let began = Instant::now();
    let outcome = match provider.check().await {
        Err(error) if has_no_list(&error) => {
            let asked = provider.stream(cheapest_question()).await;
            let asked = asked.map(drop);
            asked
                .or_else(|failure| understood(failure, error))
                .map(|()| None)
        }
        outcome => outcome.map(Some),
    };
    let elapsed = began.elapsed();
    app.providers.refresh_own(account.row);
    Ok(match outcome {
        Ok(check) => ProviderTest {
            ok: true,
            message: praise(check.as_ref()),
            latency_ms: Some(milliseconds(elapsed)),
        },
        Err(error) => ProviderTest {
            ok: false,
            latency_ms: error.status.map(|_| milliseconds(elapsed)),
            message: verdict(&error).1,
        },
    })
}

fn has_no_list(error: &ProviderError) -> bool {
    matches!(error.status, Some(404 | 405 | 501)) && error.kind != ErrorKind::Auth
}

/// A question of one token, to a server that does not say which models it has.
fn cheapest_question() -> CompletionRequest {
    CompletionRequest {
        model: "test".to_owned(),
        messages: vec![prompthub_llm::ChatMessage {
            role: prompthub_llm::Role::User,
            content: "Hi".to_owned().into(),
        }],
        parameters: Parameters {
            max_tokens: Some(1),
            ..Parameters::default()
        },
        ..CompletionRequest::default()
    }
}

/// A refusal in the provider's own words shows that it speaks the format and takes the key: it only does
/// not know the model. Of any other failure, that there is no list says more.
fn understood(failure: ProviderError, no_list: ProviderError) -> Result<(), ProviderError> {
    match failure.kind {
        ErrorKind::Refused if failure.reason.is_some() => Ok(()),
        ErrorKind::Refused | ErrorKind::Protocol => Err(no_list),
        _ => Err(failure),
    }
}

fn praise(check: Option<&AccountCheck>) -> String {
    let Some(check) = check else {
        return "It answers, but lists no models: name them yourself.".to_owned();
    };
    match (check.models, &check.left_usd) {
        (Some(1), _) => "It works. The provider lists 1 model.".to_owned(),
        (Some(models), _) => format!("It works. The provider lists {models} models."),
        (None, Some(left)) => sentence(&format!("It works. The key may still spend ${left}")),
        (None, None) => "It works.".to_owned(),
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

async fn find(app: &App, owner: UserId, id: ProviderId) -> Result<OwnAccount, ApiError> {
    let found = app
        .store
        .read(move |conn| providers::find(conn, owner, id))
        .await?;
    found.map(OwnAccount::from).ok_or_else(no_provider)
}

fn no_provider() -> ApiError {
    ApiError::not_found("provider")
}

fn find_preset(text: &str) -> Result<&'static Preset, ApiError> {
    presets::find(text).ok_or_else(|| {
        ApiError::field(
            "preset",
            FieldCode::Invalid,
            "Is not a preset; GET /api/providers/presets lists them.",
        )
    })
}

/// `None` for the preset's own.
fn parse_base_url(text: Option<String>) -> Result<Option<Url>, ApiError> {
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
fn parse_key(text: Option<String>) -> Result<Option<Secret>, ApiError> {
    let text = bounded("api_key", text.unwrap_or_default(), API_KEY)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

fn seal(
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
fn free_slug(
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

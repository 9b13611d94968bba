//! Accounts with providers: what may be set up, and what is said of those that are.

mod fields;
mod trial;

use prompthub_dto::{
    Page,
    ids::{ProviderId, UserId},
    problem::{FieldCode, ProblemCode},
    providers::{CreateProvider, Provider, ProviderPreset, UpdateProvider},
};
use prompthub_llm::presets::PRESETS;
use prompthub_store::{
    catalogues, now,
    providers::{self, ProviderPatch, ProviderRow},
    users,
};
use url::Url;

use self::fields::{NAME, find_preset, free_slug, parse_base_url, parse_key, seal};
pub use self::trial::test;
use super::text::{Complaints, name};
use crate::{
    error::ApiError,
    providers::{Draft, OwnAccount},
    state::App,
    wire,
};

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
/// Complaints about the fields, `too_many_providers`, `rate_limited`.
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
    app.limits.check_provider_call(owner)?;
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
/// `not_found`, `rate_limited`, complaints about the fields, `stale_version` when two changes of the key or the base URL
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
    if base_url.is_some() || api_key.is_some() {
        app.limits.check_provider_call(owner)?;
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
    let checked = before.clone();
    let account = app
        .store
        .write(move |conn| {
            users::lock(conn, owner)?;
            let (now_there, _) = providers::find(conn, owner, id)?.ok_or_else(no_provider)?;
            if (&now_there.base_url, &now_there.sealed_key)
                != (&checked.base_url, &checked.sealed_key)
            {
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
        app.providers.forget(&before);
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
    let account = find(app, owner, id).await?;
    let deleted = app
        .store
        .write(move |conn| providers::delete(conn, owner, id))
        .await?;
    app.providers.forget(&account.row);
    match deleted {
        true => Ok(()),
        false => Err(no_provider()),
    }
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

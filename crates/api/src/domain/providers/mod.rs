//! Accounts with providers: what may be set up, and what is said of those that are.

mod change;
mod fields;
mod trial;

use prompthub_dto::{
    Page,
    ids::{ProviderId, UserId},
    providers::{CreateProvider, Provider, ProviderPreset},
};
use prompthub_llm::presets::PRESETS;
use prompthub_store::{
    now,
    providers::{self, ProviderRow},
    users,
};

use self::fields::{NAME, find_preset, free_slug, parse_base_url, parse_key, seal};
pub use self::{change::update, trial::test};
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

/// One of the person's own accounts.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &App, owner: UserId, id: ProviderId) -> Result<Provider, ApiError> {
    let account = find(app, owner, id).await?;
    app.providers.refresh_own_if_due(&account);
    Ok(show(app, account))
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
    // First, since an adapter is made to check it, which reads all of the machine's certificates.
    app.limits.check_provider_call(owner)?;
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

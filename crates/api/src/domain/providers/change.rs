//! Changes of an account: what may be changed together, checked against what is there.

use prompthub_dto::{
    ids::{ProviderId, UserId},
    problem::{FieldCode, ProblemCode},
    providers::{Provider, UpdateProvider},
};
use prompthub_llm::Secret;
use prompthub_store::{
    catalogues, now,
    providers::{self, ProviderPatch, ProviderRow, WithCatalogue},
    users,
};
use url::Url;

use super::{
    fields::{NAME, find_preset, parse_base_url, parse_key, seal},
    find, no_provider, show,
};
use crate::{
    domain::text::{Complaints, name},
    error::ApiError,
    providers::Draft,
    state::App,
};

/// How often a change is checked again because another one came between.
const ATTEMPTS: usize = 5;

/// Changes what `request` names. What is changed takes effect at the next question.
///
/// # Errors
/// `not_found`, `rate_limited`, `provider_key_unreadable`, complaints about the fields; `unavailable` where others change
/// the key or the base URL all the time.
pub async fn update(
    app: &App,
    owner: UserId,
    id: ProviderId,
    request: UpdateProvider,
) -> Result<Provider, ApiError> {
    for _ in 0..ATTEMPTS {
        let before = find(app, owner, id).await?.row;
        let change = Change::parse(request.clone(), &before)?;
        if change.is_of_the_account() {
            // First, since an adapter is made to check it, which reads all of the machine's certificates.
            app.limits.check_provider_call(owner)?;
            change.check(app, &before).await?;
        }
        let is_of_the_account = change.is_of_the_account();
        let Some(account) = change.store(app, before.clone()).await? else {
            continue;
        };
        if is_of_the_account {
            app.providers.forget(&before);
            app.providers.refresh_own(account.0.clone());
        }
        return Ok(show(app, account.into()));
    }
    Err(ApiError::new(
        ProblemCode::Unavailable,
        "It is being changed elsewhere at this moment. Try again.",
    ))
}

/// What a request changes, each value valid by itself; `None` stays.
struct Change {
    name: Option<String>,
    /// Only another one than there is.
    base_url: Option<Option<Url>>,
    api_key: Option<Option<Secret>>,
}

impl Change {
    fn parse(request: UpdateProvider, before: &ProviderRow) -> Result<Self, ApiError> {
        let mut complaints = Complaints::default();
        let new_name = request.name.map(|text| name("name", &text, NAME));
        let name = complaints.take(new_name.transpose())?.flatten();
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
        Ok(Self {
            name,
            base_url,
            api_key,
        })
    }

    /// Whether another server or another key is meant, and not only another name.
    fn is_of_the_account(&self) -> bool {
        self.base_url.is_some() || self.api_key.is_some()
    }

    async fn check(&self, app: &App, before: &ProviderRow) -> Result<(), ApiError> {
        let api_key = match &self.api_key {
            // What is replaced need not be readable any more.
            Some(key) => key.clone(),
            None => app.providers.draft(before)?.api_key,
        };
        let base_url = match &self.base_url {
            Some(url) => url.clone(),
            None => {
                let stored = before.base_url.as_deref().map(Url::parse).transpose();
                stored.map_err(ApiError::internal)?
            }
        };
        let draft = Draft {
            slug: before.slug.clone(),
            preset: find_preset(&before.preset)?,
            base_url,
            api_key,
        };
        app.providers.check(draft).await
    }

    /// The account as it is now; `None`, and nothing stored, where it is not any more as it was checked.
    async fn store(
        self,
        app: &App,
        before: ProviderRow,
    ) -> Result<Option<WithCatalogue>, ApiError> {
        let (owner, id) = (before.owner_id, before.id);
        let key = match self.api_key {
            Some(key) => Some(seal(app, id, owner, key.as_ref())?),
            None => None,
        };
        let is_moved = self.base_url.is_some();
        let patch = ProviderPatch {
            name: self.name,
            base_url: self.base_url.map(|url| url.map(Into::into)),
            key,
        };
        app.store
            .write(move |conn| {
                users::lock(conn, owner)?;
                let (there, _) = providers::find(conn, owner, id)?.ok_or_else(no_provider)?;
                if (&there.base_url, &there.sealed_key) != (&before.base_url, &before.sealed_key) {
                    return Ok(None);
                }
                if is_moved {
                    // What is known is of another server's models.
                    catalogues::delete(conn, id)?;
                }
                providers::update(conn, owner, id, &patch, now())?;
                let account = providers::find(conn, owner, id)?.ok_or_else(no_provider)?;
                Ok(Some(account))
            })
            .await
    }
}

//! The adapters of people's own accounts, made when they are first used and kept while they are.
//!
//! An adapter is kept under everything that it was made from, so that an account that is changed, here or
//! by another server on the same database, gets a new one at its next use; what its breaker has
//! learnt survives everything else.

use std::sync::Arc;

use prompthub_dto::{ids::ProviderId, problem::ProblemCode};
use prompthub_llm::{
    ErrorKind, InvalidOptions, Provider, ProviderError, Secret,
    presets::{self, Account, Preset},
};
use prompthub_store::providers::ProviderRow;
use quick_cache::sync::Cache;
use url::Url;

use super::calls::Calls;
use crate::{auth::sealing::Sealer, error::ApiError};

/// Each has a pool of connections and the machine's certificates: about 110 kB while it is idle.
const MAX_ADAPTERS: usize = 200;

/// What an adapter is made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Making {
    id: ProviderId,
    preset: String,
    base_url: Option<String>,
    sealed_key: Option<String>,
}

impl Making {
    pub(super) fn of(row: &ProviderRow) -> Self {
        Self {
            id: row.id,
            preset: row.preset.clone(),
            base_url: row.base_url.clone(),
            sealed_key: row.sealed_key.clone(),
        }
    }
}

/// An account that is about to be stored, or was.
pub struct Draft {
    pub slug: String,
    pub preset: &'static Preset,
    /// `None` for the preset's own.
    pub base_url: Option<Url>,
    pub api_key: Option<Secret>,
}

pub(super) struct Adapters {
    calls: Calls,
    sealer: Sealer,
    app_url: Url,
    made: Cache<Making, Arc<dyn Provider>>,
}

impl Adapters {
    pub(super) fn new(calls: Calls, sealer: Sealer, app_url: Url) -> Self {
        Self {
            calls,
            sealer,
            app_url,
            made: Cache::new(MAX_ADAPTERS),
        }
    }

    pub(super) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The adapter of an account.
    ///
    /// # Errors
    /// `provider_key_unreadable`; `provider_refused` where the account cannot be used as it is, because
    /// the operator allows its address no more, say.
    pub(super) async fn get(&self, row: &ProviderRow) -> Result<Arc<dyn Provider>, ApiError> {
        let making = Making::of(row);
        let make = async {
            let draft = self.draft(row)?;
            let provider = self.make(draft).await?.map_err(|error| unusable(&error))?;
            Ok(self.calls.resilient(provider))
        };
        self.made.get_or_insert_async(&making, make).await
    }

    pub(super) fn forget(&self, row: &ProviderRow) {
        self.made.remove(&Making::of(row));
    }

    /// An adapter that nobody else has: whether the account is one that can be.
    ///
    /// # Errors
    /// Outside, a fault of ours; inside, what is wrong with the account.
    pub(super) async fn make(
        &self,
        draft: Draft,
    ) -> Result<Result<Arc<dyn Provider>, InvalidOptions>, ApiError> {
        let account = Account {
            base_url: draft.base_url,
            timeouts: self.calls.timeouts,
            network: self.calls.network.clone(),
            app_url: Some(self.app_url.clone()),
            ..Account::new(draft.slug, draft.api_key)
        };
        // Reads the machine's certificates.
        let build = move || presets::build(draft.preset, account);
        let built = tokio::task::spawn_blocking(build);
        built.await.map_err(ApiError::internal)
    }

    /// An account as it was stored.
    ///
    /// # Errors
    /// As [`Adapters::get`].
    pub(super) fn draft(&self, row: &ProviderRow) -> Result<Draft, ApiError> {
        let preset = presets::find(&row.preset)
            .ok_or_else(|| refused("This server knows the account's preset no more.".to_owned()))?;
        let base_url = row.base_url.as_deref().map(Url::parse).transpose();
        let sealed = row.sealed_key.as_deref();
        let key = sealed.map(|sealed| self.sealer.open(row.id, row.owner_id, sealed));
        Ok(Draft {
            slug: row.slug.clone(),
            preset,
            base_url: base_url.map_err(|_| unusable(&InvalidOptions::BaseUrl))?,
            api_key: key.transpose().map_err(|_| unreadable())?,
        })
    }
}

/// The key was sealed under a secret key that the server has no more.
fn unreadable() -> ApiError {
    ApiError::new(
        ProblemCode::ProviderKeyUnreadable,
        "The server's secret key has changed, so that the provider's API key cannot be read. Enter it again.",
    )
}

fn unusable(error: &InvalidOptions) -> ApiError {
    refused(super::words::sentence(&error.to_string()))
}

fn refused(words: String) -> ApiError {
    ProviderError::new(ErrorKind::Refused, words).into()
}

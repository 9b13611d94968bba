//! Who answers for which model: the operator's accounts with providers, people's own, and what is known
//! of their models.
//!
//! [`Directory`] finds an account and its adapter, and asks providers for their lists in the background. No
//! request ever waits for a provider's list. What people may do with accounts is `domain::providers`'
//! to decide.

mod calls;
mod catalogue;
mod operator;
mod own;
mod refresh;
pub mod rotation;
mod words;

use std::sync::Arc;

use prompthub_dto::ids::UserId;
use prompthub_llm::{CatalogueEntry, Provider};
use prompthub_store::{
    Store, StoreError, UserRole,
    catalogues::CatalogueRow,
    providers::{self, ProviderRow},
    users,
};
use url::Url;

use crate::{
    auth::sealing::Sealer,
    config::{Config, Sharing},
    domain::models::ModelName,
    error::ApiError,
};

use calls::Calls;
use catalogue::Lists;
use own::Adapters;
use refresh::Refreshes;

pub use catalogue::{Catalogue, ModelList};
pub use operator::{SharedAccount, is_reserved};
pub use own::Draft;
pub use words::{Audience, sentence, verdict};

/// What everybody may use.
const DEMO_MODEL: &str = "demo/echo";

/// Finds accounts and what is known of their models. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    store: Store,
    calls: Calls,
    sharing: Sharing,
    shared: Vec<Arc<SharedAccount>>,
    own: Adapters,
    lists: Lists,
    refreshes: Refreshes,
}

/// Who answers for a model, and what is known about it.
pub struct Resolved {
    /// Tries again, up to the first token, where that may help.
    pub provider: Arc<dyn Provider>,
    /// The provider's own id of the model.
    pub provider_model: String,
    /// `None` while the provider's list is not known, or where the model is not in it. It may exist
    /// all the same.
    pub entry: Option<CatalogueEntry>,
    /// Who may read why the provider failed.
    pub audience: Audience,
}

/// One of a person's own accounts.
pub struct OwnAccount {
    pub row: ProviderRow,
    /// `None` before the provider was first asked for its models.
    pub catalogue: Option<Catalogue>,
    digest: Option<String>,
}

impl From<(ProviderRow, Option<CatalogueRow>)> for OwnAccount {
    fn from((row, catalogue): (ProviderRow, Option<CatalogueRow>)) -> Self {
        Self {
            catalogue: catalogue.as_ref().map(Catalogue::from),
            digest: catalogue.and_then(|catalogue| catalogue.digest),
            row,
        }
    }
}

impl Directory {
    /// The operator's accounts of `config`, with what was known of their models when the server last ran.
    /// `app_url` is where this server is found.
    ///
    /// # Errors
    /// With the option that is wrong, or when the database fails.
    pub async fn open(
        config: &Config,
        store: Store,
        sealer: Sealer,
        app_url: Url,
    ) -> anyhow::Result<Self> {
        let calls = Calls::new(&config.provider_calls);
        let shared = operator::accounts(config, &calls, &app_url)?;
        for account in shared.iter().filter(|account| !account.provider.is_demo()) {
            account.recall(&store).await?;
        }
        Ok(Self(Arc::new(Inner {
            own: Adapters::new(calls.clone(), sealer, app_url),
            store,
            calls,
            sharing: config.share_providers,
            shared: shared.into_iter().map(Arc::new).collect(),
            lists: Lists::default(),
            refreshes: Refreshes::default(),
        })))
    }

    /// Whether one of the operator's accounts answers for the model.
    #[must_use]
    pub fn is_shared(&self, model: &ModelName) -> bool {
        self.0
            .shared
            .iter()
            .any(|account| account.slug == model.slug())
    }

    /// Who answers for this model, for this person; what is known about it. Touches no network and
    /// never waits for a provider. For the operator's accounts it asks no database either.
    ///
    /// # Errors
    /// `unknown_model` if the person has no such provider, `provider_key_unreadable` if its key cannot be
    /// opened any more.
    pub async fn resolve(&self, user: UserId, model: &ModelName) -> Result<Resolved, ApiError> {
        let unknown = || ApiError::UnknownModel(model.as_str().to_owned());
        if is_reserved(model.slug()) {
            let shared = self.shared(user).await?;
            let account = shared
                .into_iter()
                .find(|account| account.slug == model.slug());
            let account = account.ok_or_else(unknown)?;
            // All that it has is known here.
            if account.provider.is_demo()
                && !account
                    .provider
                    .models()
                    .iter()
                    .any(|known| known.id == model.id())
            {
                return Err(unknown());
            }
            self.refresh_shared_if_due(&account);
            return Ok(Resolved {
                provider: Arc::clone(&account.provider),
                provider_model: model.id().to_owned(),
                entry: account.known().list.find(model.id()).cloned(),
                audience: Audience::Everybody,
            });
        }
        let slug = model.slug().to_owned();
        let find = move |conn: &mut _| providers::find_by_slug(conn, user, &slug);
        let account = self.0.store.read(find).await?.map(OwnAccount::from);
        let account = account.ok_or_else(unknown)?;
        let provider = self.0.own.get(&account.row).await?;
        self.refresh_own_if_due(&account);
        Ok(Resolved {
            provider,
            provider_model: model.id().to_owned(),
            entry: self.list_of(&account).await?.find(model.id()).cloned(),
            audience: Audience::Owner,
        })
    }

    /// The operator's accounts that this person may use. The demo is everybody's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shared(&self, user: UserId) -> Result<Vec<Arc<SharedAccount>>, ApiError> {
        let may_use_all = match self.0.sharing {
            Sharing::Everyone => true,
            Sharing::Admins => {
                let found = self
                    .0
                    .store
                    .read(move |conn| users::find(conn, user))
                    .await?;
                found.is_some_and(|user| user.role == UserRole::Admin)
            }
        };
        let accounts = self.0.shared.iter();
        let usable = accounts.filter(|account| may_use_all || account.provider.is_demo());
        Ok(usable.cloned().collect())
    }

    /// The model that a new project of this person gets: `chosen` by the operator, or the demo where that
    /// is not for everybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn default_model(&self, user: UserId, chosen: String) -> Result<String, ApiError> {
        let model = ModelName::parse(&chosen)?;
        let shared = self.shared(user).await?;
        let is_usable = shared.iter().any(|account| account.slug == model.slug());
        Ok(if is_usable {
            chosen
        } else {
            DEMO_MODEL.to_owned()
        })
    }

    /// A person's own accounts, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own(&self, user: UserId) -> Result<Vec<OwnAccount>, ApiError> {
        let rows = self
            .0
            .store
            .read(move |conn| providers::list(conn, user))
            .await?;
        Ok(rows.into_iter().map(OwnAccount::from).collect())
    }

    /// What is known of the models of an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_of(&self, account: &OwnAccount) -> Result<Arc<ModelList>, StoreError> {
        match &account.digest {
            Some(digest) => self.0.lists.get(&self.0.store, digest).await,
            None => Ok(Arc::default()),
        }
    }

    /// The adapter of a person's account, with its breaker.
    ///
    /// # Errors
    /// As [`Directory::resolve`].
    pub async fn adapter(&self, row: &ProviderRow) -> Result<Arc<dyn Provider>, ApiError> {
        self.0.own.get(row).await
    }

    /// Forgets the adapter of an account that is gone or changed, and with it the key.
    pub fn forget(&self, row: &ProviderRow) {
        self.0.own.forget(row);
    }

    /// Why an account cannot be used, before any call; `None` if nothing is against it.
    #[must_use]
    pub fn fault_of(&self, row: &ProviderRow) -> Option<String> {
        let outcome = self.0.own.draft(row);
        outcome.err().map(|error| words::of_account(&error))
    }

    /// An account as it was stored, to be changed.
    ///
    /// # Errors
    /// `provider_key_unreadable`.
    pub fn draft(&self, row: &ProviderRow) -> Result<Draft, ApiError> {
        self.0.own.draft(row)
    }

    /// Whether an account can be as it is: its fields, the address in its base URL. Calls nobody.
    ///
    /// # Errors
    /// With the field that needs another value.
    pub async fn check(&self, draft: Draft) -> Result<(), ApiError> {
        match self.0.own.make(draft).await? {
            Ok(_) => Ok(()),
            Err(error) => Err(words::complaint(error)),
        }
    }

    /// What seals the keys of accounts.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        self.0.own.sealer()
    }
}

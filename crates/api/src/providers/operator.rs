//! The operator's accounts with providers, from the options of the server, and the demo.
//!
//! They are few and made once at the start, so their lists are in memory and no question to one of their
//! models asks the database.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::Context;
use prompthub_llm::{
    CatalogueEntry, Provider, Secret,
    demo::{self, Demo},
    presets::{self, Account},
};
use prompthub_store::{CatalogueStatus, Store, StoreError, catalogues};
use url::Url;

use super::{
    calls::Calls,
    catalogue::{Catalogue, ModelList},
};
use crate::config::{self, Config};

/// Slugs that are the operator's, set up or not: nobody's own account takes their place.
const RESERVED: [&str; 4] = ["openrouter", "openai", "anthropic", demo::SLUG];

/// Whether a slug can only be the operator's.
#[must_use]
pub fn is_reserved(slug: &str) -> bool {
    RESERVED.contains(&slug)
}

/// One of the operator's accounts, or the demo.
pub struct SharedAccount {
    /// The slug, and the name of the preset.
    pub slug: &'static str,
    /// What a person calls it.
    pub name: &'static str,
    pub provider: Arc<dyn Provider>,
    known: RwLock<Known>,
}

/// What is known of an account's models.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// `None` before the provider was first asked.
    pub(super) catalogue: Option<Catalogue>,
    pub(super) list: Arc<ModelList>,
}

impl SharedAccount {
    fn new(slug: &'static str, name: &'static str, provider: Arc<dyn Provider>) -> Self {
        Self {
            slug,
            name,
            provider,
            known: RwLock::default(),
        }
    }

    /// How the list of models is; `None` before the provider was first asked.
    #[must_use]
    pub fn catalogue(&self) -> Option<Catalogue> {
        self.known().catalogue
    }

    /// The models that are known, those too that are known without asking.
    #[must_use]
    pub fn models(&self) -> Vec<CatalogueEntry> {
        self.known().list.with_known(self.provider.models())
    }

    pub(super) fn known(&self) -> Known {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    pub(super) fn learn(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Remembers what was known when the server last ran.
    pub(super) async fn recall(&self, store: &Store) -> Result<(), StoreError> {
        let slug = self.slug;
        let found = store
            .read(move |conn| {
                let Some(row) = catalogues::find(conn, slug)? else {
                    return Ok::<_, StoreError>(None);
                };
                let json = match &row.digest {
                    Some(digest) => catalogues::find_list(conn, digest)?,
                    None => None,
                };
                Ok(Some((row, json)))
            })
            .await?;
        if let Some((row, json)) = found {
            self.learn(Known {
                catalogue: Some(Catalogue::from(&row)),
                list: Arc::new(ModelList::read(&json.unwrap_or_default())),
            });
        }
        Ok(())
    }
}

/// The accounts that are set up, in the order in which they are offered; the demo is the last.
///
/// # Errors
/// With the name of the option that is wrong.
pub(super) fn accounts(
    config: &Config,
    calls: &Calls,
    app_url: &Url,
) -> anyhow::Result<Vec<SharedAccount>> {
    let set_up: [(
        &'static str,
        &Option<config::Secret>,
        &Url,
        [&'static str; 2],
    ); 3] = [
        (
            "openrouter",
            &config.openrouter_api_key,
            &config.openrouter_base_url,
            ["OPENROUTER_BASE_URL", "OPENROUTER_API_KEY"],
        ),
        (
            "openai",
            &config.openai_api_key,
            &config.openai_base_url,
            ["OPENAI_BASE_URL", "OPENAI_API_KEY"],
        ),
        (
            "anthropic",
            &config.anthropic_api_key,
            &config.anthropic_base_url,
            ["ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"],
        ),
    ];
    let mut accounts = Vec::new();
    for (slug, key, base_url, [url_option, key_option]) in set_up {
        let Some(key) = key else { continue };
        let preset = presets::find(slug).with_context(|| format!("there is no preset {slug}"))?;
        let account = Account {
            base_url: Some(base_url.clone()),
            timeouts: calls.timeouts,
            app_url: Some(app_url.clone()),
            ..Account::new(slug, Some(Secret::new(key.expose())))
        };
        let provider = presets::build_at(preset, account).map_err(|error| {
            let option = match error.field() {
                Some("api_key") => key_option,
                _ => url_option,
            };
            anyhow::Error::new(error).context(option)
        })?;
        accounts.push(SharedAccount::new(
            slug,
            preset.title,
            calls.resilient(provider),
        ));
    }
    accounts.push(demo(Duration::from_millis(config.demo_delay_ms)));
    Ok(accounts)
}

fn demo(delay: Duration) -> SharedAccount {
    let demo = Demo::new(delay);
    let entries = demo.models().into_iter().map(Into::into).collect();
    let account = SharedAccount::new(demo::SLUG, "Demo", Arc::new(demo));
    account.learn(Known {
        catalogue: Some(Catalogue {
            status: CatalogueStatus::Ready,
            problem: None,
            model_count: 1,
            checked_at: prompthub_store::now(),
        }),
        list: Arc::new(ModelList::new(entries)),
    });
    account
}

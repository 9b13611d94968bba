//! Asking providers for their lists of models, beside everything else.
//!
//! A list is asked for when it is used and old: whoever uses it gets the old one meanwhile. One that does
//! not come leaves the old one where it is, and says so in the account's state.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use prompthub_dto::ids::UserId;
use prompthub_llm::{CatalogueEntry, ErrorKind, Provider, ProviderError};
use prompthub_store::{
    CatalogueStatus, Conn, StoreError,
    catalogues::{self, CatalogueRow},
    now,
    providers::{self, ProviderRow},
    users,
};
use tokio::sync::Semaphore;

use super::{
    Audience, Directory, OwnAccount,
    catalogue::{Catalogue, ModelList},
    operator::{Known, SharedAccount},
    own::Making,
    words,
};
use crate::error::ApiError;

/// People's lists that are asked for at the same time.
const AT_ONCE: usize = 16;
/// Those of one person, so that nobody's dead servers keep the others waiting.
const AT_ONCE_EACH: usize = 4;
/// A list that did not come is asked for again in this part of the time for which one is good.
const SOONER: u32 = 5;

/// Which lists are being asked for.
pub(super) struct Refreshes {
    running: Mutex<HashSet<(Option<UserId>, What)>>,
    turns: Semaphore,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    Shared(&'static str),
    /// A changed account is asked for anew, whatever is under way for what it was.
    Own(Making),
}

impl Default for Refreshes {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

impl Refreshes {
    /// Notes that a list is being asked for; `false` when it is already, or when the person has too many
    /// under way.
    fn begin(&self, owner: Option<UserId>, what: &What) -> bool {
        let mut running = self.lock();
        let is_crowded = owner.is_some()
            && running.iter().filter(|(user, _)| *user == owner).count() >= AT_ONCE_EACH;
        !is_crowded && running.insert((owner, what.clone()))
    }

    fn end(&self, asking: &(Option<UserId>, What)) {
        self.lock().remove(asking);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<(Option<UserId>, What)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A list that is being asked for, until this is dropped: also by a panic, after which it could otherwise
/// never be asked for again.
struct Asking {
    directory: Directory,
    list: (Option<UserId>, What),
}

impl Asking {
    fn new(directory: &Directory, owner: Option<UserId>, what: What) -> Self {
        Self {
            directory: directory.clone(),
            list: (owner, what),
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.directory.0.refreshes.end(&self.list);
    }
}

/// What came of asking.
struct Outcome {
    catalogue: Catalogue,
    /// The list that came, and its stored form.
    list: Option<(Arc<ModelList>, catalogues::ModelList)>,
}

impl Outcome {
    fn of(answer: Result<Vec<CatalogueEntry>, ProviderError>, audience: Audience) -> Self {
        let stored = answer.and_then(|entries| {
            let list = ModelList::new(entries);
            let stored = list.stored().ok_or_else(|| {
                let message = "the provider's list of models is too long";
                ProviderError::new(ErrorKind::Refused, message)
            })?;
            Ok((Arc::new(list), stored))
        });
        let (status, problem, list) = match stored {
            Ok(list) => (CatalogueStatus::Ready, None, Some(list)),
            Err(error) => {
                let (status, words) = words::verdict(&error, audience);
                (status, Some(words), None)
            }
        };
        let count = list.as_ref().map_or(0, |(list, _)| list.entries().len());
        Self {
            catalogue: Catalogue {
                status,
                problem,
                model_count: u32::try_from(count).unwrap_or(u32::MAX),
                checked_at: now(),
            },
            list,
        }
    }

    /// Of an account of which no adapter can be made.
    fn of_account(error: &ApiError) -> Self {
        Self {
            catalogue: Catalogue {
                status: CatalogueStatus::Failed,
                problem: Some(words::of_account(error)),
                model_count: 0,
                checked_at: now(),
            },
            list: None,
        }
    }

    /// Stores what came. Where no list came, the one before stays.
    fn store(
        &self,
        conn: &mut Conn,
        id: &str,
        account: Option<&ProviderRow>,
    ) -> Result<(), StoreError> {
        let before = catalogues::find(conn, id)?;
        let (digest, model_count) = match (&self.list, before) {
            (Some((_, stored)), _) => {
                let count = i32::try_from(self.catalogue.model_count).unwrap_or(i32::MAX);
                (Some(stored.digest.clone()), count)
            }
            (None, Some(before)) => (before.digest, before.model_count),
            (None, None) => (None, 0),
        };
        let row = CatalogueRow {
            id: id.to_owned(),
            provider_id: account.map(|account| account.id),
            status: self.catalogue.status,
            problem: self.catalogue.problem.clone(),
            digest,
            model_count,
            checked_at: self.catalogue.checked_at,
        };
        catalogues::store(conn, &row, self.list.as_ref().map(|(_, stored)| stored))
    }
}

impl Directory {
    /// Asks for the lists of all of the operator's accounts, at the start of the server.
    pub fn refresh_shared(&self) {
        for account in &self.0.shared {
            self.ask_shared(account);
        }
    }

    /// Asks for the list of an account of the operator's if it is old.
    pub fn refresh_shared_if_due(&self, account: &Arc<SharedAccount>) {
        if self.is_due(account.known().catalogue.as_ref()) {
            self.ask_shared(account);
        }
    }

    /// Asks for the list of a person's account if it is old or was never asked for.
    pub fn refresh_own_if_due(&self, account: &OwnAccount) {
        if self.is_due(account.catalogue.as_ref()) {
            self.refresh_own(account.row.clone());
        }
    }

    fn is_due(&self, catalogue: Option<&Catalogue>) -> bool {
        let Some(catalogue) = catalogue else {
            return true;
        };
        let good_for = match catalogue.status {
            CatalogueStatus::Ready => self.0.calls.list_age,
            CatalogueStatus::Failed | CatalogueStatus::Unreachable => {
                self.0.calls.list_age / SOONER
            }
        };
        let age = now().signed_duration_since(catalogue.checked_at);
        // A clock that was set back must not keep a list for ever.
        age < TimeDelta::zero() || age.to_std().unwrap_or(Duration::MAX) >= good_for
    }

    fn ask_shared(&self, account: &Arc<SharedAccount>) {
        let what = What::Shared(account.slug);
        if account.provider.is_demo() || !self.0.refreshes.begin(None, &what) {
            return;
        }
        let asking = Asking::new(self, None, what);
        let (directory, account) = (self.clone(), Arc::clone(account));
        tokio::spawn(async move {
            let _asking = asking;
            let outcome = Outcome::of(account.provider.list_models().await, Audience::Everybody);
            directory.keep_shared(&account, outcome).await;
        });
    }

    async fn keep_shared(&self, account: &SharedAccount, outcome: Outcome) {
        let before = account.known();
        let mut catalogue = outcome.catalogue.clone();
        let list = match &outcome.list {
            Some((list, _)) => Arc::clone(list),
            None => {
                catalogue.model_count = u32::try_from(before.list.entries().len()).unwrap_or(0);
                before.list
            }
        };
        log(account.slug, &catalogue);
        account.learn(Known {
            catalogue: Some(catalogue),
            list,
        });
        let slug = account.slug;
        let stored = self
            .0
            .store
            .write(move |conn| outcome.store(conn, slug, None));
        if let Err(error) = stored.await {
            tracing::warn!(%error, provider = slug, "a list of models could not be stored");
        }
    }

    /// Asks for the list of a person's account, as it is now.
    pub fn refresh_own(&self, row: ProviderRow) {
        let (owner, what) = (Some(row.owner_id), What::Own(Making::of(&row)));
        if !self.0.refreshes.begin(owner, &what) {
            return;
        }
        let asking = Asking::new(self, owner, what);
        let directory = self.clone();
        tokio::spawn(async move {
            let _asking = asking;
            let outcome = match directory.0.own.get(&row).await {
                Ok(provider) => directory.ask_in_turn(&*provider).await,
                Err(error) => Outcome::of_account(&error),
            };
            log(&row.slug, &outcome.catalogue);
            let stored = directory
                .0
                .store
                .write(move |conn| keep_own(conn, &row, &outcome));
            if let Err(error) = stored.await {
                tracing::warn!(%error, "a list of models could not be stored");
            }
        });
    }

    async fn ask_in_turn(&self, provider: &dyn Provider) -> Outcome {
        // Fails only when the semaphore is closed, which it never is.
        let _turn = self.0.refreshes.turns.acquire().await;
        Outcome::of(provider.list_models().await, Audience::Owner)
    }
}

/// Stores what came of asking for `asked`, unless the account is gone or is another one by now.
fn keep_own(conn: &mut Conn, asked: &ProviderRow, outcome: &Outcome) -> Result<(), StoreError> {
    users::lock(conn, asked.owner_id)?;
    match providers::find(conn, asked.owner_id, asked.id)? {
        Some((row, _)) if Making::of(&row) == Making::of(asked) => {
            outcome.store(conn, row.id.as_str(), Some(&row))
        }
        _ => Ok(()),
    }
}

fn log(slug: &str, catalogue: &Catalogue) {
    match &catalogue.problem {
        None => {
            let models = catalogue.model_count;
            tracing::debug!(provider = slug, models, "the provider listed its models");
        }
        Some(problem) => {
            tracing::info!(provider = slug, %problem, "the provider did not list its models");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_asked_for_once_at_a_time_and_nobody_crowds_the_others_out() {
        let (ada, bob) = (Some(UserId::new()), Some(UserId::new()));
        let accounts: Vec<What> = (0..=AT_ONCE_EACH).map(|_| own(ada)).collect();
        let refreshes = Refreshes::default();
        let (last, first) = accounts.split_last().unwrap();
        for account in first {
            assert!(refreshes.begin(ada, account));
            assert!(!refreshes.begin(ada, account), "it is being asked for");
        }
        assert!(!refreshes.begin(ada, last), "so many at once are enough");
        assert!(refreshes.begin(bob, &own(bob)));
        // Nobody keeps the operator's from being asked for.
        assert!(refreshes.begin(None, &What::Shared("openai")));
        assert!(!refreshes.begin(None, &What::Shared("openai")));
        refreshes.end(&(ada, first[0].clone()));
        assert!(refreshes.begin(ada, last));
    }

    fn own(owner: Option<UserId>) -> What {
        What::Own(Making::of(&ProviderRow {
            id: prompthub_dto::ids::ProviderId::new(),
            owner_id: owner.unwrap(),
            slug: "mine".to_owned(),
            preset: "groq".to_owned(),
            name: "Mine".to_owned(),
            base_url: None,
            sealed_key: None,
            key_hint: None,
            created_at: now(),
            updated_at: now(),
        }))
    }
}

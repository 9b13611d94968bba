//! Lists of models: as they are stored, and those lately used in memory.
//!
//! Owns the stored form and how much memory lists may take: hundreds of accounts with one provider share
//! one list, and lists that nobody asks for are only in the database. Must not ask providers.

use std::{collections::HashSet, sync::Arc};

use chrono::NaiveDateTime;
use prompthub_llm::{CatalogueEntry, ModelInfo};
use prompthub_store::{CatalogueStatus, Store, StoreError, catalogues};
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};

/// A longer list is not kept. OpenRouter's has about 250 kB in this form.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;
/// How much of people's lists is held in memory, by the length of their stored form.
const MAX_CACHED_BYTES: u64 = 16 * 1024 * 1024;
/// About how many lists that is.
const CACHED_LISTS: usize = 64;

/// The models of one provider, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ModelList(Vec<CatalogueEntry>);

impl ModelList {
    #[must_use]
    pub fn new(mut entries: Vec<CatalogueEntry>) -> Self {
        entries
            .iter_mut()
            .for_each(CatalogueEntry::forget_other_parameters);
        entries.sort_by_cached_key(|entry| (entry.name.to_lowercase(), entry.id.clone()));
        let mut ids = HashSet::new();
        entries.retain(|entry| ids.insert(entry.id.clone()));
        Self(entries)
    }

    #[must_use]
    pub fn entries(&self) -> &[CatalogueEntry] {
        &self.0
    }

    /// What is known of the model with this id at its provider.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&CatalogueEntry> {
        self.0.iter().find(|entry| entry.id == id)
    }

    /// The same list, with those of the models that it lacks.
    #[must_use]
    pub fn with_known(&self, models: Vec<ModelInfo>) -> Vec<CatalogueEntry> {
        let missing = models
            .into_iter()
            .filter(|model| self.find(&model.id).is_none());
        let missing = missing.map(CatalogueEntry::from).collect::<Vec<_>>();
        missing.into_iter().chain(self.0.iter().cloned()).collect()
    }

    /// As it is stored; `None` if it is too long.
    pub(super) fn stored(&self) -> Option<catalogues::ModelList> {
        let models = serde_json::to_string(&self.0).ok()?;
        let digest = hex::encode(Sha256::digest(models.as_bytes()));
        (models.len() <= MAX_LIST_BYTES).then_some(catalogues::ModelList { digest, models })
    }

    /// From its stored form. One that an older server wrote and that cannot be read is empty until the
    /// provider is asked again.
    pub(super) fn read(json: &str) -> Self {
        serde_json::from_str(json).map(Self).unwrap_or_default()
    }
}

/// How the list of one account is.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub status: CatalogueStatus,
    /// What is wrong, in words.
    pub problem: Option<String>,
    pub model_count: u32,
    pub checked_at: NaiveDateTime,
}

impl From<&catalogues::CatalogueRow> for Catalogue {
    fn from(row: &catalogues::CatalogueRow) -> Self {
        Self {
            status: row.status,
            problem: row.problem.clone(),
            model_count: u32::try_from(row.model_count).unwrap_or(0),
            checked_at: row.checked_at,
        }
    }
}

/// The lists of people's accounts that were lately used.
pub(super) struct Lists(Cache<String, Cached, ByLength>);

#[derive(Clone)]
struct Cached {
    list: Arc<ModelList>,
    /// Of the stored form, in bytes.
    length: u64,
}

#[derive(Clone)]
struct ByLength;

impl Weighter<String, Cached> for ByLength {
    fn weight(&self, _: &String, cached: &Cached) -> u64 {
        cached.length.max(1)
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self(Cache::with_weighter(
            CACHED_LISTS,
            MAX_CACHED_BYTES,
            ByLength,
        ))
    }
}

impl Lists {
    /// The list with this hash; an empty one when it has just been replaced.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn get(
        &self,
        store: &Store,
        digest: &str,
    ) -> Result<Arc<ModelList>, StoreError> {
        if let Some(cached) = self.0.get(digest) {
            return Ok(cached.list);
        }
        let wanted = digest.to_owned();
        let cached = store
            .read(move |conn| {
                let json = catalogues::find_list(conn, &wanted)?;
                Ok::<_, StoreError>(json.map(|json| Cached {
                    list: Arc::new(ModelList::read(&json)),
                    length: u64::try_from(json.len()).unwrap_or(u64::MAX),
                }))
            })
            .await?;
        let Some(cached) = cached else {
            return Ok(Arc::default());
        };
        self.0.insert(digest.to_owned(), cached.clone());
        Ok(cached.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, name: &str) -> CatalogueEntry {
        CatalogueEntry {
            id: id.to_owned(),
            name: name.to_owned(),
            ..CatalogueEntry::default()
        }
    }

    #[test]
    fn a_list_is_sorted_and_stored_the_same_however_it_came() {
        let [a, b, c] = [entry("1", "beta"), entry("2", "Alpha"), entry("3", "alpha")];
        // Under another name, too, an id is there once.
        let again = entry("2", "zeta");
        let list = ModelList::new(vec![again, a.clone(), b.clone(), c.clone(), a.clone()]);
        assert_eq!(list.entries(), [b.clone(), c.clone(), a.clone()]);
        assert_eq!(list.find("3"), Some(&c));
        let (stored, other) = (list.stored().unwrap(), ModelList::new(vec![c, b, a]));
        assert_eq!(Some(&stored), other.stored().as_ref());
        assert_eq!(ModelList::read(&stored.models), list);
        assert_eq!(ModelList::read("{}"), ModelList::default());
    }

    #[test]
    fn models_that_are_known_anyway_are_there_once() {
        let known = || {
            vec![ModelInfo {
                id: "auto".to_owned(),
                name: "Auto".to_owned(),
                context_length: None,
                demo: false,
            }]
        };
        let ids = |list: &ModelList| {
            let entries = list.with_known(known());
            entries
                .into_iter()
                .map(|entry| entry.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&ModelList::default()), ["auto"]);
        assert_eq!(ids(&ModelList::new(vec![entry("x", "X")])), ["auto", "x"]);
        assert_eq!(ids(&ModelList::new(vec![entry("auto", "A")])), ["auto"]);
    }

    #[test]
    fn a_list_beyond_all_measure_is_not_kept() {
        let entries = (0..40_000).map(|number| entry(&format!("m{number}"), &"x".repeat(100)));
        assert!(ModelList::new(entries.collect()).stored().is_none());
    }
}

//! The models that can be chosen and the providers that they come from, read when somebody first
//! needs them.

use std::time::Duration;

use leptos::prelude::*;
use prompthub_dto::{
    models::Model,
    providers::{Provider, ProviderStatus},
};

use super::loaded::{LoadedList, Progress};
use crate::api;

/// How long a list counts as current, in milliseconds. The server keeps its own up to date by itself.
const CURRENT: f64 = 60_000.0;
/// How soon to look again for a provider whose list is being asked for.
const SOON: Duration = Duration::from_secs(2);

/// What can be chosen.
#[derive(Clone, Copy)]
pub struct Catalogue {
    pub models: LoadedList<Model>,
    pub providers: LoadedList<Provider>,
    /// When somebody last looked at it and it was read, in milliseconds since the Unix epoch.
    read_at: StoredValue<f64>,
    /// Whether it is going to be looked again at the providers.
    is_waiting: StoredValue<bool>,
}

impl Catalogue {
    /// Provides an empty catalogue to everything below. Once the providers are read, it follows
    /// those whose list is still on its way.
    pub fn provide() -> Self {
        let catalogue = Self {
            models: LoadedList::unread(|_| api::system::list_models()),
            providers: LoadedList::unread(|_| api::providers::list()),
            read_at: StoredValue::new(f64::NEG_INFINITY),
            is_waiting: StoredValue::new(false),
        };
        Effect::new(move |before: Option<usize>| {
            let loading = catalogue.providers.items().with(loading);
            // A look that has failed is followed by another one as well.
            catalogue.providers.progress().track();
            // A list that has come has models, which matter where models are looked at.
            if before.is_some_and(|before| loading < before) && catalogue.is_needed() {
                catalogue.models.reload();
            }
            if loading > 0 {
                catalogue.look_soon();
            }
            loading
        });
        provide_context(catalogue);
        catalogue
    }

    /// Somebody looks at it: reads it, unless it is current.
    pub fn need(self) {
        let now = js_sys::Date::now();
        let failed = self
            .models
            .progress()
            .with_untracked(|progress| matches!(progress, Progress::Failed(_)));
        if now - self.read_at.get_value() > CURRENT || failed {
            self.read_at.set_value(now);
            self.models.reload();
            self.providers.reload();
        }
    }

    fn is_needed(self) -> bool {
        self.read_at.get_value() > f64::NEG_INFINITY
    }

    /// Looks again at the providers, once however often it is asked to.
    fn look_soon(self) {
        if self.is_waiting.get_value() {
            return;
        }
        self.is_waiting.set_value(true);
        set_timeout(
            move || {
                // The view may be gone by then, and its signals with it.
                if self.is_waiting.try_set_value(false).is_none() {
                    self.providers.reload();
                }
            },
            SOON,
        );
    }

    /// Whether a model of this id is in the list.
    #[must_use]
    pub fn knows(self, id: &str) -> bool {
        let is_it = |model: &Model| model.id == id;
        let models = self.models.items();
        models.with_untracked(|models| models.iter().any(is_it))
    }

    /// What is known of a model; tracks.
    #[must_use]
    pub fn find(self, id: &str) -> Option<Model> {
        self.models
            .items()
            .with(|models| models.iter().find(|model| model.id == id).cloned())
    }
}

/// How many of them have their list asked for, for the first time.
#[expect(clippy::ptr_arg, reason = "signals hand out what they hold")]
fn loading(providers: &Vec<Provider>) -> usize {
    let status = providers.iter().map(|provider| provider.state.status);
    status
        .filter(|status| *status == ProviderStatus::Loading)
        .count()
}

#[must_use]
pub fn use_catalogue() -> Catalogue {
    expect_context()
}

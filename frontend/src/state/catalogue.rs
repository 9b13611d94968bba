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
    /// When it was last read, in milliseconds since the Unix epoch.
    read_at: StoredValue<f64>,
}

impl Catalogue {
    /// Provides an empty catalogue to everything below.
    pub fn provide() -> Self {
        let catalogue = Self {
            models: LoadedList::unread(|_| api::system::list_models()),
            providers: LoadedList::unread(|_| api::providers::list()),
            read_at: StoredValue::new(f64::NEG_INFINITY),
        };
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
        if now - self.read_at.get_value() > CURRENT || failed || self.is_growing() {
            self.read_at.set_value(now);
            self.models.reload();
            self.providers.reload();
        }
    }

    /// Looks again, as long as `watched` and the list of some provider is still on its way.
    pub fn follow(self, watched: impl Fn() -> bool + Copy + 'static) {
        set_timeout(
            move || {
                // The view may be gone by then, and its signals with it.
                let growing = self.providers.items().try_with_untracked(is_growing);
                if growing == Some(true) && watched() {
                    self.need();
                    self.follow(watched);
                }
            },
            SOON,
        );
    }

    fn is_growing(self) -> bool {
        self.providers.items().with_untracked(is_growing)
    }

    /// What is known of a model; tracks.
    #[must_use]
    pub fn find(self, id: &str) -> Option<Model> {
        self.models
            .items()
            .with(|models| models.iter().find(|model| model.id == id).cloned())
    }
}

/// Whether the list of one of them is being asked for, for the first time.
#[expect(clippy::ptr_arg, reason = "signals hand out what they hold")]
fn is_growing(providers: &Vec<Provider>) -> bool {
    providers
        .iter()
        .any(|provider| provider.state.status == ProviderStatus::Loading)
}

#[must_use]
pub fn use_catalogue() -> Catalogue {
    expect_context()
}

//! A dialog about one thing out of many: about which, and how the work on it goes.

use leptos::{prelude::*, task::spawn_local};

use super::focus::{self, RowPlace};
use crate::{
    api::ApiError,
    state::toasts::{Toasts, use_toasts},
};

/// What one dialog asks about, one thing after another. What becomes of an earlier one, whose dialog
/// was left, does not show in the dialog of the next.
pub struct Asking<T: Send + Sync + 'static> {
    /// Whether the dialog is open.
    pub open: RwSignal<bool>,
    target: RwSignal<Option<T>>,
    busy: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    /// Counts the openings.
    round: StoredValue<u32>,
    /// The row from which it was opened, whose end may take the focus with it.
    opener: StoredValue<Option<RowPlace>, LocalStorage>,
    toasts: Toasts,
}

impl<T: Send + Sync> Clone for Asking<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Asking<T> {}

impl<T: Clone + Send + Sync> Asking<T> {
    #[must_use]
    pub fn new() -> Self {
        Self::with_open(RwSignal::new(false))
    }

    /// One whose opening somebody else follows.
    #[must_use]
    pub fn with_open(open: RwSignal<bool>) -> Self {
        Self {
            open,
            target: RwSignal::new(None),
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
            round: StoredValue::new(0),
            opener: StoredValue::new_local(None),
            toasts: use_toasts(),
        }
    }

    /// Opens the dialog about this.
    pub fn ask(self, target: T) {
        self.round
            .update_value(|round| *round = round.wrapping_add(1));
        self.opener.set_value(RowPlace::of_focus());
        self.busy.set(false);
        self.error.set(None);
        self.target.set(Some(target));
        self.open.set(true);
    }

    /// What it is about, or was when it was last open; tracks.
    #[must_use]
    pub fn target(self) -> Option<T> {
        self.target.get()
    }

    /// Does what was asked about, unless that is under way, and closes the dialog when it is done.
    pub fn run(self, work: impl Future<Output = Result<(), ApiError>> + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        let round = self.round.get_value();
        let opener = self.opener.get_value();
        spawn_local(async move {
            let outcome = work.await;
            // The page may be gone by then, and its signals with it.
            let Some(now) = self.round.try_get_value() else {
                return;
            };
            let is_shown = now == round && self.open.get_untracked();
            if now == round {
                self.busy.set(false);
            }
            match outcome {
                Ok(()) if now == round => {
                    self.open.set(false);
                    if let Some(opener) = opener {
                        opener.keep();
                    }
                }
                Ok(()) => {}
                Err(error) if is_shown => {
                    self.error.set(Some(error));
                    focus::to_wrong_field();
                }
                Err(error) => self.toasts.problem(error.message()),
            }
        });
    }

    #[must_use]
    pub fn busy(self) -> Signal<bool> {
        self.busy.into()
    }

    /// What to tell beside a field.
    #[must_use]
    pub fn field(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.error.get()?.field(name))
    }

    /// What to tell about the whole, when none of the `fields` has something of its own to tell.
    #[must_use]
    pub fn problem(self, fields: &'static [&'static str]) -> Signal<Option<String>> {
        Signal::derive(move || self.error.get()?.beside(fields))
    }
}

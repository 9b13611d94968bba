//! A write under way: one at a time, how the last one ended, and what to tell beside which field.
//!
//! It is an `Action` over boxed futures: all writes of the page share one type, which is several
//! kilobytes less to download than an action type each.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use leptos::prelude::*;

use crate::{api::ApiError, components::focus};

type Work = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// The work of one dispatch, taken out when it begins.
#[derive(Clone)]
struct Ticket(Rc<RefCell<Option<Work>>>);

/// What a form or a button sends.
#[derive(Clone, Copy)]
pub struct Submission(Action<Ticket, Result<(), ApiError>>);

impl Submission {
    #[must_use]
    pub fn new() -> Self {
        Self(Action::new_local(|ticket: &Ticket| {
            let work = ticket.0.borrow_mut().take();
            async move {
                let outcome = match work {
                    Some(work) => work.await,
                    None => Ok(()),
                };
                if outcome.is_err() {
                    focus::to_wrong_field();
                }
                outcome
            }
        }))
    }

    /// Begins `work`, unless other work is under way.
    pub fn submit(self, work: impl Future<Output = Result<(), ApiError>> + 'static) {
        self.start(Box::pin(work));
    }

    fn start(self, work: Work) {
        if !self.0.pending().get_untracked() {
            self.0
                .dispatch_local(Ticket(Rc::new(RefCell::new(Some(work)))));
        }
    }

    /// Forgets how the last one ended.
    pub fn clear(self) {
        self.0.clear();
    }

    #[must_use]
    pub fn pending(self) -> Memo<bool> {
        self.0.pending()
    }

    /// Why the last one failed, if it did; tracks.
    #[must_use]
    pub fn error(self) -> Option<ApiError> {
        self.0.value().get()?.err()
    }

    /// What to tell beside a field.
    #[must_use]
    pub fn field(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.error()?.field(name))
    }

    /// What to tell about the whole, when none of the `fields` has something of its own to tell.
    #[must_use]
    pub fn problem(self, fields: &'static [&'static str]) -> Signal<Option<String>> {
        Signal::derive(move || self.error()?.beside(fields))
    }
}

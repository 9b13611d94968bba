//! What lasts for as long as a person is signed in, wherever on the page they go: an upload does not end
//! because its project is left.
//!
//! What is made in the handler of an event belongs to the view of that handler, and goes with it. Here it
//! can be made without one.

use std::time::Duration;

use leptos::{prelude::*, reactive::owner::Owner};
use prompthub_dto::ids::{ProjectId, UserId};

use super::{session::Session, toasts::use_toasts};

/// Where signals are made that outlive the view that asks for them.
#[derive(Clone, Copy)]
pub struct Lasting(StoredValue<Owner>);

/// All of one kind that was made, each with the project that it belongs to.
type All<T> = StoredValue<Vec<(Option<ProjectId>, T)>>;

impl Lasting {
    /// Provides it to everything below. What was made for one person is gone when that one is.
    pub fn provide(session: Session) {
        let lasting = Self(StoredValue::new(Owner::new()));
        provide_context(lasting);
        let toasts = use_toasts();
        let person = Memo::new(move |_| session.user().map(|user| user.id));
        Effect::new(move |before: Option<Option<UserId>>| {
            let person = person.get();
            if before
                .flatten()
                .is_some_and(|before| Some(before) != person)
            {
                // Once the views that showed it are gone.
                set_timeout(move || lasting.0.get_value().cleanup(), Duration::ZERO);
                toasts.forget_problems();
            }
            person
        });
    }

    /// Makes something that stays.
    pub fn make<T>(self, make: impl FnOnce() -> T) -> T {
        self.0.get_value().with(make)
    }

    /// The only one of its kind for this project, which is made when it is first asked for.
    pub fn only<T>(self, project: Option<ProjectId>, make: impl FnOnce() -> T) -> T
    where
        T: Copy + Send + Sync + 'static,
    {
        self.make(|| {
            let there = use_context::<All<T>>().filter(|all| !all.is_disposed());
            let all = there.unwrap_or_else(|| {
                let all: All<T> = StoredValue::new(Vec::new());
                provide_context(all);
                all
            });
            let made = all.with_value(|all| {
                let made = all.iter().find(|(of, _)| *of == project);
                made.map(|(_, made)| *made)
            });
            made.unwrap_or_else(|| {
                let new = make();
                all.update_value(|all| all.push((project, new)));
                new
            })
        })
    }
}

#[must_use]
pub fn use_lasting() -> Lasting {
    expect_context()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_outlives_the_view_that_asked_for_it() {
        let root = Owner::new();
        root.with(|| {
            let lasting = Lasting(StoredValue::new(Owner::new()));
            let view = Owner::new();
            let (lost, kept) = view.with(|| {
                let make = || StoredValue::new(1);
                (make(), lasting.only(None, make))
            });
            drop(view);
            assert!(lost.is_disposed());
            assert!(!kept.is_disposed());
            assert_eq!(lasting.only(None, || StoredValue::new(2)), kept);

            lasting.0.get_value().cleanup();
            assert!(kept.is_disposed());
            let next = lasting.only(None, || StoredValue::new(3));
            assert_eq!(next.get_value(), 3);
        });
    }
}

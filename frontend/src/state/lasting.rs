//! What lasts for as long as a person is signed in, wherever on the page they go: an upload does not end
//! because its project is left.
//!
//! What is made in the handler of an event belongs to the view of that handler, and goes with it. Here it
//! can be made without one.

use std::{
    any::{Any, TypeId},
    sync::Mutex,
    time::Duration,
};

use leptos::{prelude::*, reactive::owner::Owner};
use prompthub_dto::ids::ProjectId;

/// Where signals are made that outlive the view that asks for them: a reference, since there is one for as
/// long as there is the page.
#[derive(Clone, Copy)]
pub struct Lasting(&'static Kept);

struct Kept {
    owner: Owner,
    only: Mutex<Vec<Only>>,
}

/// What there is one of for a project. As an `Any`, since a list for each kind would be more to download; the
/// handles of some hundred bytes are not taken back.
type Only = (Option<ProjectId>, &'static (dyn Any + Send + Sync));

impl Lasting {
    fn new() -> Self {
        Self(Box::leak(Box::new(Kept {
            owner: Owner::new(),
            only: Mutex::default(),
        })))
    }

    /// Provides it to everything below.
    pub fn provide() {
        provide_context(Self::new());
    }

    /// Makes something that stays.
    pub fn make<T>(self, make: impl FnOnce() -> T) -> T {
        self.0.owner.with(make)
    }

    /// The only one of its kind for this project, which is made when it is first asked for.
    pub fn only<T>(self, project: Option<ProjectId>, make: impl FnOnce() -> T) -> T
    where
        T: Copy + Send + Sync + 'static,
    {
        let made = self.find(project, TypeId::of::<T>());
        if let Some(made) = made.and_then(<dyn Any + Send + Sync>::downcast_ref) {
            return *made;
        }
        let new: &'static T = Box::leak(Box::new(self.make(make)));
        self.keep((project, new));
        *new
    }

    fn find(
        self,
        project: Option<ProjectId>,
        kind: TypeId,
    ) -> Option<&'static (dyn Any + Send + Sync)> {
        let only = self.0.only.lock().ok()?;
        let mut of_project = only.iter().filter(|(of, _)| *of == project);
        of_project
            .find(|(_, made)| (*made).type_id() == kind)
            .map(|(_, made)| *made)
    }

    fn keep(self, new: Only) {
        if let Ok(mut only) = self.0.only.lock() {
            only.push(new);
        }
    }

    /// The person has left: what was made for them goes, once the views that showed it are gone.
    pub fn end(self) {
        set_timeout(move || self.forget(), Duration::ZERO);
    }

    fn forget(self) {
        if let Ok(mut only) = self.0.only.lock() {
            only.clear();
        }
        self.0.owner.cleanup();
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
        let lasting = Lasting::new();
        let view = Owner::new();
        let (lost, kept) = view.with(|| {
            let make = || StoredValue::new(1);
            (make(), lasting.only(None, make))
        });
        drop(view);
        assert!(lost.is_disposed());
        assert!(!kept.is_disposed());
        assert_eq!(lasting.only(None, || StoredValue::new(2)), kept);
        // Another kind is another thing.
        assert_eq!(lasting.only(None, || 'x'), 'x');

        lasting.forget();
        assert!(kept.is_disposed());
        let next = lasting.only(None, || StoredValue::new(3));
        assert_eq!(next.get_value(), 3);
    }
}

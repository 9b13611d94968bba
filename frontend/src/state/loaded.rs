//! What is read of the server: one thing, or a list that is read page by page and changed in place
//! by what the person does.
//!
//! Requests overtake each other, so what is shown is never older than what was shown before: an answer
//! to an earlier question is dropped, and one that does not know of a change is asked for again.

use std::{future::Future, pin::Pin, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{
    Page,
    account::Session,
    chat::Conversation,
    files::File,
    models::Model,
    projects::{Project, PromptVersion},
    providers::{Provider, ProviderPreset},
};

use crate::api::ApiError;

/// One thing of the server; `None` until it has answered.
pub struct Loaded<T: Send + Sync + 'static> {
    value: RwSignal<Option<Result<T, ApiError>>>,
    age: StoredValue<Age>,
    fetch: StoredValue<FetchOne<T>, LocalStorage>,
}

type FetchOne<T> = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, ApiError>>>>>;

impl<T: Send + Sync> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Loaded<T> {}

impl<T: Clone + Send + Sync> Loaded<T> {
    /// Reads it at once.
    pub fn new<F>(fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        let loaded = Self {
            value: RwSignal::new(None),
            age: StoredValue::new(Age::default()),
            fetch: StoredValue::new_local(Rc::new(move || Box::pin(fetch()))),
        };
        loaded.reload();
        loaded
    }

    /// What the server has said; tracks.
    #[must_use]
    pub fn get(self) -> Option<Result<T, ApiError>> {
        self.value.get()
    }

    #[must_use]
    pub fn get_untracked(self) -> Option<Result<T, ApiError>> {
        self.value.get_untracked()
    }

    /// Reads it again, from nothing.
    pub fn reload(self) {
        self.value.set(None);
        let begun = self.age.try_update_value(Age::begin);
        let (Some(begun), Some(answer)) = (begun, self.fetch.try_with_value(|fetch| fetch()))
        else {
            return;
        };
        spawn_local(async move {
            let answer = answer.await;
            // The view may be gone by now, and its signals with it.
            if self.age.try_with_value(|age| age.judge(begun)) == Some(Verdict::Current) {
                self.value.set(Some(answer));
            }
        });
    }
}

/// How often something was asked for and changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Age {
    reads: u32,
    changes: u32,
}

/// What an answer is worth by the time it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Current,
    /// There was a change since it was asked for.
    Outdated,
    /// It was asked for again since.
    Overtaken,
}

impl Age {
    /// One more read; answers with the age to judge its answer by.
    fn begin(&mut self) -> Self {
        self.reads = self.reads.wrapping_add(1);
        *self
    }

    fn is_unread(&self) -> bool {
        self.reads == 0
    }

    fn change(&mut self) {
        self.changes = self.changes.wrapping_add(1);
    }

    /// What the answer is worth to a read that was begun at that age.
    fn judge(&self, begun: Self) -> Verdict {
        if self.reads != begun.reads {
            Verdict::Overtaken
        } else if self.changes != begun.changes {
            Verdict::Outdated
        } else {
            Verdict::Current
        }
    }
}

/// What a list holds: things that stay themselves whatever becomes of them.
pub trait Listed {
    fn is_same(&self, other: &Self) -> bool;
}

macro_rules! listed {
    ($($kind:ty: $id:ident;)*) => {
        $(impl Listed for $kind {
            fn is_same(&self, other: &Self) -> bool {
                self.$id == other.$id
            }
        })*
    };
}

listed! {
    Conversation: id;
    File: id;
    Model: id;
    Project: id;
    PromptVersion: id;
    Provider: slug;
    ProviderPreset: name;
    Session: id;
}

/// Adds a page to what is there, but for what the page and the list both have: what the person has
/// done may have put it further up.
fn extend<T: Listed>(items: &mut Vec<T>, page: Vec<T>) {
    for item in page {
        if !items.iter().any(|other| other.is_same(&item)) {
            items.push(item);
        }
    }
}

/// How far the reading of a list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    Loading,
    /// All pages are there.
    Complete,
    /// More can be asked for, from this cursor.
    More(String),
    Failed(ApiError),
}

/// The end of a list, whatever is in it: how far it is read, and how to go on.
#[derive(Clone, Copy)]
pub struct End {
    pub progress: ReadSignal<Progress>,
    pub reload: Callback<()>,
    pub more: Callback<()>,
}

type Fetch<T> =
    Rc<dyn Fn(Option<String>) -> Pin<Box<dyn Future<Output = Result<Page<T>, ApiError>>>>>;

/// A list of the server, as far as it is read.
pub struct LoadedList<T: Send + Sync + 'static> {
    items: RwSignal<Vec<T>>,
    progress: RwSignal<Progress>,
    /// The two as others see them, made once: each would be a signal of its own, and those that are made
    /// outside of a view stay for ever.
    shown: (ReadSignal<Vec<T>>, ReadSignal<Progress>),
    age: StoredValue<Age>,
    fetch: StoredValue<Fetch<T>, LocalStorage>,
}

impl<T: Send + Sync> Clone for LoadedList<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for LoadedList<T> {}

impl<T: Listed + Clone + Send + Sync> LoadedList<T> {
    /// Reads the first page at once. `fetch` answers with the page at a cursor.
    pub fn new<F>(fetch: impl Fn(Option<String>) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Page<T>, ApiError>> + 'static,
    {
        let list = Self::unread(fetch);
        list.reload();
        list
    }

    /// Reads nothing before it is told to by [`Self::need`] or [`Self::reload`].
    pub fn unread<F>(fetch: impl Fn(Option<String>) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Page<T>, ApiError>> + 'static,
    {
        let items = RwSignal::new(Vec::new());
        let progress = RwSignal::new(Progress::Loading);
        Self {
            items,
            progress,
            shown: (items.read_only(), progress.read_only()),
            age: StoredValue::new(Age::default()),
            fetch: StoredValue::new_local(Rc::new(move |cursor| Box::pin(fetch(cursor)))),
        }
    }

    /// What is there; tracks.
    #[must_use]
    pub fn items(self) -> ReadSignal<Vec<T>> {
        self.shown.0
    }

    #[must_use]
    pub fn progress(self) -> ReadSignal<Progress> {
        self.shown.1
    }

    /// The end of the list, for a view of it.
    #[must_use]
    pub fn end(self) -> End {
        End {
            progress: self.progress(),
            reload: Callback::new(move |()| self.reload()),
            more: Callback::new(move |()| self.load_more()),
        }
    }

    /// Changes what is there, after the server has agreed.
    pub fn update(self, change: impl FnOnce(&mut Vec<T>)) {
        self.age.try_update_value(Age::change);
        self.items.update(change);
    }

    /// Reads as much of it again as there is, the first page at least; what is there stays until that
    /// has come.
    pub fn reload(self) {
        let complete = self.progress.try_get_untracked() == Some(Progress::Complete);
        if !complete || self.items.try_with_untracked(Vec::is_empty) != Some(false) {
            self.progress.set(Progress::Loading);
        }
        self.read(None);
    }

    /// Somebody looks at it: reads it, unless that was done before.
    pub fn need(self) {
        if self.age.with_value(Age::is_unread) {
            self.reload();
        }
    }

    /// Reads it again, if somebody has looked at it.
    pub fn renew(self) {
        if self.age.try_with_value(Age::is_unread) == Some(false) {
            self.reload();
        }
    }

    /// Reads the next page, if there is one.
    pub fn load_more(self) {
        if let Progress::More(cursor) = self.progress.get_untracked() {
            self.progress.set(Progress::Loading);
            self.read(Some(cursor));
        }
    }

    fn read(self, cursor: Option<String>) {
        let Some(mut begun) = self.age.try_update_value(Age::begin) else {
            return;
        };
        spawn_local(async move {
            // The view may be gone after each step, and its signals with it.
            while let Some(answer) = self.fetch_from(cursor.clone()).await {
                match self.age.try_with_value(|age| (age.judge(begun), *age)) {
                    Some((Verdict::Current, _)) => return self.take(answer, cursor.is_none()),
                    Some((Verdict::Outdated, now)) => begun = now,
                    Some((Verdict::Overtaken, _)) | None => return,
                }
            }
        });
    }

    /// The page at a cursor, or, from the beginning, as many pages as there are items.
    async fn fetch_from(self, mut cursor: Option<String>) -> Option<Result<Page<T>, ApiError>> {
        let wanted = match cursor {
            Some(_) => 0,
            None => self.items.try_with_untracked(Vec::len)?,
        };
        let mut items = Vec::new();
        loop {
            let page = self
                .fetch
                .try_with_value(|fetch| fetch(cursor.take()))?
                .await;
            match page {
                Ok(page) => {
                    extend(&mut items, page.items);
                    cursor = page.next_cursor;
                }
                Err(error) => return Some(Err(error)),
            }
            if cursor.is_none() || items.len() >= wanted {
                let next_cursor = cursor;
                return Some(Ok(Page { items, next_cursor }));
            }
        }
    }

    fn take(self, answer: Result<Page<T>, ApiError>, anew: bool) {
        self.progress.set(match answer {
            Ok(page) => {
                self.items.update(|items| {
                    if anew {
                        *items = page.items;
                    } else {
                        extend(items, page.items);
                    }
                });
                page.next_cursor.map_or(Progress::Complete, Progress::More)
            }
            Err(error) => Progress::Failed(error),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Listed for (u8, &str) {
        fn is_same(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    #[test]
    fn only_the_last_answer_counts() {
        let mut age = Age::default();
        let first = age.begin();
        let second = age.begin();
        assert_eq!(age.judge(first), Verdict::Overtaken);
        assert_eq!(age.judge(second), Verdict::Current);
    }

    #[test]
    fn an_answer_that_does_not_know_of_a_change_is_outdated() {
        let mut age = Age::default();
        assert!(age.is_unread());
        let begun = age.begin();
        assert!(!age.is_unread());
        age.change();
        assert_eq!(age.judge(begun), Verdict::Outdated);
        let again = age;
        assert_eq!(age.judge(again), Verdict::Current);
    }

    #[test]
    fn what_the_list_has_already_is_not_added_again() {
        let mut items = vec![(1, "moved up"), (2, "")];
        extend(&mut items, vec![(3, ""), (1, "where it was"), (4, "")]);
        assert_eq!(items, [(1, "moved up"), (2, ""), (3, ""), (4, "")]);
    }
}

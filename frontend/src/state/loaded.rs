//! What is read of the server: one thing, or a list that is read page by page and changed in place
//! by what the person does.

use std::{future::Future, pin::Pin, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::Page;

use crate::api::ApiError;

/// One thing of the server; `None` until it has answered.
pub struct Loaded<T: Send + Sync + 'static> {
    value: RwSignal<Option<Result<T, ApiError>>>,
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
        let Some(answer) = self.fetch.try_with_value(|fetch| fetch()) else {
            return;
        };
        spawn_local(async move {
            // The view may be gone by now, and its signals with it.
            let _ = self.value.try_set(Some(answer.await));
        });
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
    fetch: StoredValue<Fetch<T>, LocalStorage>,
}

impl<T: Send + Sync> Clone for LoadedList<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for LoadedList<T> {}

impl<T: Clone + Send + Sync> LoadedList<T> {
    /// Reads the first page at once. `fetch` answers with the page at a cursor.
    pub fn new<F>(fetch: impl Fn(Option<String>) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Page<T>, ApiError>> + 'static,
    {
        let list = Self::unread(fetch);
        list.reload();
        list
    }

    /// Reads nothing before it is told to by [`Self::reload`].
    pub fn unread<F>(fetch: impl Fn(Option<String>) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Page<T>, ApiError>> + 'static,
    {
        Self {
            items: RwSignal::new(Vec::new()),
            progress: RwSignal::new(Progress::Loading),
            fetch: StoredValue::new_local(Rc::new(move |cursor| Box::pin(fetch(cursor)))),
        }
    }

    /// What is there; tracks.
    #[must_use]
    pub fn items(self) -> ReadSignal<Vec<T>> {
        self.items.read_only()
    }

    #[must_use]
    pub fn progress(self) -> ReadSignal<Progress> {
        self.progress.read_only()
    }

    /// The end of the list, for a view of it.
    #[must_use]
    pub fn end(self) -> End {
        End {
            progress: self.progress.read_only(),
            reload: Callback::new(move |()| self.reload()),
            more: Callback::new(move |()| self.load_more()),
        }
    }

    /// Changes what is there, after the server has agreed.
    pub fn update(self, change: impl FnOnce(&mut Vec<T>)) {
        self.items.update(change);
    }

    /// Reads the first page again; what is there stays until it has come.
    pub fn reload(self) {
        if self.items.with_untracked(Vec::is_empty) {
            self.progress.set(Progress::Loading);
        }
        self.read(None);
    }

    /// Reads the next page, if there is one.
    pub fn load_more(self) {
        if let Progress::More(cursor) = self.progress.get_untracked() {
            self.progress.set(Progress::Loading);
            self.read(Some(cursor));
        }
    }

    fn read(self, cursor: Option<String>) {
        let Some(page) = self.fetch.try_with_value(|fetch| fetch(cursor.clone())) else {
            return;
        };
        spawn_local(async move {
            let page = page.await;
            // The view may be gone by now, and its signals with it.
            match page {
                Ok(page) => {
                    let _ = self.items.try_update(|items| {
                        if cursor.is_none() {
                            items.clear();
                        }
                        items.extend(page.items);
                    });
                    let next = page.next_cursor.map_or(Progress::Complete, Progress::More);
                    let _ = self.progress.try_set(next);
                }
                Err(error) => {
                    let _ = self.progress.try_set(Progress::Failed(error));
                }
            }
        });
    }
}

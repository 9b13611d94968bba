//! The conversations of a project as the page knows them: two lists, which the server keeps apart.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{
    chat::Conversation,
    ids::{ConversationId, ProjectId},
    problem::ProblemCode,
};

use crate::{api, state::loaded::LoadedList};

/// When to look for the title that the server makes after a first answer: so many milliseconds after
/// the answer, and after each look.
const LOOKS: [u32; 5] = [0, 1_000, 2_000, 4_000, 8_000];

/// The conversations of one project.
#[derive(Clone, Copy)]
pub struct Conversations {
    pub active: LoadedList<Conversation>,
    pub archived: LoadedList<Conversation>,
    /// Whether the person is giving one of them a name; then no other comes in between.
    pub renaming: RwSignal<bool>,
}

impl Conversations {
    pub fn new(project: ProjectId) -> Self {
        let list = move |archived: bool| {
            LoadedList::new(move |cursor: Option<String>| async move {
                api::conversations::list(project, archived, cursor.as_deref()).await
            })
        };
        Self {
            active: list(false),
            archived: list(true),
            renaming: RwSignal::new(false),
        }
    }

    /// Every one that is known, the archived ones last; tracks.
    #[must_use]
    pub fn all(self) -> Vec<Conversation> {
        let mut all = self.active.items().get();
        all.extend(self.archived.items().get());
        all
    }

    /// Takes what the server says a conversation is now.
    pub fn replace(self, updated: &Conversation) {
        for (list, archived) in [(self.active, false), (self.archived, true)] {
            list.update(|conversations| {
                conversations.retain(|other| other.id != updated.id);
                if updated.archived == archived {
                    let at = conversations
                        .partition_point(|other| other.last_activity_at > updated.last_activity_at);
                    conversations.insert(at, updated.clone());
                }
            });
        }
    }

    /// Something has happened in one of them: it moves to the top.
    pub fn moved(self, id: ConversationId) {
        spawn_local(async move {
            // Where the server cannot be asked, the order is right again after the next time.
            if let Ok(current) = api::conversations::find(id).await {
                self.replace(&current);
            }
        });
    }

    /// An answer has ended. Where the server is going to make a title from it, that is waited for.
    pub fn answered(self, id: ConversationId, makes_title: bool) {
        let mut before = self.title(id);
        let looks = if makes_title { LOOKS.len() } else { 1 };
        spawn_local(async move {
            for wait in LOOKS.into_iter().take(looks) {
                TimeoutFuture::new(wait).await;
                let current = match api::conversations::find(id).await {
                    Ok(current) => current,
                    Err(error) if error.is(ProblemCode::NotFound) => return,
                    Err(_) => continue,
                };
                let has_changed =
                    *before.get_or_insert_with(|| current.title.clone()) != current.title;
                match self.renaming.try_get_untracked() {
                    Some(false) => self.replace(&current),
                    Some(true) => continue,
                    // The page is gone.
                    None => return,
                }
                if has_changed {
                    return;
                }
            }
        });
    }

    fn title(self, id: ConversationId) -> Option<String> {
        let of = |list: LoadedList<Conversation>| {
            list.items().with_untracked(|conversations| {
                let found = conversations.iter().find(|other| other.id == id);
                found.map(|found| found.title.clone())
            })
        };
        of(self.active).or_else(|| of(self.archived))
    }

    /// Forgets one that is deleted.
    pub fn remove(self, id: ConversationId) {
        for list in [self.active, self.archived] {
            list.update(|conversations| conversations.retain(|other| other.id != id));
        }
    }
}

//! The conversations of a project as the page knows them: two lists, which the server keeps apart.

use leptos::prelude::*;
use prompthub_dto::{
    chat::Conversation,
    ids::{ConversationId, ProjectId},
};

use crate::{api, state::loaded::LoadedList};

/// The conversations of one project.
#[derive(Clone, Copy)]
pub struct Conversations {
    pub active: LoadedList<Conversation>,
    pub archived: LoadedList<Conversation>,
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

    /// Forgets one that is deleted.
    pub fn remove(self, id: ConversationId) {
        for list in [self.active, self.archived] {
            list.update(|conversations| conversations.retain(|other| other.id != id));
        }
    }
}

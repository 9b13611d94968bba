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
    /// The one that was opened last, which may be in neither list: they are read page by page.
    opened: RwSignal<Option<(ConversationId, String)>>,
    /// Whether the person is giving one of them a name; then no other comes in between.
    pub renaming: RwSignal<bool>,
    /// Those that are deleted, of which an earlier question may still bring news.
    removed: StoredValue<Vec<ConversationId>>,
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
            opened: RwSignal::new(None),
            renaming: RwSignal::new(false),
            removed: StoredValue::new(Vec::new()),
        }
    }

    /// The title of one, if it is known; tracks.
    #[must_use]
    pub fn title_of(self, id: ConversationId) -> Option<String> {
        let title = |conversation: &Conversation| {
            (conversation.id == id).then(|| conversation.title.clone())
        };
        let listed = [self.active, self.archived]
            .into_iter()
            .find_map(|list| list.items().with(|all| all.iter().find_map(title)));
        let opened = || self.opened.get().filter(|(opened, _)| *opened == id);
        listed.or_else(|| opened().map(|(_, title)| title))
    }

    /// One was opened, and is called this.
    pub fn opened(self, conversation: ConversationId, title: String) {
        self.opened.set(Some((conversation, title)));
    }

    /// Takes what the server says a conversation is now, unless it is known to be otherwise since.
    pub fn replace(self, updated: &Conversation) {
        let is_removed = |removed: &Vec<ConversationId>| removed.contains(&updated.id);
        // Without an answer the page is gone.
        if self.removed.try_with_value(is_removed) != Some(false) || self.is_overtaken(updated) {
            return;
        }
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

    /// Whether what is known of a conversation is newer than this.
    fn is_overtaken(self, told: &Conversation) -> bool {
        let age = |of: &Conversation| (of.updated_at.clone(), of.last_activity_at.clone());
        self.known(told.id, age)
            .is_some_and(|known| known > age(told))
    }

    fn title(self, id: ConversationId) -> Option<String> {
        self.known(id, |found| found.title.clone())
    }

    /// Something of a conversation, if that is in one of the lists.
    fn known<T>(self, id: ConversationId, read: impl Fn(&Conversation) -> T) -> Option<T> {
        [self.active, self.archived].into_iter().find_map(|list| {
            list.items().with_untracked(|conversations| {
                let found = conversations.iter().find(|other| other.id == id);
                found.map(&read)
            })
        })
    }

    /// Forgets one that is deleted.
    pub fn remove(self, id: ConversationId) {
        self.removed.try_update_value(|removed| removed.push(id));
        for list in [self.active, self.archived] {
            list.update(|conversations| conversations.retain(|other| other.id != id));
        }
    }
}

#[cfg(test)]
mod tests {
    use leptos::reactive::owner::Owner;
    use prompthub_dto::{Page, Timestamp};

    use super::*;
    use crate::api::ApiError;

    /// One that was changed at a second, and was active just before.
    fn conversation(title: &str, second: u32) -> Conversation {
        let at =
            |second: u32| Timestamp::from_rfc3339(format!("2026-11-22T08:30:{second:02}.000000Z"));
        Conversation {
            id: "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
            project_id: "019aa9f5-8c00-7cc3-98c4-dc0c0c073980".parse().unwrap(),
            title: title.to_owned(),
            pinned: false,
            archived: false,
            active_message_id: None,
            last_activity_at: at(second - 1),
            created_at: at(0),
            updated_at: at(second),
        }
    }

    fn with_conversations(test: impl FnOnce(Conversations)) {
        async fn nobody_asks() -> Result<Page<Conversation>, ApiError> {
            Err(ApiError::Network)
        }
        Owner::new().with(|| {
            let list = || LoadedList::unread(|_| nobody_asks());
            test(Conversations {
                active: list(),
                archived: list(),
                opened: RwSignal::new(None),
                renaming: RwSignal::new(false),
                removed: StoredValue::new(Vec::new()),
            });
        });
    }

    fn titles(list: LoadedList<Conversation>) -> Vec<String> {
        let items = list.items().get_untracked();
        items.into_iter().map(|item| item.title).collect()
    }

    #[test]
    fn late_news_does_not_undo_what_is_newer() {
        with_conversations(|conversations| {
            conversations.replace(&conversation("first words", 1));
            let archived = Conversation {
                archived: true,
                ..conversation("a name", 3)
            };
            conversations.replace(&archived);
            conversations.replace(&conversation("first words", 2));
            assert_eq!(titles(conversations.active), [""; 0]);
            assert_eq!(titles(conversations.archived), ["a name"]);
            conversations.replace(&conversation("another name", 4));
            assert_eq!(titles(conversations.active), ["another name"]);
            assert_eq!(titles(conversations.archived), [""; 0]);
        });
    }

    #[test]
    fn what_is_open_has_a_title_though_it_is_in_no_list() {
        with_conversations(|conversations| {
            let id = conversation("", 1).id;
            assert_eq!(conversations.title_of(id), None);
            conversations.opened(id, "long ago".to_owned());
            assert_eq!(conversations.title_of(id).as_deref(), Some("long ago"));
            // What the list says is newer.
            conversations.replace(&conversation("a name", 2));
            assert_eq!(conversations.title_of(id).as_deref(), Some("a name"));
        });
    }

    #[test]
    fn what_is_deleted_does_not_come_back() {
        with_conversations(|conversations| {
            conversations.replace(&conversation("first words", 1));
            conversations.remove(conversation("", 1).id);
            conversations.replace(&conversation("a title", 2));
            assert_eq!(titles(conversations.active), [""; 0]);
        });
    }
}

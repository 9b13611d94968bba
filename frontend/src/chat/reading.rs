//! Reading a conversation: its end first, so that it is there at once, then what was said before.
//!
//! Owns what is asked of the server about messages that exist, and the way to one of them. Must
//! not render.

use std::time::Duration;

use futures_util::future::join;
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{
    chat::{Conversation, Message, UpdateConversation},
    ids::{ConversationId, MessageId},
};

use super::{
    span::Span,
    state::{ChatEvent, ChatState, Load, spawn},
    tree::MessageTree,
};
use crate::api::{ApiError, conversations};

/// How many messages are asked for first: what is shown at once, and some to scroll into.
const FIRST_PAGE: u32 = 50;
/// How many are asked for at a time after that, which is as many as the server gives.
const PAGE: u32 = prompthub_dto::page::MAX_LIMIT;
/// How long the messages of a conversation that is opened may take to be on the page.
const SETTLING: Duration = Duration::from_millis(500);
/// How long a message that was looked for stays marked.
const MARKED: Duration = Duration::from_secs(3);

/// How far what was said before is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Older {
    /// All of the conversation is there.
    Complete,
    /// There is more, from this cursor.
    More(String),
    /// It could not be read from this cursor on.
    Failed(String, ApiError),
}

impl From<Option<String>> for Older {
    fn from(next_cursor: Option<String>) -> Self {
        next_cursor.map_or(Self::Complete, Self::More)
    }
}

/// The end of a conversation.
pub(super) struct Newest {
    pub conversation: Conversation,
    pub messages: Vec<Message>,
    older: Older,
}

impl ChatState {
    /// Shows another conversation, or the beginning of a new one. With `message`, at that message.
    pub fn open(self, conversation: Option<ConversationId>, message: Option<MessageId>) {
        self.abort_work();
        self.abort_reading();
        self.conversation.set(conversation);
        self.tree.set(MessageTree::default());
        self.leaf.set(None);
        self.span.set(Span::default());
        self.older.set(Older::Complete);
        self.live.set(None);
        self.pending.set(None);
        self.refusal.set(None);
        self.stop_early.set(false);
        self.chosen.set_value(None);
        self.model.set(None);
        self.ended.set_value(None);
        self.announcement.set("");
        self.marked.set(None);
        self.sought.set_value(message);
        self.restore_draft();
        let doubt = self.place().load_doubt();
        self.doubt.set_value(doubt.clone());
        let Some(id) = conversation else {
            self.load.set(Load::Ready);
            self.settling.set(false);
            self.to_end();
            if let Some(doubt) = doubt {
                self.work(self.look_for(doubt));
            }
            return;
        };
        self.load.set(Load::Loading);
        self.settling.set(true);
        self.work(async move {
            match self.read_end(id).await {
                Ok(newest) => {
                    self.show(newest);
                    self.settle_soon();
                    self.forget_sent_draft();
                    if self.sought.get_value().is_some() {
                        self.go_to_sought();
                    } else {
                        self.to_end();
                    }
                    self.read_older();
                    self.follow_running().await;
                }
                Err(error) => {
                    self.settling.set(false);
                    self.load.set(Load::Failed(error));
                }
            }
        });
    }

    fn settle_soon(self) {
        set_timeout(
            move || {
                // The pane may be gone by then, or wait for another conversation.
                if self.load.try_get_untracked() == Some(Load::Ready) {
                    self.settling.set(false);
                }
            },
            SETTLING,
        );
    }

    /// Puts right what another tab or program has changed in the meantime.
    pub fn refresh(self) {
        if matches!(self.load.get_untracked(), Load::Failed(error) if error.may_pass()) {
            return self.open(self.conversation.get_untracked(), self.sought.get_value());
        }
        let idle = !self.pending.with_untracked(Option::is_some)
            && !self.live.with_untracked(Option::is_some)
            && self.load.get_untracked() == Load::Ready;
        let Some(id) = self.conversation.get_untracked().filter(|_| idle) else {
            return;
        };
        // What the server does not know of must not be undone by what it says.
        if self.chosen.with_value(Option::is_some) {
            return self.tell_chosen();
        }
        self.work(async move {
            // What is shown stays true to its moment where the server cannot be asked.
            let Ok(conversation) = conversations::find(id).await else {
                return;
            };
            if conversation.active_message_id == self.leaf.get_untracked() {
                return;
            }
            if let Ok(newest) = self.read_end(id).await {
                self.show(newest);
                self.follow_running().await;
            }
        });
    }

    /// The end of the conversation, as far back as it takes to join what is here already, and to
    /// hold what is to be shown.
    pub(super) async fn read_end(self, id: ConversationId) -> Result<Newest, ApiError> {
        let (conversation, page) = join(
            conversations::find(id),
            conversations::list_newest_messages(id, FIRST_PAGE, None),
        )
        .await;
        let (conversation, page) = (conversation?, page?);
        let mut newest = Newest {
            conversation,
            messages: page.items,
            older: page.next_cursor.into(),
        };
        while let Older::More(cursor) = &newest.older
            && !self.suffices(&newest)
        {
            let page = conversations::list_newest_messages(id, PAGE, Some(cursor)).await?;
            newest.messages.extend(page.items);
            newest.older = page.next_cursor.into();
        }
        Ok(newest)
    }

    fn suffices(self, newest: &Newest) -> bool {
        let read = |id: MessageId| newest.messages.iter().any(|message| message.id == id);
        self.tree.with_untracked(|tree| {
            let there = |id: MessageId| tree.contains(id) || read(id);
            let joins = tree.is_empty()
                || newest
                    .messages
                    .iter()
                    .any(|message| tree.contains(message.id));
            joins
                && newest.conversation.active_message_id.is_none_or(there)
                && self.sought.get_value().is_none_or(there)
        })
    }

    pub(super) fn show(self, newest: Newest) {
        let Newest {
            conversation,
            messages,
            older,
        } = newest;
        if self.tree.with_untracked(MessageTree::is_empty) {
            self.older.set(older);
        }
        let before = untrack(|| self.path());
        self.tree.update(|tree| tree.extend(messages));
        let leaf = self.tree.with_untracked(|tree| {
            conversation
                .active_message_id
                .filter(|id| tree.contains(*id))
                .or_else(|| tree.newest_leaf(None))
        });
        self.leaf.set(leaf);
        if before.is_empty() {
            let path = untrack(|| self.path());
            self.span.set(Span::at_end(&path));
        }
        self.load.set(Load::Ready);
        self.tell(ChatEvent::Read {
            conversation: conversation.id,
            title: conversation.title,
        });
    }

    /// Reads what was said before, page by page, while the person reads the end.
    pub fn read_older(self) {
        let reading = async move {
            self.retry_older();
            while let (Some(id), Older::More(cursor)) = (
                self.conversation.get_untracked(),
                self.older.get_untracked(),
            ) {
                // What there is now is painted, and whatever the person does comes first.
                TimeoutFuture::new(0).await;
                match conversations::list_newest_messages(id, PAGE, Some(&cursor)).await {
                    Ok(page) => {
                        self.tree.update(|tree| tree.extend(page.items));
                        self.older.set(page.next_cursor.into());
                        if self.go_to_sought() {
                            self.resume_shown();
                        }
                    }
                    Err(error) => self.older.set(Older::Failed(cursor, error)),
                }
            }
        };
        self.abort_reading();
        self.reading.set_value(Some(spawn(Box::pin(reading))));
    }

    fn retry_older(self) {
        if let Older::Failed(cursor, _) = self.older.get_untracked() {
            self.older.set(Older::More(cursor));
        }
    }

    /// Takes the reader to a message of this conversation, on whatever path it is.
    pub fn seek(self, message: MessageId) {
        self.sought.set_value(Some(message));
        if self.load.get_untracked() == Load::Ready && self.go_to_sought() {
            self.resume_shown();
        }
    }

    /// Goes to the message that is looked for, if there is one and it is read.
    fn go_to_sought(self) -> bool {
        let Some(message) = self.sought.get_value() else {
            return false;
        };
        if !self.tree.with_untracked(|tree| tree.contains(message)) {
            if self.older.get_untracked() == Older::Complete {
                self.sought.set_value(None);
                self.to_end();
                self.toasts
                    .problem("The message that was looked for is no longer here.");
            }
            return false;
        }
        self.sought.set_value(None);
        if !untrack(|| self.path()).contains(&message) {
            let leaf = self
                .tree
                .with_untracked(|tree| tree.newest_leaf(Some(message)));
            self.show_path(leaf);
        }
        self.span
            .set(Span::around(&untrack(|| self.path()), message));
        self.marked.set(Some(message));
        set_timeout(
            move || {
                // Another one may be marked by then, and the pane gone.
                if self.marked.try_get_untracked().flatten() == Some(message) {
                    self.marked.set(None);
                }
            },
            MARKED,
        );
        true
    }

    /// Shows another version of a message, with what was said after it.
    pub fn choose_version(self, version: MessageId) {
        let leaf = self
            .tree
            .with_untracked(|tree| tree.newest_leaf(Some(version)));
        self.show_path(leaf);
        let path = untrack(|| self.path());
        self.span
            .update(|span| *span = span.with_end_near(&path, version));
        self.resume_shown();
    }

    /// Shows the path that ends in `leaf`, here and wherever the conversation is opened next.
    fn show_path(self, leaf: Option<MessageId>) {
        self.leaf.set(leaf);
        self.chosen.set_value(leaf);
        self.tell_chosen();
    }

    /// Tells the server which path was chosen, the last one once it knows of the one before: two requests at
    /// once may arrive in either order.
    fn tell_chosen(self) {
        if self.telling.get_value() {
            return;
        }
        self.telling.set_value(true);
        spawn_local(async move {
            // The pane may be gone after each request.
            while let Some((conversation, leaf)) = self.to_tell() {
                let body = UpdateConversation {
                    active_message_id: Some(leaf),
                    ..UpdateConversation::default()
                };
                let told = conversations::update(conversation, body).await.is_ok();
                let chosen = self.chosen.try_get_value().flatten();
                if chosen != Some(leaf) {
                    continue;
                }
                // Where the server does not hear of it, the choice holds until the conversation is opened
                // again; what is sent until then names its place itself.
                if told {
                    self.chosen.try_set_value(None);
                }
                break;
            }
            self.telling.try_set_value(false);
        });
    }

    fn to_tell(self) -> Option<(ConversationId, MessageId)> {
        let conversation = self.conversation.try_get_untracked()??;
        let leaf = self.chosen.try_get_value()??;
        Some((conversation, leaf))
    }

    /// Follows the answer at the end of what is shown, where that is still being written.
    fn resume_shown(self) {
        if !untrack(|| self.is_answering()) {
            self.work(self.follow_running());
        }
    }

    pub(super) fn abort_reading(self) {
        if let Some(handle) = self.reading.try_update_value(Option::take).flatten() {
            handle.abort();
        }
    }
}

//! What is typed in the box and not yet the server's: kept for each conversation, and for each
//! message that is edited, until the server has acknowledged it.
//!
//! Owns the moves of a draft between the box and the browser's storage. Must not send.

use leptos::prelude::*;
use prompthub_dto::ids::{ConversationId, MessageId, ProjectId};

use super::state::{ChatState, Question};
use crate::state::drafts;

/// Which draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Begins a conversation in the project.
    Beginning(ProjectId),
    Conversation(ConversationId),
    /// A new version of a message.
    Edit(MessageId),
}

impl Place {
    fn key(self) -> String {
        match self {
            Self::Beginning(project) => format!("message.new.{project}"),
            Self::Conversation(conversation) => format!("message.in.{conversation}"),
            Self::Edit(message) => format!("message.edit.{message}"),
        }
    }

    fn load(self) -> Option<String> {
        drafts::load(&self.key())
    }

    fn save(self, text: &str) {
        if text.is_empty() {
            drafts::clear(&self.key());
        } else {
            drafts::save(&self.key(), &text);
        }
    }
}

/// What was sent, and what was typed after it.
fn join(sent: &str, typed: &str) -> String {
    if typed.is_empty() {
        sent.to_owned()
    } else {
        format!("{sent}\n\n{typed}")
    }
}

impl ChatState {
    fn place(self) -> Place {
        self.conversation.get_untracked().map_or_else(
            || Place::Beginning(self.project.with_untracked(|project| project.id)),
            Place::Conversation,
        )
    }

    /// The person has typed.
    pub fn type_text(self, text: String) {
        self.draft.set(text);
        self.keep_draft();
    }

    /// Stores what would be lost if the page went away now: what is typed and, before it, what is
    /// sent but not acknowledged.
    fn keep_draft(self) {
        let typed = self.draft.get_untracked();
        if let Some(message) = self.editing.get_untracked() {
            return Place::Edit(message).save(&typed);
        }
        self.place().save(&match self.pending.get_untracked() {
            Some(Question::Message {
                text, edits: None, ..
            }) => join(&text, &typed),
            _ => typed,
        });
    }

    /// Takes back into the box what was typed here before.
    pub(super) fn restore_draft(self) {
        self.editing.set(None);
        self.draft.set(self.place().load().unwrap_or_default());
    }

    /// Forgets a draft that has reached the conversation after all: its sending was cut short by
    /// leaving the page, and the server had it already.
    pub(super) fn forget_sent_draft(self) {
        let draft = self.draft.get_untracked();
        let last = self.leaf.get_untracked().and_then(|leaf| {
            self.tree
                .with_untracked(|tree| tree.get(tree.last_of_person(leaf)?).cloned())
        });
        if last.is_some_and(|last| last.content == draft) {
            self.type_text(String::new());
        }
    }

    /// Takes the box's text to be sent.
    pub(super) fn take_draft(self) -> Question {
        let question = Question::Message {
            text: self.draft.get_untracked(),
            edits: self.editing.get_untracked(),
            model: self.model.get_untracked(),
        };
        self.model.set(None);
        if self.editing.get_untracked().is_some() {
            // Under the edit there may be a message that was begun before.
            self.restore_draft();
        } else {
            self.draft.set(String::new());
        }
        question
    }

    /// The server has stored the pending question in `conversation`; from now on it keeps it.
    pub(super) fn acknowledge(self, conversation: ConversationId) {
        match self.pending.get_untracked() {
            Some(Question::Message {
                edits: Some(message),
                ..
            }) => Place::Edit(message).save(""),
            Some(Question::Message { edits: None, .. }) => self.place().save(""),
            Some(Question::Again(_)) | None => {}
        }
        self.pending.set(None);
        self.conversation.set(Some(conversation));
        // What was typed in the meantime belongs to the conversation.
        self.keep_draft();
    }

    /// Puts a question that the server did not take back into the box.
    pub(super) fn give_back(self, question: &Question) {
        self.pending.set(None);
        if let Question::Message { text, edits, model } = question {
            let typed = if edits.is_some() {
                String::new()
            } else {
                self.draft.get_untracked()
            };
            self.model.set(model.clone());
            self.editing.set(*edits);
            self.type_text(join(text, &typed));
        }
    }

    /// Puts a message of the person into the box, to be sent in another version.
    pub fn edit(self, message: MessageId) {
        let content = self
            .tree
            .with_untracked(|tree| tree.get(message).map(|found| found.content.clone()));
        if let Some(content) = content {
            self.editing.set(Some(message));
            self.draft
                .set(Place::Edit(message).load().unwrap_or(content));
        }
    }

    /// Edits the last message that the person sent on this path.
    pub fn edit_last(self) {
        let Some(leaf) = self.leaf.get_untracked() else {
            return;
        };
        if let Some(message) = self.tree.with_untracked(|tree| tree.last_of_person(leaf)) {
            self.edit(message);
        }
    }

    /// Leaves the message as it was.
    pub fn cancel_edit(self) {
        if let Some(message) = self.editing.get_untracked() {
            Place::Edit(message).save("");
            self.refusal.set(None);
            self.restore_draft();
        }
    }
}

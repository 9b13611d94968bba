//! What is typed in the box and not yet the server's: kept for each conversation, and for each
//! message that is edited, until the server has acknowledged it.
//!
//! Owns the moves of a draft between the box and the browser's storage. Must not send.

use leptos::prelude::*;
use prompthub_dto::{
    chat::Message,
    ids::{ConversationId, MessageId, ProjectId},
};

use super::state::{ChatState, Question};
use crate::state::drafts;

/// Which draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Begins a conversation in the project.
    Beginning(ProjectId),
    Conversation(ConversationId),
    /// A new version of a message.
    Edit(MessageId),
}

impl Place {
    pub(super) fn key(self) -> String {
        match self {
            Self::Beginning(project) => format!("message.new.{project}"),
            Self::Conversation(conversation) => format!("message.in.{conversation}"),
            Self::Edit(message) => format!("message.edit.{message}"),
        }
    }

    fn load(self) -> Option<Typed> {
        drafts::load(&self.key())
    }

    fn save(self, typed: &Typed) {
        if typed.0.is_empty() && typed.1.is_empty() {
            self.clear();
        } else {
            drafts::save(&self.key(), &typed);
        }
    }

    fn clear(self) {
        drafts::clear(&self.key());
    }

    /// Adds an image to what is kept of a draft that is not in the box.
    pub(super) fn attach(self, name: String) {
        let kept = self.load();
        // Alone it would stand for the whole of an edit that was left.
        if kept.is_none() && matches!(self, Self::Edit(_)) {
            return;
        }
        let (text, mut images) = kept.unwrap_or_default();
        if !images.contains(&name) {
            images.push(name);
            self.save(&(text, images));
        }
    }
}

/// A text and the images that go with it.
pub(super) type Typed = (String, Vec<String>);

/// The images of a message that are still there.
pub(super) fn image_names(message: &Message) -> Vec<String> {
    let images = message.attachments.iter();
    images
        .filter(|image| image.file_id.is_some())
        .map(|image| image.file.clone())
        .collect()
}

/// What was sent, and what was typed after it.
fn join(sent: &str, images: &[String], (typed, more): Typed) -> Typed {
    let text = if typed.is_empty() || sent.is_empty() {
        format!("{sent}{typed}")
    } else {
        format!("{sent}\n\n{typed}")
    };
    let new = more.into_iter().filter(|image| !images.contains(image));
    (text, images.iter().cloned().chain(new).collect())
}

/// What was typed after a text was sent, as [`join`] has put it; `None` if this begins with another text.
fn after(sent: &str, typed: &str) -> Option<String> {
    let rest = typed.strip_prefix(sent)?;
    let rest = rest.strip_prefix("\n\n").or(rest.is_empty().then_some(""));
    rest.map(str::to_owned)
}

impl ChatState {
    pub(super) fn place(self) -> Place {
        self.conversation.get_untracked().map_or_else(
            || Place::Beginning(self.project.with_untracked(|project| project.id)),
            Place::Conversation,
        )
    }

    /// The draft that is in the box; tracks.
    pub(super) fn place_in_box(self) -> Place {
        self.conversation.track();
        let editing = self.editing.get().map(Place::Edit);
        editing.unwrap_or_else(|| self.place())
    }

    fn typed(self) -> Typed {
        (self.draft.get_untracked(), self.images.get_untracked())
    }

    fn put(self, (text, images): Typed) {
        self.draft.set(text);
        self.images.set(images);
    }

    /// The person has typed.
    pub fn type_text(self, text: String) {
        self.draft.set(text);
        self.keep_draft();
    }

    /// Stores what would be lost if the page went away now: what is typed and, before it, what is
    /// sent but not acknowledged.
    pub(super) fn keep_draft(self) {
        let typed = self.typed();
        if let Some(message) = self.editing.get_untracked() {
            return Place::Edit(message).save(&typed);
        }
        self.place().save(&match self.pending.get_untracked() {
            Some(Question::Message {
                text,
                images,
                edits: None,
                ..
            }) => join(&text, &images, typed),
            _ => typed,
        });
    }

    /// Takes back into the box what was typed here before.
    pub(super) fn restore_draft(self) {
        self.editing.set(None);
        self.put(self.place().load().unwrap_or_default());
    }

    /// Forgets a draft that has reached the conversation after all: its sending was cut short by
    /// leaving the page, and the server had it already.
    pub(super) fn forget_sent_draft(self) {
        let (draft, images) = self.typed();
        let last = self.leaf.get_untracked().and_then(|leaf| {
            self.tree
                .with_untracked(|tree| tree.get(tree.last_of_person(leaf)?).cloned())
        });
        if last.is_some_and(|last| last.content == draft && image_names(&last) == images) {
            self.put(Typed::default());
            self.keep_draft();
            self.forget_doubt();
        }
    }

    /// Takes a question out of the box that the server turned out to have.
    pub(super) fn take_out(self, question: &Question) {
        let Question::Message { text, images, .. } = question else {
            return;
        };
        let (typed, mut more) = self.typed();
        if let Some(rest) = after(text, &typed) {
            more.retain(|image| !images.contains(image));
            self.put((rest, more));
            self.keep_draft();
        }
    }

    /// Takes the box's text to be sent.
    pub(super) fn take_draft(self) -> Question {
        let question = Question::Message {
            text: self.draft.get_untracked(),
            images: self.images.get_untracked(),
            edits: self.editing.get_untracked(),
            model: self.model.get_untracked(),
        };
        self.model.set(None);
        if self.editing.get_untracked().is_some() {
            // Under the edit there may be a message that was begun before.
            self.restore_draft();
        } else {
            self.put(Typed::default());
        }
        question
    }

    /// The server has stored the pending question in `conversation`; from now on it keeps it.
    pub(super) fn acknowledge(self, conversation: ConversationId) {
        match self.pending.get_untracked() {
            Some(Question::Message {
                edits: Some(message),
                ..
            }) => Place::Edit(message).clear(),
            Some(Question::Message { edits: None, .. }) => self.place().clear(),
            Some(Question::Again(_)) | None => {}
        }
        self.pending.set(None);
        // The path that is shown is now the server's own.
        self.chosen.set_value(None);
        self.forget_doubt();
        let before = self.place();
        if matches!(before, Place::Beginning(_)) {
            self.begun.set(Some(conversation));
        }
        self.conversation.set(Some(conversation));
        self.move_sending(before, self.place());
        // What was typed in the meantime belongs to the conversation.
        self.keep_draft();
    }

    /// Puts a question that the server did not take back into the box.
    pub(super) fn give_back(self, question: &Question) {
        self.pending.set(None);
        if let Question::Message {
            text,
            images,
            edits,
            model,
        } = question
        {
            let typed = if edits.is_some() {
                Typed::default()
            } else {
                self.typed()
            };
            self.model.set(model.clone());
            self.editing.set(*edits);
            self.put(join(text, images, typed));
            self.keep_draft();
        }
    }

    /// Puts a message of the person into the box, to be sent in another version.
    pub fn edit(self, message: MessageId) {
        let found = self.tree.with_untracked(|tree| tree.get(message).cloned());
        if let Some(found) = found {
            let was = || (found.content.clone(), image_names(&found));
            self.editing.set(Some(message));
            self.put(Place::Edit(message).load().unwrap_or_else(was));
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

    /// Leaves the message as it was, and forgets what was typed for it.
    pub fn cancel_edit(self) {
        if let Some(message) = self.editing.get_untracked() {
            Place::Edit(message).clear();
            self.leave_edit();
        }
    }

    /// Leaves the message as it was. What was typed for it is there when it is edited again.
    pub fn leave_edit(self) {
        self.refusal.set(None);
        self.restore_draft();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_comes_before_what_was_typed_since() {
        let images = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let joined = join(
            "sent",
            &images(&["a"]),
            ("typed".to_owned(), images(&["a", "b"])),
        );
        assert_eq!(joined, ("sent\n\ntyped".to_owned(), images(&["a", "b"])));
        assert_eq!(join("", &[], ("typed".to_owned(), Vec::new())).0, "typed");
        assert_eq!(join("sent", &[], Typed::default()).0, "sent");
        assert_eq!(after("sent", "sent\n\ntyped").as_deref(), Some("typed"));
        assert_eq!(after("sent", "sent").as_deref(), Some(""));
        for mended in ["sent away", "send", ""] {
            assert_eq!(after("sent", mended), None, "{mended}");
        }
    }
}

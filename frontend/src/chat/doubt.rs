//! A question whose sending broke off: the server may have it all the same.
//!
//! Owns finding that out, so that no question is asked twice. Must not send.

use leptos::prelude::*;
use prompthub_dto::{
    chat::{Message, Role},
    ids::{ConversationId, MessageId},
};

use super::{
    draft::image_names,
    state::{ChatEvent, ChatState, Question},
    tree::MessageTree,
};
use crate::api::{ApiError, conversations};

/// By how many milliseconds this machine's clock may be ahead of the server's.
const CLOCKS_APART: f64 = 60_000.0;
/// How many of the conversations that have begun since are looked into.
const LOOKED_INTO: usize = 3;

/// A question that was sent, and never heard of again.
#[derive(Debug, Clone)]
pub struct Doubt {
    pub question: Question,
    /// The newest message that was known before; what came of the question is newer.
    after: Option<MessageId>,
    /// When it was sent, in milliseconds since the Unix epoch.
    sent_at: f64,
}

impl Doubt {
    /// Whether the question may have been taken although its sending ended like this.
    #[must_use]
    pub fn is_left_by(error: &ApiError) -> bool {
        matches!(error, ApiError::Network | ApiError::Unreadable { .. })
    }

    /// Whether this message is what came of the question. `tree` is what was known before.
    fn explains(&self, message: &Message, tree: &MessageTree) -> bool {
        let is_it = match &self.question {
            Question::Message { text, images, .. } => {
                message.role == Role::User
                    && message.content == *text
                    && image_names(message) == *images
            }
            Question::Again(answer) => {
                message.role == Role::Assistant
                    && tree
                        .get(*answer)
                        .is_some_and(|answer| answer.parent_id == message.parent_id)
            }
        };
        is_it && Some(message.id) > self.after
    }
}

impl ChatState {
    /// What is to be remembered of a question that is being sent now.
    pub(super) fn doubt(self, question: Question) -> Doubt {
        Doubt {
            question,
            after: self.tree.with_untracked(MessageTree::newest),
            sent_at: js_sys::Date::now(),
        }
    }

    /// Whether the server has taken this question in; then it is shown.
    pub(super) async fn was_taken_in(self, doubt: &Doubt) -> Result<bool, ApiError> {
        let before = self.conversation.get_untracked();
        let found = match before {
            Some(id) => Some(id),
            None => self.find_begun(doubt).await?,
        };
        let Some(id) = found else {
            return Ok(false);
        };
        let newest = self.read_end(id).await?;
        let taken = self.tree.with_untracked(|tree| {
            let mut messages = newest.messages.iter();
            messages.any(|message| doubt.explains(message, tree))
        });
        if taken {
            self.acknowledge(id);
            self.show(newest);
            self.to_end();
            self.tell(match before {
                Some(_) => ChatEvent::Asked(id),
                None => ChatEvent::Begun(id),
            });
        }
        Ok(taken)
    }

    /// The conversation that has begun with the question since it was sent.
    async fn find_begun(self, doubt: &Doubt) -> Result<Option<ConversationId>, ApiError> {
        let project = self.project.with_untracked(|project| project.id);
        let newest = conversations::list(project, false, None).await?;
        let since = doubt.sent_at - CLOCKS_APART;
        let begun = newest
            .items
            .into_iter()
            .filter(|conversation| js_sys::Date::parse(conversation.created_at.as_str()) >= since);
        for conversation in begun.take(LOOKED_INTO) {
            // A question and its answer: whatever has gone on from there is known to somebody.
            let all = conversations::list_newest_messages(conversation.id, 3, None).await?;
            let is_first = |message: &Message| {
                let tree = MessageTree::default();
                message.parent_id.is_none() && doubt.explains(message, &tree)
            };
            if all.next_cursor.is_none() && all.items.iter().any(is_first) {
                return Ok(Some(conversation.id));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::message, *};

    fn doubt(question: Question, after: Option<u32>) -> Doubt {
        Doubt {
            question,
            after: after.map(|number| message(number, None, Role::User, "").id),
            sent_at: 0.0,
        }
    }

    fn asked(text: &str) -> Question {
        Question::Message {
            text: text.to_owned(),
            images: Vec::new(),
            edits: None,
            model: None,
        }
    }

    #[test]
    fn a_question_is_found_by_its_text_among_what_is_newer() {
        let tree = MessageTree::default();
        let doubt = doubt(asked("Again?"), Some(4));
        let explains =
            |number, role, text| doubt.explains(&message(number, Some(2), role, text), &tree);
        assert!(explains(5, Role::User, "Again?"));
        assert!(!explains(3, Role::User, "Again?"), "asked before");
        assert!(!explains(5, Role::User, "Another?"));
        assert!(!explains(5, Role::Assistant, "Again?"));
    }

    #[test]
    fn another_answer_is_found_beside_the_one_before() {
        let mut tree = MessageTree::default();
        let before = message(2, Some(1), Role::Assistant, "");
        let doubt = doubt(Question::Again(before.id), Some(2));
        tree.insert(before);
        let explains = |number, parent| {
            doubt.explains(&message(number, Some(parent), Role::Assistant, ""), &tree)
        };
        assert!(explains(3, 1));
        assert!(!explains(2, 1), "the one before");
        assert!(!explains(4, 3), "an answer to another question");
    }

    #[test]
    fn only_a_lost_answer_leaves_a_doubt() {
        assert!(Doubt::is_left_by(&ApiError::Network));
        assert!(Doubt::is_left_by(&ApiError::Unreadable { status: 504 }));
        assert!(!Doubt::is_left_by(&ApiError::Cancelled));
    }
}

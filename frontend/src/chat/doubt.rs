//! A question whose sending broke off, or was left alone: the server may have it all the same.
//!
//! Owns finding that out, so that no question is asked twice. Must not send.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use prompthub_dto::{
    chat::{Message, Role},
    ids::{ConversationId, MessageId},
};

use super::{
    draft::{Place, Typed, image_names},
    state::{ChatEvent, ChatState, Question},
    tree::MessageTree,
};
use crate::{
    api::{ApiError, conversations},
    state::drafts,
};

/// By how many milliseconds this machine's clock may be ahead of the server's.
const CLOCKS_APART: f64 = 60_000.0;
/// How many of the conversations that have begun since are looked into.
const LOOKED_INTO: usize = 3;
/// When to look for what has become of a question that was left alone: so many milliseconds after its place
/// is shown again, and after each look. The server may still have it before it.
const LOOKS: [u32; 4] = [0, 1_000, 3_000, 8_000];

/// A question that was sent, and never heard of again.
#[derive(Debug, Clone)]
pub struct Doubt {
    pub question: Question,
    /// The newest message that was known before; what came of the question is newer.
    after: Option<MessageId>,
    /// The conversation that was begun before, if this one was to begin another.
    begun: Option<ConversationId>,
    /// When it was sent, in milliseconds since the Unix epoch.
    sent_at: f64,
    /// Whether the person has gone away from the beginning of a conversation meanwhile. What is asked there
    /// now is then no other wording of this.
    left: bool,
}

impl Place {
    fn doubt_key(self) -> String {
        format!("{}.sent", self.key())
    }

    /// Keeps what is to be known should the person leave before the server has answered.
    fn keep_doubt(self, doubt: &Doubt) {
        if let Question::Message {
            text,
            images,
            edits: None,
            ..
        } = &doubt.question
        {
            // In the form of a draft, which needs no code of its own: what is known besides stands before the
            // names of the images.
            let known = [
                doubt.after.map(|id| id.to_string()).unwrap_or_default(),
                doubt.begun.map(|id| id.to_string()).unwrap_or_default(),
                format!("{:.0}", doubt.sent_at),
            ];
            let kept: Typed = (
                text.clone(),
                known.into_iter().chain(images.iter().cloned()).collect(),
            );
            drafts::save(&self.doubt_key(), &kept);
        }
    }

    /// The doubt that was left here.
    pub(super) fn load_doubt(self) -> Option<Doubt> {
        let (text, kept) = drafts::load::<Typed>(&self.doubt_key())?;
        let mut kept = kept.into_iter();
        let (after, begun, sent_at) = (kept.next()?, kept.next()?, kept.next()?);
        let images = kept.collect();
        let question = Question::Message {
            text,
            images,
            edits: None,
            model: None,
        };
        Some(Doubt {
            question,
            after: after.parse().ok(),
            begun: begun.parse().ok(),
            sent_at: js_sys::Number::parse_float(&sent_at),
            left: matches!(self, Self::Beginning(_)),
        })
    }

    fn forget_doubt(self) {
        drafts::clear(&self.doubt_key());
    }
}

impl Doubt {
    /// Whether the question may have been taken although its sending ended like this.
    #[must_use]
    pub fn is_left_by(error: &ApiError) -> bool {
        matches!(error, ApiError::Network | ApiError::Unreadable { .. })
    }

    /// Whether a question is this one, to whatever model it goes.
    #[must_use]
    pub fn is_about(&self, question: &Question) -> bool {
        match (&self.question, question) {
            (
                Question::Message {
                    text,
                    images,
                    edits,
                    ..
                },
                Question::Message {
                    text: other_text,
                    images: other_images,
                    edits: other_edits,
                    ..
                },
            ) => (text, images, edits) == (other_text, other_images, other_edits),
            (one, other) => one == other,
        }
    }

    /// Whether it has to be resolved before this question is asked.
    #[must_use]
    pub fn stands_before(&self, question: &Question) -> bool {
        !self.left || self.is_about(question)
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
        let doubt = Doubt {
            question,
            after: self.tree.with_untracked(MessageTree::newest),
            begun: self.begun.get_untracked(),
            sent_at: js_sys::Date::now(),
            left: false,
        };
        self.place().keep_doubt(&doubt);
        doubt
    }

    /// It is known what has become of the question.
    pub(super) fn forget_doubt(self) {
        self.doubt.set_value(None);
        self.place().forget_doubt();
    }

    /// Looks for a conversation that was left before it was there. What is found needs no sending any more.
    pub(super) async fn look_for(self, doubt: Doubt) {
        for wait in LOOKS {
            TimeoutFuture::new(wait).await;
            if let Ok(Some(conversation)) = self.find_begun(&doubt).await {
                self.forget_doubt();
                self.take_out(&doubt.question);
                self.tell(ChatEvent::Asked(conversation));
                return;
            }
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
        let begun = newest.items.into_iter().filter(|conversation| {
            Some(conversation.id) > doubt.begun
                && js_sys::Date::parse(conversation.created_at.as_str()) >= since
        });
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
            begun: None,
            sent_at: 0.0,
            left: false,
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
    fn who_has_gone_away_may_ask_something_else() {
        let mut doubt = doubt(asked("Again?"), None);
        let to_another = Question::Message {
            text: "Again?".to_owned(),
            images: Vec::new(),
            edits: None,
            model: Some("a/b".to_owned()),
        };
        assert!(doubt.is_about(&to_another));
        assert!(doubt.stands_before(&asked("Another?")));
        doubt.left = true;
        assert!(!doubt.stands_before(&asked("Another?")));
        assert!(doubt.stands_before(&to_another));
    }

    #[test]
    fn only_a_lost_answer_leaves_a_doubt() {
        assert!(Doubt::is_left_by(&ApiError::Network));
        assert!(Doubt::is_left_by(&ApiError::Unreadable { status: 504 }));
        assert!(!Doubt::is_left_by(&ApiError::Cancelled));
    }
}

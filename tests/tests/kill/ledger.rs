//! What the server has promised to a person: the other side of every audit.
//!
//! Owns what was sent, what came back, and when. Must not ask the server anything.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use prompthub_dto::{
    chat::{Message, MessageStatus},
    ids::{ConversationId, GenerationId, MessageId, ProjectId},
};

/// What is known of a request that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Answered with a 2xx: it is there, once.
    Acknowledged,
    /// The connection broke before an answer came: it is there once, or not at all.
    Unknown,
    /// Answered with a refusal: it is not there.
    Refused,
}

/// A message that a person has sent.
#[derive(Debug)]
pub struct Question {
    pub number: u64,
    pub fate: Fate,
    /// Where it was sent to; for a new conversation, where the answer said that it is.
    pub conversation: Option<ConversationId>,
}

/// An answer that the server has named.
#[derive(Debug)]
pub struct Answer {
    pub number: u64,
    pub id: MessageId,
    pub generation: GenerationId,
    pub conversation: ConversationId,
    /// What its reader has seen.
    pub text: String,
    /// How many bytes of it were there at which moment.
    pub seen: Vec<(Instant, usize)>,
    /// How the server said that it ended.
    pub done: Option<Message>,
    /// Whether somebody has asked that it stop, or has left an answer that stops then.
    pub may_be_cancelled: bool,
    /// Whether it was compared with what is stored after the server had ended.
    pub audited: bool,
}

impl Answer {
    /// How many bytes its reader had seen at `moment`.
    pub fn seen_at(&self, moment: Instant) -> usize {
        let before = self.seen.iter().filter(|(at, _)| *at <= moment);
        before.map(|(_, length)| *length).max().unwrap_or(0)
    }
}

/// A file that a person has sent.
#[derive(Debug)]
pub struct Upload {
    pub name: String,
    pub bytes: Vec<u8>,
    pub fate: Fate,
    /// Whether its bytes were compared.
    pub audited: bool,
}

/// What a conversation may be called.
#[derive(Debug, Default)]
pub struct Titles {
    /// By the last word of the server; `None` while nobody has named it.
    pub sure: Option<String>,
    /// Asked for since, without an answer.
    pub maybe: Vec<String>,
}

/// All of a person's dealings with one project.
#[derive(Debug)]
pub struct Ledger {
    pub project: ProjectId,
    /// The conversations that the server has named.
    pub conversations: Vec<ConversationId>,
    pub titles: HashMap<ConversationId, Titles>,
    /// Titles of conversations that were to be made empty, and whether they were.
    pub made_empty: Vec<(String, Fate)>,
    pub questions: Vec<Question>,
    pub answers: Vec<Answer>,
    /// How often another answer to a question was asked for, by the question's number.
    pub retries: HashMap<u64, usize>,
    pub uploads: Vec<Upload>,
    /// Messages as the last audit found them: they never change any more.
    pub settled: HashMap<MessageId, Message>,
}

impl Ledger {
    pub fn of(project: ProjectId) -> Self {
        Self {
            project,
            conversations: Vec::new(),
            titles: HashMap::new(),
            made_empty: Vec::new(),
            questions: Vec::new(),
            answers: Vec::new(),
            retries: HashMap::new(),
            uploads: Vec::new(),
            settled: HashMap::new(),
        }
    }

    /// How many answers the last audit found interrupted.
    pub fn count_interrupted(&self) -> usize {
        let messages = self.settled.values();
        messages
            .filter(|message| message.status == MessageStatus::Interrupted)
            .count()
    }

    /// Makes the next audit compare the bytes of all files once more.
    pub fn compare_files_again(&mut self) {
        for upload in &mut self.uploads {
            upload.audited = false;
        }
    }

    /// Notes that the server has named a conversation.
    pub fn know(&mut self, conversation: ConversationId) {
        if !self.conversations.contains(&conversation) {
            self.conversations.push(conversation);
        }
    }
}

/// Text that a reader has had for longer than this is stored, whatever happens then. The server
/// writes it through every 250 ms; the rest is patience with a busy machine.
pub const WRITTEN_BY: Duration = Duration::from_secs(1);

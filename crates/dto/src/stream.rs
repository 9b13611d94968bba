//! The events of a running answer, as `data:` of server-sent events.

use serde::{Deserialize, Serialize};

use crate::{
    chat::{FinishReason, Message, Usage},
    ids::{ConversationId, GenerationId, MessageId},
    problem::Problem,
};

/// One event of an answer's stream. Each comes with an SSE `id`, its sequence number; exactly one
/// `done` or `error` ends the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StreamEvent {
    /// The message is stored and the provider is being asked.
    Started {
        generation_id: GenerationId,
        conversation_id: ConversationId,
        user_message: Box<Message>,
        assistant_message_id: MessageId,
        model: String,
    },
    /// More of the answer's text.
    Delta { text: String },
    /// More of what a reasoning model thinks before it answers.
    Reasoning { text: String },
    /// All the text so far, to a reader who missed some; it replaces what the reader has.
    Snapshot { text: String, reasoning: String },
    /// What the answer used.
    Usage(Usage),
    /// The answer has ended and is stored: complete, cancelled or interrupted.
    Done {
        finish_reason: FinishReason,
        assistant_message: Box<Message>,
    },
    /// The answer has failed; the text so far is kept.
    Error { problem: Problem },
}

impl StreamEvent {
    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Error { .. })
    }
}

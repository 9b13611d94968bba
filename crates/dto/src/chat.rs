//! Conversations, their messages, and the answers that are being made.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{ConversationId, GenerationId, MessageId, ProjectId},
    present,
    problem::{Problem, ProblemCode},
};

pub use crate::{
    content::{Attachment, ContentPart, MessageContent},
    parameters::ParameterOverrides,
};

/// A message to a project. Without `conversation_id` it begins a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"message": "What is an ablative absolute?"})))]
pub struct Chat {
    pub message: MessageContent,
    /// Continues this conversation, its whole history included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// Instead of the project's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What takes the place of the project's parameters, for this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ParameterOverrides>,
    /// Whether to answer with server-sent events.
    #[serde(default)]
    pub stream: bool,
    #[serde(default)]
    pub on_disconnect: OnDisconnect,
}

/// What becomes of an answer when the client that asked for it goes away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OnDisconnect {
    /// It goes on and is stored.
    #[default]
    Continue,
    /// It is cancelled; the text so far is kept.
    Cancel,
}

/// The whole answer to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatReply {
    /// The text of `assistant_message`.
    pub reply: String,
    pub conversation_id: ConversationId,
    pub user_message: Message,
    pub assistant_message: Message,
}

/// A message in a conversation that exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"content": "And an example?"})))]
pub struct CreateMessage {
    pub content: MessageContent,
    /// The assistant message that this one follows; the end of the active path unless sent, and
    /// `null` to begin the conversation anew beside its first message.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<MessageId>))]
    pub parent_id: Option<Option<MessageId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What takes the place of the project's parameters, for this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ParameterOverrides>,
    #[serde(default)]
    pub stream: bool,
    #[serde(default)]
    pub on_disconnect: OnDisconnect,
}

/// Another answer to a question that was answered before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"stream": false})))]
pub struct Regenerate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What takes the place of the project's parameters, for this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ParameterOverrides>,
    #[serde(default)]
    pub stream: bool,
    #[serde(default)]
    pub on_disconnect: OnDisconnect,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MessageRole))]
pub enum Role {
    User,
    Assistant,
}

/// How far a message or an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageStatus {
    /// Being written.
    Running,
    /// All there.
    Complete,
    /// Stopped by a person; the text so far is kept.
    Cancelled,
    /// Ended without the provider's word that it was finished; the text so far is kept.
    Interrupted,
    /// The provider failed; the text so far is kept, and `problem` says why.
    Failed,
    /// An end that a newer server knows.
    #[serde(other)]
    Other,
}

/// Why the provider ended its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FinishReason {
    /// It had said all.
    Stop,
    /// `max_tokens` or the context was reached.
    Length,
    ToolCalls,
    /// The provider withheld the rest.
    ContentFilter,
    /// The provider failed in mid-answer.
    Error,
    /// A person stopped it.
    Cancelled,
    /// The answer ended without a reason.
    Interrupted,
    /// The provider gave a reason that has no name here, or a newer server knows more of them.
    #[serde(other)]
    Other,
}

/// What an answer used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// All tokens of the request, cached ones included.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub prompt_tokens: Option<i64>,
    /// Those of `prompt_tokens` that the provider had in its cache.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cached_tokens: Option<i64>,
    /// All tokens of the answer, reasoning included.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub completion_tokens: Option<i64>,
    /// Those of `completion_tokens` that went into reasoning.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub reasoning_tokens: Option<i64>,
    /// US dollars as decimal text; `null` where neither a bill nor a price is known.
    #[cfg_attr(feature = "openapi", schema(required, examples("0.000171")))]
    pub cost_usd: Option<String>,
    /// Whether `cost_usd` is computed from the catalogue's prices rather than what the provider billed.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cost_is_estimate: bool,
    /// Whether the tokens are estimated from the text, as those of an answer are that was stopped before the
    /// provider counted them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub tokens_are_estimate: bool,
}

/// What of a conversation's history was left out of a request, so that it fits the model's context. The oldest
/// turns go first, each whole: a question and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Omitted {
    pub turns: u64,
    pub messages: u64,
    /// About how many tokens they have.
    pub tokens: u64,
}

/// A model that was to answer and did not: it failed, or could not be asked this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fallback {
    pub model: String,
    pub problem_code: ProblemCode,
    /// Why, in words.
    pub detail: String,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// The message before; `null` for the first.
    pub parent_id: Option<MessageId>,
    pub role: Role,
    /// The text; of a message in parts their texts, with a blank line between two.
    pub content: String,
    /// The images of a person's message, in their order.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// What a reasoning model thought before it answered.
    pub reasoning: Option<String>,
    pub status: MessageStatus,
    /// The model that answers; `null` on a person's message.
    pub model: Option<String>,
    /// The model that was to be asked first, where another one answers in its place.
    #[serde(default)]
    pub requested_model: Option<String>,
    /// The model that really answered, as the provider names it, where it is another than the one that it was asked
    /// for, as with a router; `null` too where the provider does not say.
    #[serde(default)]
    pub response_model: Option<String>,
    /// The other models that were to answer and did not, in that order.
    #[serde(default)]
    pub fallbacks: Vec<Fallback>,
    /// What of the history was left out for this answer.
    #[serde(default)]
    pub omitted: Option<Omitted>,
    /// The prompt version that was answered under; `null` on a person's message.
    pub prompt_version: Option<i32>,
    pub finish_reason: Option<FinishReason>,
    pub usage: Option<Usage>,
    /// Milliseconds from the question to the first word of the answer or of its reasoning.
    #[serde(default)]
    pub first_token_ms: Option<i64>,
    /// Milliseconds from the question to the end of the answer.
    #[serde(default)]
    pub duration_ms: Option<i64>,
    /// Why it failed.
    pub problem: Option<Problem>,
    /// The answer's generation; `null` on a person's message.
    pub generation_id: Option<GenerationId>,
    pub created_at: Timestamp,
    /// The last change of the text or the status.
    pub updated_at: Timestamp,
}

/// A conversation within a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    pub id: ConversationId,
    pub project_id: ProjectId,
    /// The first words of the conversation, then what the model makes of its first exchange, until a person
    /// names it.
    pub title: String,
    pub pinned: bool,
    pub archived: bool,
    /// The end of the path that is shown; `null` while there is no message.
    pub active_message_id: Option<MessageId>,
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A new, empty conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"title": "Notes for 2.4"})))]
pub struct CreateConversation {
    /// At most 200 characters; made from the first message unless sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub title: Option<String>,
}

/// Changes to a conversation; what is not sent, or `null`, stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"title": "Notes for 2.4", "pinned": true})))]
pub struct UpdateConversation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Shows the path that ends in this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_message_id: Option<MessageId>,
}

/// One running or finished answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Generation {
    pub id: GenerationId,
    pub conversation_id: ConversationId,
    pub user_message_id: MessageId,
    pub assistant_message_id: MessageId,
    pub model: String,
    pub status: MessageStatus,
    pub created_at: Timestamp,
    /// `null` while it runs.
    pub finished_at: Option<Timestamp>,
}

/// The query of the list of conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct ConversationQuery {
    /// How many items to answer with, 1 to 200; 50 unless sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Whether to list the archived ones instead.
    #[serde(default)]
    pub archived: bool,
}

/// In which order messages are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageOrder {
    /// The oldest first.
    #[default]
    Asc,
    /// The newest first: the first page holds the end of the conversation.
    Desc,
}

/// The query of the list of a conversation's messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct MessageQuery {
    /// How many items to answer with, 1 to 200; 50 unless sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before; the order must be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// `asc` unless sent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub order: MessageOrder,
}

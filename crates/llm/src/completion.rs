//! What is asked of a model and what comes back, in no provider's dialect.
//!
//! Plain data. Must not know how any provider writes it.

use std::pin::Pin;

use futures_util::Stream;

use crate::{Content, ProviderError};

/// One call of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompletionRequest {
    /// The provider's own id of the model, without our slug before it.
    pub model: String,
    /// What the model is told before the conversation. An empty one is the same as none.
    pub system_prompt: Option<String>,
    /// The conversation, oldest first; it ends with the message to answer.
    pub messages: Vec<ChatMessage>,
    pub parameters: Parameters,
    pub limits: Limits,
    /// An opaque id of the person who asks, by which a provider can tell abusers apart.
    pub user: Option<String>,
    /// Whether another model can be asked instead, so that a long wait for this one would be in vain. Not sent.
    pub has_alternative: bool,
}

/// How long an answer can be, for wire formats that must say how long it may be though nobody chose
/// that. What is `None` is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most tokens that the model can give.
    pub max_output_tokens: Option<u32>,
    /// The tokens that the model's context has left beside what it is sent.
    pub room: Option<u32>,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    pub role: Role,
    /// Markdown, and images beside it. What a model thought before an earlier answer has no place
    /// here: see the crate's page.
    pub content: Content,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
}

/// How the model is to answer. What is `None` or empty is left to the provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// The most tokens that the answer may have.
    pub max_tokens: Option<u32>,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    pub seed: Option<i64>,
    pub reasoning_effort: Option<ReasoningEffort>,
    pub response_format: Option<ResponseFormat>,
}

/// What form an answer must have.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseFormat {
    /// Any JSON object. Most models want to be told of it in the prompt, too.
    JsonObject,
    /// JSON that obeys a schema.
    JsonSchema {
        /// What to call it: letters, digits, `_` and `-`, at most 64.
        name: String,
        /// A JSON schema, of which each provider knows a part.
        schema: serde_json::Value,
        /// Whether the provider is to keep to it rather than to try.
        strict: bool,
    },
}

/// How much a reasoning model is to think before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
}

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompletionEvent {
    /// The next piece of the answer, never empty. Pieces that arrive together come as one.
    Text(String),
    /// The next piece of what the model thinks, never empty.
    Reasoning(String),
    /// What the answer used; the last one counts. One that comes before the text is of the request alone, and
    /// has no `completion_tokens`.
    Usage(Usage),
    /// The model that really answers, where the provider says so; again if it changes.
    Model(String),
    /// The provider's word that the answer is at its end. At most once, and the last event.
    Finished(FinishReason),
}

/// Why the provider ended its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishReason {
    /// It had said all, or met a stop text.
    Stop,
    /// `max_tokens` or the model's context was reached.
    Length,
    ToolCalls,
    /// The provider withheld the rest.
    ContentFilter,
    /// The model failed in mid-answer, and the provider gave no details.
    Error,
    /// A reason that has no name here, in the provider's word.
    Other(String),
}

/// What an answer used. What is `None` was not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// All tokens of the request, cached ones included.
    pub prompt_tokens: Option<u64>,
    /// All tokens of the answer, reasoning included.
    pub completion_tokens: Option<u64>,
    /// Those of `prompt_tokens` that the provider had in its cache.
    pub cached_tokens: Option<u64>,
    /// Those of `prompt_tokens` that the provider put into its cache.
    pub cache_write_tokens: Option<u64>,
    /// Those of `completion_tokens` that went into reasoning.
    pub reasoning_tokens: Option<u64>,
    /// What the provider billed, in US dollars: plain decimal text, digit for digit as it was sent.
    pub cost_usd: Option<String>,
}

/// An answer as it arrives.
///
/// It ends after [`CompletionEvent::Finished`], after the first `Err`, or without either, when the
/// provider closed the connection before it said that the answer was complete: then the answer is
/// interrupted. Dropping it closes the connection to the provider at once.
pub type CompletionStream =
    Pin<Box<dyn Stream<Item = Result<CompletionEvent, ProviderError>> + Send>>;

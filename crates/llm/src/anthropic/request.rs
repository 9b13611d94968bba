//! The body of a request for a message.
//!
//! Owns its JSON, and which of our parameters the format has a place for. One that it has no place
//! for is refused in words: an answer that ignores what was asked is worse than none.

use serde::Serialize;

use super::capabilities::{Capabilities, Thinking};
use crate::{
    ChatMessage, CompletionRequest, Content, ErrorKind, Limits, Parameters, Part, ProviderError,
    ReasoningEffort, ResponseFormat, Role,
};

/// `max_tokens` has to be sent. Where nobody chose it, an answer may have this many: what even the
/// oldest models that are still offered can give.
const FALLBACK_MAX_TOKENS: u32 = 4096;
/// The same for a model that is known to give more, and has the room for it. More than this is asked for by
/// choice only.
const DEFAULT_MAX_TOKENS: u32 = 32_000;
/// The least that a model may be given to think.
const MIN_BUDGET: u32 = 1024;
/// What a conversation that begins with the assistant is made to begin with, since the format
/// wants to hear the user first.
const NO_QUESTION: &str = "(The conversation begins with the assistant.)";

#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<ThinkingConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: &'a str },
    Image { source: Source },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source {
    Base64 {
        media_type: &'static str,
        data: String,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ThinkingConfig {
    Enabled {
        budget_tokens: u32,
    },
    /// What it thinks is asked for in words: some models leave it out otherwise.
    Adaptive {
        display: &'static str,
    },
    Disabled,
}

#[derive(Debug, Default, Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema { schema: &'a serde_json::Value },
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

impl<'a> Body<'a> {
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] if the format cannot say what is asked.
    pub(super) fn new(
        request: &'a CompletionRequest,
        capabilities: Capabilities,
    ) -> Result<Self, ProviderError> {
        let parameters = &request.parameters;
        if let Some((_, words)) = unsupported(parameters).first() {
            return Err(refused(words));
        }
        let (thinking, effort, max_tokens) = effort(parameters, request.limits, capabilities)?;
        let format = match &parameters.response_format {
            Some(ResponseFormat::JsonSchema { schema, .. }) => Some(Format::JsonSchema { schema }),
            None | Some(ResponseFormat::JsonObject) => None,
        };
        let output_config = OutputConfig { effort, format };
        let system = request.system_prompt.as_deref();
        Ok(Self {
            model: &request.model,
            max_tokens,
            stream: true,
            system: system.filter(|prompt| !prompt.trim().is_empty()),
            messages: messages(&request.messages),
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            stop_sequences: &parameters.stop,
            thinking,
            output_config: (output_config.effort.is_some() || output_config.format.is_some())
                .then_some(output_config),
            metadata: request.user.as_deref().map(|user_id| Metadata { user_id }),
        })
    }
}

/// The parameters that the format has no place for as they are set, and why.
pub(super) fn unsupported(parameters: &Parameters) -> Vec<(&'static str, &'static str)> {
    [
        (
            parameters.temperature.is_some_and(|t| t > 1.0),
            "temperature",
            "Anthropic's models take a temperature of 0 to 1.",
        ),
        (
            parameters.seed.is_some(),
            "seed",
            "Anthropic's models take no seed.",
        ),
        (
            parameters.response_format == Some(ResponseFormat::JsonObject),
            "response_format",
            "Anthropic's models answer in JSON only after a schema.",
        ),
    ]
    .into_iter()
    .filter_map(|(is_set, name, words)| is_set.then_some((name, words)))
    .collect()
}

/// How much to think, in the words of the model's generation, and the limit that fits to it: what
/// is thought counts against it.
fn effort(
    parameters: &Parameters,
    limits: Limits,
    capabilities: Capabilities,
) -> Result<(Option<ThinkingConfig>, Option<&'static str>, u32), ProviderError> {
    let Limits {
        max_output_tokens,
        room,
    } = limits;
    let default = match max_output_tokens {
        Some(_) => DEFAULT_MAX_TOKENS,
        None => FALLBACK_MAX_TOKENS,
    };
    // What was not chosen must be neither more than the model gives nor more than its context still holds:
    // both are refused.
    let most = max_output_tokens
        .unwrap_or(u32::MAX)
        .min(room.unwrap_or(u32::MAX));
    let plain = parameters.max_tokens.unwrap_or(default.min(most));
    let Some(effort) = parameters.reasoning_effort else {
        return Ok((None, None, plain));
    };
    match (capabilities.thinking, effort) {
        (Thinking::No | Thinking::Budget, ReasoningEffort::None) => Ok((None, None, plain)),
        (Thinking::No, _) => Err(refused("This model cannot be asked for reasoning.")),
        (Thinking::Adaptive, ReasoningEffort::None) => match capabilities.can_be_told_not_to {
            true => Ok((Some(ThinkingConfig::Disabled), None, plain)),
            false => Err(refused("This model cannot be kept from reasoning.")),
        },
        (Thinking::Adaptive, effort) => {
            let adaptive = ThinkingConfig::Adaptive {
                display: "summarized",
            };
            let effort = capabilities.takes_effort.then(|| effort_name(effort));
            Ok((Some(adaptive), effort, plain))
        }
        (Thinking::Budget, effort) => {
            // Whoever chose no limit gets the thinking on top of the answer.
            let (limit, answer) = match parameters.max_tokens {
                Some(limit) => (limit, 1),
                None => {
                    let limit = most.min(plain.saturating_add(budget(effort)));
                    // Where that is too little for both, half of it is the answer's.
                    (limit, plain.min(limit / 2))
                }
            };
            let budget_tokens = budget(effort).min(limit.saturating_sub(answer));
            if budget_tokens < MIN_BUDGET {
                return Err(refused(
                    "To reason, this model needs a max_tokens of more than 1024.",
                ));
            }
            Ok((Some(ThinkingConfig::Enabled { budget_tokens }), None, limit))
        }
    }
}

fn budget(effort: ReasoningEffort) -> u32 {
    match effort {
        ReasoningEffort::None | ReasoningEffort::Minimal => MIN_BUDGET,
        ReasoningEffort::Low => 4 * MIN_BUDGET,
        ReasoningEffort::Medium => 8 * MIN_BUDGET,
        ReasoningEffort::High => 16 * MIN_BUDGET,
    }
}

/// The format's least is `low`.
fn effort_name(effort: ReasoningEffort) -> &'static str {
    match effort {
        ReasoningEffort::None | ReasoningEffort::Minimal | ReasoningEffort::Low => "low",
        ReasoningEffort::Medium => "medium",
        ReasoningEffort::High => "high",
    }
}

/// The conversation in turns that alternate, the user's first. Messages of the same side become
/// one, and blank text, which the format refuses, is left out.
fn messages(conversation: &[ChatMessage]) -> Vec<Message<'_>> {
    let mut turns: Vec<Message<'_>> = Vec::new();
    for message in conversation {
        let content = blocks(&message.content);
        if content.is_empty() {
            continue;
        }
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        if turns.is_empty() && message.role == Role::Assistant {
            turns.push(Message {
                role: "user",
                content: vec![Block::Text { text: NO_QUESTION }],
            });
        }
        match turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.extend(content),
            _ => turns.push(Message { role, content }),
        }
    }
    turns
}

fn blocks(content: &Content) -> Vec<Block<'_>> {
    fn text(text: &str) -> Option<Block<'_>> {
        (!text.trim().is_empty()).then_some(Block::Text { text })
    }
    match content {
        Content::Text(content) => text(content).into_iter().collect(),
        Content::Parts(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Text(content) => text(content),
                Part::Image(image) => Some(Block::Image {
                    source: Source::Base64 {
                        media_type: image.kind().media_type(),
                        data: image.base64(),
                    },
                }),
            })
            .collect(),
    }
}

fn refused(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, message)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;

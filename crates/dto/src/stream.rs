//! The events of a running answer, as `data:` of server-sent events.

use serde::{Deserialize, Serialize};

use crate::{
    chat::{FinishReason, Message, Omitted, Usage},
    ids::{ConversationId, GenerationId, MessageId},
    problem::Problem,
};

/// One event of an answer's stream. Each comes with an SSE `id`, its sequence number; exactly one
/// `done` or `error` ends the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "AnyEvent")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StreamEvent {
    /// The message is stored and the provider is being asked.
    Started {
        generation_id: GenerationId,
        conversation_id: ConversationId,
        user_message: Box<Message>,
        assistant_message_id: MessageId,
        /// The model that is asked first, or was to be: then `fallback` says at once who is asked instead.
        model: String,
        /// What of the history is left out.
        omitted: Option<Omitted>,
    },
    /// A model gave no answer or could not be asked, and `model` is asked instead. Only before the first text.
    Fallback {
        model: String,
        failed_model: String,
        /// Why the other one gave none.
        problem: Problem,
        /// What of the history is left out for `model`.
        omitted: Option<Omitted>,
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

    /// Whether nothing comes after the event that `data` is, even if the rest of it cannot be read, as when a
    /// newer server has written it.
    #[must_use]
    pub fn ends_stream(data: &str) -> bool {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: EventType,
        }
        serde_json::from_str::<Kind>(data)
            .is_ok_and(|event| matches!(event.kind, EventType::Done | EventType::Error))
    }
}

/// The fields of every event, for reading. Reading a tagged enum directly makes serde read the
/// messages in it by a second, buffered route, which the page would have to download as well.
#[derive(Deserialize)]
struct AnyEvent {
    #[serde(rename = "type")]
    kind: EventType,
    generation_id: Option<GenerationId>,
    conversation_id: Option<ConversationId>,
    user_message: Option<Box<Message>>,
    assistant_message_id: Option<MessageId>,
    model: Option<String>,
    failed_model: Option<String>,
    omitted: Option<Omitted>,
    text: Option<String>,
    reasoning: Option<String>,
    prompt_tokens: Option<i64>,
    cached_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    reasoning_tokens: Option<i64>,
    cost_usd: Option<String>,
    #[serde(default)]
    cost_is_estimate: bool,
    #[serde(default)]
    tokens_are_estimate: bool,
    finish_reason: Option<FinishReason>,
    assistant_message: Option<Box<Message>>,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventType {
    Started,
    Fallback,
    Delta,
    Reasoning,
    Snapshot,
    Usage,
    Done,
    Error,
}

impl TryFrom<AnyEvent> for StreamEvent {
    type Error = &'static str;

    fn try_from(event: AnyEvent) -> Result<Self, &'static str> {
        let read = move || {
            Some(match event.kind {
                EventType::Started => Self::Started {
                    generation_id: event.generation_id?,
                    conversation_id: event.conversation_id?,
                    user_message: event.user_message?,
                    assistant_message_id: event.assistant_message_id?,
                    model: event.model?,
                    omitted: event.omitted,
                },
                EventType::Fallback => Self::Fallback {
                    model: event.model?,
                    failed_model: event.failed_model?,
                    problem: event.problem?,
                    omitted: event.omitted,
                },
                EventType::Delta => Self::Delta { text: event.text? },
                EventType::Reasoning => Self::Reasoning { text: event.text? },
                EventType::Snapshot => Self::Snapshot {
                    text: event.text?,
                    reasoning: event.reasoning?,
                },
                EventType::Usage => Self::Usage(Usage {
                    prompt_tokens: event.prompt_tokens,
                    cached_tokens: event.cached_tokens,
                    completion_tokens: event.completion_tokens,
                    reasoning_tokens: event.reasoning_tokens,
                    cost_usd: event.cost_usd,
                    cost_is_estimate: event.cost_is_estimate,
                    tokens_are_estimate: event.tokens_are_estimate,
                }),
                EventType::Done => Self::Done {
                    finish_reason: event.finish_reason?,
                    assistant_message: event.assistant_message?,
                },
                EventType::Error => Self::Error {
                    problem: event.problem?,
                },
            })
        };
        read().ok_or("a field of the event is missing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_are_written() {
        let code = crate::problem::ProblemCode::Internal;
        let problem = Problem {
            kind: "/docs/problems#internal".to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: String::new(),
            errors: Vec::new(),
            request_id: "r".to_owned(),
        };
        for event in [
            StreamEvent::Delta {
                text: "a".to_owned(),
            },
            StreamEvent::Reasoning {
                text: "b".to_owned(),
            },
            StreamEvent::Snapshot {
                text: "a".to_owned(),
                reasoning: String::new(),
            },
            StreamEvent::Usage(Usage {
                prompt_tokens: Some(3),
                reasoning_tokens: Some(4),
                cost_is_estimate: true,
                ..Usage::default()
            }),
            StreamEvent::Fallback {
                model: "a/b".to_owned(),
                failed_model: "a/a".to_owned(),
                problem: problem.clone(),
                omitted: Some(Omitted {
                    turns: 1,
                    messages: 2,
                    tokens: 30,
                }),
            },
            StreamEvent::Error { problem },
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(
                serde_json::from_str::<StreamEvent>(&text).unwrap(),
                event,
                "{text}"
            );
        }
    }

    #[test]
    fn an_end_is_known_by_its_kind_alone() {
        for (text, ends) in [
            (
                r#"{"type":"done","assistant_message":{"shape":"new"}}"#,
                true,
            ),
            (r#"{"problem":7,"type":"error"}"#, true),
            (r#"{"type":"delta","text":"done"}"#, false),
            (r#"{"type":"other"}"#, false),
            ("done", false),
        ] {
            assert_eq!(StreamEvent::ends_stream(text), ends, "{text}");
        }
    }

    #[test]
    fn words_of_a_newer_server_are_read() {
        use crate::chat::MessageStatus;

        let text = r#"["paused", "moderated"]"#;
        let read: (MessageStatus, FinishReason) = serde_json::from_str(text).unwrap();
        assert_eq!(read, (MessageStatus::Other, FinishReason::Other));
    }

    #[test]
    fn an_event_without_its_fields_is_refused() {
        for text in [
            r#"{"type":"delta"}"#,
            r#"{"type":"other"}"#,
            r#"{"text":"a"}"#,
        ] {
            assert!(serde_json::from_str::<StreamEvent>(text).is_err(), "{text}");
        }
    }
}

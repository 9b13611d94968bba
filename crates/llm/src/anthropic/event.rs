//! The JSON of an answer: the events of a stream, or one whole message.
//!
//! Owns its shapes and turns them into events of ours. Reads leniently: every field may be missing,
//! and events and blocks of unknown types are passed over. Must not know how the JSON arrived.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    CompletionEvent, FinishReason, Usage,
    answer::{ReadError, Reader},
    events::{Events, other_reason},
};

/// Turns events of the format into ours. One for each answer.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    events: Events,
    usage: Option<UsageFields>,
}

impl Reader for EventReader {
    fn read(&mut self, json: &str) -> Result<(), ReadError> {
        let event: Event<'_> = serde_json::from_str(json).map_err(ReadError::Malformed)?;
        if let Some(error) = event.error {
            return Err(ReadError::Provider(error));
        }
        match event.kind.as_ref() {
            "message_start" => self.begin(known(event.message)),
            "content_block_start" => self.take(known(event.content_block)),
            "content_block_delta" => self.take(known(event.delta)),
            "message_delta" => {
                self.use_up(known(event.usage));
                let Block { stop_reason, .. } = known(event.delta);
                self.stop(stop_reason.as_deref());
            }
            "message_stop" => return Err(ReadError::Done),
            "error" => return Err(ReadError::Provider(Value::Null)),
            // `ping`, `content_block_stop`, and whatever is still to be invented.
            _ => {}
        }
        Ok(())
    }

    fn read_whole(&mut self, json: &[u8]) -> Result<(), ReadError> {
        let whole: Whole<'_> = serde_json::from_slice(json).map_err(ReadError::Malformed)?;
        if let Some(error) = whole.error {
            return Err(ReadError::Provider(error));
        }
        let Some(blocks) = whole.content else {
            return Err(ReadError::NoChoices);
        };
        self.begin(Message {
            model: whole.model,
            usage: whole.usage,
        });
        for block in blocks {
            self.take(known(Some(block)));
        }
        self.stop(whole.stop_reason.as_deref());
        Ok(())
    }

    fn has_finish_reason(&self) -> bool {
        self.events.has_finish_reason()
    }

    fn finish(&mut self) {
        self.events.finish(self.usage.take().map(Usage::from));
    }

    fn give_up(&mut self) {
        self.events.give_up(self.usage.take().map(Usage::from));
    }

    fn next_event(&mut self) -> Option<CompletionEvent> {
        self.events.next()
    }
}

impl EventReader {
    fn begin(&mut self, message: Message<'_>) {
        self.events.set_model(message.model.unwrap_or_default());
        self.use_up(message.usage);
    }

    /// The counts are of the whole answer so far: what is said again replaces what was said.
    fn use_up(&mut self, usage: Option<UsageFields>) {
        if let Some(new) = usage {
            self.usage.get_or_insert_default().replace(new);
        }
    }

    fn stop(&mut self, reason: Option<&str>) {
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            self.events.set_finish_reason(finish_reason(reason));
        }
    }

    /// A block, or a piece of one. Signatures, citations, encrypted thinking and the arguments of
    /// tools are in other fields, and no text for a person.
    fn take(&mut self, block: Block<'_>) {
        self.events
            .add_reasoning(block.thinking.unwrap_or_default());
        self.events.add_text(block.text.unwrap_or_default());
    }
}

/// A part of an event as far as it has the fields that are known; an invented one has none of them.
fn known<'a, T: Default + Deserialize<'a>>(part: Option<&'a RawValue>) -> T {
    part.and_then(|part| serde_json::from_str(part.get()).ok())
        .unwrap_or_default()
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        other => other_reason(other),
    }
}

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    usage: Option<UsageFields>,
}

#[derive(Debug, Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    usage: Option<UsageFields>,
    error: Option<Value>,
}

/// A block of the content, a piece of one, or the change of the message at its end.
#[derive(Debug, Default, Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
struct UsageFields {
    /// Those that were neither read from the cache nor put into it.
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl UsageFields {
    fn replace(&mut self, new: Self) {
        let Self {
            input_tokens,
            cache_creation_input_tokens,
            cache_read_input_tokens,
            output_tokens,
            output_tokens_details,
        } = new;
        self.input_tokens = input_tokens.or(self.input_tokens);
        self.cache_creation_input_tokens =
            cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens = cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.output_tokens = output_tokens.or(self.output_tokens);
        self.output_tokens_details = output_tokens_details.or(self.output_tokens_details.take());
    }
}

impl From<UsageFields> for Usage {
    fn from(fields: UsageFields) -> Self {
        let cached = fields.cache_read_input_tokens;
        let written = fields.cache_creation_input_tokens;
        let input = fields.input_tokens.map(|input| {
            input
                .saturating_add(cached.unwrap_or(0))
                .saturating_add(written.unwrap_or(0))
        });
        Self {
            prompt_tokens: input,
            completion_tokens: fields.output_tokens,
            cached_tokens: cached,
            cache_write_tokens: written,
            reasoning_tokens: fields.output_tokens_details.and_then(|d| d.thinking_tokens),
            cost_usd: None,
        }
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;

//! The JSON of an answer: the events of a stream, or one whole message.
//!
//! Owns its shapes and turns them into events of ours. Reads leniently: every field may be missing,
//! and events and blocks of unknown types are passed over; only the text must be one. Must not know how the
//! JSON arrived.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    CompletionEvent, FinishReason, Usage,
    answer::{ReadError, Reader},
    events::{Events, other_reason},
    lenient::{count, or_default, part},
};

/// Turns events of the format into ours. One for each answer.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    events: Events,
    usage: UsageFields,
}

impl Reader for EventReader {
    fn read(&mut self, json: &str) -> Result<(), ReadError> {
        let event: Event<'_> = serde_json::from_str(json).map_err(ReadError::Malformed)?;
        if let Some(error) = event.error {
            return Err(ReadError::Provider(error));
        }
        match event.kind.as_ref() {
            "message_start" => self.begin(part(event.message)),
            "content_block_start" => self.take(event.content_block)?,
            "content_block_delta" => self.take(event.delta)?,
            "message_delta" => {
                self.usage.replace(part(event.usage));
                let End { stop_reason } = part(event.delta);
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
        self.events.set_model(whole.model.unwrap_or_default());
        self.usage = whole.usage;
        for block in blocks {
            self.take(Some(block))?;
        }
        self.stop(whole.stop_reason.as_deref());
        Ok(())
    }

    fn has_finish_reason(&self) -> bool {
        self.events.has_finish_reason()
    }

    fn finish(&mut self) {
        let usage = self.whole_usage();
        self.events.finish(usage);
    }

    fn give_up(&mut self) {
        let usage = self.whole_usage();
        self.events.give_up(usage);
    }

    fn next_event(&mut self) -> Option<CompletionEvent> {
        self.events.next()
    }
}

impl EventReader {
    fn begin(&mut self, message: Message<'_>) {
        self.events.set_model(message.model.unwrap_or_default());
        // What it says of the answer is a token or two, and no count of what is still to come. The request
        // is told at once: of an answer that is broken off or stopped nothing more is heard.
        self.usage = UsageFields {
            output_tokens: None,
            output_tokens_details: OutputDetails::default(),
            ..message.usage
        };
        let usage = Usage::from(&self.usage);
        self.events
            .add_usage((usage != Usage::default()).then_some(usage));
    }

    /// What the provider has counted, once the answer is among it.
    fn whole_usage(&self) -> Option<Usage> {
        let is_whole = self.usage.output_tokens.is_some();
        is_whole.then(|| Usage::from(&self.usage))
    }

    fn stop(&mut self, reason: Option<&str>) {
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            self.events.set_finish_reason(finish_reason(reason));
        }
    }

    /// A block, or a piece of one. Signatures, citations, encrypted thinking and the arguments of
    /// tools are in other fields, and no text for a person.
    fn take(&mut self, block: Option<&RawValue>) -> Result<(), ReadError> {
        let Some(block) = block else { return Ok(()) };
        match serde_json::from_str(block.get()) {
            Ok(Block { text, thinking }) => {
                self.events.add_reasoning(thinking.unwrap_or_default());
                self.events.add_text(text.unwrap_or_default());
                Ok(())
            }
            Err(error) => match &*part::<Kind<'_>>(Some(block)).kind {
                "text" | "text_delta" => Err(ReadError::Malformed(error)),
                _ => Ok(()),
            },
        }
    }
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
    #[serde(borrow, default, deserialize_with = "or_default")]
    model: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "or_default")]
    usage: UsageFields,
}

#[derive(Debug, Deserialize)]
struct Whole<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "or_default")]
    usage: UsageFields,
    error: Option<Value>,
}

/// A block of the content, or a piece of one.
#[derive(Debug, Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    thinking: Option<Cow<'a, str>>,
}

/// What a block is, where it cannot be read.
#[derive(Debug, Default, Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// The change of the message at its end.
#[derive(Debug, Default, Deserialize)]
struct End<'a> {
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
struct UsageFields {
    /// Those that were neither read from the cache nor put into it.
    #[serde(default, deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    cache_read_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    output_tokens: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    output_tokens_details: OutputDetails,
}

#[derive(Debug, Default, Deserialize)]
struct OutputDetails {
    #[serde(default, deserialize_with = "count")]
    thinking_tokens: Option<u64>,
}

impl UsageFields {
    /// The counts are of the whole answer so far: what is said again replaces what was said.
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
        let thought = &mut self.output_tokens_details.thinking_tokens;
        *thought = output_tokens_details.thinking_tokens.or(*thought);
    }
}

impl From<&UsageFields> for Usage {
    fn from(fields: &UsageFields) -> Self {
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
            reasoning_tokens: fields.output_tokens_details.thinking_tokens,
            cost_usd: None,
        }
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;

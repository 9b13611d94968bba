//! The JSON of an answer: the chunks of a stream, or one whole completion.
//!
//! Owns its shapes and turns them into events. Reads leniently: every field may be missing or
//! null, unknown ones are ignored, and so is what stands beside the text in a shape of its own. The text
//! itself must be one: an answer that cannot be read is not an empty one. Must not know how the JSON arrived.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::{
    CompletionEvent, FinishReason, Usage,
    answer::{ReadError, Reader},
    decimal,
    events::{Events, other_reason},
    lenient::{count, or_default, part},
};

/// Turns chunks into events. One for each answer.
#[derive(Debug, Default)]
pub(super) struct ChunkReader {
    events: Events,
    usage: Option<Usage>,
}

impl Reader for ChunkReader {
    fn read(&mut self, json: &str) -> Result<(), ReadError> {
        let chunk: Chunk<'_> = serde_json::from_str(json).map_err(ReadError::Malformed)?;
        if chunk.is_error() {
            return Err(ReadError::Provider(part(serde_json::from_str(json).ok())));
        }
        self.take(chunk).map(|_| ())
    }

    fn read_whole(&mut self, json: &[u8]) -> Result<(), ReadError> {
        let chunk: Chunk<'_> = serde_json::from_slice(json).map_err(ReadError::Malformed)?;
        if chunk.is_error() {
            return Err(ReadError::Provider(part(serde_json::from_slice(json).ok())));
        }
        match self.take(chunk)? {
            true => Ok(()),
            false => Err(ReadError::NoChoices),
        }
    }

    fn has_finish_reason(&self) -> bool {
        self.events.has_finish_reason()
    }

    fn finish(&mut self) {
        self.events.finish(self.usage.take());
    }

    fn give_up(&mut self) {
        self.events.give_up(self.usage.take());
    }

    fn next_event(&mut self) -> Option<CompletionEvent> {
        self.events.next()
    }
}

impl ChunkReader {
    /// Whether there was a choice in it.
    fn take(&mut self, chunk: Chunk<'_>) -> Result<bool, ReadError> {
        // Kept until the end: some servers count up in every chunk.
        if let Some(usage) = chunk.usage.map(Usage::from) {
            // One that says nothing is none.
            if usage != Usage::default() {
                self.usage = Some(usage);
            }
        }
        if let Some(error) = chunk.error.filter(is_error) {
            return Err(ReadError::Provider(error));
        }
        self.events.set_model(chunk.model.0);
        // Only one choice is ever asked for.
        let choices = chunk.choices.into_iter().flatten();
        let Some(choice) = choices.flatten().next() else {
            return Ok(false);
        };
        if let Some(error) = choice.error.filter(is_error) {
            return Err(ReadError::Provider(error));
        }
        if let Some(delta) = choice.delta.or(choice.message) {
            self.take_delta(delta);
        }
        if !choice.finish_reason.is_empty() {
            let reason = finish_reason(&choice.finish_reason.0);
            self.events.set_finish_reason(reason);
        }
        Ok(true)
    }

    fn take_delta(&mut self, delta: Delta<'_>) {
        // The three say the same in different ways: the first that says anything is shown.
        if !delta.reasoning.is_empty() {
            self.events.add_reasoning(delta.reasoning.0);
        } else if !delta.reasoning_content.is_empty() {
            self.events.add_reasoning(delta.reasoning_content.0);
        } else {
            for detail in delta.reasoning_details {
                let detail: ReasoningDetail<'_> = part(Some(detail));
                self.events.add_reasoning(detail.text.0);
                self.events.add_reasoning(detail.summary.0);
            }
        }
        self.events.add_text(delta.content.0);
        self.events.add_text(delta.refusal.0);
    }
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        "error" => FinishReason::Error,
        other => other_reason(other),
    }
}

/// Whether a field named `error` means one; some servers always send it, empty.
fn is_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Array(_) => true,
    }
}

#[derive(Debug, Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    object: Text<'a>,
    error: Option<Value>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    model: Text<'a>,
    #[serde(borrow)]
    choices: Option<Vec<Option<Choice<'a>>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    usage: Option<UsageFields<'a>>,
}

impl Chunk<'_> {
    /// Whether it is an error as vLLM has written it, its fields beside the word instead of below it.
    fn is_error(&self) -> bool {
        self.object.0 == "error" && !self.error.as_ref().is_some_and(is_error)
    }
}

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    error: Option<Value>,
    /// In a chunk.
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    /// In a whole answer.
    #[serde(borrow)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    finish_reason: Text<'a>,
}

#[derive(Debug, Deserialize)]
struct Delta<'a> {
    #[serde(default, borrow)]
    content: Text<'a>,
    #[serde(default, borrow)]
    refusal: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    reasoning: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    reasoning_content: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    reasoning_details: Vec<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
struct ReasoningDetail<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    text: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    summary: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct UsageFields<'a> {
    #[serde(default, deserialize_with = "count")]
    prompt_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    completion_tokens: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    prompt_tokens_details: PromptDetails,
    #[serde(default, deserialize_with = "or_default")]
    completion_tokens_details: CompletionDetails,
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptDetails {
    #[serde(default, deserialize_with = "count")]
    cached_tokens: Option<u64>,
    /// OpenRouter's, of models whose cache is written explicitly.
    #[serde(default, deserialize_with = "count")]
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct CompletionDetails {
    #[serde(default, deserialize_with = "count")]
    reasoning_tokens: Option<u64>,
}

impl From<UsageFields<'_>> for Usage {
    fn from(fields: UsageFields<'_>) -> Self {
        let prompt = fields.prompt_tokens_details;
        Self {
            prompt_tokens: fields.prompt_tokens,
            completion_tokens: fields.completion_tokens,
            cached_tokens: prompt.cached_tokens,
            cache_write_tokens: prompt.cache_write_tokens,
            reasoning_tokens: fields.completion_tokens_details.reasoning_tokens,
            cost_usd: fields.cost.and_then(|cost| decimal::plain(cost.get())),
        }
    }
}

/// Text that is not copied unless it has escapes. Null is empty; of a list of content parts, the parts with
/// a `text` count.
#[derive(Debug, Default)]
struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut text = String::new();
        while let Some(part) = parts.next_element::<Value>()? {
            text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default());
        }
        Ok(Text(Cow::Owned(text)))
    }
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;

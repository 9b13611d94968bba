//! Anthropic's wire format: the events of a streamed message and its errors.
//!
//! Owns what the bytes of a script mean, as `openrouter` does for the other format. Shapes and order are
//! those of Anthropic's documentation of `POST /v1/messages`: each event has its name twice, blocks of
//! content begin and end, and what was used comes with the reason for the end.

use serde_json::{Value, json};

use super::{
    openrouter::StreamScript,
    script::{Gate, Script},
};

/// A whole answer, as it comes to those who do not stream.
#[must_use]
pub fn message(text: &str) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 22, "output_tokens": 7},
    })
}

/// The body of an error before the first token.
#[must_use]
pub fn messages_error(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
}

/// A streamed message in the making. Blocks begin and end by themselves; nothing else is added unasked, so
/// a stream without [`MessagesScript::finish`] is one without an end.
#[derive(Debug, Clone)]
pub struct MessagesScript {
    stream: StreamScript,
    /// The number of the block of content that is open, and what it holds.
    block: Option<(u32, &'static str)>,
}

impl MessagesScript {
    /// A stream that has begun.
    #[must_use]
    pub fn begin() -> Self {
        let empty = Self {
            stream: StreamScript::new(),
            block: None,
        };
        empty.event(&json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 22, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1},
        }}))
    }

    /// A whole, ordinary answer with this text, a word an event.
    #[must_use]
    pub fn answer(text: &str) -> Self {
        let mut script = Self::begin().event(&json!({"type": "ping"}));
        for word in text.split_inclusive(' ') {
            script = script.text(word);
        }
        script.finish("end_turn", 7)
    }

    /// One event, under the name that its `type` is.
    #[must_use]
    pub fn event(mut self, event: &Value) -> Self {
        let name = event["type"].as_str().expect("an event has a type");
        self.stream = self.stream.raw(format!("event: {name}\ndata: {event}\n\n"));
        self
    }

    /// More of the answer's text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        let delta = json!({"type": "text_delta", "text": text});
        self.delta("text", &json!({"type": "text", "text": ""}), &delta)
    }

    /// More of what the model thinks.
    #[must_use]
    pub fn thinking(self, text: &str) -> Self {
        let delta = json!({"type": "thinking_delta", "thinking": text});
        let block = json!({"type": "thinking", "thinking": "", "signature": ""});
        self.delta("thinking", &block, &delta)
    }

    fn delta(mut self, kind: &'static str, block: &Value, delta: &Value) -> Self {
        let index = match self.block {
            Some((index, open)) if open == kind => index,
            before => {
                let index = before.map_or(0, |(index, _)| index + 1);
                self = self.end_block();
                self.block = Some((index, kind));
                self = self.event(
                    &json!({"type": "content_block_start", "index": index, "content_block": block}),
                );
                index
            }
        };
        self.event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
    }

    fn end_block(self) -> Self {
        match self.block {
            Some((index, _)) => self.event(&json!({"type": "content_block_stop", "index": index})),
            None => self,
        }
    }

    /// The end, its reason and what was used.
    #[must_use]
    pub fn finish(self, reason: &str, output_tokens: u32) -> Self {
        self.end_block()
            .event(&json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
                "usage": {"output_tokens": output_tokens}}))
            .event(&json!({"type": "message_stop"}))
    }

    /// The error of a stream that fails in the middle.
    #[must_use]
    pub fn error(self, kind: &str, message: &str) -> Self {
        self.event(&json!({"type": "error", "error": {"type": kind, "message": message}}))
    }

    /// Goes on when the gate is open.
    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.stream = self.stream.wait(gate);
        self
    }

    /// Says nothing more, and stays.
    #[must_use]
    pub fn silence(mut self) -> Self {
        self.stream = self.stream.silence();
        self
    }

    /// Drops the connection in the middle of the body.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.stream = self.stream.cut();
        self
    }
}

impl From<MessagesScript> for Script {
    fn from(script: MessagesScript) -> Self {
        script.stream.into()
    }
}

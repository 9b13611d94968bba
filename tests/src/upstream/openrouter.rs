//! OpenRouter's wire format: the chunks of a streamed chat completion and its errors.
//!
//! Owns what the bytes of a script mean. Shapes and order are those of OpenRouter's documentation
//! of `POST /chat/completions`: comments while it works, the role in every delta, usage after the
//! chunk with the finish reason, `[DONE]` at the end.

use std::time::Duration;

use serde_json::{Value, json};

use super::script::{Gate, Script, Step};

/// How the lines of a stream end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LineEnding {
    #[default]
    Lf,
    Cr,
    CrLf,
}

impl LineEnding {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Cr => "\r",
            Self::CrLf => "\r\n",
        }
    }
}

/// A chunk with these choices.
#[must_use]
pub fn chunk(choices: &Value) -> Value {
    json!({
        "id": "gen-1", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": "acme/m1", "provider": "Acme", "choices": choices,
    })
}

/// The last chunk of a stream that fails in the middle.
#[must_use]
pub fn error_chunk(code: &Value, message: &str, error_type: &str) -> Value {
    let mut chunk =
        chunk(&json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]));
    chunk["error"] =
        json!({"code": code, "message": message, "metadata": {"error_type": error_type}});
    chunk
}

/// A whole answer, as OpenRouter gives it to those who do not stream.
#[must_use]
pub fn completion(text: &str) -> Value {
    json!({
        "id": "gen-1", "object": "chat.completion", "created": 1_760_000_000, "model": "acme/m1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 22, "completion_tokens": 7, "total_tokens": 29, "cost": 0.000_171},
    })
}

/// The body of an error before the first token.
#[must_use]
pub fn error_body(status: u16, message: &str) -> Value {
    json!({"error": {"code": status, "message": message, "metadata": {"provider_name": "Acme"}}, "user_id": "user_x"})
}

/// A streamed answer in the making. Each call adds what its name says; nothing is added unasked,
/// so a stream without [`StreamScript::finish`] or [`StreamScript::done`] is one without them.
#[derive(Debug, Clone, Default)]
pub struct StreamScript {
    steps: Vec<Step>,
    line_ending: LineEnding,
}

impl StreamScript {
    /// An empty stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the lines end with that are added from here on.
    #[must_use]
    pub fn lines_end_with(mut self, line_ending: LineEnding) -> Self {
        self.line_ending = line_ending;
        self
    }

    /// These bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.push(Step::Bytes(bytes.into()));
        self
    }

    /// A byte order mark.
    #[must_use]
    pub fn bom(self) -> Self {
        self.raw(*b"\xef\xbb\xbf")
    }

    /// One event with this data, a `data:` line for each line of it.
    #[must_use]
    pub fn data(self, data: &str) -> Self {
        let end = self.line_ending.as_str();
        let lines: String = data
            .split('\n')
            .map(|line| format!("data: {line}{end}"))
            .collect();
        self.raw(format!("{lines}{end}"))
    }

    /// One event with this JSON.
    #[must_use]
    pub fn chunk(self, chunk: &Value) -> Self {
        self.data(&chunk.to_string())
    }

    /// A comment.
    #[must_use]
    pub fn comment(self, text: &str) -> Self {
        let end = self.line_ending.as_str();
        self.raw(format!(": {text}{end}{end}"))
    }

    /// A whole answer that comes in two parts, the second when the gate is open.
    #[must_use]
    pub fn in_two(first: &str, gate: &Gate, second: &str) -> Self {
        Self::new()
            .delta(first)
            .wait(gate)
            .delta(second)
            .finish("stop")
            .done()
    }

    /// More of the answer's text.
    #[must_use]
    pub fn delta(self, text: &str) -> Self {
        let delta = json!({"role": "assistant", "content": text});
        self.chunk(&chunk(&json!([{"index": 0, "delta": delta, "finish_reason": null, "native_finish_reason": null}])))
    }

    /// More of the model's reasoning, in both of the forms in which OpenRouter sends it at once.
    #[must_use]
    pub fn reasoning(self, text: &str) -> Self {
        let delta = json!({
            "role": "assistant", "content": "", "reasoning": text,
            "reasoning_details": [{"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}],
        });
        self.chunk(&chunk(
            &json!([{"index": 0, "delta": delta, "finish_reason": null}]),
        ))
    }

    /// A chunk without a choice.
    #[must_use]
    pub fn no_choices(self) -> Self {
        self.chunk(&chunk(&json!([])))
    }

    /// The chunk that says why the answer ends.
    #[must_use]
    pub fn finish(self, reason: &str) -> Self {
        let delta = json!({"role": "assistant", "content": ""});
        self.chunk(&chunk(&json!([{"index": 0, "delta": delta, "finish_reason": reason, "native_finish_reason": reason}])))
    }

    /// The chunk that says what was used; `cost` is in dollars, a JSON number.
    #[must_use]
    pub fn usage(self, prompt_tokens: u32, completion_tokens: u32, cost: &str) -> Self {
        let mut last = chunk(&json!([
            {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null},
        ]));
        let cost: Value = serde_json::from_str(cost).expect("a cost is a number");
        last["usage"] = json!({
            "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens, "cost": cost, "is_byok": false,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        });
        self.chunk(&last)
    }

    /// The error object of a stream that fails in the middle.
    #[must_use]
    pub fn error(self, code: u16, message: &str, error_type: &str) -> Self {
        self.chunk(&error_chunk(&json!(code), message, error_type))
    }

    /// `[DONE]`.
    #[must_use]
    pub fn done(self) -> Self {
        self.data("[DONE]")
    }

    /// Goes on when the gate is open.
    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.steps.push(Step::Wait(gate.clone()));
        self
    }

    /// Goes on after this time.
    #[must_use]
    pub fn pause(mut self, length: Duration) -> Self {
        self.steps.push(Step::Pause(length));
        self
    }

    /// Says nothing more, and stays.
    #[must_use]
    pub fn silence(mut self) -> Self {
        self.steps.push(Step::Silence);
        self
    }

    /// Drops the connection in the middle of the body.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.steps.push(Step::Cut);
        self
    }

    /// A line that never ends.
    #[must_use]
    pub fn endless_line(self) -> Self {
        let mut line = self.raw("data: ");
        line.steps.push(Step::Forever {
            bytes: vec![b'x'; 64 * 1024],
            pause: Duration::ZERO,
        });
        line
    }

    /// The same bytes so many times.
    #[must_use]
    pub fn repeat(mut self, bytes: impl Into<Vec<u8>>, times: usize) -> Self {
        let bytes = bytes.into();
        self.steps.push(Step::Repeat { bytes, times });
        self
    }

    /// An event whose data never ends, line after line.
    #[must_use]
    pub fn endless_data(mut self) -> Self {
        let line = format!("data: {}\n", "x".repeat(64 * 1024));
        self.steps.push(Step::Forever {
            bytes: line.into_bytes(),
            pause: Duration::ZERO,
        });
        self
    }

    /// The same little text again and again, never ending.
    #[must_use]
    pub fn drip(mut self, text: &str, pause: Duration) -> Self {
        let delta =
            chunk(&json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]));
        self.steps.push(Step::Forever {
            bytes: format!("data: {delta}\n\n").into_bytes(),
            pause,
        });
        self
    }
}

impl From<StreamScript> for Script {
    fn from(stream: StreamScript) -> Self {
        let mut script = Self::status(200).header("Content-Type", "text/event-stream");
        script.steps = stream.steps;
        script
    }
}

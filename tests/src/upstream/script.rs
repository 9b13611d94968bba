//! Scripts: what the upstream sends, as data.
//!
//! Owns the steps and how a whole answer is put together from them. Knows nothing of what the
//! bytes mean; that is `openrouter`'s and `anthropic`'s.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::Semaphore;

use super::openrouter::StreamScript;

/// Something that a script waits for until the test opens it.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a default gate would be a gate of its own"
    )]
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    /// Waits until the gate is open.
    pub async fn passed(&self) {
        self.0
            .acquire()
            .await
            .expect("a gate is never destroyed while it is held")
            .forget();
    }
}

/// One thing that the upstream does after it has sent the head of its answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes these bytes at once.
    Bytes(Vec<u8>),
    /// Writes these bytes in a packet each.
    Sliced(Vec<u8>),
    /// Writes these bytes so many times.
    Repeat { bytes: Vec<u8>, times: usize },
    /// Goes on when the test opens the gate.
    Wait(Gate),
    /// Goes on after this time.
    Pause(Duration),
    /// Says nothing until the client goes away.
    Silence,
    /// Writes the same bytes again and again until the client goes away; as fast as they are
    /// read, or one every `pause`.
    Forever { bytes: Vec<u8>, pause: Duration },
    /// Drops the connection without ending the body.
    Cut,
}

/// A whole answer of the upstream.
#[derive(Debug, Clone)]
pub struct Script {
    /// The HTTP status; 0 means that the connection is dropped without an answer.
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub steps: Vec<Step>,
    /// Steps before the head, so that even the status line can be late or missing.
    pub prelude: Vec<Step>,
}

impl Script {
    /// An answer without a body yet.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            steps: Vec::new(),
            prelude: Vec::new(),
        }
    }

    /// A whole, ordinary streamed answer with this text, a word a chunk.
    #[must_use]
    pub fn answer(text: &str) -> Self {
        let mut stream = StreamScript::new().comment("OPENROUTER PROCESSING");
        for word in text.split_inclusive(' ') {
            stream = stream.delta(word);
        }
        stream.finish("stop").usage(22, 7, "0.000171").done().into()
    }

    /// An answer of OpenRouter's that is an error before the first token.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self::status(status).json(&super::openrouter::error_body(status, message))
    }

    /// A list of these models.
    #[must_use]
    pub fn list(models: &[Value]) -> Self {
        Self::status(200).json(&serde_json::json!({"data": models}))
    }

    /// Drops the connection without a byte.
    #[must_use]
    pub fn hang_up() -> Self {
        let mut script = Self::status(200);
        script.prelude.push(Step::Cut);
        script
    }

    /// Takes the request and never answers.
    #[must_use]
    pub fn mute() -> Self {
        let mut script = Self::status(200);
        script.prelude.push(Step::Silence);
        script
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .bytes(body.to_string())
    }

    /// Adds bytes to the body.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.steps.push(Step::Bytes(bytes.into()));
        self
    }

    /// Sends nothing, not even the status line, before the gate is open.
    #[must_use]
    pub fn after(mut self, gate: &Gate) -> Self {
        self.prelude.push(Step::Wait(gate.clone()));
        self
    }

    /// Sends the first `length` bytes of the body's bytes (repeated ones whole) and then drops the connection.
    #[must_use]
    pub fn cut_at(mut self, length: usize) -> Self {
        let mut left = length;
        let mut steps = Vec::new();
        for step in self.steps {
            match step {
                Step::Bytes(bytes) if bytes.len() > left => {
                    steps.push(Step::Bytes(bytes[..left].to_vec()));
                    break;
                }
                Step::Sliced(bytes) if bytes.len() > left => {
                    steps.push(Step::Sliced(bytes[..left].to_vec()));
                    break;
                }
                step => {
                    if let Step::Bytes(bytes) | Step::Sliced(bytes) = &step {
                        left -= bytes.len();
                    }
                    steps.push(step);
                }
            }
        }
        steps.push(Step::Cut);
        self.steps = steps;
        self
    }

    /// Writes every byte of the body in a packet of its own.
    #[must_use]
    pub fn sliced(mut self) -> Self {
        for step in &mut self.steps {
            if let Step::Bytes(bytes) = step {
                *step = Step::Sliced(std::mem::take(bytes));
            }
        }
        self
    }

    /// How many bytes the body has, as far as it has an end.
    #[must_use]
    pub fn body_length(&self) -> usize {
        self.steps
            .iter()
            .map(|step| match step {
                Step::Bytes(bytes) | Step::Sliced(bytes) => bytes.len(),
                Step::Repeat { bytes, times } => bytes.len() * times,
                Step::Wait(_)
                | Step::Pause(_)
                | Step::Silence
                | Step::Forever { .. }
                | Step::Cut => 0,
            })
            .sum()
    }
}

//! An answer while it is being written: what a stream's events add up to.
//!
//! Pure data; must not know signals, the network or views. It takes every event once, however
//! often connections break and repeat some.

use prompthub_dto::{
    chat::{Fallback, Message, MessageStatus},
    ids::{GenerationId, MessageId},
    problem::Problem,
    stream::StreamEvent,
};

use crate::api::stream::Numbered;

/// How the connection to a running answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Connected,
    /// It broke; the page tries again by itself.
    Reconnecting,
}

/// One running answer.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveAnswer {
    pub generation: GenerationId,
    /// The assistant message as the stream has told it so far.
    message: Message,
    /// The sequence number of the last event taken in.
    last_event: Option<u64>,
    pub link: Link,
    /// A person has asked to stop it, and it has not ended yet.
    pub stopping: bool,
}

/// What an event asks of the reader of the stream.
#[derive(Debug, PartialEq)]
pub enum Progress {
    /// Nothing that shows.
    Unchanged,
    /// The message has changed.
    Changed,
    /// The answer has ended; this is its message, and nothing comes after it.
    Ended(Box<Message>),
}

impl LiveAnswer {
    /// An answer of which `message` is known. The stream repeats it from its beginning.
    #[must_use]
    pub fn new(generation: GenerationId, message: Message) -> Self {
        Self {
            generation,
            message,
            last_event: None,
            link: Link::Connected,
            stopping: false,
        }
    }

    #[must_use]
    pub fn id(&self) -> MessageId {
        self.message.id
    }

    /// After which event a new connection has to go on; `None` for all of them.
    #[must_use]
    pub fn last_event(&self) -> Option<u64> {
        self.last_event
    }

    /// The message as far as it has come.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Takes one event in.
    pub fn apply(&mut self, Numbered { sequence, event }: Numbered) -> Progress {
        // A snapshot is all of it, wherever the server that tells it begins to count.
        let is_whole = matches!(event, StreamEvent::Snapshot { .. });
        if sequence.is_some() && sequence <= self.last_event && !is_whole {
            return Progress::Unchanged;
        }
        let first = self.last_event.is_none();
        self.last_event = sequence.or(self.last_event);
        match event {
            StreamEvent::Started { model, omitted, .. } => {
                // The stream tells the answer from its beginning, whatever of it was known.
                if first {
                    self.message.content.clear();
                    self.message.reasoning = None;
                    self.message.requested_model = None;
                    self.message.fallbacks.clear();
                }
                self.message.model = Some(model);
                self.message.omitted = omitted;
            }
            StreamEvent::Fallback {
                model,
                failed_model,
                problem,
                omitted,
            } => {
                self.message
                    .requested_model
                    .get_or_insert_with(|| failed_model.clone());
                self.message.fallbacks.push(Fallback {
                    model: failed_model,
                    problem_code: problem.code,
                    detail: problem.detail,
                });
                self.message.model = Some(model);
                self.message.omitted = omitted;
            }
            StreamEvent::Delta { text } => self.message.content.push_str(&text),
            StreamEvent::Reasoning { text } => {
                self.message
                    .reasoning
                    .get_or_insert_default()
                    .push_str(&text);
            }
            StreamEvent::Snapshot { text, reasoning } => {
                self.message.content = text;
                self.message.reasoning = Some(reasoning).filter(|text| !text.is_empty());
            }
            StreamEvent::Usage(usage) => self.message.usage = Some(usage),
            StreamEvent::Done {
                assistant_message, ..
            } => return Progress::Ended(assistant_message),
            StreamEvent::Error { problem } => {
                return Progress::Ended(Box::new(self.failed(problem)));
            }
        }
        Progress::Changed
    }

    fn failed(&self, problem: Problem) -> Message {
        Message {
            status: MessageStatus::Failed,
            problem: Some(problem),
            ..self.message.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::{
        chat::{FinishReason, Role},
        problem::ProblemCode,
    };

    use super::{super::samples::message, *};

    fn answer() -> LiveAnswer {
        let message = message(2, Some(1), Role::Assistant, "known");
        LiveAnswer::new(message.generation_id.unwrap(), message)
    }

    fn started() -> StreamEvent {
        let answer = message(2, Some(1), Role::Assistant, "");
        StreamEvent::Started {
            generation_id: answer.generation_id.unwrap(),
            conversation_id: answer.conversation_id,
            user_message: Box::new(message(1, None, Role::User, "hello")),
            assistant_message_id: answer.id,
            model: "demo/echo".to_owned(),
            omitted: None,
        }
    }

    fn delta(text: &str) -> StreamEvent {
        StreamEvent::Delta {
            text: text.to_owned(),
        }
    }

    fn run(answer: &mut LiveAnswer, events: impl IntoIterator<Item = (u64, StreamEvent)>) {
        for (sequence, event) in events {
            answer.apply(Numbered {
                sequence: Some(sequence),
                event,
            });
        }
    }

    #[test]
    fn the_stream_tells_the_answer_from_its_beginning() {
        let mut answer = answer();
        run(
            &mut answer,
            [(1, started()), (2, delta("Hel")), (3, delta("lo"))],
        );
        assert_eq!(answer.message().content, "Hello");
        assert_eq!(answer.message().model.as_deref(), Some("demo/echo"));
    }

    #[test]
    fn what_a_second_connection_repeats_counts_once() {
        let mut answer = answer();
        run(
            &mut answer,
            [(1, started()), (2, delta("a")), (3, delta("b"))],
        );
        run(
            &mut answer,
            [
                (1, started()),
                (2, delta("a")),
                (3, delta("b")),
                (4, delta("c")),
            ],
        );
        assert_eq!(answer.message().content, "abc");
        assert_eq!(answer.last_event(), Some(4));
    }

    #[test]
    fn a_snapshot_replaces_the_text() {
        let mut answer = answer();
        let snapshot = StreamEvent::Snapshot {
            text: "all".to_owned(),
            reasoning: String::new(),
        };
        run(
            &mut answer,
            [
                (1, started()),
                (2, delta("a")),
                (9, snapshot),
                (10, delta("!")),
            ],
        );
        assert_eq!(
            (
                answer.message().content.as_str(),
                &answer.message().reasoning
            ),
            ("all!", &None)
        );
    }

    #[test]
    fn a_snapshot_of_another_server_begins_to_count_anew() {
        let mut answer = answer();
        let snapshot = |text: &str| StreamEvent::Snapshot {
            text: text.to_owned(),
            reasoning: String::new(),
        };
        let events = [
            (1 << 30, snapshot("ab")),
            (3, snapshot("abc")),
            (4, delta("d")),
        ];
        run(&mut answer, events);
        assert_eq!(answer.message().content, "abcd");
        assert_eq!(answer.last_event(), Some(4));
    }

    #[test]
    fn done_ends_it_with_the_stored_message() {
        let stored = message(2, Some(1), Role::Assistant, "stored");
        let done = StreamEvent::Done {
            finish_reason: FinishReason::Stop,
            assistant_message: Box::new(stored.clone()),
        };
        let ended = answer().apply(Numbered {
            sequence: None,
            event: done,
        });
        assert_eq!(ended, Progress::Ended(Box::new(stored)));
    }

    #[test]
    fn an_error_keeps_the_text_so_far() {
        let mut answer = answer();
        run(&mut answer, [(1, started()), (2, delta("half"))]);
        let code = ProblemCode::ProviderTimeout;
        let problem = Problem {
            kind: String::new(),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: String::new(),
            errors: Vec::new(),
            request_id: String::new(),
        };
        let event = StreamEvent::Error {
            problem: problem.clone(),
        };
        let Progress::Ended(message) = answer.apply(Numbered {
            sequence: Some(3),
            event,
        }) else {
            unreachable!("an error ends the answer")
        };
        assert_eq!(
            (message.content.as_str(), message.status),
            ("half", MessageStatus::Failed)
        );
        assert_eq!(message.problem, Some(problem));
    }
}

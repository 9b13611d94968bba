//! A person who chats, and never stops to think: one request after the other until the connection
//! breaks, noting down what the server has acknowledged.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use fastrand::Rng;
use prompthub_dto::{
    chat::{ChatReply, Conversation, Message},
    ids::{ConversationId, GenerationId, MessageId},
    stream::StreamEvent,
};
use prompthub_tests::{EventStream, raw::Multipart};
use reqwest::{Method, RequestBuilder, Response, header};
use serde_json::{Value, json};

use crate::{
    account::{Account, body},
    answers,
    ledger::{Answer, Fate, Ledger, Question, Upload},
};

/// Beyond this many, people go on with a conversation that they have.
const CONVERSATIONS: usize = 5;
/// The most bytes of an uploaded file.
const MAX_UPLOAD: usize = 200_000;

/// Somebody who is signed in, and what the server has promised to them.
#[derive(Debug)]
pub struct Person {
    pub account: Account,
    rng: Rng,
    numbers: Arc<AtomicU64>,
    pub ledger: Ledger,
    /// Projects of earlier rounds, which nobody writes to any more.
    pub closed: Vec<Ledger>,
}

/// How an answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Whole,
    /// Streamed and read to its end.
    Streamed,
    /// Streamed, and left after so many events.
    Left(usize),
    /// The same, asking that it stop then.
    LeftToStop(usize),
    /// Streamed, and cancelled after so many events.
    Cancelled(usize),
}

impl Manner {
    fn any(rng: &mut Rng) -> Self {
        match rng.u8(..10) {
            0..2 => Self::Whole,
            2..5 => Self::Streamed,
            5..8 => Self::Left(rng.usize(1..10)),
            8 => Self::LeftToStop(rng.usize(1..10)),
            _ => Self::Cancelled(rng.usize(1..30)),
        }
    }

    fn add_to(self, mut body: Value) -> Value {
        body["stream"] = json!(self != Self::Whole);
        if matches!(self, Self::LeftToStop(_)) {
            body["on_disconnect"] = json!("cancel");
        }
        body
    }
}

impl Person {
    /// Registers an account and makes its first project.
    pub async fn register(base_url: &str, email: &str, rng: Rng, numbers: Arc<AtomicU64>) -> Self {
        let account = Account::register(base_url, email).await;
        let ledger = Ledger::of(account.create_project().await);
        Self {
            account,
            rng,
            numbers,
            ledger,
            closed: Vec::new(),
        }
    }

    /// Goes on with the server at its new address.
    pub fn move_to(&mut self, base_url: &str) {
        base_url.clone_into(&mut self.account.base_url);
    }

    /// Goes on in a new project.
    pub async fn turn_the_page(&mut self) {
        let next = Ledger::of(self.account.create_project().await);
        self.closed.push(std::mem::replace(&mut self.ledger, next));
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.account.request(method, path)
    }

    /// Does one thing after the other until a connection breaks; says when, and what broke.
    pub async fn live(&mut self) -> (Instant, reqwest::Error) {
        loop {
            if let Err(error) = self.act().await {
                return (Instant::now(), error);
            }
        }
    }

    async fn act(&mut self) -> reqwest::Result<()> {
        match self.rng.u8(..20) {
            0..11 => self.ask().await,
            11..14 => self.ask_again().await,
            14..16 => self.create_conversation().await,
            16..18 => self.rename().await,
            _ => self.upload().await,
        }
    }

    /// Sends a message into a conversation, or into a new one.
    async fn ask(&mut self) -> reqwest::Result<()> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let content = answers::question(number);
        let manner = Manner::any(&mut self.rng);
        let project = format!("/api/projects/{}/chat", self.ledger.project);
        let known = self.rng.choice(&self.ledger.conversations).copied();
        let known = known
            .filter(|_| self.ledger.conversations.len() >= CONVERSATIONS || self.rng.u8(..) < 100);
        let (path, body) = match &known {
            None => (project, json!({"message": content})),
            Some(id) if self.rng.bool() => {
                (project, json!({"message": content, "conversation_id": id}))
            }
            Some(id) => {
                let mut body = json!({"content": content});
                // Now and then beside what was said before.
                if self.rng.u8(..) < 60 {
                    let mut answers = self.ledger.answers.iter().rev();
                    let before = answers.find(|answer| answer.conversation == *id);
                    body["parent_id"] = json!(before.map(|answer| answer.id));
                }
                (format!("/api/conversations/{id}/messages"), body)
            }
        };
        self.ledger.questions.push(Question {
            number,
            fate: Fate::Unknown,
            conversation: known,
        });
        let place = self.ledger.questions.len() - 1;
        let request = self.request(Method::POST, &path).json(&manner.add_to(body));
        let response = request.send().await?;
        let fate = fate_of(&response);
        self.ledger.questions[place].fate = fate;
        if fate == Fate::Acknowledged {
            self.listen(number, manner, response, Some(place)).await?;
        }
        Ok(())
    }

    /// Asks for another answer to a question.
    async fn ask_again(&mut self) -> reqwest::Result<()> {
        let Some(answer) = self.rng.choice(&self.ledger.answers) else {
            return Ok(());
        };
        let (number, path) = (
            answer.number,
            format!("/api/messages/{}/regenerate", answer.id),
        );
        let manner = Manner::any(&mut self.rng);
        *self.ledger.retries.entry(number).or_default() += 1;
        let request = self.request(Method::POST, &path);
        let response = request.json(&manner.add_to(json!({}))).send().await?;
        if fate_of(&response) == Fate::Acknowledged {
            self.listen(number, manner, response, None).await?;
        }
        Ok(())
    }

    /// Takes the answer that has begun.
    async fn listen(
        &mut self,
        number: u64,
        manner: Manner,
        response: Response,
        question: Option<usize>,
    ) -> reqwest::Result<()> {
        if manner == Manner::Whole {
            let reply: ChatReply = body(response).await?;
            let generation = reply.assistant_message.generation_id;
            self.name_answer(
                number,
                manner,
                question,
                (
                    reply.conversation_id,
                    generation.expect("an answer has a generation"),
                    reply.assistant_message.id,
                ),
            );
            self.finish(reply.assistant_message);
            return Ok(());
        }
        let mut stream = EventStream::of(response);
        let mut count = 0;
        while let Some((_, event)) = stream.try_next().await? {
            match event {
                StreamEvent::Started {
                    generation_id,
                    conversation_id,
                    assistant_message_id,
                    ..
                } => {
                    let names = (conversation_id, generation_id, assistant_message_id);
                    self.name_answer(number, manner, question, names);
                }
                StreamEvent::Delta { text } => {
                    let answer = self.ledger.answers.last_mut().expect("it has started");
                    answer.text.push_str(&text);
                    answer.seen.push((Instant::now(), answer.text.len()));
                }
                StreamEvent::Done {
                    assistant_message, ..
                } => self.finish(*assistant_message),
                StreamEvent::Usage(_) => {}
                other => panic!("the upstream has sent nothing that makes {other:?}"),
            }
            count += 1;
            match manner {
                Manner::Left(limit) | Manner::LeftToStop(limit) if count >= limit => return Ok(()),
                Manner::Cancelled(limit) if count == limit => self.cancel().await?,
                _ => {}
            }
        }
        Ok(())
    }

    fn name_answer(
        &mut self,
        number: u64,
        manner: Manner,
        question: Option<usize>,
        (conversation, generation, id): (ConversationId, GenerationId, MessageId),
    ) {
        self.ledger.know(conversation);
        if let Some(place) = question {
            self.ledger.questions[place].conversation = Some(conversation);
        }
        self.ledger.answers.push(Answer {
            number,
            id,
            generation,
            conversation,
            text: String::new(),
            seen: Vec::new(),
            done: None,
            may_be_cancelled: matches!(manner, Manner::LeftToStop(_)),
            audited: false,
        });
    }

    /// Notes how the newest answer has ended.
    fn finish(&mut self, message: Message) {
        let answer = self.ledger.answers.last_mut().expect("it has started");
        assert_eq!(answer.id, message.id);
        if !answer.text.is_empty() {
            assert_eq!(
                answer.text, message.content,
                "what was streamed and what is stored differ"
            );
        }
        answer.done = Some(message);
    }

    async fn cancel(&mut self) -> reqwest::Result<()> {
        let answer = self.ledger.answers.last_mut().expect("it has started");
        answer.may_be_cancelled = true;
        let path = format!("/api/generations/{}/cancel", answer.generation);
        let response = self.request(Method::POST, &path).send().await?;
        assert_eq!(fate_of(&response), Fate::Acknowledged);
        Ok(())
    }

    async fn create_conversation(&mut self) -> reqwest::Result<()> {
        if self.ledger.conversations.len() >= CONVERSATIONS {
            return Ok(());
        }
        let title = format!("Empty {}", self.numbers.fetch_add(1, Ordering::Relaxed));
        let path = format!("/api/projects/{}/conversations", self.ledger.project);
        self.ledger.made_empty.push((title.clone(), Fate::Unknown));
        let place = self.ledger.made_empty.len() - 1;
        let request = self.request(Method::POST, &path);
        let response = request.json(&json!({"title": title})).send().await?;
        self.ledger.made_empty[place].1 = fate_of(&response);
        let made: Conversation = body(response).await?;
        self.ledger.know(made.id);
        Ok(())
    }

    async fn rename(&mut self) -> reqwest::Result<()> {
        let Some(id) = self.rng.choice(&self.ledger.conversations).copied() else {
            return Ok(());
        };
        let title = format!("Named {}", self.numbers.fetch_add(1, Ordering::Relaxed));
        let path = format!("/api/conversations/{id}");
        let titles = self.ledger.titles.entry(id).or_default();
        titles.maybe.push(title.clone());
        let request = self.request(Method::PATCH, &path);
        let response = request.json(&json!({"title": title})).send().await?;
        assert_eq!(fate_of(&response), Fate::Acknowledged);
        let titles = self.ledger.titles.entry(id).or_default();
        titles.sure = Some(title);
        titles.maybe.clear();
        Ok(())
    }

    async fn upload(&mut self) -> reqwest::Result<()> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let length = self.rng.usize(..MAX_UPLOAD);
        let bytes: Vec<u8> = std::iter::repeat_with(|| self.rng.u8(..))
            .take(length)
            .collect();
        let name = format!("file {number}.bin");
        let form = Multipart::new().file(&name, &bytes).finish();
        self.ledger.uploads.push(Upload {
            name,
            bytes,
            fate: Fate::Unknown,
            audited: false,
        });
        let place = self.ledger.uploads.len() - 1;
        let path = format!("/api/projects/{}/files", self.ledger.project);
        let request = self.request(Method::POST, &path);
        let response = request
            .header(header::CONTENT_TYPE, Multipart::content_type())
            .body(form)
            .send()
            .await?;
        self.ledger.uploads[place].fate = fate_of(&response);
        Ok(())
    }
}

/// What the head of an answer says of the request. Only these refusals may happen: somebody is
/// answering in the conversation, or too many answers run.
fn fate_of(response: &Response) -> Fate {
    match response.status().as_u16() {
        200..300 => Fate::Acknowledged,
        409 | 429 => Fate::Refused,
        status => panic!("{}: {status}", response.url()),
    }
}

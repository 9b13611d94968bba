//! One answer from the question to its end, over as many connections as that takes.
//!
//! Owns the reading of streams and the coming back after a loss: an answer belongs to the server,
//! so a connection that breaks only means to go on reading. Must not render.

use futures_util::future::abortable;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use prompthub_dto::{
    chat::{Chat, ContentPart, CreateMessage, Message, MessageContent, MessageStatus, Role},
    ids::MessageId,
    problem::ProblemCode,
    stream::StreamEvent,
};

use super::{
    backoff::Backoff,
    doubt::Doubt,
    live::{Link, LiveAnswer, Progress},
    reading::Older,
    state::{ChatEvent, ChatState, Load, Question, Refusal},
};
use crate::{
    api::{
        ApiError,
        stream::{self, EventStream, Numbered},
    },
    components::model_name,
};

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Connection {
    /// With the answer's end.
    Ended,
    /// Before it.
    Lost,
}

/// What a question says: the images before the text, as providers advise.
fn content(text: &str, images: &[String]) -> MessageContent {
    if images.is_empty() {
        return text.into();
    }
    let image = |file: &String| ContentPart::Image { file: file.clone() };
    let text = Some(text.to_owned()).filter(|text| !text.trim().is_empty());
    let text = text.map(|text| ContentPart::Text { text });
    MessageContent::Parts(images.iter().map(image).chain(text).collect())
}

impl ChatState {
    /// Asks the server and follows the answer to its end.
    pub(super) async fn answer(self, question: Question) {
        let doubt = self.doubt.get_value();
        if let Some(doubt) = doubt.filter(|doubt| doubt.stands_before(&question)) {
            match self.was_taken_in(&doubt).await {
                Ok(true) => {
                    if !doubt.is_about(&question) {
                        // What was written since is to be sent after that, or not at all.
                        self.give_back(&question);
                    }
                    return self.follow_running().await;
                }
                Ok(false) => {}
                Err(error) => return self.refuse(question, error),
            }
        }
        self.forget_doubt();
        let doubt = self.doubt(question.clone());
        match self.ask_server(&question).await {
            Ok(stream) => self.follow(Some(stream)).await,
            Err(error) => {
                if Doubt::is_left_by(&error) {
                    if self.was_taken_in(&doubt).await == Ok(true) {
                        return self.follow_running().await;
                    }
                    // The server may not be there to be asked, or still have it before it.
                    self.doubt.set_value(Some(doubt));
                } else {
                    self.forget_doubt();
                }
                self.refuse(question, error);
            }
        }
    }

    /// Follows the answer at the end of the path, where one is being written.
    pub(super) async fn follow_running(self) {
        let running = self.running();
        let runs = running.is_some();
        if runs {
            self.live.set(running);
        }
        self.stop_as_wished();
        if runs {
            self.follow(None).await;
        }
    }

    /// Sends the question. When this is `Ok`, the server has stored it.
    async fn ask_server(self, question: &Question) -> Result<EventStream, ApiError> {
        let conversation = self.conversation.get_untracked();
        let mut stream = match (question, conversation) {
            (Question::Again(answer), _) => stream::regenerate(*answer).await?,
            (
                Question::Message {
                    text,
                    images,
                    model,
                    ..
                },
                None,
            ) => {
                let body = Chat {
                    message: content(text, images),
                    model: model.clone(),
                    ..Chat::default()
                };
                stream::chat(self.project.with_untracked(|project| project.id), body).await?
            }
            (
                Question::Message {
                    text,
                    images,
                    edits,
                    model,
                },
                Some(conversation),
            ) => {
                let edited = edits
                    .and_then(|edited| self.tree.with_untracked(|tree| tree.get(edited).cloned()));
                let parent = match edited {
                    // Named by the message itself: it may not have been read yet.
                    Some(edited) => edited.parent_id,
                    None => self.leaf.get_untracked(),
                };
                let body = CreateMessage {
                    content: content(text, images),
                    parent_id: Some(parent),
                    model: model.clone(),
                    ..CreateMessage::default()
                };
                stream::create_message(conversation, body).await?
            }
        };
        match stream.next().await? {
            Some(
                first @ Numbered {
                    event: StreamEvent::Started { .. },
                    ..
                },
            ) => {
                self.begin(first);
                Ok(stream)
            }
            Some(Numbered {
                event: StreamEvent::Error { problem },
                ..
            }) => Err(ApiError::Problem(Box::new(problem))),
            Some(_) | None => Err(ApiError::Network),
        }
    }

    /// The question is stored, and the answer begins.
    fn begin(self, first: Numbered) {
        let StreamEvent::Started {
            generation_id,
            conversation_id,
            user_message,
            assistant_message_id,
            model,
            omitted,
        } = &first.event
        else {
            return;
        };
        let answer = Message {
            id: *assistant_message_id,
            parent_id: Some(user_message.id),
            role: Role::Assistant,
            content: String::new(),
            attachments: Vec::new(),
            status: MessageStatus::Running,
            model: Some(model.clone()),
            omitted: *omitted,
            generation_id: Some(*generation_id),
            ..Message::clone(user_message)
        };
        let mut live = LiveAnswer::new(*generation_id, answer.clone());
        let begins = self.conversation.with_untracked(Option::is_none);
        let (user_message, conversation) = (Message::clone(user_message), *conversation_id);
        live.apply(first);
        self.tree.update(|tree| {
            tree.insert(user_message);
            tree.insert(answer);
        });
        self.leaf.set(Some(live.id()));
        self.live.set(Some(live));
        self.acknowledge(conversation);
        // Sending has taken the reader to the end; whoever has gone up since reads there.
        self.show_end();
        self.announcement.set("The assistant is answering.");
        self.tell(if begins {
            ChatEvent::Begun(conversation)
        } else {
            ChatEvent::Asked(conversation)
        });
        self.stop_as_wished();
    }

    /// The question was not taken: its text goes back into the box, before what was typed since.
    fn refuse(self, question: Question, error: ApiError) {
        self.give_back(&question);
        self.refusal.set(Some(Refusal { question, error }));
        self.announcement.set("");
    }

    /// Reads the running answer to its end, connecting again as often as needed.
    async fn follow(self, mut stream: Option<EventStream>) {
        let mut backoff = Backoff::default();
        loop {
            if let Some(stream) = stream.take()
                && self.read_events(stream, &mut backoff).await == Connection::Ended
            {
                return;
            }
            let place = self.live.with_untracked(|live| {
                live.as_ref()
                    .map(|live| (live.generation, live.last_event()))
            });
            let Some((generation, last_event)) = place else {
                return;
            };
            match stream::events(generation, last_event).await {
                Ok(connected) => {
                    self.set_link(Link::Connected);
                    stream = Some(connected);
                    continue;
                }
                Err(error) if error.is(ProblemCode::Unauthenticated) => return,
                Err(error) if error.is(ProblemCode::NotFound) => {
                    if self.ended_meanwhile().await {
                        return;
                    }
                }
                Err(_) => {}
            }
            self.set_link(Link::Reconnecting);
            self.pause(backoff.next_wait()).await;
        }
    }

    async fn read_events(self, mut stream: EventStream, backoff: &mut Backoff) -> Connection {
        loop {
            let (read, handle) = abortable(stream.next());
            self.wait.set_value(Some(handle));
            let event = match read.await {
                Ok(Ok(Some(event))) => event,
                // It has ended; how, may stand in the conversation in words that can be read.
                Ok(Err(ApiError::Unreadable { .. })) if self.ended_meanwhile().await => {
                    return Connection::Ended;
                }
                Ok(Ok(None) | Err(_)) | Err(_) => break,
            };
            backoff.reset();
            self.set_link(Link::Connected);
            let progress = self
                .live
                .try_update_untracked(|live| live.as_mut().map(|live| live.apply(event)))
                .flatten();
            match progress {
                Some(Progress::Unchanged) => {}
                Some(Progress::Changed) => self.show_live_in_next_frame(),
                Some(Progress::Ended(message)) => {
                    self.end(*message);
                    return Connection::Ended;
                }
                None => return Connection::Ended,
            }
        }
        self.set_link(Link::Reconnecting);
        self.pause(backoff.next_wait()).await;
        Connection::Lost
    }

    /// The text grows many times a frame; the page is only told once.
    fn show_live_in_next_frame(self) {
        if self.frame_asked.get_value() {
            return;
        }
        self.frame_asked.set_value(true);
        request_animation_frame(move || {
            // The pane may be gone by then.
            if self.frame_asked.try_set_value(false).is_none() {
                self.live.notify();
            }
        });
    }

    fn end(self, message: Message) {
        let answer = message.id;
        self.ended.set_value(Some(answer));
        self.tree.update(|tree| tree.insert(message));
        self.live.set(None);
        self.tell_end(answer);
    }

    /// Says that an answer has ended, and how, to whoever listens and to the page around.
    fn tell_end(self, answer: MessageId) {
        let Some(message) = self.tree.with_untracked(|tree| tree.get(answer).cloned()) else {
            return;
        };
        self.announcement.set(match message.status {
            MessageStatus::Running | MessageStatus::Complete | MessageStatus::Other => {
                "The answer is complete."
            }
            MessageStatus::Cancelled => "The answer was stopped.",
            MessageStatus::Interrupted => "The answer was interrupted.",
            MessageStatus::Failed => "The answer has failed.",
        });
        let first = self.tree.with_untracked(|tree| {
            let question = message.parent_id.and_then(|id| tree.get(id));
            question.is_some_and(|question| question.parent_id.is_none())
        });
        let is_demo = message.model.as_deref().is_some_and(model_name::is_demo);
        self.tell(ChatEvent::Answered {
            conversation: message.conversation_id,
            first: first && !is_demo,
        });
    }

    /// The server knows no such running answer: what has become of it stands in the conversation.
    async fn ended_meanwhile(self) -> bool {
        let Some(id) = self.conversation.get_untracked() else {
            return true;
        };
        match self.read_end(id).await {
            Ok(newest) => {
                let answer = self
                    .live
                    .with_untracked(|live| live.as_ref().map(LiveAnswer::id));
                self.ended.set_value(answer);
                self.show(newest);
                let ended = self.running().is_none();
                if ended {
                    self.live.set(None);
                    if let Some(answer) = answer {
                        self.tell_end(answer);
                    }
                }
                ended
            }
            // Gone, or beyond this page; asking again would not change that.
            Err(error)
                if error.is(ProblemCode::NotFound)
                    || matches!(error, ApiError::Unreadable { status: 200 }) =>
            {
                self.live.set(None);
                self.load.set(Load::Failed(error));
                true
            }
            Err(_) => false,
        }
    }

    fn set_link(self, link: Link) {
        let differs =
            |live: &Option<LiveAnswer>| live.as_ref().is_some_and(|live| live.link != link);
        if self.live.with_untracked(differs) {
            self.announcement.set(match link {
                Link::Reconnecting => "The connection is lost.",
                Link::Connected => "The connection is back.",
            });
            self.live.update(|live| {
                if let Some(live) = live {
                    live.link = link;
                }
            });
        }
    }

    async fn pause(self, milliseconds: u32) {
        let (pause, handle) = abortable(TimeoutFuture::new(milliseconds));
        self.wait.set_value(Some(handle));
        // Aborted means that the network is back.
        let _ = pause.await;
    }

    /// The browser says that the network is gone, long before a silent connection would. Should more
    /// of the answer come all the same, it is not.
    pub fn network_is_gone(self) {
        self.set_link(Link::Reconnecting);
    }

    /// The network is back: whatever waits for it tries again now.
    pub fn network_is_back(self) {
        if matches!(self.older.get_untracked(), Older::Failed(..)) {
            self.read_older();
        }
        if let Some(handle) = self.wait.try_update_value(Option::take).flatten() {
            handle.abort();
        }
        self.refresh();
    }
}

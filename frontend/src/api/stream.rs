//! Answers while they are being made: the operations that answer with server-sent events.
//!
//! Owns the reading of such an answer. Must not decide what its events mean, nor when to connect
//! again; `chat::answer` does. Dropping an [`EventStream`] closes its connection.

mod sse;

use std::pin::pin;

use futures_util::future::{Either, select};
use gloo_net::http::{Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use prompthub_dto::{
    chat::{Chat, CreateMessage, Regenerate},
    ids::{ConversationId, GenerationId, MessageId, ProjectId},
    stream::StreamEvent,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader};

use self::sse::{SseDecoder, SseEvent};
use super::{ApiError, read_failure};

/// The most milliseconds in which a healthy connection brings at least a comment, with room to
/// spare: the server sends one every 15 s.
const SILENCE_LIMIT: u32 = 40_000;

/// Sends a message to a project and reads the answer as it is made.
pub async fn chat(project: ProjectId, mut body: Chat) -> Result<EventStream, ApiError> {
    body.stream = true;
    let request = Request::post(&format!("/api/projects/{project}/chat"));
    EventStream::open(request, Some(serde_json::to_string(&body))).await
}

/// Adds a message to a conversation and reads the answer as it is made.
pub async fn create_message(
    conversation: ConversationId,
    mut body: CreateMessage,
) -> Result<EventStream, ApiError> {
    body.stream = true;
    let request = Request::post(&format!("/api/conversations/{conversation}/messages"));
    EventStream::open(request, Some(serde_json::to_string(&body))).await
}

/// Has an answer made once more, as a sibling of `message`, and reads it.
pub async fn regenerate(message: MessageId) -> Result<EventStream, ApiError> {
    let body = Regenerate {
        stream: true,
        ..Regenerate::default()
    };
    let request = Request::post(&format!("/api/messages/{message}/regenerate"));
    EventStream::open(request, Some(serde_json::to_string(&body))).await
}

/// Reads an answer that is already being made, from the event after `last_event_id` on, or from
/// its beginning.
pub async fn events(
    generation: GenerationId,
    last_event_id: Option<u64>,
) -> Result<EventStream, ApiError> {
    let mut request = Request::get(&format!("/api/generations/{generation}/events"));
    if let Some(id) = last_event_id {
        request = request.header("Last-Event-ID", &id.to_string());
    }
    EventStream::open(request, None).await
}

/// One event and its place in the sequence, where the server numbered it.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    pub sequence: Option<u64>,
    pub event: StreamEvent,
}

/// The events of one answer, over one connection.
#[derive(Debug)]
pub struct EventStream {
    reader: ReadableStreamDefaultReader,
    _connection: Connection,
    decoder: SseDecoder,
    /// Events that came in the same chunk as one before; the next one is the last.
    waiting: Vec<SseEvent>,
}

impl EventStream {
    async fn open(
        builder: RequestBuilder,
        body: Option<serde_json::Result<String>>,
    ) -> Result<Self, ApiError> {
        let connection = Connection::new()?;
        let builder = builder
            .header("Accept", "text/event-stream")
            .abort_signal(Some(&connection.0.signal()));
        let request = match body {
            Some(body) => builder
                .header("Content-Type", "application/json")
                .body(body.map_err(|_| ApiError::Network)?),
            None => builder.build(),
        };
        let response = unless_silent(pin!(request.map_err(|_| ApiError::Network)?.send()))
            .await?
            .map_err(|_| ApiError::Network)?;
        if !response.ok() {
            return Err(read_failure(&response).await);
        }
        let unreadable = ApiError::Unreadable {
            status: response.status(),
        };
        let content_type = response.headers().get("content-type").unwrap_or_default();
        if !content_type.starts_with("text/event-stream") {
            return Err(unreadable);
        }
        let reader = response
            .body()
            .and_then(|body| body.get_reader().dyn_into().ok())
            .ok_or(unreadable)?;
        Ok(Self {
            reader,
            _connection: connection,
            decoder: SseDecoder::default(),
            waiting: Vec::new(),
        })
    }

    /// The next event; `None` when the server has closed the stream.
    ///
    /// An event of a kind that this page does not know yet is passed over.
    ///
    /// # Errors
    /// [`ApiError::Network`] when the connection broke, or nothing at all came for too long;
    /// [`ApiError::Unreadable`] when the answer has ended in a way that this page cannot read.
    pub async fn next(&mut self) -> Result<Option<Numbered>, ApiError> {
        loop {
            while let Some(SseEvent { id, data }) = self.waiting.pop() {
                if let Ok(event) = serde_json::from_str(&data) {
                    return Ok(Some(Numbered {
                        sequence: id.parse().ok(),
                        event,
                    }));
                }
                if StreamEvent::ends_stream(&data) {
                    return Err(ApiError::Unreadable { status: 200 });
                }
            }
            let Some(chunk) = self.read().await? else {
                return Ok(None);
            };
            self.decoder
                .push(&chunk, &mut self.waiting)
                .map_err(|_| ApiError::Network)?;
            self.waiting.reverse();
        }
    }

    async fn read(&self) -> Result<Option<Vec<u8>>, ApiError> {
        // Each chunk counts as life, whether or not it completes an event: what a model thinks in
        // silence for minutes comes with comments alone.
        let result = unless_silent(JsFuture::from(self.reader.read()))
            .await?
            .map_err(|_| ApiError::Network)?;
        let property = |name: &str| js_sys::Reflect::get(&result, &JsValue::from_str(name));
        if property("done").is_ok_and(|done| done.is_truthy()) {
            return Ok(None);
        }
        let chunk = property("value").map_err(|_| ApiError::Network)?;
        Ok(Some(js_sys::Uint8Array::new(&chunk).to_vec()))
    }
}

/// What the network brings, unless it brings nothing for too long.
async fn unless_silent<F: Future + Unpin>(work: F) -> Result<F::Output, ApiError> {
    match select(work, TimeoutFuture::new(SILENCE_LIMIT)).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(ApiError::Network),
    }
}

/// A request that ends when nobody holds it any more.
#[derive(Debug)]
struct Connection(AbortController);

impl Connection {
    fn new() -> Result<Self, ApiError> {
        AbortController::new()
            .map(Self)
            .map_err(|_| ApiError::Network)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! One answer under way: from the bytes of the response to events.
//!
//! Owns the end of an answer in all its forms: complete, broken off, failed, unreadable. Must not
//! know the JSON of any wire format: that is a [`Reader`].

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::CONTENT_TYPE;

use serde_json::Value;

use crate::{
    CompletionEvent, CompletionStream, ErrorKind, ProviderError, Secret, failure,
    halves::Halves,
    sse::{self, Decoder, Event, SseError},
    transport::Body,
};

/// A whole answer that is longer is not read.
const MAX_WHOLE_BYTES: usize = 16 * 1024 * 1024;

const TOO_LONG: &str = "the provider's answer is too long";
const NO_STREAM: &str = "the provider sent no event stream";

/// Turns the JSON of one wire format into events. One for each answer.
pub(crate) trait Reader: Default + Send + 'static {
    /// Takes in the data of one event of a stream.
    fn read(&mut self, json: &str) -> Result<(), ReadError>;

    /// Takes in an answer that came whole.
    fn read_whole(&mut self, json: &[u8]) -> Result<(), ReadError>;

    /// Whether the provider has said why it ended.
    fn has_finish_reason(&self) -> bool;

    /// The answer ended well: what was kept for the end becomes events.
    fn finish(&mut self);

    /// The answer broke off: what was used is told all the same.
    fn give_up(&mut self);

    fn next_event(&mut self) -> Option<CompletionEvent>;
}

/// JSON after which no more is read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The wire format's word that nothing follows. No failure.
    Done,
    /// It is an error of the provider's, in this object or text.
    Provider(Value),
    /// It is not of the wire format.
    Malformed(serde_json::Error),
    /// It is a whole answer without one.
    NoChoices,
}

/// An answer that is being read.
#[derive(Debug)]
pub(crate) struct Answer<R> {
    body: Body,
    decoder: Decoder,
    chunks: R,
    halves: Halves,
    /// An event that waits for the rest of the text before it.
    held: Option<CompletionEvent>,
    phase: Phase,
    /// What errors must not show.
    key: Option<Secret>,
}

/// How far it is.
#[derive(Debug)]
enum Phase {
    /// Nothing but blank has come.
    Blank,
    Reading,
    /// It said that it is done; what follows does not count.
    Done,
    /// It failed, and events that came before are still to be taken.
    Failed(ProviderError),
    Ended,
}

/// Why reading stops.
enum Stop {
    /// `[DONE]`, or what the wire format has for it.
    Done,
    /// The provider says that it failed.
    Provider(ProviderError),
    /// The connection or what came over it is broken.
    Broken(ProviderError),
}

impl<R: Reader> Answer<R> {
    /// The events of an answer whose response has begun.
    pub(crate) async fn stream(
        body: Body,
        key: Option<Secret>,
    ) -> Result<CompletionStream, ProviderError> {
        // Boxed, since each event would move all of it in and out of the future.
        let answer = Box::new(Self::begin(body, key).await?);
        let events = futures_util::stream::unfold(answer, |mut answer| async move {
            answer.next().await.map(|event| (event, answer))
        });
        Ok(events.boxed())
    }

    /// Judges the response by its head. A failure, and an answer that comes whole, are read here.
    async fn begin(mut body: Body, key: Option<Secret>) -> Result<Self, ProviderError> {
        if !body.status().is_success() {
            // The status tells enough when the rest of the body does not come.
            let (bytes, _) = body
                .read_up_to(failure::MAX_ERROR_BYTES)
                .await
                .unwrap_or_default();
            return Err(failure::from_response(
                body.status(),
                body.headers(),
                &bytes,
                key.as_ref(),
            ));
        }
        let media_type = body
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media_type = media_type
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let mut answer = Self {
            body,
            decoder: Decoder::default(),
            chunks: R::default(),
            halves: Halves::default(),
            held: None,
            phase: Phase::Blank,
            key,
        };
        match media_type.as_str() {
            "application/json" => answer.read_whole().await?,
            "text/html" => return Err(protocol("the provider sent a web page")),
            // Anything else may be a stream that is labelled wrongly; its first byte will tell.
            _ => answer.body.forget_headers(),
        }
        Ok(answer)
    }

    /// The next event; `None` at the end, after which it must not be called again.
    async fn next(&mut self) -> Option<Result<CompletionEvent, ProviderError>> {
        loop {
            let event = self.held.take().or_else(|| self.chunks.next_event());
            if let Some(event) = event {
                match self.joined(event) {
                    Some(event) => return Some(Ok(event)),
                    None => continue,
                }
            }
            if !matches!(self.phase, Phase::Blank | Phase::Reading)
                && let Some(rest) = self.halves.rest()
            {
                return Some(Ok(rest));
            }
            match std::mem::replace(&mut self.phase, Phase::Ended) {
                phase @ (Phase::Blank | Phase::Reading) => {
                    self.phase = phase;
                    self.read().await;
                }
                Phase::Done => self.body.drain().await,
                Phase::Failed(error) => return Some(Err(error)),
                Phase::Ended => return None,
            }
        }
    }

    /// The event, its characters whole; `None` where nothing is left of it for now.
    fn joined(&mut self, event: CompletionEvent) -> Option<CompletionEvent> {
        match self.halves.join(event) {
            CompletionEvent::Text(text) | CompletionEvent::Reasoning(text) if text.is_empty() => {
                None
            }
            event @ (CompletionEvent::Usage(_) | CompletionEvent::Finished(_)) => {
                match self.halves.rest() {
                    None => Some(event),
                    rest => {
                        self.held = Some(event);
                        rest
                    }
                }
            }
            event => Some(event),
        }
    }

    /// Reads one piece of the body.
    async fn read(&mut self) {
        let stop = match self.body.read().await {
            Ok(Some(bytes)) if self.begins_document(&bytes) => self.read_document(bytes).await,
            Ok(Some(bytes)) => match self.read_piece(bytes) {
                Ok(()) => {
                    if self.chunks.has_finish_reason() {
                        self.body.set_complete();
                    }
                    return;
                }
                Err(stop) => stop,
            },
            Ok(None) => self.read_rest().err().unwrap_or(Stop::Done),
            Err(error) => match self.read_rest() {
                Err(stop @ (Stop::Done | Stop::Provider(_))) => stop,
                Ok(()) | Err(Stop::Broken(_)) => Stop::Broken(error),
            },
        };
        self.phase = match stop {
            Stop::Provider(error) => Phase::Failed(error),
            // The provider had said that the text is complete: whatever broke came too late to matter.
            Stop::Broken(error) if !self.chunks.has_finish_reason() => Phase::Failed(error),
            Stop::Broken(_) => Phase::Ended,
            Stop::Done => Phase::Done,
        };
        match self.phase {
            Phase::Failed(_) => self.chunks.give_up(),
            _ => self.chunks.finish(),
        }
    }

    fn read_piece(&mut self, bytes: Bytes) -> Result<(), Stop> {
        if matches!(self.phase, Phase::Blank) {
            match bytes.iter().find(|byte| !is_blank(**byte)) {
                None => {}
                // No line of a stream begins like a web page.
                Some(b'<') => return Err(Stop::Broken(protocol(NO_STREAM))),
                Some(_) => self.phase = Phase::Reading,
            }
        }
        self.decoder.push(bytes);
        while let Some(event) = self.decoder.next_event()? {
            read_event(&mut self.chunks, &mut self.halves, event, self.key.as_ref())?;
        }
        Ok(())
    }

    /// Whether no stream begins with this piece but a JSON document.
    fn begins_document(&self, bytes: &[u8]) -> bool {
        let first = bytes.iter().find(|byte| !is_blank(**byte));
        matches!(self.phase, Phase::Blank) && first == Some(&b'{')
    }

    /// Reads a document that was labelled as a stream: an error, mostly.
    async fn read_document(&mut self, first: Bytes) -> Stop {
        let room = MAX_WHOLE_BYTES.saturating_sub(first.len());
        let rest = match self.body.read_up_to(room).await {
            Ok((rest, true)) => rest,
            Ok((_, false)) => return Stop::Broken(protocol(TOO_LONG)),
            Err(error) => return Stop::Broken(error),
        };
        match self.read_json(&[&*first, &*rest].concat()) {
            Ok(()) => Stop::Done,
            Err(error @ ReadError::Provider(_)) => {
                Stop::Provider(explain(error, self.key.as_ref()))
            }
            Err(_) => Stop::Broken(protocol(NO_STREAM)),
        }
    }

    /// Reads what the end of the body left without a blank line after it. It may be cut off in the
    /// middle; then it does not count.
    fn read_rest(&mut self) -> Result<(), Stop> {
        match self.decoder.finish() {
            None => Ok(()),
            Some(event) => {
                let key = self.key.as_ref();
                match read_event(&mut self.chunks, &mut self.halves, event, key) {
                    Err(Stop::Broken(_)) => Ok(()),
                    result => result,
                }
            }
        }
    }

    /// Reads a completion that is not streamed, though it was asked to be.
    async fn read_whole(&mut self) -> Result<(), ProviderError> {
        let (bytes, is_whole) = self.body.read_up_to(MAX_WHOLE_BYTES).await?;
        if !is_whole {
            return Err(protocol(TOO_LONG));
        }
        if let Err(error) = self.read_json(&bytes) {
            return Err(explain(error, self.key.as_ref()));
        }
        self.chunks.finish();
        self.phase = Phase::Ended;
        Ok(())
    }

    fn read_json(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        match std::str::from_utf8(bytes) {
            Ok(json) => self.chunks.read_whole(self.halves.mark(json).as_bytes()),
            // It is the reader's to say what is wrong with it.
            Err(_) => self.chunks.read_whole(bytes),
        }
    }
}

fn read_event(
    chunks: &mut impl Reader,
    halves: &mut Halves,
    event: Event<'_>,
    key: Option<&Secret>,
) -> Result<(), Stop> {
    let json = match event.data.trim() {
        "" => return Ok(()),
        "[DONE]" => return Err(Stop::Done),
        json => json,
    };
    match chunks.read(&halves.mark(json)) {
        Err(error @ ReadError::Provider(_)) => Err(Stop::Provider(explain(error, key))),
        // Whatever is in it, it is called an error.
        _ if event.name == sse::ERROR => Err(Stop::Provider(failure::from_event(json, key))),
        Ok(()) => Ok(()),
        Err(ReadError::Done) => Err(Stop::Done),
        Err(error @ (ReadError::Malformed(_) | ReadError::NoChoices)) => {
            Err(Stop::Broken(explain(error, key)))
        }
    }
}

fn explain(error: ReadError, key: Option<&Secret>) -> ProviderError {
    match error {
        ReadError::Provider(error) => failure::from_chunk(&error, key),
        ReadError::Malformed(error) => {
            protocol("the provider sent JSON that is no completion").with_source(error)
        }
        ReadError::NoChoices | ReadError::Done => {
            protocol("the provider sent an answer without text")
        }
    }
}

/// White space, or a byte of the byte order mark.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xEF | 0xBB | 0xBF)
}

fn protocol(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Protocol, message)
}

impl From<SseError> for Stop {
    fn from(error: SseError) -> Self {
        Self::Broken(protocol("the provider's stream passed a limit").with_source(error))
    }
}

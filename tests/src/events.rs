//! Reading an answer's stream of server-sent events as it comes.
//!
//! Strict where a browser is lenient: what the server should not send fails the test.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use prompthub_dto::stream::StreamEvent;
use std::pin::Pin;

use crate::{contract, upstream::PATIENCE};

/// The events of one answer, as they come. Dropping it closes the connection.
pub struct EventStream {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    buffer: Vec<u8>,
}

impl EventStream {
    /// Reads the body of `response`, which must be an event stream.
    #[track_caller]
    #[must_use]
    pub fn of(response: reqwest::Response) -> Self {
        let content_type = response
            .headers()
            .get("content-type")
            .map(|value| value.as_bytes().to_vec());
        assert_eq!(response.status(), 200, "{}", response.url());
        let content_type = String::from_utf8(content_type.unwrap_or_default()).expect("ASCII");
        assert!(
            content_type.starts_with("text/event-stream"),
            "{content_type}"
        );
        Self {
            body: Box::pin(response.bytes_stream()),
            buffer: Vec::new(),
        }
    }

    /// The next event with its sequence number; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<(u64, StreamEvent)> {
        self.try_next().await.expect("the stream was cut")
    }

    /// The next event, or why the connection broke.
    ///
    /// # Errors
    /// When the connection breaks; what else may never be still fails here.
    pub async fn try_next(&mut self) -> reqwest::Result<Option<(u64, StreamEvent)>> {
        loop {
            if let Some(frame) = self.take_frame() {
                if let Some(event) = parse_frame(&frame) {
                    return Ok(Some(event));
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next())
                .await
                .expect("the stream went silent");
            match chunk {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None => {
                    assert!(
                        self.buffer.is_empty(),
                        "an unfinished event: {:?}",
                        String::from_utf8_lossy(&self.buffer)
                    );
                    return Ok(None);
                }
            }
        }
    }

    /// Reads until `wanted` holds for an event, which it returns with all before it.
    pub async fn until(
        &mut self,
        wanted: impl Fn(&StreamEvent) -> bool,
    ) -> Vec<(u64, StreamEvent)> {
        let mut events = Vec::new();
        while let Some((id, event)) = self.next().await {
            let found = wanted(&event);
            events.push((id, event));
            if found {
                return events;
            }
        }
        panic!("the stream ended after {events:?}");
    }

    /// All the events that are left.
    pub async fn rest(&mut self) -> Vec<(u64, StreamEvent)> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    fn take_frame(&mut self) -> Option<String> {
        let at = self
            .buffer
            .windows(2)
            .position(|window| window == b"\n\n")?;
        let frame: Vec<u8> = self.buffer.drain(..at + 2).collect();
        Some(String::from_utf8(frame).expect("the stream is UTF-8"))
    }
}

/// `None` for a comment.
fn parse_frame(frame: &str) -> Option<(u64, StreamEvent)> {
    let mut id = None;
    let mut data = None;
    for line in frame.trim_end_matches('\n').split('\n') {
        match line.split_once(": ").or_else(|| line.split_once(':')) {
            Some(("", _)) => return None,
            Some(("id", value)) => id = Some(value.parse().expect("an event's id is a number")),
            Some(("data", value)) => {
                contract::check_event(&serde_json::from_str(value).expect(value));
                data = Some(serde_json::from_str(value).expect(value));
            }
            _ => panic!("an unknown line in the stream: {line:?}"),
        }
    }
    Some((
        id.expect("every event has an id"),
        data.expect("every event has data"),
    ))
}

/// The text that the deltas and snapshots of these events add up to.
#[must_use]
pub fn text_of(events: &[(u64, StreamEvent)]) -> String {
    let mut text = String::new();
    for (_, event) in events {
        match event {
            StreamEvent::Delta { text: more } => text.push_str(more),
            StreamEvent::Snapshot { text: all, .. } => text.clone_from(all),
            _ => {}
        }
    }
    text
}

/// Checks what holds of every whole stream: it begins with `started`, its ids rise, and it ends
/// with its only terminal event, which is returned.
#[track_caller]
#[must_use]
pub fn assert_whole(events: &[(u64, StreamEvent)]) -> StreamEvent {
    let (_, first) = events.first().expect("a stream has events");
    assert!(matches!(first, StreamEvent::Started { .. }), "{events:?}");
    assert!(
        events.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "ids must rise: {events:?}"
    );
    let terminals = events
        .iter()
        .filter(|(_, event)| event.is_terminal())
        .count();
    assert_eq!(terminals, 1, "{events:?}");
    let (_, last) = events.last().expect("a stream has events");
    assert!(last.is_terminal(), "{events:?}");
    last.clone()
}

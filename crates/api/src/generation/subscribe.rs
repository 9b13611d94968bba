//! What a subscriber of an answer gets, as bytes of a server-sent event stream.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use prompthub_dto::{
    chat::{FinishReason, Message, MessageStatus},
    stream::StreamEvent,
};
use tokio::time::{Instant, Sleep, sleep};

use super::{
    live::{Live, StopReason},
    log::write_frame,
};

/// Silence after which a comment keeps proxies awake.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);
pub(super) const COMMENT: &[u8] = b": keep-alive\n\n";

/// Stops an answer when it is dropped before the end: what `"on_disconnect": "cancel"` asks for.
pub struct StopOnDrop(Arc<Live>);

impl StopOnDrop {
    #[must_use]
    pub fn new(live: Arc<Live>) -> Self {
        Self(live)
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        // After the end nobody listens.
        self.0.stop(StopReason::Cancelled);
    }
}

/// The events after the first `seen`, as they come, until the terminal one. The subscriber holds
/// no more than one chunk, so a slow one slows only itself.
pub fn follow(
    live: Arc<Live>,
    seen: usize,
    guard: Option<StopOnDrop>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let follower = Follower {
        live,
        seen,
        over: false,
        last_sent: Instant::now(),
        alarm: Box::pin(sleep(KEEP_ALIVE)),
        _guard: guard,
    };
    stream::unfold(follower, |mut follower| async move {
        let bytes = follower.next().await?;
        Some((Ok(bytes), follower))
    })
}

struct Follower {
    live: Arc<Live>,
    seen: usize,
    over: bool,
    last_sent: Instant,
    /// Goes off when it is time for a comment, or before: it is not set anew for each event.
    alarm: Pin<Box<Sleep>>,
    _guard: Option<StopOnDrop>,
}

impl Follower {
    /// What to send next; `None` after the end.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.over {
            // From before looking, so that no event falls between the two.
            let next = self.live.next_event();
            let (bytes, seen, over) = self.live.after(self.seen);
            self.seen = seen;
            self.over = over;
            if !bytes.is_empty() {
                self.last_sent = Instant::now();
                return Some(bytes);
            }
            if over {
                break;
            }
            tokio::select! {
                biased;
                () = next => {}
                () = &mut self.alarm => {
                    let is_silent = self.last_sent.elapsed() >= KEEP_ALIVE;
                    if is_silent {
                        self.last_sent = Instant::now();
                    }
                    self.alarm.as_mut().reset(self.last_sent + KEEP_ALIVE);
                    if is_silent {
                        return Some(Bytes::from_static(COMMENT));
                    }
                }
            }
        }
        None
    }
}

/// The events of an answer whose log is gone, to a reader who has `seen` so many: all the text at
/// once and, when it has ended, how.
pub(super) fn replay(message: &Message, seen: usize) -> Bytes {
    let mut frames = Vec::new();
    let snapshot = StreamEvent::Snapshot {
        text: message.content.clone(),
        reasoning: message.reasoning.clone().unwrap_or_default(),
    };
    write_frame(&mut frames, seen.saturating_add(1), &snapshot);
    if let Some(event) = terminal_event(message) {
        write_frame(&mut frames, seen.saturating_add(2), &event);
    }
    frames.into()
}

/// The last event of an answer that is stored as `message`; `None` while it runs.
pub(super) fn terminal_event(message: &Message) -> Option<StreamEvent> {
    match (message.status, &message.problem) {
        (MessageStatus::Running, _) => None,
        (MessageStatus::Failed, Some(problem)) => Some(StreamEvent::Error {
            problem: problem.clone(),
        }),
        _ => Some(StreamEvent::Done {
            finish_reason: message.finish_reason.unwrap_or(FinishReason::Interrupted),
            assistant_message: Box::new(message.clone()),
        }),
    }
}

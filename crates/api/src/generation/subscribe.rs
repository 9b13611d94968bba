//! What a subscriber of an answer gets, as bytes of a server-sent event stream.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use prompthub_dto::{
    chat::{FinishReason, Message, MessageStatus},
    stream::StreamEvent,
};

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
    let progress = live.watch();
    let start = (live, progress, seen, guard, false);
    stream::unfold(
        start,
        |(live, mut progress, seen, guard, over)| async move {
            if over {
                return None;
            }
            loop {
                // Marked as seen before looking, so that no event falls between the two.
                progress.borrow_and_update();
                let (bytes, seen, over) = live.after(seen);
                if !bytes.is_empty() {
                    return Some((Ok(bytes), (live, progress, seen, guard, over)));
                }
                if over {
                    return None;
                }
                match tokio::time::timeout(KEEP_ALIVE, progress.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_closed)) => return None,
                    Err(_silence) => {
                        let comment = Bytes::from_static(COMMENT);
                        return Some((Ok(comment), (live, progress, seen, guard, false)));
                    }
                }
            }
        },
    )
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

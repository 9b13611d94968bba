//! Following an answer that this process does not make: another one writes it, or it has ended and
//! its events are forgotten.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use prompthub_dto::chat::{Message, MessageStatus};
use tokio::time::Instant;

use super::{
    live::{Ended, Live},
    subscribe::{COMMENT, KEEP_ALIVE, follow, replay},
};
use crate::error::ApiError;

/// How often an answer that another process writes is looked at.
const POLL: Duration = Duration::from_millis(500);
/// Snapshots of an answer that another process writes are counted from here on: more events than any log has. A reader who
/// then comes to the log itself is known by it, and one who has a number of the log has seen no snapshot of ours.
const ELSEWHERE: usize = 1 << 30;

/// What a subscriber of an answer can be given.
pub enum Answer {
    /// It runs here, or has just ended.
    Live(Arc<Live>),
    /// As the database has it.
    Stored(Box<Message>),
}

/// The events of an answer to a reader who has `seen` so many. Where it is stored, that is one
/// snapshot and its end; while another process writes it, again whenever it has grown, as `look`
/// finds it. Ends without a terminal event only when `look` fails: the reader comes back and is told.
pub fn follow_anywhere<L, F>(
    answer: Answer,
    seen: usize,
    look: L,
) -> impl Stream<Item = Result<Bytes, ApiError>>
where
    L: Fn() -> F,
    F: Future<Output = Result<Answer, ApiError>>,
{
    let source = Source::of(answer, seen);
    stream::unfold((source, look), |(mut source, look)| async move {
        let bytes = source.next(&look).await?;
        Some((Ok(bytes), (source, look)))
    })
}

enum Source {
    Here(Pin<Box<dyn Stream<Item = Bytes>>>),
    Elsewhere(Box<Elsewhere>),
    Over,
}

/// What a reader has of an answer that another process writes.
struct Elsewhere {
    message: Message,
    /// How many events the reader has.
    seen: usize,
    /// The state of the message that the reader was shown last.
    shown: Option<String>,
    silent_since: Instant,
}

impl Source {
    fn of(answer: Answer, seen: usize) -> Self {
        match answer {
            Answer::Stored(message) => Self::elsewhere(*message, seen),
            Answer::Live(live) => match live.ended() {
                // A reader who has it all and asks again is told again, as when the log is gone.
                Some(Ended::Stored { message, .. }) if seen >= live.event_count() => {
                    Self::elsewhere(*message, seen)
                }
                // Said before the last event is there: until then there is none to tell again.
                Some(Ended::Lost(_)) if live.has_ended() => {
                    let before_the_end = live.event_count().saturating_sub(1);
                    Self::here(live, seen.min(before_the_end))
                }
                _ => Self::here(live, seen),
            },
        }
    }

    fn elsewhere(message: Message, seen: usize) -> Self {
        let seen = match message.status {
            MessageStatus::Running => seen.max(ELSEWHERE),
            _ => seen,
        };
        Self::Elsewhere(Box::new(Elsewhere {
            message,
            seen,
            shown: None,
            silent_since: Instant::now(),
        }))
    }

    fn here(live: Arc<Live>, seen: usize) -> Self {
        // More than there are: the reader has snapshots of another process. One more, and it is in this log.
        let catching_up = (seen > live.event_count()).then(|| live.snapshot());
        let (snapshot, seen) =
            catching_up.map_or((None, seen), |(bytes, seen)| (Some(bytes), seen));
        let events = follow(live, seen, None).map(|Ok(bytes)| bytes);
        Self::Here(Box::pin(stream::iter(snapshot).chain(events)))
    }

    async fn next<L, F>(&mut self, look: &L) -> Option<Bytes>
    where
        L: Fn() -> F,
        F: Future<Output = Result<Answer, ApiError>>,
    {
        loop {
            let elsewhere = match self {
                Self::Here(events) => return events.next().await,
                Self::Over => return None,
                Self::Elsewhere(elsewhere) => elsewhere,
            };
            if let Some(frames) = elsewhere.news() {
                if elsewhere.message.status != MessageStatus::Running {
                    *self = Self::Over;
                }
                return Some(frames);
            }
            if elsewhere.silent_since.elapsed() >= KEEP_ALIVE {
                elsewhere.silent_since = Instant::now();
                return Some(Bytes::from_static(COMMENT));
            }
            tokio::time::sleep(POLL).await;
            match look().await {
                Ok(Answer::Stored(newer)) => elsewhere.message = *newer,
                // It had been stored a moment before this process began it.
                Ok(Answer::Live(live)) => *self = Self::here(live, elsewhere.seen),
                // Deleted meanwhile, or the database is gone.
                Err(_) => *self = Self::Over,
            }
        }
    }
}

impl Elsewhere {
    /// The message as events, unless the reader has been shown just that.
    fn news(&mut self) -> Option<Bytes> {
        let state = self.message.updated_at.as_str();
        if self.shown.as_deref() == Some(state) && self.message.status == MessageStatus::Running {
            return None;
        }
        self.shown = Some(state.to_owned());
        self.silent_since = Instant::now();
        let frames = replay(&self.message, self.seen);
        self.seen = self.seen.saturating_add(1);
        Some(frames)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::VecDeque};

    use prompthub_dto::stream::StreamEvent;
    use prompthub_llm::demo::Demo;

    use super::*;
    use crate::generation::samples;

    fn stored(text: &str, status: MessageStatus) -> Answer {
        Answer::Stored(Box::new(samples::answer(text, status)))
    }

    /// What a reader gets while the database shows one state after the other, and then fails.
    async fn read(first: Answer, states: impl IntoIterator<Item = Answer>) -> Vec<String> {
        let states: RefCell<VecDeque<_>> = RefCell::new(states.into_iter().collect());
        let look = || {
            let next = states.borrow_mut().pop_front();
            async move { next.ok_or_else(|| ApiError::not_found("generation")) }
        };
        follow_anywhere(first, 4, look)
            .map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap())
            .collect()
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_another_process_writes_is_shown_as_it_grows() {
        use MessageStatus::{Complete, Running};
        let frames = read(
            stored("a", Running),
            [
                stored("a", Running),
                stored("ab", Running),
                stored("abc", Complete),
            ],
        )
        .await;
        assert_eq!(frames.len(), 3, "{frames:?}");
        let id = |nth: usize| format!("id: {}\n", ELSEWHERE + nth);
        assert!(frames[0].starts_with(&id(1)) && frames[0].contains(r#""text":"a""#));
        assert!(frames[1].starts_with(&id(2)) && frames[1].contains(r#""text":"ab""#));
        assert!(frames[2].starts_with(&id(3)) && frames[2].contains(r#""text":"abc""#));
        assert!(frames[2].contains(&id(4)) && frames[2].contains(r#""type":"done""#));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_every_fifteen_seconds() {
        let silent = (0..70).map(|_| stored("a", MessageStatus::Running));
        let frames = read(stored("a", MessageStatus::Running), silent).await;
        // 35 seconds, then the database fails and the reader has to come back.
        assert_eq!(frames[1..], [": keep-alive\n\n", ": keep-alive\n\n"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_ended_long_ago_is_one_snapshot_and_its_end() {
        let frames = read(stored("abc", MessageStatus::Complete), []).await;
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].matches("\nid: ").count(), 1);
    }

    /// Reads `live` as somebody who has `seen` so many events, until it ends.
    async fn read_here(live: Arc<Live>, seen: usize) -> String {
        let look = || async { Err(ApiError::not_found("generation")) };
        let frames = follow_anywhere(Answer::Live(live), seen, look);
        let frames: Vec<_> = frames
            .map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap())
            .collect()
            .await;
        frames.concat()
    }

    #[tokio::test]
    async fn who_comes_from_another_process_gets_all_of_it_once() {
        let live = Live::new(&samples::assignment(Arc::new(Demo::new(Duration::ZERO))));
        for text in ["One ", "two"] {
            live.publish(&StreamEvent::Delta {
                text: text.to_owned(),
            });
        }
        let live = Arc::new(live);
        let ending = async {
            tokio::task::yield_now().await;
            live.end_without_message(ApiError::not_found("conversation").to_problem("r"));
        };
        let reading = read_here(Arc::clone(&live), ELSEWHERE + 7);
        let (frames, ()) = tokio::join!(reading, ending);
        assert!(
            frames.starts_with("id: 2\n") && frames.contains(r#""text":"One two""#),
            "{frames}"
        );
        assert!(
            frames.contains("id: 3\n") && frames.contains(r#""type":"error""#),
            "{frames}"
        );
        assert_eq!(frames.matches("id: ").count(), 2, "{frames}");

        let again = read_here(live, 3).await;
        assert!(
            again.starts_with("id: 3\n"),
            "who has the end is told it again: {again}"
        );
    }
}

//! One answer that runs in this process, as its task and its subscribers share it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use prompthub_dto::{
    chat::Message,
    ids::{ConversationId, ProjectId, UserId},
    problem::Problem,
    stream::StreamEvent,
};
use tokio::sync::{Notify, futures::Notified};

use super::{Assignment, log::EventLog};

/// How many bytes a subscriber is handed at a time.
const CHUNK: usize = 64 * 1024;

/// Why a running answer is stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// A person asked for it.
    Cancelled,
    /// The server is shutting down.
    Shutdown,
}

/// How an answer ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// As it is stored.
    Stored {
        message: Box<Message>,
        /// How long the provider asked to wait, when it failed.
        retry_after: Option<Duration>,
    },
    /// There is no message to show: it was deleted meanwhile, or could not be stored.
    Lost(Problem),
}

/// An answer that runs, or has just ended.
pub struct Live {
    pub owner_id: UserId,
    pub project_id: ProjectId,
    pub conversation_id: ConversationId,
    pub user_message: Arc<Message>,
    log: Mutex<EventLog>,
    /// Wakes the subscribers at each event.
    arrival: Notify,
    stop_reason: OnceLock<StopReason>,
    /// Wakes the task, which alone waits for a reason to stop.
    stopping: AtomicWaker,
    ended: OnceLock<Ended>,
}

impl Live {
    pub(super) fn new(assignment: &Assignment) -> Self {
        Self {
            owner_id: assignment.owner_id,
            project_id: assignment.project_id,
            conversation_id: assignment.conversation_id,
            user_message: Arc::clone(&assignment.user_message),
            log: Mutex::default(),
            arrival: Notify::new(),
            stop_reason: OnceLock::new(),
            stopping: AtomicWaker::new(),
            ended: OnceLock::new(),
        }
    }

    /// Asks the task to stop; the first reason counts.
    pub fn stop(&self, reason: StopReason) {
        let _ = self.stop_reason.set(reason);
        self.stopping.wake();
    }

    /// Why the task is to stop, if somebody has asked for it.
    pub(super) fn stop_reason(&self) -> Option<StopReason> {
        self.stop_reason.get().copied()
    }

    /// Waits until somebody asks the task to stop. Only the task may wait.
    pub(super) async fn stopped(&self) -> StopReason {
        poll_fn(|context| {
            if self.stop_reason.get().is_none() {
                self.stopping.register(context.waker());
            }
            // Looked at again: the reason may have come before there was anybody to wake.
            self.stop_reason().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Appends an event and wakes the subscribers. Returns how many bytes the log has then.
    pub(super) fn publish(&self, event: &StreamEvent) -> usize {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(event);
        let size = log.size();
        drop(log);
        self.arrival.notify_waiters();
        size
    }

    /// Says how it ended. The terminal event follows.
    pub(super) fn set_ended(&self, ended: Ended) {
        let _ = self.ended.set(ended);
    }

    /// Ends it where no message tells how.
    pub(super) fn end_without_message(&self, problem: Problem) {
        self.set_ended(Ended::Lost(problem.clone()));
        self.publish(&StreamEvent::Error { problem });
    }

    /// How many events there are.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// How it ended, once that is known.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.get().cloned()
    }

    /// How many bytes the events have.
    pub(super) fn log_size(&self) -> usize {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .size()
    }

    /// Whether the terminal event is out.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .has_ended()
    }

    /// What comes after the first `seen` events: their bytes, how many are seen then, and whether
    /// the terminal one is among them or was before.
    pub(super) fn after(&self, seen: usize) -> (Bytes, usize, bool) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, seen) = log.after(seen, CHUNK);
        (bytes, seen, log.has_ended() && seen >= log.len())
    }

    /// All the text so far as one event, for a reader who has counted elsewhere, and how many events that stands for: all but
    /// the terminal one.
    pub(super) fn snapshot(&self) -> (Bytes, usize) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.snapshot()
    }

    /// Is done at the next event that comes after this call, whenever it is polled.
    pub(super) fn next_event(&self) -> Notified<'_> {
        self.arrival.notified()
    }

    /// Waits for the end, and tells how it was.
    pub async fn wait(&self) -> Option<Ended> {
        loop {
            let next = self.next_event();
            if self.has_ended() {
                return self.ended();
            }
            next.await;
        }
    }
}

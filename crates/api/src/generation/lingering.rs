//! Which finished answers keep their events in memory for readers who come back.
//!
//! Owns how long and how many. Must not know what the events are; whoever asks later gets the text
//! from the database.

use std::{collections::VecDeque, time::Duration};

use prompthub_dto::ids::GenerationId;
use tokio::time::Instant;

/// How long events stay: browsers come back within seconds.
const LINGER: Duration = Duration::from_secs(10);
/// How many bytes of events stay. On a busy server they would otherwise be most of its memory.
const MAX_BYTES: usize = 1024 * 1024;

/// The finished answers whose events are still there, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    answers: VecDeque<Finished>,
    bytes: usize,
}

#[derive(Debug)]
struct Finished {
    id: GenerationId,
    at: Instant,
    bytes: usize,
}

impl Lingering {
    /// Takes in an answer that has ended with so many bytes of events.
    pub(super) fn add(&mut self, id: GenerationId, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.answers.push_back(Finished {
            id,
            at: Instant::now(),
            bytes,
        });
    }

    /// The next answer whose events have to go, if there is one.
    pub(super) fn next_to_go(&mut self) -> Option<GenerationId> {
        let oldest = self.answers.front()?;
        if self.bytes <= MAX_BYTES && oldest.at.elapsed() < LINGER {
            return None;
        }
        let oldest = self.answers.pop_front()?;
        self.bytes = self.bytes.saturating_sub(oldest.bytes);
        Some(oldest.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn events_go_after_a_while_the_oldest_first() {
        let mut lingering = Lingering::default();
        let [first, second] = [GenerationId::new(), GenerationId::new()];
        lingering.add(first, 1);
        tokio::time::advance(LINGER / 2).await;
        lingering.add(second, 1);
        assert_eq!(lingering.next_to_go(), None);
        tokio::time::advance(LINGER / 2).await;
        assert_eq!(lingering.next_to_go(), Some(first));
        assert_eq!(lingering.next_to_go(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_goes_at_once() {
        let mut lingering = Lingering::default();
        let ids = [(); 3].map(|()| GenerationId::new());
        for id in ids {
            lingering.add(id, MAX_BYTES / 2);
        }
        assert_eq!(lingering.next_to_go(), Some(ids[0]));
        assert_eq!(lingering.next_to_go(), None);
        lingering.add(GenerationId::new(), MAX_BYTES + 1);
        assert_eq!(std::iter::from_fn(|| lingering.next_to_go()).count(), 3);
        assert_eq!(lingering.bytes, 0);
    }
}

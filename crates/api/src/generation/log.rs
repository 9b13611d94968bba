//! The events of one answer, as the bytes that subscribers get.
//!
//! Events are written into one buffer as server-sent events and never change, so any number of
//! subscribers can each read from where they are, several events at a time.

use bytes::Bytes;
use prompthub_dto::stream::StreamEvent;

/// The event log of one answer. Sequence numbers count from 1.
#[derive(Debug, Default)]
pub struct EventLog {
    frames: Vec<u8>,
    /// Where each event ends in `frames`.
    ends: Vec<usize>,
    ended: bool,
}

impl EventLog {
    /// Appends `event`. After the terminal one nothing is taken any more.
    pub fn push(&mut self, event: &StreamEvent) {
        if self.ended {
            return;
        }
        self.ended = event.is_terminal();
        let sequence = self.ends.len().saturating_add(1);
        make_room(&mut self.frames);
        write_frame(&mut self.frames, sequence, event);
        self.ends.push(self.frames.len());
        if self.ended {
            // Nothing more comes, but readers may for a while.
            self.frames.shrink_to_fit();
            self.ends.shrink_to_fit();
        }
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes the events have.
    #[must_use]
    pub fn size(&self) -> usize {
        self.frames.len()
    }

    /// Whether the terminal event is there.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Every event after the first `seen`, at most about `limit` bytes of them but at least one,
    /// with the number of events seen then.
    #[must_use]
    pub fn after(&self, seen: usize, limit: usize) -> (Bytes, usize) {
        let start = match seen.checked_sub(1) {
            None => 0,
            Some(last) => self.ends.get(last).copied().unwrap_or(self.frames.len()),
        };
        let fitting = self
            .ends
            .partition_point(|end| *end <= start.saturating_add(limit));
        let upto = fitting.max(seen.saturating_add(1)).min(self.ends.len());
        let end = upto
            .checked_sub(1)
            .and_then(|last| self.ends.get(last))
            .copied()
            .unwrap_or(0);
        let bytes = self.frames.get(start..end).unwrap_or_default();
        (Bytes::copy_from_slice(bytes), upto.max(seen))
    }
}

/// Makes room for a usual event. A vector would double, and with thousands of answers what is set aside
/// and not used adds up.
fn make_room(frames: &mut Vec<u8>) {
    const USUAL: usize = 128;
    if frames.capacity() - frames.len() < USUAL {
        frames.reserve_exact(frames.len() / 4 + 8 * USUAL);
    }
}

/// `event` as a server-sent event with `sequence` as its id.
pub fn write_frame(out: &mut Vec<u8>, sequence: usize, event: &StreamEvent) {
    out.extend_from_slice(b"id: ");
    out.extend_from_slice(sequence.to_string().as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // JSON has no line breaks of its own, so one `data:` line holds it.
    if let Err(error) = serde_json::to_writer(&mut *out, event) {
        tracing::error!(%error, "an event cannot be written");
    }
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use prompthub_dto::chat::Usage;

    use super::*;

    fn delta(text: &str) -> StreamEvent {
        StreamEvent::Delta {
            text: text.to_owned(),
        }
    }

    #[test]
    fn each_reader_gets_what_it_misses() {
        let mut log = EventLog::default();
        log.push(&delta("a"));
        log.push(&delta("b\n"));
        let (bytes, seen) = log.after(0, usize::MAX);
        assert_eq!(
            bytes,
            "id: 1\ndata: {\"type\":\"delta\",\"text\":\"a\"}\n\n\
             id: 2\ndata: {\"type\":\"delta\",\"text\":\"b\\n\"}\n\n"
        );
        assert_eq!(seen, 2);
        log.push(&StreamEvent::Usage(Usage::default()));
        let (bytes, seen) = log.after(2, usize::MAX);
        assert!(bytes.starts_with(b"id: 3\n"));
        assert_eq!(seen, 3);
        assert_eq!(log.after(3, usize::MAX), (Bytes::new(), 3));
        assert_eq!(log.after(99, usize::MAX), (Bytes::new(), 99));
    }

    #[test]
    fn a_small_limit_still_moves_on() {
        let mut log = EventLog::default();
        for _ in 0..3 {
            log.push(&delta("text"));
        }
        let (bytes, seen) = log.after(1, 1);
        assert!(bytes.starts_with(b"id: 2\n"));
        assert_eq!(seen, 2);
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let mut log = EventLog::default();
        log.push(&StreamEvent::Error {
            problem: crate::error::problem(
                prompthub_dto::problem::ProblemCode::ProviderTimeout,
                String::new(),
                Vec::new(),
                "r",
            ),
        });
        log.push(&delta("late"));
        assert_eq!(log.len(), 1);
        assert!(log.has_ended());
    }
}

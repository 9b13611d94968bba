//! The events of one answer, kept as small as they are.
//!
//! Thousands of answers have hundreds of events each, nearly all of them a few letters, so a piece of text is kept as
//! its letters alone and becomes an event when it is read. Events never change, so any number of subscribers can each
//! read from where they are, several events at a time.

use std::io::Write;

use bytes::Bytes;
use prompthub_dto::stream::StreamEvent;

/// Bytes of most events as they are sent.
const USUAL_FRAME: usize = 128;

/// The event log of one answer. Sequence numbers count from 1.
#[derive(Debug, Default)]
pub struct EventLog {
    /// What the events say, one after the other.
    content: String,
    entries: Vec<Entry>,
    ended: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: Kind,
    /// Where it ends in `content`.
    end: u32,
}

/// What is in `content` of an event.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The text of a `delta`.
    Text,
    /// The text of a `reasoning`.
    Reasoning,
    /// The event itself, as JSON.
    Whole,
}

impl EventLog {
    /// Appends `event`. After the terminal one nothing is taken any more.
    pub fn push(&mut self, event: &StreamEvent) {
        if self.ended {
            return;
        }
        let before = self.content.len();
        let (kind, text) = match event {
            StreamEvent::Delta { text } => (Kind::Text, text.as_str()),
            StreamEvent::Reasoning { text } => (Kind::Reasoning, text.as_str()),
            _ => (Kind::Whole, ""),
        };
        self.content.push_str(text);
        if matches!(kind, Kind::Whole) {
            self.content.push_str(&to_json(event));
        }
        let Ok(end) = u32::try_from(self.content.len()) else {
            // An answer is ended long before its events are that many.
            self.content.truncate(before);
            return;
        };
        self.entries.push(Entry { kind, end });
        self.ended = event.is_terminal();
        if self.ended {
            // Nothing more comes, but readers may for a while.
            self.content.shrink_to_fit();
            self.entries.shrink_to_fit();
        }
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes the events take here.
    #[must_use]
    pub fn size(&self) -> usize {
        let entries = self.entries.len().saturating_mul(size_of::<Entry>());
        self.content.len().saturating_add(entries)
    }

    /// Whether the terminal event is there.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Every event after the first `seen`, as server-sent events, until there are about `limit` bytes of them,
    /// with the number of events seen then.
    #[must_use]
    pub fn after(&self, seen: usize, limit: usize) -> (Bytes, usize) {
        if seen >= self.entries.len() {
            return (Bytes::new(), seen);
        }
        let mut frames = Vec::with_capacity(USUAL_FRAME);
        let mut seen = seen;
        while let Some(entry) = self.entries.get(seen)
            && frames.len() < limit
        {
            let sequence = seen.saturating_add(1);
            let content = self.content_of(seen, entry);
            let event = match entry.kind {
                Kind::Text => Some(StreamEvent::Delta {
                    text: content.to_owned(),
                }),
                Kind::Reasoning => Some(StreamEvent::Reasoning {
                    text: content.to_owned(),
                }),
                Kind::Whole => None,
            };
            write_around(&mut frames, sequence, |frames| match &event {
                Some(event) => write_json(frames, event),
                None => frames.extend_from_slice(content.as_bytes()),
            });
            seen = sequence;
        }
        (frames.into(), seen)
    }

    /// All the text so far as one event, and how many events that stands for: all but the terminal one.
    #[must_use]
    pub fn snapshot(&self) -> (Bytes, usize) {
        let seen = self.entries.len().saturating_sub(self.ended.into());
        let (mut text, mut reasoning) = (String::new(), String::new());
        for (place, entry) in self.entries.iter().enumerate() {
            match entry.kind {
                Kind::Text => text.push_str(self.content_of(place, entry)),
                Kind::Reasoning => reasoning.push_str(self.content_of(place, entry)),
                Kind::Whole => {}
            }
        }
        let mut frame = Vec::new();
        write_frame(&mut frame, seen, &StreamEvent::Snapshot { text, reasoning });
        (frame.into(), seen)
    }

    fn content_of(&self, place: usize, entry: &Entry) -> &str {
        let before = place.checked_sub(1).and_then(|last| self.entries.get(last));
        let start = before.map_or(0, |before| to_place(before.end));
        self.content
            .get(start..to_place(entry.end))
            .unwrap_or_default()
    }
}

fn to_place(end: u32) -> usize {
    usize::try_from(end).unwrap_or(usize::MAX)
}

/// `event` as a server-sent event with `sequence` as its id.
pub fn write_frame(out: &mut Vec<u8>, sequence: usize, event: &StreamEvent) {
    write_around(out, sequence, |out| write_json(out, event));
}

fn write_around(out: &mut Vec<u8>, sequence: usize, write_data: impl FnOnce(&mut Vec<u8>)) {
    // Writing to memory cannot fail.
    let _ = write!(out, "id: {sequence}\ndata: ");
    // JSON has no line breaks of its own, so one `data:` line holds it.
    write_data(out);
    out.extend_from_slice(b"\n\n");
}

fn write_json(out: &mut Vec<u8>, event: &StreamEvent) {
    if let Err(error) = serde_json::to_writer(out, event) {
        tracing::error!(%error, "an event cannot be written");
    }
}

fn to_json(event: &StreamEvent) -> String {
    let mut json = Vec::new();
    write_json(&mut json, event);
    // JSON is UTF-8.
    String::from_utf8(json).unwrap_or_default()
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

    fn lost() -> StreamEvent {
        StreamEvent::Error {
            problem: crate::error::problem(
                prompthub_dto::problem::ProblemCode::ProviderTimeout,
                String::new(),
                Vec::new(),
                "r",
            ),
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
    fn a_snapshot_stands_for_all_but_the_end() {
        let mut log = EventLog::default();
        let (nothing, seen) = log.snapshot();
        assert!(nothing.starts_with(b"id: 0\n") && seen == 0, "{nothing:?}");
        log.push(&delta("One "));
        log.push(&StreamEvent::Reasoning {
            text: "Hm.".to_owned(),
        });
        log.push(&delta("two"));
        let all =
            "id: 3\ndata: {\"type\":\"snapshot\",\"text\":\"One two\",\"reasoning\":\"Hm.\"}\n\n";
        assert_eq!(log.snapshot(), (all.into(), 3));
        log.push(&lost());
        assert_eq!(log.snapshot(), (all.into(), 3));
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let mut log = EventLog::default();
        log.push(&lost());
        log.push(&delta("late"));
        assert_eq!(log.len(), 1);
        assert!(log.has_ended());
    }
}

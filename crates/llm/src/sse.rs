//! Server-sent events: bytes in, events out, after the WHATWG's rules.
//!
//! Owns framing and its limits. Must not know what the events mean, nor read from a connection.
//! `id` and `retry` are ignored: they serve reconnecting, and a completion cannot be resumed.
//!
//! Every byte is looked at once and a line is decoded only when it is whole, so the cost is linear
//! however the bytes are sliced, and no slice can split a character or a CRLF.

use bytes::{Buf, Bytes};

/// The most bytes that one line, or the data of one event, may have.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The name of an event that tells of an error.
pub const ERROR: &str = "error";

/// One dispatched event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's type; `message` unless the stream names one.
    pub name: &'a str,
    /// The `data` lines, joined with line feeds. Bytes that are no UTF-8 became U+FFFD.
    pub data: &'a str,
}

/// The stream passed a limit. Nothing more can be read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    #[error("a line has more than {MAX_BYTES} bytes")]
    LineTooLong,
    #[error("an event has more than {MAX_BYTES} bytes")]
    EventTooLong,
}

/// Decodes one stream. Alternate [`push`](Self::push) and [`next_event`](Self::next_event) until
/// that returns `None`; at the end of the stream, call [`finish`](Self::finish).
#[derive(Debug, Default)]
pub struct Decoder {
    /// Received and not yet looked at.
    input: Bytes,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// Whether the first line has been read; only before it, a byte order mark is one.
    begun: bool,
    /// Whether a line feed that comes next belongs to the carriage return before it.
    after_cr: bool,
    event: PendingEvent,
}

/// The event that is being put together.
#[derive(Debug, Default)]
struct PendingEvent {
    name: String,
    data: String,
    has_data: bool,
    /// Whether the caller has it: the next line begins another.
    dispatched: bool,
}

impl Decoder {
    /// Adds what was received. What is left of the last piece must have been read before.
    pub fn push(&mut self, bytes: Bytes) {
        self.input = if self.input.is_empty() {
            bytes
        } else {
            [self.input.as_ref(), bytes.as_ref()].concat().into()
        };
    }

    /// The next whole event; `None` until more bytes come.
    ///
    /// # Errors
    ///
    /// A line or an event is too long. The decoder is of no more use then.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, SseError> {
        while let Some(rest) = self.next_line()? {
            let line = if self.partial.is_empty() {
                rest.as_ref()
            } else {
                self.partial.extend_from_slice(&rest);
                &self.partial
            };
            let line = match self.begun {
                true => line,
                false => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
            };
            self.begun = true;
            let complete = self.event.read_line(line)?;
            self.partial.clear();
            if complete {
                return Ok(Some(self.event.dispatch()));
            }
        }
        Ok(None)
    }

    /// The event that the end of the stream left without its blank line, if its data is there in
    /// whole lines. The rules drop it; providers are known to forget the blank line.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        (self.event.has_data && !self.event.dispatched).then(|| self.event.dispatch())
    }

    /// What the input still has of the current line, its end taken off; `None`, with that put
    /// aside, if the end has not come.
    fn next_line(&mut self) -> Result<Option<Bytes>, SseError> {
        if self.after_cr && self.input.has_remaining() {
            if self.input.first() == Some(&b'\n') {
                self.input.advance(1);
            }
            self.after_cr = false;
        }
        let end = memchr::memchr2(b'\n', b'\r', &self.input);
        let length = self
            .partial
            .len()
            .saturating_add(end.unwrap_or(self.input.len()));
        if length > MAX_BYTES {
            return Err(SseError::LineTooLong);
        }
        let Some(end) = end else {
            self.partial.extend_from_slice(&self.input);
            // Even an empty piece would keep the whole buffer that the connection reads into.
            self.input = Bytes::new();
            return Ok(None);
        };
        let rest = self.input.split_to(end);
        self.after_cr = self.input.first() == Some(&b'\r');
        self.input.advance(1);
        Ok(Some(rest))
    }
}

impl PendingEvent {
    /// Takes in one line; whether it completes the event.
    fn read_line(&mut self, line: &[u8]) -> Result<bool, SseError> {
        if self.dispatched {
            self.reset();
        }
        if line.is_empty() {
            if !self.has_data {
                self.reset();
            }
            return Ok(self.has_data);
        }
        let (field, value) =
            match memchr::memchr(b':', line).and_then(|at| line.split_at_checked(at)) {
                Some((field, value)) => {
                    let value = value.strip_prefix(b":").unwrap_or(value);
                    (field, value.strip_prefix(b" ").unwrap_or(value))
                }
                None => (line, b"".as_slice()),
            };
        match field {
            b"data" | b"error" => {
                // Not in the rules: llama.cpp sends errors in a field of their own.
                if field == b"error" {
                    self.name.clear();
                    self.name.push_str(ERROR);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(&String::from_utf8_lossy(value));
                if self.data.len() > MAX_BYTES {
                    return Err(SseError::EventTooLong);
                }
            }
            b"event" => {
                self.name.clear();
                self.name.push_str(&String::from_utf8_lossy(value));
            }
            // A comment has an empty field name; unknown fields are ignored.
            _ => {}
        }
        Ok(false)
    }

    fn dispatch(&mut self) -> Event<'_> {
        self.dispatched = true;
        let name = if self.name.is_empty() {
            "message"
        } else {
            &self.name
        };
        Event {
            name,
            data: &self.data,
        }
    }

    fn reset(&mut self) {
        self.name.clear();
        self.data.clear();
        self.has_data = false;
        self.dispatched = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Decoded = (Vec<(String, String)>, Option<SseError>);

    /// All events of a stream that arrives in these pieces, and the error that ended it.
    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
        fn owned(event: Event<'_>) -> (String, String) {
            (event.name.to_owned(), event.data.to_owned())
        }
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            decoder.push(Bytes::copy_from_slice(piece));
            loop {
                match decoder.next_event() {
                    Ok(Some(event)) => events.push(owned(event)),
                    Ok(None) => break,
                    Err(error) => return (events, Some(error)),
                }
            }
        }
        events.extend(decoder.finish().map(owned));
        (events, None)
    }

    #[test]
    fn streams_are_read_as_the_rules_say() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("data: a\n\n", &[("message", "a")]),
            ("data:a\n\n", &[("message", "a")]),
            ("data:  a \n\n", &[("message", " a ")]),
            (
                "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
                &[("message", "a"), ("message", "b"), ("message", "c")],
            ),
            ("data: a\r\ndata: b\rdata: c\n\r", &[("message", "a\nb\nc")]),
            ("data\n\n", &[("message", "")]),
            ("data:\ndata:\n\n", &[("message", "\n")]),
            ("data: a:b\n\n", &[("message", "a:b")]),
            (
                ": comment\n\n:\n\ndata: a\n: in between\n\n",
                &[("message", "a")],
            ),
            ("event: ping\n\ndata: a\n\n", &[("message", "a")]),
            (
                "event: ping\ndata: a\n\ndata: b\n\n",
                &[("ping", "a"), ("message", "b")],
            ),
            ("id: 1\nretry: 5\nfoo: x\nDATA: y\nfoo\n\n", &[]),
            ("\u{feff}data: a\n\n", &[("message", "a")]),
            ("\u{feff}\u{feff}data: a\n\n", &[]),
            ("data: a\n\n\u{feff}data: b\n\n", &[("message", "a")]),
            ("\n\n\ndata: a\n\n\n\n", &[("message", "a")]),
            // The end of the stream stands in for a missing blank line, not for a missing line end.
            ("data: a\n", &[("message", "a")]),
            ("data: a\n\ndata: b", &[("message", "a")]),
            ("data: a\ndata: b", &[("message", "a")]),
            ("event: x\n", &[]),
            ("data: grüße 🦀\n\n", &[("message", "grüße 🦀")]),
        ];
        for (stream, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(n, d)| ((*n).to_owned(), (*d).to_owned()))
                .collect();
            let bytes = stream.as_bytes();
            assert_eq!(decode([bytes]), (expected.clone(), None), "{stream:?}");
            assert_eq!(
                decode(bytes.chunks(1)),
                (expected, None),
                "{stream:?}, byte by byte"
            );
        }
    }

    #[test]
    fn what_is_no_utf8_is_replaced() {
        let (events, _) = decode([b"data: a\xFFb\xE2\x82\n\n".as_slice()]);
        assert_eq!(
            events,
            [("message".to_owned(), "a\u{fffd}b\u{fffd}".to_owned())]
        );
    }

    #[test]
    fn endless_lines_and_events_are_refused() {
        let fits = format!("data:{}\n\n", "x".repeat(MAX_BYTES - 5));
        assert_eq!(decode(fits.as_bytes().chunks(1000)).1, None);

        let line = format!("data: a\n\n:{}", "x".repeat(MAX_BYTES));
        let (events, error) = decode([line.as_bytes()]);
        assert_eq!((events.len(), error), (1, Some(SseError::LineTooLong)));
        assert_eq!(
            decode(line.as_bytes().chunks(4096)).1,
            Some(SseError::LineTooLong)
        );

        let event = "data: 0123456789\n".repeat(MAX_BYTES / 8);
        assert_eq!(decode([event.as_bytes()]).1, Some(SseError::EventTooLong));
        assert_eq!(
            decode(event.as_bytes().chunks(7)).1,
            Some(SseError::EventTooLong)
        );
    }

    #[test]
    fn bytes_pushed_too_early_are_kept() {
        let mut decoder = Decoder::default();
        decoder.push(Bytes::from_static(b"data: a\n"));
        decoder.push(Bytes::from_static(b"\n"));
        assert_eq!(
            decoder.next_event(),
            Ok(Some(Event {
                name: "message",
                data: "a"
            }))
        );
        assert_eq!(decoder.next_event(), Ok(None));
        assert_eq!(decoder.finish(), None);
    }

    /// Pieces that meet in every way that matters, rather than random bytes that never do.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data: ".to_vec()),
            Just(b"data".to_vec()),
            Just(b"event: x".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b":".to_vec()),
            Just(b" ".to_vec()),
            Just("\u{feff}".into()),
            Just("ü🦀".into()),
            proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn slicing_changes_nothing(bytes in stream(), cuts in proptest::collection::vec(1_usize..9, 1..20)) {
            let whole = decode([bytes.as_slice()]);
            let mut pieces = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(decode(pieces), whole.clone());
            prop_assert_eq!(decode(bytes.chunks(1)), whole);
        }
    }
}

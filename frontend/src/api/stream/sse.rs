//! Server-sent events out of bytes, as the WHATWG HTML standard's section 9.2.6 reads them.
//!
//! Owns the framing alone: it knows neither the network nor what the data means. Bytes may arrive
//! cut anywhere, within a character or between CR and LF too.

/// One dispatched event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The last `id` seen so far, this event's own or an earlier one's; empty when there was none.
    pub id: String,
    /// The `data` lines, joined by line feeds.
    pub data: String,
}

/// The data of one event has more bytes than a page should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// The most bytes that a line, or the data of one event, may have. A snapshot carries a whole
/// answer, so this lies far above any answer, and far below what would harm the page.
const MAX_BYTES: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Puts chunks of bytes together into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    id: String,
    /// A carriage return ended the last line; a line feed right after it ends no other.
    after_return: bool,
    /// Whether the first line, the only one that may begin with a byte order mark, is over.
    begun: bool,
}

impl SseDecoder {
    /// Takes the next bytes in and adds the events that they complete to `events`.
    ///
    /// # Errors
    /// [`TooLong`] when a line or an event passes 16 MiB; the decoder is of no use afterwards.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_return {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_return = bytes.is_empty();
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let (line, tail) = rest.split_at(end);
            self.line.extend_from_slice(line);
            rest = match tail {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.after_return = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
            self.end_line(events);
        }
        self.line.extend_from_slice(rest);
        if self.line.len().saturating_add(self.data.len()) > MAX_BYTES {
            return Err(TooLong);
        }
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<SseEvent>) {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.as_slice();
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(events);
            return;
        }
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            // Comments (an empty field name), `event`, `retry` and what is not in the standard.
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<SseEvent>) {
        if !self.has_data {
            return;
        }
        self.has_data = false;
        events.push(SseEvent {
            id: self.id.clone(),
            data: std::mem::take(&mut self.data),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let mut decoder = SseDecoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.push(chunk, &mut events).unwrap();
        }
        events
            .into_iter()
            .map(|event| (event.id, event.data))
            .collect()
    }

    fn pair(id: &str, data: &str) -> (String, String) {
        (id.to_owned(), data.to_owned())
    }

    const STREAM: &str = "\u{feff}: hello\r\n\r\nid: 1\r\ndata: {\"a\":\"ä€😀\"}\r\n\r\n\
                          data:two\rdata: lines\r\rid: 7\nevent: x\nretry: 5\ndata\n\ndata: cut off";

    fn expected() -> Vec<(String, String)> {
        vec![
            pair("1", "{\"a\":\"ä€😀\"}"),
            pair("1", "two\nlines"),
            pair("7", ""),
        ]
    }

    #[test]
    fn every_line_end_comment_and_field_is_read() {
        assert_eq!(decode(&[STREAM.as_bytes()]), expected());
    }

    #[test]
    fn two_cuts_anywhere_change_nothing() {
        let bytes = STREAM.as_bytes();
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(decode(&chunks), expected(), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn single_bytes_with_empty_chunks_between_change_nothing() {
        let chunks: Vec<&[u8]> = STREAM
            .as_bytes()
            .chunks(1)
            .flat_map(|byte| [byte, [].as_slice()])
            .collect();
        assert_eq!(decode(&chunks), expected());
    }

    #[test]
    fn an_id_with_a_nul_is_ignored() {
        assert_eq!(
            decode(&[b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"]),
            [pair("1", "a"), pair("1", "b")]
        );
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut decoder = SseDecoder::default();
        let chunk = vec![b'x'; 1024 * 1024];
        let mut events = Vec::new();
        let refused = (0..20).any(|_| decoder.push(&chunk, &mut events).is_err());
        assert!(refused && events.is_empty());
    }
}

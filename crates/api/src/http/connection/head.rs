//! Where the head of a request ends.

/// Follows a head as it arrives. Lines end in LF, with CR or without, and an empty one ends the head unless it is the
/// first: as httparse, which actix reads heads with, has it.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Whether there is anything but empty lines.
    begun: bool,
    /// Whether the present line has anything but a CR.
    in_line: bool,
    length: usize,
}

impl Head {
    /// How many of `bytes`, which come next, belong to the head, if it ends in them.
    pub(super) fn end_in(&mut self, bytes: &[u8]) -> Option<usize> {
        for (place, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.begun && !self.in_line => {
                    *self = Self::default();
                    return Some(place.saturating_add(1));
                }
                b'\n' => self.in_line = false,
                b'\r' => {}
                _ => (self.begun, self.in_line) = (true, true),
            }
        }
        self.length = self.length.saturating_add(bytes.len());
        None
    }

    /// The bytes of a head that has not ended.
    pub(super) fn length(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_ends_a_head_that_has_begun() {
        for (text, end) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\nmore", Some(27)),
            ("GET / HTTP/1.1\nHost: x\n\nmore", Some(24)),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", Some(22)),
            ("GET / HTTP/1.1\r\nHost: x\r\n", None),
            ("\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(Head::default().end_in(text.as_bytes()), end, "{text:?}");
            let mut head = Head::default();
            let ends = text.bytes().position(|byte| head.end_in(&[byte]).is_some());
            assert_eq!(ends.map(|place| place + 1), end, "{text:?} byte by byte");
        }
    }
}

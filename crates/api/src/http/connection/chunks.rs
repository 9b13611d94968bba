//! Where a body in chunks ends (RFC 9112, 7.1).

/// Follows such a body as it arrives, and refuses what actix would: it would drop the connection without an answer.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Chunks {
    state: State,
    /// Of the size line: the size so far. Of a chunk: its bytes to come.
    left: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    FirstDigit,
    Size,
    /// Behind the size.
    Blank,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// Behind the last chunk, at the beginning of a line.
    Line,
    Trailer,
    TrailerLf,
    LastLf,
}

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    /// The body ends with so many of the bytes.
    End(usize),
    Malformed,
}

impl Chunks {
    /// Takes the bytes that come next.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Progress {
        let mut place = 0;
        while let Some(&byte) = bytes.get(place) {
            if self.state == State::Data {
                let here = bytes.len().saturating_sub(place);
                let taken = usize::try_from(self.left).map_or(here, |left| left.min(here));
                self.left = self
                    .left
                    .saturating_sub(taken.try_into().unwrap_or(u64::MAX));
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                place = place.saturating_add(taken);
                continue;
            }
            place = place.saturating_add(1);
            if (self.state, byte) == (State::LastLf, b'\n') {
                *self = Self::default();
                return Progress::End(place);
            }
            match self.next(byte) {
                Some(state) => self.state = state,
                None => return Progress::Malformed,
            }
        }
        Progress::More
    }

    /// The state behind a byte that is no data, unless it may not be there.
    fn next(&mut self, byte: u8) -> Option<State> {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        match (self.state, byte) {
            (State::FirstDigit, _) => {
                self.left = digit?;
                Some(State::Size)
            }
            (State::Size | State::Blank, b' ' | b'\t') => Some(State::Blank),
            (State::Size | State::Blank, b';') => Some(State::Extension),
            (State::Size | State::Blank | State::Extension, b'\r') => Some(State::SizeLf),
            (State::Size, _) => {
                self.left = self.left.checked_mul(16)?.checked_add(digit?)?;
                Some(State::Size)
            }
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..) => Some(State::Extension),
            (State::SizeLf, b'\n') if self.left > 0 => Some(State::Data),
            (State::SizeLf | State::TrailerLf, b'\n') => Some(State::Line),
            (State::DataCr, b'\r') => Some(State::DataLf),
            (State::DataLf, b'\n') => Some(State::FirstDigit),
            (State::Line, b'\r') => Some(State::LastLf),
            (State::Trailer, b'\r') => Some(State::TrailerLf),
            (State::Line | State::Trailer, _) => Some(State::Trailer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_chunk_and_its_trailers_end_a_body() {
        let whole = [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "5;name=\"value\"\r\nhello\r\n00a \t\r\n0123456789\r\n0\r\nTrailer: x\r\nAnother: y\r\n\r\n",
            "2\r\n\r\n\r\n0\r\n\r\n",
        ];
        for body in whole {
            let sent = format!("{body}GET / HTTP/1.1");
            let end = Progress::End(body.len());
            assert_eq!(Chunks::default().follow(sent.as_bytes()), end, "{body:?}");
            let mut chunks = Chunks::default();
            let (last, rest) = body.as_bytes().split_last().unwrap();
            for byte in rest {
                assert_eq!(chunks.follow(&[*byte]), Progress::More, "{body:?}");
            }
            assert_eq!(chunks.follow(&[*last]), Progress::End(1), "{body:?}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_malformed() {
        for body in [
            "\r\n",
            "Z\r\n",
            "5 5\r\n",
            "5\nhello",
            "5\r\nhello0\r\n\r\n",
            "5\r\nhello\r\n\r\n",
            "5;a\nb\r\n",
            "fffffffffffffffff\r\n",
            "0\r\n\rX",
        ] {
            let followed = Chunks::default().follow(body.as_bytes());
            assert_eq!(followed, Progress::Malformed, "{body:?}");
        }
    }
}

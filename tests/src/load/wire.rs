//! The bytes of the load: tokens that carry the moment at which they were sent, and as much of
//! HTTP/1.1 as both sides need.
//!
//! A token is a tilde and fifteen digits, microseconds since [`now`] began to count. It passes
//! through the server unchanged, so whoever reads it knows how long it was under way.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

const TOKEN_DIGITS: usize = 15;

/// Microseconds since the first call.
pub(super) fn now() -> u64 {
    u64::try_from(START.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Writes the token of this moment.
pub(super) fn write_token(out: &mut Vec<u8>) {
    let mut digits = [b'0'; TOKEN_DIGITS];
    let mut rest = now();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out.push(b'~');
    out.extend_from_slice(&digits);
}

/// When each token in `text` was sent.
pub(super) fn tokens(text: &[u8]) -> impl Iterator<Item = u64> {
    memchr::memchr_iter(b'~', text).filter_map(|at| {
        let digits = text.get(at + 1..at + 1 + TOKEN_DIGITS)?;
        digits.iter().try_fold(0_u64, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + u64::from(digit - b'0'))
        })
    })
}

/// What a question asks the upstream for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) tokens: u32,
    pub(super) gap: Duration,
}

impl Wish {
    /// As text that needs no escapes in JSON.
    pub(super) fn to_text(self) -> String {
        format!("wish {} {} .", self.tokens, self.gap.as_micros())
    }

    /// Finds the last one in a request's body.
    pub(super) fn find(body: &[u8]) -> Option<Self> {
        let at = memchr::memmem::rfind(body, b"wish ")?;
        let text = std::str::from_utf8(body.get(at..)?).ok()?;
        let mut words = text.split(' ').skip(1);
        Some(Self {
            tokens: words.next()?.parse().ok()?,
            gap: Duration::from_micros(words.next()?.parse().ok()?),
        })
    }
}

/// Reads the lines of a chunked answer as they come.
#[derive(Debug, Default)]
pub(super) struct Lines {
    state: State,
    /// What has come of the head, or of a chunk's size.
    text: Vec<u8>,
    /// What has come of the current line.
    line: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Head,
    Size,
    Data(usize),
    /// So many bytes of line ends to skip, and whether the answer is over then.
    Skip(usize, bool),
}

impl Lines {
    /// Takes what was received, and hands out every whole line. Whether the answer is complete;
    /// then this is ready for the next one.
    ///
    /// # Errors
    /// When it is no chunked answer with status 200.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<bool> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.state {
                State::Head | State::Size => {
                    bytes = rest;
                    self.text.push(first);
                    self.read_text()?;
                }
                State::Data(left) => {
                    let (data, rest) = bytes.split_at(left.min(bytes.len()));
                    bytes = rest;
                    self.read_data(data, &mut take);
                    self.state = match left - data.len() {
                        0 => State::Skip(2, false),
                        left => State::Data(left),
                    };
                }
                State::Skip(left, is_end) => {
                    bytes = rest;
                    self.state = match (left, is_end) {
                        (1, true) => {
                            *self = Self::default();
                            ensure!(bytes.is_empty(), "more than was asked for");
                            return Ok(true);
                        }
                        (1, false) => State::Size,
                        _ => State::Skip(left - 1, is_end),
                    };
                }
            }
        }
        Ok(false)
    }

    fn read_text(&mut self) -> Result<()> {
        match self.state {
            State::Head if self.text.ends_with(b"\r\n\r\n") => {
                let head = String::from_utf8_lossy(&self.text);
                if !head.starts_with("HTTP/1.1 200 ") {
                    bail!("{}", head.lines().next().unwrap_or_default());
                }
                self.state = State::Size;
                self.text.clear();
            }
            State::Size if self.text.ends_with(b"\r\n") => {
                let size = std::str::from_utf8(&self.text)?.trim_end();
                self.state = match usize::from_str_radix(size, 16)? {
                    0 => State::Skip(2, true),
                    size => State::Data(size),
                };
                self.text.clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn read_data(&mut self, mut data: &[u8], take: &mut impl FnMut(&[u8])) {
        while let Some(at) = memchr::memchr(b'\n', data) {
            let (line, rest) = data.split_at(at);
            if self.line.is_empty() {
                take(line);
            } else {
                self.line.extend_from_slice(line);
                take(&self.line);
                self.line.clear();
            }
            data = &rest[1..];
        }
        self.line.extend_from_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let before = now();
        let mut text = b"Hello ".to_vec();
        write_token(&mut text);
        write_token(&mut text);
        let read: Vec<_> = tokens(&text).collect();
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|at| (before..=now()).contains(at)));
        assert_eq!(tokens(b"~12").count(), 0);
    }

    #[test]
    fn a_wish_is_found_in_json() {
        let wish = Wish {
            tokens: 7,
            gap: Duration::from_millis(3),
        };
        let body = format!(r#"{{"messages":[{{"content":"{}"}}]}}"#, wish.to_text());
        assert_eq!(Wish::find(body.as_bytes()), Some(wish));
    }

    #[test]
    fn lines_are_whole_however_they_are_sliced() {
        let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab\n\r\n4\r\ncd\ne\r\n2\r\nf\n\r\n0\r\n\r\n";
        for size in 1..answer.len() {
            let mut lines = Lines::default();
            let mut read = Vec::new();
            let mut complete = false;
            for piece in answer.chunks(size) {
                assert!(!complete);
                complete = lines
                    .feed(piece, |line| read.push(line.to_vec()))
                    .expect("a good answer");
            }
            assert!(complete);
            assert_eq!(read, [b"ab".to_vec(), b"cd".to_vec(), b"ef".to_vec()]);
        }
        let refused = Lines::default().feed(b"HTTP/1.1 429 Slow down\r\n\r\n", |_| {});
        assert!(refused.is_err());
    }
}

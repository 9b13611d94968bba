//! A load generator: one thread, many keep-alive connections, the same request again and again.
//!
//! One thread over epoll, because load and server share the cores and a thread a connection would
//! mostly measure itself.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::stats;

/// When a connection sends its next request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As soon as the last was answered.
    Unlimited,
    /// At this interval, or as soon as the last was answered where that is later.
    Every(Duration),
}

/// What a run of the load has seen.
#[derive(Debug)]
pub(crate) struct Sample {
    /// From sending a request to having all of its answer; sorted.
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Sample {
    /// The latency that this many of a thousand requests stay within.
    pub(crate) fn percentile(&self, per_mille: usize) -> Duration {
        stats::percentile(&self.latencies, per_mille)
    }

    /// Answers in a second.
    pub(crate) fn requests_per_second(&self) -> u64 {
        let count = u64::try_from(self.latencies.len()).unwrap_or(u64::MAX);
        let millis = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX);
        count.saturating_mul(1000) / millis.max(1)
    }
}

/// Open connections, ready to be used.
#[derive(Debug)]
pub(crate) struct Load {
    poll: Poll,
    connections: Vec<Connection>,
    request: Vec<u8>,
    pace: Pace,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// When the request that waits for its answer was sent.
    sent: Option<Instant>,
    /// When the next may be sent.
    due: Instant,
}

impl Load {
    /// Opens the connections.
    pub(crate) fn connect(
        server: SocketAddr,
        request: &[u8],
        connections: usize,
        pace: Pace,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let mut open = Vec::new();
        for number in 0..connections {
            let stream = std::net::TcpStream::connect(server)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(number), Interest::READABLE)?;
            open.push(Connection {
                stream,
                received: Vec::with_capacity(4096),
                sent: None,
                due: Instant::now(),
            });
        }
        Ok(Self {
            poll,
            connections: open,
            request: request.to_vec(),
            pace,
        })
    }

    /// Sends requests for as long as `go_on` says, and waits for the last answers.
    ///
    /// # Errors
    /// An answer that is no `200`, or a connection that breaks.
    pub(crate) fn run(&mut self, go_on: impl Fn() -> bool) -> Result<Sample> {
        let Self {
            poll,
            connections,
            request,
            pace,
        } = self;
        let mut events = Events::with_capacity(connections.len());
        let mut latencies = Vec::new();
        let start = Instant::now();
        if let Pace::Every(interval) = pace {
            // Spread over the interval, as independent people would be.
            let count = u32::try_from(connections.len())?;
            for (connection, number) in connections.iter_mut().zip(0..) {
                connection.due = start + *interval * number / count;
            }
        }
        loop {
            let going_on = go_on();
            let now = Instant::now();
            let mut wait = None;
            for connection in connections
                .iter_mut()
                .filter(|connection| going_on && connection.sent.is_none())
            {
                if connection.due <= now {
                    connection.send(request, *pace)?;
                } else {
                    wait =
                        Some(wait.map_or(connection.due, |wait: Instant| wait.min(connection.due)));
                }
            }
            if !going_on
                && connections
                    .iter()
                    .all(|connection| connection.sent.is_none())
            {
                break;
            }
            let timeout = wait.map_or(Duration::from_millis(10), |due| {
                due.saturating_duration_since(now)
            });
            match poll.poll(&mut events, Some(timeout.min(Duration::from_millis(10)))) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                let connection = connections
                    .get_mut(event.token().0)
                    .context("an event for no connection")?;
                if let Some(latency) = connection.receive()? {
                    latencies.push(latency);
                    if going_on && matches!(pace, Pace::Unlimited) {
                        connection.send(request, *pace)?;
                    }
                }
            }
        }
        let elapsed = start.elapsed();
        latencies.sort_unstable();
        if latencies.is_empty() {
            bail!("the load had no answer at all");
        }
        Ok(Sample { latencies, elapsed })
    }
}

impl Connection {
    fn send(&mut self, request: &[u8], pace: Pace) -> Result<()> {
        let now = Instant::now();
        if let Pace::Every(interval) = pace {
            self.due = (self.due + interval).max(now);
        }
        self.sent = Some(now);
        // A request is smaller than an idle socket's buffer by far: it goes out whole.
        if self.stream.write(request)? < request.len() {
            bail!("a request did not fit into an idle socket");
        }
        Ok(())
    }

    /// Takes what has arrived; the latency once the answer is whole.
    fn receive(&mut self) -> Result<Option<Duration>> {
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("the server closed a connection under load"),
                Ok(count) => self
                    .received
                    .extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error).context("cannot read an answer"),
            }
            // Without waiting for the socket to run dry: the next answer is another event.
            if is_complete(&self.received)? {
                self.received.clear();
                return Ok(self.sent.take().map(|sent| sent.elapsed()));
            }
        }
    }
}

/// Whether these are the bytes of a whole answer.
pub(super) fn is_complete(received: &[u8]) -> Result<bool> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = std::str::from_utf8(received.get(..end).unwrap_or_default())?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!(
            "the server answered under load: {}",
            head.lines().next().unwrap_or_default()
        );
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer without Content-Length")?;
    let length: usize = length.1.trim().parse()?;
    Ok(received.len() >= end + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_last_byte() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        for end in 0..answer.len() {
            assert!(!is_complete(&answer[..end]).unwrap());
        }
        assert!(is_complete(answer).unwrap());
        assert!(
            is_complete(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n").is_err()
        );
    }
}

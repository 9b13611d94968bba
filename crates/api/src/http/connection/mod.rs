//! A client's connection, below HTTP: what actix reads requests from and writes answers to.
//!
//! - Requests go to actix one at a time. It would parse what a client sends ahead of the answers, without end, and
//!   frame the answers by the request that it parsed last.
//! - What actix answers by itself is a problem document like every other error. A request that is no HTTP, or whose head is too
//!   large or too slow, it refuses with a bare status before a handler sees it. Such an answer is known by its place alone: it is
//!   written while no request is being served. What it looks like would not do, since a file may look like it.
//! - A client that hangs up is noticed, and one that stops in the middle of a head, or does not read its answer, is given up.
//!   How long a body may take is the business of whoever reads it.

mod chunks;
mod head;
mod refusal;
mod serving;

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    http::StatusCode,
    rt::{
        net::TcpStream,
        time::{Sleep, sleep},
    },
};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use self::serving::{ServedBody, Serving};
use self::{
    chunks::{Chunks, Progress},
    head::Head,
    refusal::{HEAR_OUT, HEAR_OUT_BYTES, Refusal},
    serving::Turn,
};
use super::shell;

/// How long a client may take for the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Of a request's first line and headers. actix has the same limit, but minds it only where a head comes in parts.
pub const MAX_HEAD_BYTES: usize = 128 * 1024;
/// How long a client may take to read as much of its answer as makes room for more, a third of what the system keeps for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes that are read ahead of the answer, which is how a hang-up is noticed. Behind more of them it is not.
const AHEAD: usize = 4 * 1024;

pub struct Connection {
    stream: TcpStream,
    https: bool,
    serving: Rc<Serving>,
    head: Head,
    chunks: Chunks,
    /// What has come too early: the beginning of the next request.
    ahead: BytesMut,
    /// The client has said all that it will.
    ended: bool,
    /// actix has asked for more since it was given something.
    asked: bool,
    /// Something of the answer to the last head is written.
    answered: bool,
    /// For the rest of what has begun to come.
    patience: Option<Pin<Box<Sleep>>>,
    /// For the client to read something.
    blocked: Option<Pin<Box<Sleep>>>,
    /// Bytes of a body that nobody wants any more.
    unwanted: usize,
    refusal: Option<Refusal>,
}

impl Connection {
    pub fn new(stream: TcpStream, https: bool) -> Self {
        Self {
            stream,
            https,
            serving: Rc::default(),
            head: Head::default(),
            chunks: Chunks::default(),
            ahead: BytesMut::new(),
            ended: false,
            asked: false,
            answered: false,
            patience: None,
            blocked: None,
            unwanted: 0,
            refusal: None,
        }
    }

    /// What the middleware that sees every request must be handed as data of this connection.
    pub fn serving(&self) -> Rc<Serving> {
        self.serving.clone()
    }

    /// What came too early, or else what comes, but at most `limit` bytes of it; none at the end.
    fn poll_some(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        self.asked = false;
        let limit = limit.min(buffer.remaining());
        if !self.ahead.is_empty() {
            let early = limit.min(self.ahead.len());
            buffer.put_slice(&self.ahead.split_to(early));
            return Poll::Ready(Ok(early));
        }
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        self.ended = read.is_empty();
        let taken = limit.min(read.len());
        self.ahead
            .extend_from_slice(read.get(taken..).unwrap_or_default());
        buffer.set_filled(before.saturating_add(taken));
        Poll::Ready(Ok(taken))
    }

    /// Gives back what `buffer` has beyond `end`, in front of what is there already, which came later.
    fn put_back(&mut self, buffer: &mut ReadBuf<'_>, end: usize) {
        let mut early = BytesMut::from(buffer.filled().get(end..).unwrap_or_default());
        early.extend_from_slice(&self.ahead);
        self.ahead = early;
        buffer.set_filled(end);
    }

    fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let Poll::Ready(read) = self.poll_some(context, buffer, usize::MAX)? else {
            return self.poll_patience(context);
        };
        let bytes = buffer.filled().get(before..).unwrap_or_default();
        let so_far = self.head.length();
        let end = self.head.end_in(bytes);
        if so_far.saturating_add(end.unwrap_or(read)) > MAX_HEAD_BYTES {
            return self.refuse(context, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        if let Some(end) = end {
            self.put_back(buffer, before.saturating_add(end));
            self.patience = None;
            self.answered = false;
            self.chunks = Chunks::default();
            self.serving.head_is_read();
        } else if read > 0 && self.patience.is_none() {
            self.patience = Some(Box::pin(sleep(HEAD_TIMEOUT)));
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for more of a head that has begun, and refuses it when that takes too long.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let patience = self.patience.as_mut();
        if patience.is_some_and(|patience| patience.as_mut().poll(context).is_ready()) {
            return self.refuse(context, StatusCode::REQUEST_TIMEOUT);
        }
        Poll::Pending
    }

    /// A body in chunks. What of it comes after the answer is heard out only for so long.
    fn poll_chunks(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let unwanted = self.serving.is_idle();
        if unwanted {
            let patience = || Box::pin(sleep(HEAR_OUT));
            let patience = self.patience.get_or_insert_with(patience);
            if patience.as_mut().poll(context).is_ready() || self.unwanted > HEAR_OUT_BYTES {
                return Poll::Ready(Err(ErrorKind::TimedOut.into()));
            }
        }
        let before = buffer.filled().len();
        let read = ready!(self.poll_some(context, buffer, usize::MAX))?;
        if unwanted {
            self.unwanted = self.unwanted.saturating_add(read);
        }
        let bytes = buffer.filled().get(before..).unwrap_or_default();
        match self.chunks.follow(bytes) {
            Progress::More => {}
            Progress::End(end) => {
                self.put_back(buffer, before.saturating_add(end));
                (self.patience, self.unwanted) = (None, 0);
                self.serving.body_is_over();
            }
            Progress::Malformed if self.answered => {
                return Poll::Ready(Err(ErrorKind::InvalidData.into()));
            }
            Progress::Malformed => {
                buffer.set_filled(before);
                return self.refuse(context, StatusCode::BAD_REQUEST);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// While an answer is made: nothing to read, unless the client hangs up. That is an error, and actix drops what was asked for,
    /// so that `on_disconnect` happens at once.
    fn poll_hang_up(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut early = [0; AHEAD];
        while !self.ended && self.ahead.len() < AHEAD {
            let mut buffer = ReadBuf::new(&mut early);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) => self.ended = buffer.filled().is_empty(),
                Poll::Ready(Err(_)) => self.ended = true,
                Poll::Pending => break,
            }
            self.ahead.extend_from_slice(buffer.filled());
        }
        let asked = std::mem::replace(&mut self.asked, true);
        if asked && self.ended && self.serving.is_running() {
            // Any kind but `ConnectionReset`, which actix takes for a mere end where it has read something before.
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        if asked && self.serving.is_idle() {
            self.serving.head_is_lost();
            context.waker().wake_by_ref();
        }
        if !asked && self.ended {
            // Whoever is to be dropped gets what has been read first.
            context.waker().wake_by_ref();
        }
        let early = self.ended || !self.ahead.is_empty();
        self.serving.wait(context, early);
        Poll::Pending
    }

    /// What actix has of a request is all that it gets.
    fn refuse<T>(&mut self, context: &Context<'_>, status: StatusCode) -> Poll<io::Result<T>> {
        tracing::debug!(target: "prompthub::request", status = status.as_u16(), "no request");
        self.refusal = Some(Refusal::new(shell::refusal(status, self.https)));
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let connection = self.get_mut();
        if let Some(refusal) = &mut connection.refusal {
            ready!(refusal.poll(context, &mut connection.stream))?;
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        match connection.serving.turn() {
            Turn::Head => connection.poll_head(context, buffer),
            Turn::Body(left) => {
                let limit = left.try_into().unwrap_or(usize::MAX);
                let read = ready!(connection.poll_some(context, buffer, limit))?;
                connection.serving.body_is_read(read);
                Poll::Ready(Ok(()))
            }
            Turn::Chunks => connection.poll_chunks(context, buffer),
            Turn::Answer => connection.poll_hang_up(context),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let connection = self.get_mut();
        if connection.serving.is_idle()
            && connection.refusal.is_none()
            && let Some(status) = status(bytes)
            && (status.is_client_error() || status.is_server_error())
        {
            let _ = connection.refuse::<()>(context, status);
        }
        if let Some(refusal) = &mut connection.refusal {
            ready!(refusal.poll(context, &mut connection.stream))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        connection.answered |= !status(bytes).is_some_and(|status| status.is_informational());
        let written = Pin::new(&mut connection.stream).poll_write(context, bytes);
        if written.is_ready() {
            connection.blocked = None;
            return written;
        }
        let patience = || Box::pin(sleep(WRITE_TIMEOUT));
        let blocked = connection.blocked.get_or_insert_with(patience);
        ready!(blocked.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }

    /// Comes when all that actix had to write is written.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let connection = self.get_mut();
        connection.serving.is_written();
        Pin::new(&mut connection.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// The status of an answer that begins here.
fn status(answer: &[u8]) -> Option<StatusCode> {
    let status = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    StatusCode::from_bytes(status).ok()
}

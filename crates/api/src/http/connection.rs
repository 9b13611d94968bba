//! A client's connection, below HTTP: what actix answers by itself is a problem document like every other error.
//!
//! A request that is no HTTP, or whose head is too large or too slow, is refused by actix's parser with a bare status before a
//! handler sees it. Such an answer is known by its place alone: it is written while the connection serves no request
//! ([`Serving`]). What it looks like would not do, since a file that somebody downloads may look like it.

use std::{
    cell::Cell,
    io::{self, ErrorKind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::{StatusCode, header::HttpDate},
    rt::{
        net::TcpStream,
        time::{Sleep, sleep},
    },
};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::shell;

/// How long, and for how many bytes, what a refused client goes on sending is read: a connection that is closed on unread
/// bytes is reset, and the answer is lost with it.
const HEAR_OUT: Duration = Duration::from_secs(1);
const HEAR_OUT_BYTES: usize = 8 * 1024 * 1024;

/// What actix reads requests from and writes answers to.
pub struct Connection {
    stream: TcpStream,
    https: bool,
    serving: Rc<Serving>,
    refusal: Option<Refusal>,
}

impl Connection {
    pub fn new(stream: TcpStream, https: bool) -> Self {
        Self {
            stream,
            https,
            serving: Rc::default(),
            refusal: None,
        }
    }

    /// What the middleware that sees every request must be handed as data of this connection.
    pub fn serving(&self) -> Rc<Serving> {
        self.serving.clone()
    }
}

impl AsyncRead for Connection {
    /// A client that has hung up is an error: actix then drops what it asked for, so that `on_disconnect` happens at once.
    /// Half-closing is allowed in actix's own settings all the same, or what was asked for before a malformed
    /// request on the same connection would be dropped, too.
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.get_mut().stream).poll_read(context, buffer))?;
        let hung_up = buffer.filled().len() == before;
        Poll::Ready(match hung_up {
            true => Err(ErrorKind::ConnectionReset.into()),
            false => Ok(()),
        })
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let connection = self.get_mut();
        if connection.serving.is_none()
            && connection.refusal.is_none()
            && let Some(status) = error_status(bytes)
        {
            tracing::debug!(target: "prompthub::request", status = status.as_u16(), "no request");
            let answer = shell::refusal(status, connection.https);
            connection.refusal = Some(Refusal::new(answer));
        }
        match &mut connection.refusal {
            Some(refusal) => {
                ready!(refusal.poll(context, &mut connection.stream))?;
                Poll::Ready(Ok(bytes.len()))
            }
            None => Pin::new(&mut connection.stream).poll_write(context, bytes),
        }
    }

    /// Comes when all that actix had to write is written.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let connection = self.get_mut();
        connection.serving.written();
        Pin::new(&mut connection.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// The status of an answer that begins here, if it is an error.
fn error_status(answer: &[u8]) -> Option<StatusCode> {
    let status = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let status = StatusCode::from_bytes(status).ok()?;
    (status.is_client_error() || status.is_server_error()).then_some(status)
}

/// A problem document that goes out in place of a bare answer, as the last thing on its connection.
struct Refusal {
    unsent: Bytes,
    to_hear: usize,
    patience: Pin<Box<Sleep>>,
}

impl Refusal {
    fn new(answer: HttpResponse) -> Self {
        Self {
            unsent: written_out(answer),
            to_hear: HEAR_OUT_BYTES,
            patience: Box::pin(sleep(HEAR_OUT)),
        }
    }

    /// Ready when all is sent and the client has nothing more to say.
    fn poll(&mut self, context: &mut Context<'_>, stream: &mut TcpStream) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        if self.patience.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        while !self.unsent.is_empty() {
            let sent = ready!(stream.as_mut().poll_write(context, &self.unsent))?;
            let _ = self.unsent.split_to(sent);
        }
        ready!(stream.as_mut().poll_shutdown(context))?;
        let mut unread = [0; 8 * 1024];
        while self.to_hear > 0 {
            let mut buffer = ReadBuf::new(&mut unread);
            ready!(stream.as_mut().poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
            self.to_hear = self.to_hear.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}

/// An answer as HTTP/1.1 writes it.
fn written_out(answer: HttpResponse) -> Bytes {
    let (answer, body) = answer.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    let mut text = format!(
        "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\ndate: {}\r\n",
        answer.status(),
        body.len(),
        HttpDate::from(SystemTime::now()),
    )
    .into_bytes();
    for (name, value) in answer.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(&body);
    text.into()
}

/// Whether a connection serves a request: from when the application sees it until its answer's last byte is written.
#[derive(Default)]
pub struct Serving {
    running: Cell<usize>,
    unwritten: Cell<bool>,
}

impl Serving {
    /// Another request; it is served at least for as long as what this returns is there.
    pub fn begin(self: Rc<Self>) -> Served {
        self.running.set(self.running.get() + 1);
        self.unwritten.set(true);
        Served(self)
    }

    fn is_none(&self) -> bool {
        !self.unwritten.get()
    }

    fn written(&self) {
        if self.running.get() == 0 {
            self.unwritten.set(false);
        }
    }
}

/// A request that is being served.
pub struct Served(Rc<Serving>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

/// The body of an answer, whose request is being served for as long as it is there.
pub struct ServedBody {
    body: BoxBody,
    _served: Option<Served>,
}

impl ServedBody {
    pub fn new(body: BoxBody, served: Option<Served>) -> Self {
        Self {
            body,
            _served: served,
        }
    }
}

impl MessageBody for ServedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

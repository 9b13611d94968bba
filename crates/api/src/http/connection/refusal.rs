//! An answer that is the last thing on its connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpResponse,
    body::MessageBody,
    http::header::HttpDate,
    rt::{
        net::TcpStream,
        time::{Sleep, sleep},
    },
};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long, and for how many bytes, what a refused client goes on sending is read: a connection that is closed on unread
/// bytes is reset, and the answer is lost with it.
pub(super) const HEAR_OUT: Duration = Duration::from_secs(1);
pub(super) const HEAR_OUT_BYTES: usize = 8 * 1024 * 1024;

/// An answer that goes out past actix.
pub(super) struct Refusal {
    unsent: Bytes,
    to_hear: usize,
    patience: Pin<Box<Sleep>>,
}

impl Refusal {
    pub(super) fn new(answer: HttpResponse) -> Self {
        Self {
            unsent: written_out(answer),
            to_hear: HEAR_OUT_BYTES,
            patience: Box::pin(sleep(HEAR_OUT)),
        }
    }

    /// Ready when all is sent and the client has nothing more to say.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        stream: &mut TcpStream,
    ) -> Poll<io::Result<()>> {
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

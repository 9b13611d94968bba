//! Requests that no HTTP library would send: raw bytes, and form data with hostile names.

use std::net::SocketAddr;

use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Answer, client::assert_usual_headers, upstream::PATIENCE};

/// The boundary of [`Multipart`]'s bodies.
const BOUNDARY: &str = "prompthub-test-boundary";

/// A request whose answer says little: whether the process runs.
pub const LIVE: &str = "GET /api/health/live HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends these bytes and returns everything that comes back until the server closes. Ask for
/// `Connection: close` to end it.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    talk(address, bytes, false).await
}

/// The same, by a client that says that nothing more will come.
pub async fn last_words(address: SocketAddr, bytes: &[u8]) -> String {
    talk(address, bytes, true).await
}

async fn talk(address: SocketAddr, bytes: &[u8], ends: bool) -> String {
    let mut socket = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let mut answer = Vec::new();
    let exchange = async {
        // A server that has heard enough may close before all is sent; what counts is its answer.
        let _ = socket.write_all(bytes).await;
        if ends {
            let _ = socket.shutdown().await;
        }
        let _ = socket.read_to_end(&mut answer).await;
    };
    // The server's own time for a head comes close to our usual patience.
    tokio::time::timeout(PATIENCE * 2, exchange)
        .await
        .expect("the server left a connection hanging");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The same, as answers with a length each, of which every one must be whole.
pub async fn answers(address: SocketAddr, bytes: &[u8]) -> Vec<Answer> {
    let text = exchange(address, bytes).await;
    let mut rest = text.as_bytes();
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(rest).expect("HTTP") else {
            panic!("a head without an end in {text:?}");
        };
        let headers = head.headers.iter().map(|header| {
            let name = HeaderName::from_bytes(header.name.as_bytes()).expect("a name");
            (
                name,
                HeaderValue::from_bytes(header.value).expect("a value"),
            )
        });
        let headers: HeaderMap = headers.collect();
        let status = StatusCode::from_u16(head.code.expect("a status")).expect("a status");
        let size = headers.get("content-length").expect("a length");
        let size: usize = size.to_str().expect("digits").parse().expect("a number");
        let (body, more) = rest[length..].split_at(size);
        let asked: String = String::from_utf8_lossy(bytes).chars().take(100).collect();
        assert_usual_headers(&asked, &headers);
        answers.push(Answer {
            asked,
            status,
            headers,
            body: Bytes::copy_from_slice(body),
        });
        rest = more;
    }
    answers
}

/// A `multipart/form-data` body in the making, with no opinion on what is in it.
#[derive(Debug, Clone, Default)]
pub struct Multipart(Vec<u8>);

impl Multipart {
    /// A body without a part.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A part named `file` with this file name, escaped as browsers do it (WHATWG: `"`, CR and LF
    /// are percent-encoded, nothing else).
    #[must_use]
    pub fn file(self, name: &str, bytes: &[u8]) -> Self {
        let name = name
            .replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A");
        self.part(
            &format!("form-data; name=\"file\"; filename=\"{name}\""),
            bytes,
        )
    }

    /// A part with this `Content-Disposition`.
    #[must_use]
    pub fn part(mut self, disposition: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The value for `Content-Type`.
    #[must_use]
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The whole body.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }

    /// The body without its end, as if the sender had died.
    #[must_use]
    pub fn unfinished(self) -> Vec<u8> {
        self.0
    }
}

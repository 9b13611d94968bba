//! A scripted provider on a loopback socket, which sends exactly the bytes that a test wants.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use url::Url;

/// How long a client may take to hang up before a test fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// A listening socket that has accepted nothing yet.
pub(crate) struct Upstream {
    listener: TcpListener,
    pub(crate) base_url: Url,
}

impl Upstream {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self {
            listener,
            base_url: Url::parse(&format!("http://{address}/api/v1")).unwrap(),
        }
    }

    /// The next connection, its request read.
    pub(crate) async fn accept(&self) -> Connection {
        let mut socket = self.listener.accept().await.unwrap().0;
        let request = read_request(&mut socket).await.unwrap();
        Connection { socket, request }
    }

    /// Answers one request with `bytes` in pieces of `size`, then closes.
    pub(crate) fn answer(self, bytes: impl Into<Vec<u8>>, size: usize) -> JoinHandle<String> {
        let bytes = bytes.into();
        tokio::spawn(async move {
            let mut connection = self.accept().await;
            for piece in bytes.chunks(size) {
                // The client is free to hang up in the middle.
                if connection.socket.write_all(piece).await.is_err() {
                    break;
                }
            }
            connection.request
        })
    }
}

impl Upstream {
    /// Answers one request after the other, each over a connection of its own, and returns what
    /// was asked.
    pub(crate) fn answer_each<A>(self, answers: Vec<A>) -> JoinHandle<Vec<String>>
    where
        A: AsRef<[u8]> + Send + 'static,
    {
        tokio::spawn(async move {
            let mut requests = Vec::new();
            for answer in answers {
                let mut connection = self.accept().await;
                connection.send(answer).await;
                requests.push(connection.request);
            }
            requests
        })
    }
}

/// A request that waits for its answer.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    /// Head and body.
    pub(crate) request: String,
}

impl Connection {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Returns once the client has closed the connection.
    pub(crate) async fn closed(mut self) {
        let mut byte = [0];
        let read = timeout(PATIENCE, self.socket.read(&mut byte)).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    }
}

/// Reads one request to its end; `None` if the client hangs up before.
pub(crate) async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// The head of a response and, with a length, its body.
pub(crate) fn whole(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The same with a body of JSON.
pub(crate) fn json(status: &str, body: &serde_json::Value) -> String {
    whole(
        status,
        "content-type: application/json\r\n",
        &body.to_string(),
    )
}

/// The head of a stream that the end of the connection ends.
pub(crate) const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
/// The head of a stream in chunks, which needs a last one.
pub(crate) const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// One chunk of HTTP's chunked encoding.
pub(crate) fn chunk(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n", body.len())
}

/// An event with a piece of text.
pub(crate) fn text(text: &str) -> String {
    let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

/// The event with the finish reason.
pub(crate) const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
/// The event with the usage.
pub(crate) const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1,\"cost\":1e-05}}\n\n";
pub(crate) const DONE: &str = "data: [DONE]\n\n";

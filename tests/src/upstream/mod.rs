//! The scripted upstream: a provider that does exactly what a test tells it, byte by byte.
//!
//! Owns the wire side of OpenRouter and of Anthropic as the server under test sees it. It speaks HTTP/1.1 over a
//! plain socket, because an HTTP library would mend the very faults that tests need. It must not
//! know the server under test.

mod anthropic;
mod http;
mod openrouter;
mod script;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::runtime;

pub use self::{
    anthropic::{MessagesScript, message, messages_error},
    openrouter::{LineEnding, StreamScript, chunk, completion, error_body, error_chunk},
    script::{Gate, Script, Step},
};

/// How long the harness waits for something that must happen before it fails the test.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A scripted provider on its own port. It ends when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    base_url: Url,
    stage: Arc<Stage>,
    arrivals: tokio::sync::Mutex<mpsc::UnboundedReceiver<RecordedRequest>>,
    list_arrivals: tokio::sync::Mutex<mpsc::UnboundedReceiver<RecordedRequest>>,
    _listener: AbortOnDropHandle<()>,
}

/// What an upstream plays, and for whom it has played.
#[derive(Debug)]
struct Stage {
    scripts: Mutex<VecDeque<Script>>,
    /// What answers a chat for which no script is waiting. Such requests are not kept, so that a
    /// run may be as long as it likes.
    improvise: Option<fn(&RecordedRequest) -> Script>,
    recorded: Mutex<Vec<RecordedRequest>>,
    arrivals: mpsc::UnboundedSender<RecordedRequest>,
    /// What answers each request for the list of models, and each for what is known of a key.
    list: Mutex<Script>,
    key: Mutex<Script>,
    list_arrivals: mpsc::UnboundedSender<RecordedRequest>,
    /// Every request, for whatever.
    count: AtomicUsize,
}

impl Stage {
    fn script_for(&self, request: RecordedRequest) -> Script {
        let is_messages = request.path.ends_with("/messages");
        let script = self.scripts.lock().expect("not poisoned").pop_front();
        if let (None, Some(improvise)) = (&script, self.improvise) {
            return improvise(&request);
        }
        self.recorded
            .lock()
            .expect("not poisoned")
            .push(request.clone());
        // A test that has ended wants to hear of no more requests.
        let _ = self.arrivals.send(request);
        script.unwrap_or_else(|| match is_messages {
            true => MessagesScript::answer("Hello from the upstream.").into(),
            false => Script::answer("Hello from the upstream."),
        })
    }

    fn script_for_list(&self, request: RecordedRequest) -> Script {
        // A test that has ended wants to hear of no more requests.
        let _ = self.list_arrivals.send(request);
        self.list.lock().expect("not poisoned").clone()
    }

    fn script_for_key(&self) -> Script {
        self.key.lock().expect("not poisoned").clone()
    }
}

/// What has become of the connection on which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// The script is still being played.
    Open,
    /// The script was played to its end.
    Played,
    /// The client closed the connection before the script's end.
    Abandoned,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    pub method: String,
    pub path: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The JSON body; `null` when there is none.
    pub body: Value,
    connection: watch::Receiver<Connection>,
}

impl RecordedRequest {
    /// The value of a header; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The messages that the provider was sent, as `(role, content)`.
    #[must_use]
    pub fn messages(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = self.body["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        messages
            .iter()
            .map(|one| (text(&one["role"]), text(&one["content"])))
            .collect()
    }

    /// Waits until the script has ended, one way or the other.
    pub async fn closed(&self) -> Connection {
        let mut connection = self.connection.clone();
        let ended = connection.wait_for(|state| *state != Connection::Open);
        *tokio::time::timeout(PATIENCE, ended)
            .await
            .expect("the connection to the upstream is still open")
            .expect("the upstream forgot a connection")
    }
}

impl Upstream {
    /// Starts listening. Without a script it answers every chat with [`Script::answer`].
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Starts listening, and makes each chat's script from its request. Requests are not kept.
    pub async fn improvising(script: fn(&RecordedRequest) -> Script) -> Self {
        Self::listen(Some(script)).await
    }

    async fn listen(improvise: Option<fn(&RecordedRequest) -> Script>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0));
        let listener = runtime::run(listener).await.expect("a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let (sender, arrivals) = mpsc::unbounded_channel();
        let (list_sender, list_arrivals) = mpsc::unbounded_channel();
        let stage = Arc::new(Stage {
            scripts: Mutex::default(),
            improvise,
            recorded: Mutex::default(),
            arrivals: sender,
            list: Mutex::new(Script::list(&[])),
            key: Mutex::new(Script::status(200).json(&json!({"data": {"label": "k"}}))),
            list_arrivals: list_sender,
            count: AtomicUsize::new(0),
        });
        Self {
            base_url: format!("http://127.0.0.1:{port}/api/v1")
                .parse()
                .expect("a valid URL"),
            arrivals: tokio::sync::Mutex::new(arrivals),
            list_arrivals: tokio::sync::Mutex::new(list_arrivals),
            _listener: runtime::spawn(http::accept(listener, Arc::clone(&stage))),
            stage,
        }
    }

    /// What a server is given as `OPENROUTER_BASE_URL`.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Plays `script` for the next chat that no earlier script is waiting for.
    pub fn next(&self, script: impl Into<Script>) {
        self.stage
            .scripts
            .lock()
            .expect("no test panics while it holds the scripts")
            .push_back(script.into());
    }

    /// Plays `script` for every request for the list of models from now on.
    pub fn list_models(&self, script: impl Into<Script>) {
        *self.stage.list.lock().expect("not poisoned") = script.into();
    }

    /// Plays `script` for every request for what is known of a key from now on.
    pub fn tell_of_key(&self, script: impl Into<Script>) {
        *self.stage.key.lock().expect("not poisoned") = script.into();
    }

    /// The next request for the list of models that no earlier call has returned; waits until there is one.
    pub async fn list_request(&self) -> RecordedRequest {
        let mut arrivals = self.list_arrivals.lock().await;
        tokio::time::timeout(PATIENCE, arrivals.recv())
            .await
            .expect("nobody asked the upstream for its models")
            .expect("the upstream has stopped")
    }

    /// How many requests have come, for whatever.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.stage.count.load(Ordering::Relaxed)
    }

    /// As an operator allows it to people: host and port.
    #[must_use]
    pub fn host_port(&self) -> String {
        format!("127.0.0.1:{}", self.base_url.port().expect("its own port"))
    }

    /// The next chat request that no earlier call has returned; waits until there is one.
    pub async fn request(&self) -> RecordedRequest {
        let mut arrivals = self.arrivals.lock().await;
        tokio::time::timeout(PATIENCE, arrivals.recv())
            .await
            .expect("no request reached the upstream")
            .expect("the upstream has stopped")
    }

    /// Every chat request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.stage
            .recorded
            .lock()
            .expect("no test panics while it holds the requests")
            .clone()
    }
}

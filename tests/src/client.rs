//! A client with a cookie jar, and helpers named for what its user does.

use prompthub_dto::{
    Page,
    account::User,
    chat::{ChatReply, Conversation, Message},
    files::{File, UploadedFiles},
    models::Model,
    projects::Project,
    providers::{Provider, ProviderState},
    stream::StreamEvent,
};
use reqwest::{Method, header::HeaderMap};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::{Answer, contract, events::EventStream, eventually, raw::Multipart, runtime};

/// One browser or script. Clones share their cookies.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
}

/// A request in the making.
#[must_use]
pub struct Request {
    builder: reqwest::RequestBuilder,
    asked: String,
}

impl Client {
    /// A client of the server at `base_url`, that nobody has signed in with.
    #[must_use]
    pub fn new(base_url: Url) -> Self {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without options that could fail");
        Self { http, base_url }
    }

    /// A request to `path`, which may have a query.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let url = self.base_url.join(path).expect("a path");
        Request {
            asked: format!("{method} {path}"),
            builder: self.http.request(method, url),
        }
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Asks for an account, which signs in with it.
    pub async fn register(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/register")
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
    }

    /// Tries to sign in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/login")
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
    }

    /// Signs out.
    pub async fn sign_out(&self) {
        self.post("/api/auth/logout")
            .send()
            .await
            .expect_status(204);
    }

    /// Who is signed in.
    pub async fn me(&self) -> User {
        self.get("/api/auth/me").send().await.json()
    }

    /// Whether the client is signed in.
    pub async fn is_signed_in(&self) -> bool {
        let answer = self.get("/api/auth/me").send().await;
        assert!(matches!(answer.status.as_u16(), 200 | 401), "{answer}");
        answer.status == 200
    }

    /// A new project with this name.
    pub async fn create_project(&self, name: &str) -> Project {
        self.create_project_with(json!({"name": name})).await
    }

    /// A new project from a whole body.
    pub async fn create_project_with(&self, body: Value) -> Project {
        self.post("/api/projects")
            .json(&body)
            .send()
            .await
            .expect_status(201)
            .json()
    }

    /// Changes a project.
    pub async fn update_project(&self, project: &Project, changes: Value) -> Project {
        self.patch(&path(project))
            .json(&changes)
            .send()
            .await
            .expect_status(200)
            .json()
    }

    /// Uploads one file.
    pub async fn upload(&self, project: &Project, name: &str, bytes: &[u8]) -> File {
        let answer = self
            .send_files(project, Multipart::new().file(name, bytes))
            .await;
        let mut uploaded: UploadedFiles = answer.expect_status(201).json();
        uploaded
            .items
            .pop()
            .expect("an upload answers with what it made")
    }

    /// Sends form data to a project's files.
    pub async fn send_files(&self, project: &Project, body: Multipart) -> Answer {
        let request = self.post(&format!("{}/files", path(project)));
        request
            .header("content-type", &Multipart::content_type())
            .body(body.finish())
            .send()
            .await
    }

    /// The files of a project.
    pub async fn files(&self, project: &Project) -> Vec<File> {
        let page: Page<File> = self
            .get(&format!("{}/files", path(project)))
            .send()
            .await
            .json();
        page.items
    }

    /// Says something to a project and waits for the whole answer.
    pub async fn chat(&self, project: &Project, text: &str) -> ChatReply {
        self.ask(project, json!({"message": text})).await
    }

    /// Says something to a project, by a whole body, and waits for the whole answer.
    pub async fn ask(&self, project: &Project, body: Value) -> ChatReply {
        let answer = self.say(project, body).send().await;
        answer.expect_status(200).json()
    }

    /// Goes on with a conversation and waits for the whole answer.
    pub async fn reply(
        &self,
        project: &Project,
        conversation: &ChatReply,
        text: &str,
    ) -> ChatReply {
        let body = json!({"message": text, "conversation_id": conversation.conversation_id});
        self.ask(project, body).await
    }

    /// A message to a project from a whole body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "bodies are written where they are sent"
    )]
    pub fn say(&self, project: &Project, body: Value) -> Request {
        self.post(&format!("{}/chat", path(project))).json(&body)
    }

    /// Says something to a project and reads the answer as it comes.
    pub async fn open_stream(&self, project: &Project, text: &str) -> EventStream {
        self.say(project, json!({"message": text, "stream": true}))
            .stream()
            .await
    }

    /// Says something to a project and returns all the events of the answer.
    pub async fn chat_stream(&self, project: &Project, text: &str) -> Vec<(u64, StreamEvent)> {
        self.open_stream(project, text).await.rest().await
    }

    /// One's own projects, the latest activity first.
    pub async fn projects(&self) -> Vec<Project> {
        let page: Page<Project> = self
            .get("/api/projects")
            .send()
            .await
            .expect_status(200)
            .json();
        page.items
    }

    /// Sets up a provider of one's own.
    pub async fn create_provider(&self, body: Value) -> Provider {
        let request = self.post("/api/providers").json(&body);
        request.send().await.expect_status(201).json()
    }

    /// Every provider that one can use.
    pub async fn providers(&self) -> Vec<Provider> {
        let page: Page<Provider> = self.get("/api/providers").send().await.json();
        page.items
    }

    /// The provider with this slug.
    pub async fn provider(&self, slug: &str) -> Provider {
        let providers = self.providers().await;
        let found = providers.into_iter().find(|provider| provider.slug == slug);
        found.unwrap_or_else(|| panic!("there is no provider {slug}"))
    }

    /// Waits until the state of the provider is as `wanted`: lists of models come beside everything else.
    pub async fn provider_when(
        &self,
        slug: &str,
        wanted: impl Fn(&ProviderState) -> bool,
    ) -> Provider {
        eventually(async || {
            let provider = self.provider(slug).await;
            match wanted(&provider.state) {
                true => Ok(provider),
                false => Err(provider.state),
            }
        })
        .await
    }

    /// Every model that one can use.
    pub async fn models(&self) -> Vec<Model> {
        let page: Page<Model> = self.get("/api/models").send().await.json();
        page.items
    }

    /// The conversations of a project, newest activity first.
    pub async fn conversations(&self, project: &Project) -> Vec<Conversation> {
        let page: Page<Conversation> = self
            .get(&format!("{}/conversations", path(project)))
            .send()
            .await
            .json();
        page.items
    }

    /// The messages of a conversation, oldest first: all pages, which are short where texts are long.
    pub async fn messages(&self, conversation: &str) -> Vec<Message> {
        let place = format!("/api/conversations/{conversation}/messages?limit=200");
        let mut messages = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request = self.get(&place);
            let request = match &cursor {
                Some(cursor) => request.query(&[("cursor", cursor)]),
                None => request,
            };
            let page: Page<Message> = request.send().await.json();
            messages.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return messages;
            }
        }
    }
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Adds query parameters, encoded.
    pub fn query(mut self, query: &[(&str, &str)]) -> Self {
        self.builder = self.builder.query(query);
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// Sets a body of bytes; the type is whatever header was set.
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.body(body);
        self
    }

    /// Sends the request and reads the whole answer. What may never be fails here: a dropped
    /// connection, a 500, an answer without the headers that every answer has.
    pub async fn send(self) -> Answer {
        let answer = runtime::run(async move {
            let response = self.builder.send().await;
            let response = response.unwrap_or_else(|error| panic!("{}: {error:?}", self.asked));
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.bytes().await;
            let body = body.unwrap_or_else(|error| panic!("{}: {error:?}", self.asked));
            Answer {
                asked: self.asked,
                status,
                headers,
                body,
            }
        })
        .await;
        assert_ne!(answer.status, 500, "{answer}");
        assert_usual_headers(&answer.asked, &answer.headers);
        contract::check(&answer);
        answer
    }

    /// Sends the request and reads the answer as an event stream.
    pub async fn stream(self) -> EventStream {
        let (response, asked) = runtime::run(async move {
            let response = self.builder.send().await;
            (
                response.unwrap_or_else(|error| panic!("{}: {error:?}", self.asked)),
                self.asked,
            )
        })
        .await;
        assert_usual_headers(&asked, response.headers());
        EventStream::of(response)
    }
}

/// The path of a project.
#[must_use]
pub fn path(project: &Project) -> String {
    format!("/api/projects/{}", project.id)
}

/// What every answer carries, whoever asked for whatever.
#[track_caller]
pub(crate) fn assert_usual_headers(asked: &str, headers: &HeaderMap) {
    let value = |name: &str| {
        let value = headers
            .get(name)
            .unwrap_or_else(|| panic!("{asked}: no {name} in {headers:?}"));
        value.to_str().expect("ASCII").to_owned()
    };
    assert_eq!(value("x-content-type-options"), "nosniff", "{asked}");
    assert_eq!(
        value("cross-origin-opener-policy"),
        "same-origin",
        "{asked}"
    );
    let policy = value("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{asked}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{asked}: {policy}"
    );
    assert!(!value("referrer-policy").is_empty(), "{asked}");
    assert!(!value("x-request-id").is_empty(), "{asked}");
}

//! Clients that vanish at the worst moments: what was stored is finished, and nothing is undone.

use std::{net::SocketAddr, time::Duration};

use prompthub_dto::{chat::MessageStatus, projects::Project};
use prompthub_tests::{
    Client, TestApp,
    app::PASSWORD,
    client::path,
    eventually,
    raw::{self, LIVE, Multipart},
    spawn_app,
    upstream::{Gate, StreamScript},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How many clients vanish, each a little later in its request than the one before.
const ROUNDS: u64 = 20;

async fn with_cookie(app: &TestApp) -> (Client, String) {
    let ada = app.client();
    let registered = ada.register("ada@example.com", PASSWORD).await;
    let cookie = registered.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (ada, cookie)
}

/// Sends a whole request and, after `patience`, resets the connection. When that is only spreads the moments:
/// nothing may depend on which of them it is.
async fn send_and_reset(address: SocketAddr, request: &[u8], patience: Duration) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request).await.unwrap();
    tokio::time::sleep(patience).await;
    socket.set_zero_linger().unwrap();
}

fn chat(project: &Project, cookie: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {}/chat HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        path(project),
        body.len(),
    )
    .into_bytes()
}

/// Waits until no conversation of the project is being answered, and says how each ended.
async fn endings(ada: &Client, project: &Project) -> Vec<MessageStatus> {
    eventually(async || {
        let mut endings = Vec::new();
        for conversation in ada.conversations(project).await {
            let messages = ada.messages(conversation.id.as_str()).await;
            assert_eq!(messages.len(), 2, "a question and its answer");
            endings.push(messages[1].status);
        }
        match endings.contains(&MessageStatus::Running) {
            true => Err(endings),
            false => Ok(endings),
        }
    })
    .await
}

#[tokio::test]
async fn a_reset_at_any_moment_leaves_no_answer_running_for_ever() {
    let app = TestApp::with(|config| config.demo_delay_ms = 0).await;
    let (ada, cookie) = with_cookie(&app).await;
    let project = ada
        .create_project_with(serde_json::json!({"name": "Notes", "model": "demo/echo"}))
        .await;
    let request = chat(&project, &cookie, r#"{"message":"Hello"}"#);
    for round in 0..ROUNDS {
        send_and_reset(app.address(), &request, Duration::from_micros(300 * round)).await;
    }
    // Once its answer has begun, a question is stored for certain.
    let streamed = chat(&project, &cookie, r#"{"message":"Hello","stream":true}"#);
    let mut socket = TcpStream::connect(app.address()).await.unwrap();
    socket.write_all(&streamed).await.unwrap();
    socket.read_u8().await.unwrap();
    socket.set_zero_linger().unwrap();
    drop(socket);
    // One that is waited for comes after all the others have been decided.
    ada.chat(&project, "Hello").await;
    let endings = endings(&ada, &project).await;
    assert!(endings.len() >= 2, "nothing was left behind: {endings:?}");
    assert!(
        endings
            .iter()
            .all(|status| *status == MessageStatus::Complete),
        "{endings:?}"
    );
}

#[tokio::test]
async fn a_reset_at_any_moment_leaves_no_file_without_its_bytes() {
    let app = spawn_app().await;
    let (ada, cookie) = with_cookie(&app).await;
    let project = ada.create_project("Notes").await;
    for round in 0..ROUNDS {
        let body = Multipart::new()
            .file(&format!("{round}.txt"), b"whole")
            .finish();
        let mut request = format!(
            "POST {}/files HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            path(&project),
            Multipart::content_type(),
            body.len(),
        )
        .into_bytes();
        request.extend(body);
        send_and_reset(app.address(), &request, Duration::from_micros(700 * round)).await;
    }
    // One that is waited for comes after all the others have been decided.
    ada.upload(&project, "last.txt", b"whole").await;
    let files = ada.files(&project).await;
    app.expect_blobs(files.len()).await;
    for file in files {
        let answer = ada
            .get(&format!("{}/files/{}", path(&project), file.name))
            .send()
            .await;
        assert_eq!(answer.expect_status(200).text(), "whole");
    }
}

/// Whatever else has come on the connection by then.
#[tokio::test]
async fn hanging_up_cancels_where_that_was_asked_for() {
    let app = spawn_app().await;
    let (ada, cookie) = with_cookie(&app).await;
    for stream in [false, true] {
        for last_words in ["", "\r\n", LIVE, "nonsense\r\n\r\n"] {
            let project = ada.create_project("Notes").await;
            let never = Gate::new();
            app.upstream
                .next(StreamScript::new().delta("One").wait(&never));
            let body =
                format!(r#"{{"message":"Hello","on_disconnect":"cancel","stream":{stream}}}"#);
            let mut socket = TcpStream::connect(app.address()).await.unwrap();
            socket
                .write_all(&chat(&project, &cookie, &body))
                .await
                .unwrap();
            let request = app.upstream.request().await;
            socket.write_all(last_words.as_bytes()).await.unwrap();
            drop(socket);
            request.closed().await;
            let endings = endings(&ada, &project).await;
            assert_eq!(
                endings,
                [MessageStatus::Cancelled],
                "{last_words:?}, streamed: {stream}"
            );
        }
    }
}

#[tokio::test]
async fn hanging_up_with_the_last_byte_cancels_too() {
    let app = spawn_app().await;
    let (ada, cookie) = with_cookie(&app).await;
    let project = ada.create_project("Notes").await;
    let never = Gate::new();
    let body = r#"{"message":"Hello","on_disconnect":"cancel"}"#;
    let whole = String::from_utf8(chat(&project, &cookie, body)).unwrap();
    let length = format!("Content-Length: {}", body.len());
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let in_chunks = whole
        .replace(&length, "Transfer-Encoding: chunked")
        .replace(body, &chunks);
    for request in [whole, in_chunks] {
        for _ in 0..ROUNDS {
            app.upstream
                .next(StreamScript::new().delta("One").wait(&never));
            let mut socket = TcpStream::connect(app.address()).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
        }
    }
    let endings = endings(&ada, &project).await;
    assert!(
        endings
            .iter()
            .all(|status| *status == MessageStatus::Cancelled),
        "{endings:?}"
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told() {
    let app = spawn_app().await;
    let (ada, cookie) = with_cookie(&app).await;
    let project = ada.create_project("Notes").await;
    let json = "Content-Type: application/json\r\n";
    let form = "Content-Type: multipart/form-data; boundary=B\r\n";
    let files = format!("{}/files", path(&project));
    let chunks = "Transfer-Encoding: chunked\r\n\r\n";
    for (target, rest) in [
        (
            "/api/projects",
            format!("{json}Content-Length: 70\r\n\r\n{{\"name\":\"Not"),
        ),
        ("/api/projects", format!("{json}{chunks}5\r\n{{\"nam\r\n")),
        (
            "/api/projects",
            format!("{json}{chunks}5\r\n{{\"nam\r\nZZ\r\n"),
        ),
        (&files, format!("{form}Content-Length: 70\r\n\r\n--B\r\n")),
        (&files, format!("{form}{chunks}ZZ\r\n")),
        (
            "/api/projects/import",
            format!("{json}{chunks}9\r\n{{\"name\":\r\nZZ\r\n"),
        ),
    ] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n");
        let sent = format!("{head}{rest}");
        let answer = match rest.contains("ZZ") {
            true => raw::exchange(app.address(), sent.as_bytes()).await,
            false => raw::last_words(app.address(), sent.as_bytes()).await,
        };
        assert!(
            answer.starts_with("HTTP/1.1 400 "),
            "{target} {rest:?}: {answer}"
        );
        assert!(
            answer.contains("application/problem+json"),
            "{target} {rest:?}: {answer}"
        );
    }
    assert_eq!(ada.projects().await.len(), 1);
    assert!(ada.files(&project).await.is_empty());
}

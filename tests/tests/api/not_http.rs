//! What is hardly HTTP: answered in the same form as everything else, and nothing asked before it is lost.

use std::time::Duration;

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{
    client::path,
    raw::{self, LIVE},
    spawn_app,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn what_is_no_http_is_a_bad_request() {
    let app = spawn_app().await;
    let login = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let list = "GET /api/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    for request in [
        "nonsense\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /api/projects HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        format!("{login}Content-Length: -1\r\n\r\n"),
        format!("{login}Content-Length: nonsense\r\n\r\n"),
        format!("{login}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}"),
        format!("{login}Transfer-Encoding: nonsense\r\n\r\n"),
        format!("{list}Bad Header: x\r\n\r\n"),
        format!("{list}X-Ctl: a\u{1}b\r\n\r\n"),
        format!("{list}Host: y\r\n\r\n"),
    ] {
        let answers = raw::answers(app.address(), request.as_bytes()).await;
        let [answer] = answers.as_slice() else {
            panic!("{request:?} got {answers:?}");
        };
        answer.assert_problem(ProblemCode::BadRequest);
        assert_eq!(answer.header("connection"), Some("close"), "{request:?}");
    }
}

#[tokio::test]
async fn strange_addresses_and_bodies_get_problems() {
    let app = spawn_app().await;
    let end = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let chunks = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nnonsense";
    for (request, expected) in [
        (
            format!("GET /api/projects/%zz {end}\r\n"),
            ProblemCode::Unauthenticated,
        ),
        (
            format!("GET /api/../../etc/passwd {end}\r\n"),
            ProblemCode::NotFound,
        ),
        (
            format!("GET http://other.example/api/projects {end}\r\n"),
            ProblemCode::Unauthenticated,
        ),
        (
            format!("POST /api/auth/login {end}{chunks}\r\n\r\n"),
            ProblemCode::BadRequest,
        ),
    ] {
        let answers = raw::answers(app.address(), request.as_bytes()).await;
        answers[0].assert_problem(expected);
    }
    let page = format!("GET /%2e%2e/%2e%2e/etc/passwd {end}\r\n");
    let page = raw::exchange(app.address(), page.as_bytes()).await;
    assert!(
        page.starts_with("HTTP/1.1 ") && !page.contains("root:"),
        "{page}"
    );
}

/// Also where the connection has served others before, and where much is still to come when it is refused.
#[tokio::test]
async fn headers_have_limits() {
    let app = spawn_app().await;
    let large = |bytes: usize| format!("X-Large: {}\r\n", "x".repeat(bytes));
    let many = "X-Many: x\r\n".repeat(500);
    for headers in [large(200_000), large(1_000_000), many] {
        let request = format!("GET /api/projects HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let answers = raw::answers(app.address(), request.as_bytes()).await;
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers[0].assert_problem(ProblemCode::HeadersTooLarge);
    }
    let ada = app.register("ada@example.com").await;
    let answer = ada
        .get("/api/projects")
        .header("x-large", &"x".repeat(200_000))
        .send()
        .await;
    answer.assert_problem(ProblemCode::HeadersTooLarge);
    assert!(ada.projects().await.is_empty());
}

/// More body than its length says is another request, and a malformed one; it is told after the answer to the first.
#[tokio::test]
async fn a_malformed_request_takes_no_answer_away() {
    let app = spawn_app().await;
    let body = r#"{"email":"ada@example.com","password":"correct horse"}"#;
    let register = format!(
        "POST /api/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    let request = format!("{register}, and what nobody announced\r\n\r\n");
    let text = raw::exchange(app.address(), request.as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 201 "), "{text}");
    assert_eq!(text.matches("HTTP/1.1 400 ").count(), 1, "{text}");
    app.client()
        .sign_in("ada@example.com", "correct horse")
        .await
        .expect_status(200);
}

/// A request on a connection that has answered before, so that only its place tells what the refusal is.
#[tokio::test]
async fn a_later_request_is_refused_in_the_same_form() {
    let app = spawn_app().await;
    let mut socket = TcpStream::connect(app.address()).await.unwrap();
    socket.write_all(LIVE.as_bytes()).await.unwrap();
    let mut first = [0; 4096];
    let read = socket.read(&mut first).await.unwrap();
    let first = String::from_utf8_lossy(&first[..read]).into_owned();
    assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
    socket.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let mut rest = String::new();
    let reading = socket.read_to_string(&mut rest);
    tokio::time::timeout(Duration::from_secs(20), reading)
        .await
        .expect("the connection ends")
        .unwrap();
    assert!(rest.starts_with("HTTP/1.1 400 "), "{rest}");
    assert!(rest.contains(ProblemCode::BadRequest.as_str()), "{rest}");
}

/// What a refusal of the framework looks like may stand in a file.
#[tokio::test]
async fn a_file_full_of_refusals_comes_as_it_went() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let bytes = refusal.repeat(100_000);
    ada.upload(&project, "refusals.txt", bytes.as_bytes()).await;
    let download = ada.get(&format!("{}/files/refusals.txt", path(&project)));
    let download = download.send().await;
    assert_eq!(download.expect_status(200).text(), bytes);
}

/// A client that has said all that it will, and reads on.
#[tokio::test]
async fn a_request_may_end_with_its_connection() {
    let app = spawn_app().await;
    let answer = raw::last_words(app.address(), LIVE.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

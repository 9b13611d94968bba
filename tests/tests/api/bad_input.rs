//! Requests that are no requests: bodies, addresses and headers that nobody sends by mistake.
//!
//! What each resource says about its own fields is in its module; this is about what all share.

use prompthub_dto::problem::{FieldCode, ProblemCode};
use prompthub_tests::{Answer, Client, spawn_app};
use serde_json::json;

async fn send_body(client: &Client, body: impl Into<reqwest::Body>) -> Answer {
    client
        .post("/api/projects")
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
}

#[tokio::test]
async fn what_is_no_json_is_malformed() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bodies: [&[u8]; 9] = [
        b"",
        b" ",
        b"{",
        b"{\"name\":}",
        b"{\"name\":\"x\"} more",
        b"{'name':'x'}",
        b"\xff\xfe",
        b"{\"name\":\"\xc3\x28\"}",
        b"{\"name\":\"\\ud800\"}",
    ];
    for body in bodies {
        send_body(&ada, body.to_vec())
            .await
            .assert_problem(ProblemCode::MalformedJson);
    }
    let deep = format!(
        "{{\"name\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let answer = send_body(&ada, deep).await;
    assert!(matches!(answer.status.as_u16(), 400 | 422), "{answer}");
}

#[tokio::test]
async fn json_of_another_shape_is_invalid() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for body in ["[]", "null", "7", "\"name\"", "true", "[{\"name\":\"x\"}]"] {
        let answer = send_body(&ada, body).await;
        answer.assert_problem(ProblemCode::ValidationFailed);
    }
    let twice = send_body(&ada, r#"{"name":"a","name":"b"}"#).await;
    assert!(matches!(twice.status.as_u16(), 400 | 422), "{twice}");
    let nested = send_body(&ada, r#"{"name":"a","parameters":{"temperature":{"x":1}}}"#).await;
    nested.assert_invalid(&[("parameters.temperature", FieldCode::WrongType)]);
    let huge_number = send_body(&ada, r#"{"name":"a","parameters":{"top_p":1e400}}"#).await;
    huge_number.assert_invalid(&[("parameters.top_p", FieldCode::OutOfRange)]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body = json!({"name": "x".repeat(10_000_000)}).to_string();
    send_body(&ada, body.clone())
        .await
        .assert_problem(ProblemCode::PayloadTooLarge);
    // Without a length, the server finds out only while it reads.
    let chunks = body
        .into_bytes()
        .chunks(100_000)
        .map(<[u8]>::to_vec)
        .collect::<Vec<_>>();
    let stream = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
    let answer = send_body(&ada, reqwest::Body::wrap_stream(stream)).await;
    answer.assert_problem(ProblemCode::PayloadTooLarge);
    assert_eq!(
        ada.get("/api/projects").send().await.redacted()["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_place_that_is_none_is_not_found() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for path in [
        "/api",
        "/api/",
        "/api/nowhere",
        "/api/projects/",
        "/api/auth",
        "/api/auth/me/x",
        "/api/projects/01900000-0000-7000-8000-000000000000/nowhere",
        "/api/conversations",
        "/api/generations/01900000-0000-7000-8000-000000000000/",
        "/api/providers/01900000-0000-7000-8000-000000000000/test/x",
        "/api//projects",
    ] {
        ada.get(path)
            .send()
            .await
            .assert_problem(ProblemCode::NotFound);
        app.client()
            .get(path)
            .send()
            .await
            .assert_problem(ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn another_method_is_told_which_there_are() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for (method, path, allowed) in [
        ("PUT", "/api/projects", ["GET", "POST"]),
        ("DELETE", "/api/projects", ["GET", "POST"]),
        ("POST", "/api/auth/me", ["GET", "PATCH"]),
        ("TRACE", "/api/projects", ["GET", "POST"]),
        ("NONSENSE", "/api/projects", ["GET", "POST"]),
    ] {
        let answer = ada.request(method.parse().unwrap(), path).send().await;
        answer.assert_problem(ProblemCode::MethodNotAllowed);
        let allow = answer.header("allow").expect("Allow");
        assert!(
            allowed.iter().all(|method| allow.contains(method)),
            "{method} {path}: {allow}"
        );
    }
}

#[tokio::test]
async fn an_address_can_be_too_long() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let answer = ada
        .get(&format!("/api/projects?cursor={}", "x".repeat(20_000)))
        .send()
        .await;
    answer.assert_problem(ProblemCode::UriTooLong);
    let answer = ada
        .get(&format!("/api/projects/{}", "x".repeat(3_000)))
        .send()
        .await;
    answer.assert_problem(ProblemCode::ValidationFailed);
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    ada.get("/api/projects?limit=1&limit=2")
        .send()
        .await
        .assert_problem(ProblemCode::ValidationFailed);
    ada.get("/api/projects?limit")
        .send()
        .await
        .assert_problem(ProblemCode::ValidationFailed);
    ada.get("/api/projects?%FF=1")
        .send()
        .await
        .assert_problem(ProblemCode::ValidationFailed);
    ada.get("/api/projects?").send().await.expect_status(200);
}

#[tokio::test]
async fn a_text_that_nobody_can_see_is_no_message() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for text in [" \n\t", "\u{200b}", "\u{feff}\u{2060} \u{200d}"] {
        ada.say(&project, json!({"message": text}))
            .send()
            .await
            .assert_invalid(&[("message", FieldCode::Required)]);
    }
    assert_eq!(ada.conversations(&project).await, []);
}

#[tokio::test]
async fn nul_in_a_login_is_a_wrong_login() {
    let app = spawn_app().await;
    for email in ["a\0da@example.com", "\0", "ada@example.com\0"] {
        let answer = app.client().sign_in(email, "pass\0word").await;
        answer.assert_problem(ProblemCode::InvalidCredentials);
    }
}

#[tokio::test]
async fn headers_may_be_nonsense() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let path = prompthub_tests::client::path(&project);
    let headers = [
        ("if-none-match", "nonsense"),
        ("if-none-match", "\"\""),
        ("if-none-match", "W/"),
        ("accept", "nonsense"),
        ("accept-encoding", "nonsense;q=x"),
        ("authorization", "nonsense"),
        ("authorization", "Bearer nonsense"),
        ("range", "nonsense"),
        ("x-request-id", "a\tb"),
        ("x-forwarded-for", "nonsense"),
        ("forwarded", ";;;"),
        ("last-event-id", "nonsense"),
        ("accept-language", "\"\""),
        ("user-agent", ""),
    ];
    for (name, value) in headers {
        let answer = ada.get(&path).header(name, value).send().await;
        assert!(
            matches!(answer.status.as_u16(), 200 | 400 | 401 | 422),
            "{name}: {value}: {answer}"
        );
    }
    for tag in ["nonsense", "\"", "\"a\", nonsense", ""] {
        let answer = ada
            .patch(&path)
            .header("if-match", tag)
            .json(&json!({"name": "x"}))
            .send()
            .await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 412 | 422),
            "{tag}: {answer}"
        );
        answer.assert_problem(match answer.status.as_u16() {
            400 => ProblemCode::BadRequest,
            412 => ProblemCode::StaleVersion,
            _ => ProblemCode::ValidationFailed,
        });
    }
}

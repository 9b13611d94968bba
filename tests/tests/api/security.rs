//! What a browser must not be made to do, and what no answer may give away.

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{Client, TestApp, app::PASSWORD, spawn_app};
use serde_json::json;

async fn create_with(client: &Client, headers: &[(&str, &str)]) -> prompthub_tests::Answer {
    let mut request = client
        .post("/api/projects")
        .json(&json!({"name": "Forged"}));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

#[tokio::test]
async fn writes_from_other_sites_are_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let own = format!("http://{}", app.address());
    let other_port = "http://127.0.0.1:1";
    let allowed: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("origin", &own)],
        &[("origin", &own)],
    ];
    let refused: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "Same-Origin")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("origin", "https://evil.example")],
        &[("origin", other_port)],
        &[("origin", "null")],
        &[("origin", "nonsense")],
        &[("origin", "http://127.0.0.1.evil.example")],
    ];
    for headers in allowed {
        create_with(&ada, headers).await.expect_status(201);
    }
    for headers in refused {
        create_with(&ada, headers)
            .await
            .assert_problem(ProblemCode::CrossOrigin);
    }
    let listed = ada
        .get("/api/projects")
        .header("sec-fetch-site", "cross-site")
        .send()
        .await;
    assert_eq!(
        listed.expect_status(200).redacted()["items"]
            .as_array()
            .unwrap()
            .len(),
        allowed.len()
    );
}

#[tokio::test]
async fn every_write_is_guarded() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let document: serde_json::Value = ada.get("/openapi.json").send().await.json();
    for operation in crate::about_tests::operations(&document) {
        if operation.method == "get" {
            continue;
        }
        let method = operation.method.to_uppercase().parse().unwrap();
        let path = operation.path.replace(['{', '}'], "");
        let request = ada
            .request(method, &path)
            .header("sec-fetch-site", "cross-site");
        request
            .json(&json!({}))
            .send()
            .await
            .assert_problem(ProblemCode::CrossOrigin);
    }
    // Signing in is a write too: nobody is signed in to another's account unnoticed.
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let forged = app
        .client()
        .post("/api/auth/login")
        .header("sec-fetch-site", "cross-site")
        .json(&body)
        .send()
        .await;
    forged.assert_problem(ProblemCode::CrossOrigin);
    assert_eq!(forged.header("set-cookie"), None);
}

#[tokio::test]
async fn the_public_address_is_an_own_origin() {
    let app = TestApp::with(|config| {
        config.public_url = Some("http://chat.example:8443".parse().unwrap());
    })
    .await;
    let ada = app.register("ada@example.com").await;
    create_with(&ada, &[("origin", "http://chat.example:8443")])
        .await
        .expect_status(201);
    create_with(&ada, &[("origin", "http://chat.example")])
        .await
        .assert_problem(ProblemCode::CrossOrigin);
}

/// A form of another site can send these types without asking first.
#[tokio::test]
async fn forms_are_no_json() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body = r#"{"name":"Forged"}"#;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "",
    ] {
        let answer = ada
            .post("/api/projects")
            .header("content-type", content_type)
            .body(body)
            .send()
            .await;
        answer.assert_problem(ProblemCode::UnsupportedMediaType);
    }
    let untyped = ada.post("/api/projects").body(body).send().await;
    untyped.assert_problem(ProblemCode::UnsupportedMediaType);
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        let answer = ada
            .post("/api/projects")
            .header("content-type", content_type)
            .body(body)
            .send()
            .await;
        answer.expect_status(201);
    }
}

#[tokio::test]
async fn no_other_site_may_read_answers() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let answer = ada
        .get("/api/projects")
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let preflight = ada
        .request(reqwest::Method::OPTIONS, "/api/projects")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .send()
        .await;
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    assert_eq!(preflight.header("access-control-allow-methods"), None);
}

#[tokio::test]
async fn answers_of_the_api_are_not_kept_by_caches() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for path in [
        "/api/auth/me",
        "/api/projects",
        "/api/models",
        "/api/nowhere",
        "/api/instance",
    ] {
        let answer = ada.get(path).send().await;
        let cache = answer.header("cache-control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{answer}: {cache:?}");
    }
}

#[tokio::test]
async fn no_answer_carries_a_secret() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for path in [
        "/api/auth/me",
        "/api/auth/sessions",
        "/api/models",
        "/api/instance",
        "/openapi.json",
    ] {
        let text = ada.get(path).send().await.text();
        for secret in ["$2b$", "password_hash", "sk-or-v1-test", "key_hash"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
    }
}

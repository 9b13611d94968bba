//! Limits on guessing: by address and by account, and whose word about an address counts.

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{Answer, Client, TestApp, app::PASSWORD};
use serde_json::json;

#[track_caller]
fn assert_limited(answer: &Answer) {
    answer.assert_problem(ProblemCode::RateLimited);
    let wait = answer.header("retry-after").expect("Retry-After");
    assert!(
        wait.parse::<u32>()
            .is_ok_and(|seconds| (1..=60).contains(&seconds)),
        "{wait}"
    );
}

async fn sign_in_from(client: &Client, forwarded_for: &str) -> Answer {
    let body = json!({"email": "nobody@example.com", "password": "not the password"});
    client
        .post("/api/auth/login")
        .header("x-forwarded-for", forwarded_for)
        .json(&body)
        .send()
        .await
}

#[tokio::test]
async fn one_address_has_only_so_many_attempts() {
    let app = TestApp::with(|config| config.attempts_per_address = 4).await;
    let client = app.client();
    client
        .register("ada@example.com", PASSWORD)
        .await
        .expect_status(201);
    for number in 0..3 {
        let email = format!("user{number}@example.com");
        client
            .sign_in(&email, "not the password")
            .await
            .assert_problem(ProblemCode::InvalidCredentials);
    }
    // Even the right password is not looked at any more.
    assert_limited(&client.sign_in("ada@example.com", PASSWORD).await);
    assert_limited(&client.register("bob@example.com", PASSWORD).await);
    // Those who are in already are not disturbed.
    assert!(client.is_signed_in().await);
}

#[tokio::test]
async fn one_account_has_only_so_many_attempts() {
    let app = TestApp::with(|config| config.attempts_per_account = 3).await;
    app.register("ada@example.com").await;
    app.register("bob@example.com").await;
    // The same account, however its e-mail is written, and whether it exists or not.
    for email in ["ada@example.com", "ADA@example.com", " ada@example.com"] {
        let answer = app.client().sign_in(email, "not the password").await;
        answer.assert_problem(ProblemCode::InvalidCredentials);
    }
    assert_limited(&app.client().sign_in("ada@example.com", PASSWORD).await);
    app.client()
        .sign_in("bob@example.com", PASSWORD)
        .await
        .expect_status(200);
    for _ in 0..3 {
        let answer = app
            .client()
            .sign_in("eve@example.com", "not the password")
            .await;
        answer.assert_problem(ProblemCode::InvalidCredentials);
    }
    assert_limited(
        &app.client()
            .sign_in("eve@example.com", "not the password")
            .await,
    );
}

#[tokio::test]
async fn the_current_password_cannot_be_guessed_either() {
    let app = TestApp::with(|config| config.attempts_per_account = 3).await;
    let ada = app.register("ada@example.com").await;
    let guess =
        json!({"current_password": "not the password", "new_password": "a better password"});
    for _ in 0..3 {
        ada.put("/api/auth/password")
            .json(&guess)
            .send()
            .await
            .assert_problem(ProblemCode::ValidationFailed);
    }
    assert_limited(&ada.put("/api/auth/password").json(&guess).send().await);
    let change = json!({"email": "new@example.com", "current_password": PASSWORD});
    assert_limited(&ada.patch("/api/auth/me").json(&change).send().await);
}

#[tokio::test]
async fn strangers_cannot_choose_their_address() {
    let app = TestApp::with(|config| config.attempts_per_address = 2).await;
    let client = app.client();
    for number in 0..2 {
        let answer = sign_in_from(&client, &format!("203.0.113.{number}")).await;
        answer.assert_problem(ProblemCode::InvalidCredentials);
    }
    assert_limited(&sign_in_from(&client, "203.0.113.9").await);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let app = TestApp::with(|config| {
        config.attempts_per_address = 2;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let client = app.client();
    for _ in 0..2 {
        sign_in_from(&client, "203.0.113.1")
            .await
            .assert_problem(ProblemCode::InvalidCredentials);
    }
    assert_limited(&sign_in_from(&client, "203.0.113.1").await);
    sign_in_from(&client, "203.0.113.2")
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
    // Only what the proxy itself has added counts, and that is the last.
    assert_limited(&sign_in_from(&client, "203.0.113.77, 203.0.113.1").await);
    let answer = sign_in_from(&client, "nonsense, 203.0.113.1").await;
    assert_limited(&answer);
    // Some proxies add the port, which changes with each connection.
    for port in [567, 568] {
        let answer = sign_in_from(&client, &format!("203.0.113.4:{port}")).await;
        answer.assert_problem(ProblemCode::InvalidCredentials);
    }
    assert_limited(&sign_in_from(&client, "203.0.113.4").await);
    // What cannot be read is nobody's new budget.
    for _ in 0..2 {
        sign_in_from(&client, "nonsense").await;
    }
    assert_limited(&sign_in_from(&client, "more nonsense").await);
}

#[tokio::test]
async fn an_ipv6_network_is_one_address() {
    let app = TestApp::with(|config| {
        config.attempts_per_address = 2;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let client = app.client();
    for host in ["2001:db8:1:2::1", "2001:db8:1:2::2"] {
        sign_in_from(&client, host)
            .await
            .assert_problem(ProblemCode::InvalidCredentials);
    }
    assert_limited(&sign_in_from(&client, "2001:db8:1:2:ffff::3").await);
    sign_in_from(&client, "2001:db8:1:3::1")
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
}

//! Changes of people's accounts with providers: what they ask for, and from when they count.

use prompthub_dto::{
    problem::{FieldCode, ProblemCode},
    providers::Provider,
};
use prompthub_tests::{TestApp, Upstream};
use serde_json::{Value, json};

use crate::provider_accounts::{KEY, account, app_beside, path};

/// Hints and keys: what is shown, what may be left out, what is asked for again.
#[tokio::test]
async fn a_key_goes_only_where_it_was_entered_for() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let allowed = [&first, &second].map(|upstream| upstream.host_port().parse().unwrap());
    let app = TestApp::with(|config| config.provider_calls.allowlist = allowed.to_vec()).await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&first)).await;
    let change = async |body: Value| ada.patch(&path(&provider)).json(&body).send().await;

    let moved = json!({"base_url": second.base_url().as_str()});
    change(moved.clone())
        .await
        .assert_invalid(&[("api_key", FieldCode::Required)]);
    let same = change(json!({"base_url": first.base_url().as_str()})).await;
    same.expect_status(200);
    let short: Provider = change(json!({"api_key": "short"})).await.json();
    assert_eq!(short.key_hint, None, "nothing is shown of a short key");
    let with_key =
        json!({"base_url": second.base_url().as_str(), "api_key": "sk-other-9876543210"});
    let with_key: Provider = change(with_key).await.json();
    assert_eq!(with_key.key_hint.as_deref(), Some("3210"));
    assert_eq!(
        with_key.base_url.as_deref(),
        Some(second.base_url().as_str())
    );
    let without: Provider = change(json!({"api_key": ""})).await.json();
    assert_eq!(without.key_hint, None);
    // Without a key, nothing is given away.
    change(json!({"base_url": first.base_url().as_str()}))
        .await
        .expect_status(200);
    change(json!({"base_url": ""}))
        .await
        .assert_invalid(&[("base_url", FieldCode::Required)]);

    let project = ada.create_project("Notes").await;
    let body = json!({"message": "Hello", "model": "mine/m"});
    ada.say(&project, body).send().await.expect_status(200);
    assert_eq!(first.request().await.header("authorization"), None);
    assert!(second.requests().is_empty());
}

#[tokio::test]
async fn a_change_counts_from_the_next_question_on() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "mine/m"}))
        .await;
    let asked_with = async || {
        ada.chat(&project, "Hello").await;
        let request = upstream.request().await;
        request.header("authorization").unwrap().to_owned()
    };
    assert_eq!(asked_with().await, format!("Bearer {KEY}"));
    let change = ada
        .patch(&path(&provider))
        .json(&json!({"api_key": "sk-another-key"}));
    change.send().await.expect_status(200);
    assert_eq!(asked_with().await, "Bearer sk-another-key");
    ada.delete(&path(&provider)).send().await.expect_status(204);
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.assert_problem(ProblemCode::UnknownModel);
    assert_eq!(
        ada.models()
            .await
            .iter()
            .filter(|model| model.provider == "mine")
            .count(),
        0
    );
}

/// Where servers share a database, a change at one of them counts at the others as well.
#[tokio::test]
async fn a_change_counts_at_every_server() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let Some(database) = app.database_url() else {
        return;
    };
    let allowed = upstream.host_port().parse().unwrap();
    let key = std::fs::read_to_string(app.data_dir.join("secret.key")).unwrap();
    let other = TestApp::with(|config| {
        config.database_url = Some(database);
        config.secret_key = Some(key.parse().unwrap());
        config.provider_calls.allowlist = vec![allowed];
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let ada_there = other.sign_in("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "mine/m"}))
        .await;
    ada_there.chat(&project, "Hello").await;
    let change = ada
        .patch(&path(&provider))
        .json(&json!({"api_key": "sk-another-key"}));
    change.send().await.expect_status(200);
    ada_there.chat(&project, "Hello").await;
    let keys = upstream
        .requests()
        .iter()
        .map(|request| request.header("authorization").unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(
        keys,
        [format!("Bearer {KEY}"), "Bearer sk-another-key".to_owned()]
    );
    ada.delete(&path(&provider)).send().await.expect_status(204);
    let answer = ada_there
        .say(&project, json!({"message": "Hello"}))
        .send()
        .await;
    answer.assert_problem(ProblemCode::UnknownModel);
}

/// Each of them is checked against what is there by then, and nobody has said that it must be what it was.
#[tokio::test]
async fn changes_that_meet_all_count() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    for round in 0..5 {
        let keys: Vec<_> = (0..4)
            .map(|number| format!("sk-another-key-{round}{number}"))
            .collect();
        let changes = keys.iter().map(|key| {
            let body = json!({"api_key": key});
            ada.patch(&path(&provider)).json(&body).send()
        });
        for answer in futures_util::future::join_all(changes).await {
            answer.expect_status(200);
        }
        let hint = ada.provider("mine").await.key_hint.unwrap();
        assert!(keys.iter().any(|key| key.ends_with(&hint)), "{hint}");
    }
}

/// Finding out that an address is not allowed costs as much as setting it up.
#[tokio::test]
async fn what_is_refused_counts_as_well() {
    let app = TestApp::with(|config| config.attempts_per_account = 3).await;
    let ada = app.register("ada@example.com").await;
    let body = json!({
        "preset": "openai-compatible", "name": "Mine", "base_url": "http://127.0.0.1:9/v1", "api_key": KEY,
    });
    let create = async || ada.post("/api/providers").json(&body).send().await;
    for _ in 0..3 {
        create()
            .await
            .assert_invalid(&[("base_url", FieldCode::Invalid)]);
    }
    create().await.assert_problem(ProblemCode::RateLimited);
}

//! Testing an account with a provider: it says in words what is wrong.

use prompthub_dto::providers::ProviderStatus;
use prompthub_tests::{Upstream, upstream::Script};
use serde_json::json;

use crate::provider_accounts::{KEY, account, app_beside, test};

/// A test of an account says in words what is wrong, whatever it is.
#[tokio::test]
async fn a_test_says_what_is_wrong() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    let html = Script::status(200)
        .header("Content-Type", "text/html")
        .bytes("<h1>Hi</h1>");
    let cases = [
        (
            Script::list(&[json!({"id": "m"})]),
            true,
            "It works. The provider lists 1 model.",
        ),
        (
            Script::list(&[]),
            true,
            "It works. The provider lists 0 models.",
        ),
        (
            Script::error(401, KEY),
            false,
            "does not accept the API key",
        ),
        (Script::error(402, "pay up"), false, "no credit left"),
        (Script::error(429, "slow down"), false, "limiting requests"),
        (
            Script::error(403, "Your country is not served"),
            false,
            "Your country is not served",
        ),
        (Script::error(500, "oops"), false, "oops"),
        (html, false, "does not speak this preset's format"),
        (
            Script::status(302).header("Location", "https://example.com/"),
            false,
            "redirects elsewhere",
        ),
        (Script::hang_up(), false, "broke off"),
    ];
    for (script, ok, words) in cases {
        upstream.list_models(script);
        let found = test(&ada, &provider).await;
        assert_eq!(found.ok, ok, "{found:?}");
        assert!(found.message.contains(words), "{found:?}");
        assert!(!found.message.contains("sk-test"), "{found:?}");
        assert!(found.latency_ms.is_some() || !ok, "{found:?}");
    }
}

/// Where there is no list, one token is asked for.
#[tokio::test]
async fn a_server_without_a_list_is_tested_all_the_same() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    upstream.list_models(Script::error(404, "no such route"));
    let unknown_model = json!({"error": {"code": 404, "message": "There is no model `test`"}});
    for (script, ok) in [
        (Script::answer("Hi"), true),
        (Script::status(404).json(&unknown_model), true),
        (Script::status(404).bytes("not found"), false),
        (Script::error(401, "bad key"), false),
    ] {
        upstream.next(script);
        let found = test(&ada, &provider).await;
        assert_eq!(found.ok, ok, "{found:?}");
        assert_eq!(upstream.request().await.body["max_tokens"], 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_unreachable() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let body = account(&upstream);
    drop(upstream);
    let provider = ada.create_provider(body).await;
    let found = test(&ada, &provider).await;
    assert!(
        !found.ok && found.message.contains("cannot be reached"),
        "{found:?}"
    );
    assert_eq!(found.latency_ms, None);
    let state = ada
        .provider_when("mine", |state| state.status != ProviderStatus::Loading)
        .await
        .state;
    assert_eq!(state.status, ProviderStatus::Unreachable);
    assert!(state.problem.unwrap().contains("cannot be reached"));
}

//! What keeps failing is not asked for a while: one model of a provider, or a provider that cannot be connected to.

use std::time::Duration;

use prompthub_dto::problem::{Problem, ProblemCode};
use prompthub_tests::{
    Client, TestApp,
    answer::Answer,
    eventually,
    upstream::{Script, StreamScript},
};
use serde_json::json;

use crate::resilience::{SHORT, patient_app};

const MODEL: &str = "openrouter/acme/m1";

async fn ask(client: &Client, model: &str) -> Answer {
    let project = client.create_project("Notes").await;
    let body = json!({"message": "Hello", "model": model});
    client.say(&project, body).send().await
}

/// A server with a model that has been silent so often that it is not asked any more.
async fn app_giving_up(pause: Duration) -> (TestApp, Client) {
    let app = patient_app(|calls| {
        calls.first_byte_timeout = Some(SHORT);
        calls.pause = pause;
    })
    .await;
    let ada = app.register("ada@example.com").await;
    for _ in 0..5 {
        app.upstream.next(Script::mute());
        let answer = ask(&ada, MODEL).await;
        answer.assert_problem(ProblemCode::ProviderFirstByteTimeout);
    }
    (app, ada)
}

/// A dead model costs its timeout only until that has been noticed; then it is not asked for a while.
#[tokio::test]
async fn a_dead_model_costs_its_timeout_only_for_a_while() {
    // Longer than any machine is slow: whoever asks now, asks within it.
    let (app, ada) = app_giving_up(Duration::from_secs(3600)).await;
    let answer = ask(&ada, MODEL).await;
    answer.assert_problem(ProblemCode::ProviderUnavailable);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1800..=3600).contains(&wait), "{wait}");
    assert_eq!(app.upstream.requests().len(), 5, "nobody asked it");
}

#[tokio::test]
async fn a_model_that_is_well_again_is_asked_again() {
    let (_app, ada) = app_giving_up(Duration::from_millis(1)).await;
    // One question tries again, and finds it well; then all do.
    eventually(async || {
        let answer = ask(&ada, MODEL).await;
        match answer.status.as_u16() {
            200 => Ok(()),
            _ => Err(answer.to_string()),
        }
    })
    .await;
    ask(&ada, MODEL).await.expect_status(200);
}

/// One model that hangs or fails does not keep anybody from another one of the same account. Signs of life are no answer.
#[tokio::test]
async fn a_dead_model_is_skipped_alone() {
    let app = patient_app(|calls| {
        calls.attempts = 1;
        calls.silence_timeout = Some(SHORT);
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let alive = StreamScript::new().comment("PROCESSING");
    for (script, code, words) in [
        (
            alive.silence().into(),
            ProblemCode::ProviderSilenceTimeout,
            "It fell silent before the first word.",
        ),
        (
            Script::error(503, "down"),
            ProblemCode::ProviderUnavailable,
            "It failed, or is overloaded.",
        ),
    ] {
        let model = format!("openrouter/acme/{}", code.as_str());
        let before = app.upstream.requests().len();
        for _ in 0..5 {
            app.upstream.next(script.clone());
            let detail = ask(&ada, &model).await.assert_problem(code).detail;
            assert!(detail.starts_with(words), "{detail}");
        }
        let answer = ask(&bob, &model).await;
        let detail = answer
            .assert_problem(ProblemCode::ProviderUnavailable)
            .detail;
        let wait = answer.header("retry-after").unwrap();
        let said = format!(
            "This model of it failed 5 times in a row and is skipped for another {wait} s."
        );
        assert!(detail.starts_with(&said), "{detail}");
        assert_eq!(app.upstream.requests().len(), before + 5, "nobody asked it");
        ask(&bob, "openrouter/acme/well").await.expect_status(200);
    }
}

/// There is no connection for any of its models, so all of them are skipped; another account is not.
#[tokio::test]
async fn a_provider_that_is_not_there_is_skipped_whole() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v1", gone.local_addr().unwrap());
    drop(gone);
    let app = TestApp::with(|config| {
        config.anthropic_api_key = Some("sk-ant-test".parse().unwrap());
        config.anthropic_base_url = config.openrouter_base_url.clone();
        config.openrouter_base_url = url.parse().unwrap();
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let unavailable = async |model: &str| -> Problem {
        let model = format!("openrouter/{model}");
        let answer = ask(&ada, &model).await;
        answer.assert_problem(ProblemCode::ProviderUnavailable)
    };
    for model in ["a/1", "a/2", "a/3", "a/4", "a/5"] {
        let detail = unavailable(model).await.detail;
        assert!(detail.starts_with("It could not be reached"), "{detail}");
    }
    let detail = unavailable("a/6").await.detail;
    let said = "It could not be connected to 5 times in a row and is skipped for another ";
    assert!(detail.starts_with(said), "{detail}");
    ask(&ada, "anthropic/claude-x").await.expect_status(200);
}

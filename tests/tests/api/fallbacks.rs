//! Other models that answer where the first one does not.

use std::time::Duration;

use prompthub_dto::{
    chat::{Message, MessageStatus},
    problem::{FieldCode, ProblemCode},
    projects::Project,
    stream::StreamEvent,
};
use prompthub_tests::{
    Client, TestApp,
    events::{assert_whole, text_of},
    spawn_app,
    upstream::{Connection, Gate, Script, StreamScript},
};
use serde_json::{Value, json};

use crate::{
    exchange::stored_answer,
    knowing::{app_knowing, model},
    stream::started,
};

/// A project of these models, asked in this order.
async fn project_of(client: &Client, models: &[&str]) -> Project {
    let body = json!({
        "name": "A", "model": models[0], "parameters": {"fallback_models": models[1..]},
    });
    client.create_project_with(body).await
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const FIRST: &str = "openrouter/acme/m1";
const SECOND: &str = "openrouter/acme/m2";

fn failed(message: &Message) -> Vec<(&str, ProblemCode)> {
    let failed = message.fallbacks.iter();
    failed
        .map(|fallback| (fallback.model.as_str(), fallback.problem_code))
        .collect()
}

async fn models_asked(app: &TestApp) -> Vec<Value> {
    let requests = app.upstream.requests();
    requests
        .iter()
        .map(|request| request.body["model"].clone())
        .collect()
}

#[tokio::test]
async fn another_model_answers_and_it_is_said() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = project_of(&ada, &[FIRST, SECOND]).await;
    app.upstream.next(Script::error(503, "down"));
    app.upstream.next(Script::answer("Here I am."));
    let events = ada.chat_stream(&project, "Hello").await;
    assert!(matches!(assert_whole(&events), StreamEvent::Done { .. }));
    assert_eq!(text_of(&events), "Here I am.");
    let StreamEvent::Started { model, .. } = &events[0].1 else {
        panic!("{events:?}")
    };
    assert_eq!(model, FIRST);
    let StreamEvent::Fallback {
        model,
        failed_model,
        problem,
        omitted: None,
    } = &events[1].1
    else {
        panic!("{events:?}")
    };
    assert_eq!((model.as_str(), failed_model.as_str()), (SECOND, FIRST));
    assert_eq!(problem.code, ProblemCode::ProviderUnavailable);

    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.status, MessageStatus::Complete);
    assert_eq!(stored.model.as_deref(), Some(SECOND));
    assert_eq!(stored.requested_model.as_deref(), Some(FIRST));
    assert_eq!(failed(&stored), [(FIRST, ProblemCode::ProviderUnavailable)]);
    assert_eq!(stored.fallbacks[0].detail, problem.detail);
    assert_eq!(models_asked(&app).await, ["acme/m1", "acme/m2"]);
}

#[tokio::test]
async fn every_failure_before_the_first_word_is_a_reason() {
    let nothing = || StreamScript::new().comment("working");
    for (script, code) in [
        (Script::error(401, "no"), ProblemCode::ProviderAuth),
        (Script::error(402, "no"), ProblemCode::ProviderCredit),
        (Script::error(429, "no"), ProblemCode::ProviderRateLimited),
        (
            Script::error(400, "no such model"),
            ProblemCode::ProviderRefused,
        ),
        (Script::error(408, "late"), ProblemCode::ProviderTimeout),
        (Script::hang_up(), ProblemCode::ProviderUnavailable),
        (
            Script::status(200).bytes("<h1>"),
            ProblemCode::ProviderProtocol,
        ),
        (
            nothing().error(502, "down", "provider_unavailable").into(),
            ProblemCode::ProviderUnavailable,
        ),
        (nothing().cut().into(), ProblemCode::ProviderUnavailable),
    ] {
        let app = spawn_app().await;
        let ada = app.register("ada@example.com").await;
        let project = project_of(&ada, &[FIRST, "demo/echo"]).await;
        app.upstream.next(script);
        let answer = ada.chat(&project, "Hello").await.assistant_message;
        assert_eq!(answer.model.as_deref(), Some("demo/echo"), "{code:?}");
        assert_eq!(failed(&answer), [(FIRST, code)]);
    }
}

#[tokio::test]
async fn after_the_first_word_no_other_model_is_asked() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for (number, begun) in [
        StreamScript::new().delta("Half"),
        StreamScript::new().reasoning("Hm"),
    ]
    .into_iter()
    .enumerate()
    {
        let project = project_of(&ada, &[FIRST, SECOND]).await;
        app.upstream
            .next(begun.error(502, "down", "provider_unavailable"));
        let events = ada.chat_stream(&project, "Hello").await;
        assert!(matches!(assert_whole(&events), StreamEvent::Error { .. }));
        let stored = stored_answer(&ada, &events).await;
        assert_eq!(stored.status, MessageStatus::Failed);
        assert_eq!(
            (stored.requested_model.as_deref(), failed(&stored)),
            (None, vec![])
        );
        assert_eq!(app.upstream.requests().len(), number + 1);
    }
}

/// What was set is not dropped in silence: a model that does not take it is passed over, and so is said.
#[tokio::test]
async fn a_fallback_that_cannot_be_asked_this_is_passed_over() {
    let (app, ada) = app_knowing(&[
        model("acme/m1", json!({})),
        model("acme/cold", json!({"supported_parameters": ["max_tokens"]})),
        model("acme/small", json!({"context_length": 200})),
        model("acme/m2", json!({})),
    ])
    .await;
    let (cold, small) = ("openrouter/acme/cold", "openrouter/acme/small");
    let project = ada
        .create_project_with(json!({
            "name": "A", "model": FIRST,
            "parameters": {"temperature": 0.5, "fallback_models": [cold, small, "gone/m", FIRST, SECOND]},
        }))
        .await;
    app.upstream.next(Script::error(429, "slow down"));
    app.upstream.next(Script::answer("Here I am."));
    let events = ada.chat_stream(&project, &"word ".repeat(2000)).await;
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.content, "Here I am.");
    assert_eq!(
        failed(&stored),
        [
            (FIRST, ProblemCode::ProviderRateLimited),
            (cold, ProblemCode::ValidationFailed),
            (small, ProblemCode::ContextTooLong),
            ("gone/m", ProblemCode::UnknownModel),
        ]
    );
    assert!(stored.fallbacks[1].detail.contains("temperature"));
    let told = events.iter().filter(
        |(_, event)| matches!(event, StreamEvent::Fallback { model, .. } if model == SECOND),
    );
    assert_eq!(told.count(), 4);
    assert_eq!(models_asked(&app).await, ["acme/m1", "acme/m2"]);
}

/// A first model that cannot be asked this is passed over like any other, before anything is asked of anybody.
#[tokio::test]
async fn a_first_model_that_cannot_be_asked_this_is_passed_over() {
    let text_alone = json!({"input_modalities": ["text"], "output_modalities": ["text"]});
    let (app, ada) = app_knowing(&[
        model("acme/small", json!({"context_length": 200})),
        model("acme/blind", json!({"architecture": text_alone})),
        model("acme/m2", json!({})),
    ])
    .await;
    let (small, blind) = ("openrouter/acme/small", "openrouter/acme/blind");
    let project = project_of(&ada, &[small, "gone/m", SECOND]).await;
    app.upstream.next(Script::answer("Here I am."));
    let events = ada.chat_stream(&project, &"word ".repeat(2000)).await;
    assert!(matches!(&events[0].1, StreamEvent::Started { model, .. } if model == small));
    let passed_over = [
        (small, ProblemCode::ContextTooLong),
        ("gone/m", ProblemCode::UnknownModel),
    ];
    for ((_, event), (failed, code)) in events[1..].iter().zip(passed_over) {
        let StreamEvent::Fallback {
            model,
            failed_model,
            problem,
            ..
        } = event
        else {
            panic!("{events:?}")
        };
        assert_eq!((model.as_str(), failed_model.as_str()), (SECOND, failed));
        assert_eq!(problem.code, code);
    }
    assert_eq!(assert_whole(&events), events.last().unwrap().1);
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.content, "Here I am.");
    assert_eq!(stored.model.as_deref(), Some(SECOND));
    assert_eq!(stored.requested_model.as_deref(), Some(small));
    assert_eq!(failed(&stored), passed_over);

    ada.upload(&project, "cat.png", PNG).await;
    let image =
        json!([{"type": "text", "text": "What is it?"}, {"type": "image", "file": "cat.png"}]);
    for (first, message, code) in [
        (blind, image, ProblemCode::ImagesUnsupported),
        ("gone/m", json!("Hello"), ProblemCode::UnknownModel),
    ] {
        let body = json!({
            "message": message, "model": first, "parameters": {"fallback_models": [SECOND]},
        });
        let reply = ada.ask(&project, body).await;
        let answer = reply.assistant_message;
        assert_eq!(failed(&answer), [(first, code)]);
        assert_eq!(answer.requested_model.as_deref(), Some(first));
        assert_eq!(answer.model.as_deref(), Some(SECOND));
    }
    assert_eq!(models_asked(&app).await, vec!["acme/m2"; 3]);
}

/// The refusal is the first one's, and nothing is stored.
#[tokio::test]
async fn where_none_can_be_asked_the_question_is_refused() {
    let (app, ada) = app_knowing(&[
        model("acme/m1", json!({"supported_parameters": ["max_tokens"]})),
        model("acme/small", json!({"context_length": 200})),
        model("acme/m2", json!({})),
    ])
    .await;
    let small = "openrouter/acme/small";
    let project = project_of(&ada, &[small, "gone/m"]).await;
    let long = json!({"message": "word ".repeat(2000)});
    let refused = ada.say(&project, long).send().await;
    refused.assert_problem(ProblemCode::ContextTooLong);

    // What is wrong with the request is for whoever sent it, whatever other models take.
    let body = json!({
        "message": "Hello", "model": FIRST,
        "parameters": {"temperature": 0.5, "fallback_models": [SECOND]},
    });
    let refused = ada.say(&project, body).send().await;
    refused.assert_invalid(&[("parameters.temperature", FieldCode::Invalid)]);
    let body = json!({
        "message": "Hello", "model": "nobody", "parameters": {"fallback_models": [SECOND]},
    });
    let refused = ada.say(&project, body).send().await;
    refused.assert_invalid(&[("model", FieldCode::Invalid)]);
    assert_eq!(ada.conversations(&project).await.len(), 0);
    assert_eq!(app.upstream.requests().len(), 0);
}

#[tokio::test]
async fn where_none_answers_the_last_ones_problem_is_told() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = project_of(&ada, &[FIRST, SECOND, "gone/m"]).await;
    app.upstream.next(Script::error(402, "no credit"));
    app.upstream.next(Script::error(401, "no key"));
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.assert_problem(ProblemCode::ProviderAuth);
    let conversation = ada.conversations(&project).await.remove(0).id;
    let stored = ada.messages(conversation.as_str()).await.remove(1);
    assert_eq!(stored.status, MessageStatus::Failed);
    assert_eq!(stored.model.as_deref(), Some(SECOND));
    assert_eq!(stored.requested_model.as_deref(), Some(FIRST));
    assert_eq!(
        failed(&stored),
        [
            (FIRST, ProblemCode::ProviderCredit),
            ("gone/m", ProblemCode::UnknownModel)
        ]
    );
}

#[tokio::test]
async fn an_answer_is_cancelled_while_the_second_model_is_silent() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = project_of(&ada, &[FIRST, SECOND]).await;
    app.upstream.next(Script::error(503, "down"));
    app.upstream.next(Script::mute());
    let mut stream = ada.open_stream(&project, "Hello").await;
    let mut events = stream
        .until(|event| matches!(event, StreamEvent::Fallback { .. }))
        .await;
    let (generation, _) = started(&events[0].1);
    let _first = app.upstream.request().await;
    let second = app.upstream.request().await;
    // Whoever looks now is told who is asked.
    let running = stored_answer(&ada, &events).await;
    assert_eq!(running.status, MessageStatus::Running);
    ada.post(&format!("/api/generations/{generation}/cancel"))
        .send()
        .await
        .expect_status(200);
    assert_eq!(second.closed().await, Connection::Abandoned);
    events.extend(stream.rest().await);
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.status, MessageStatus::Cancelled);
    assert_eq!(stored.model.as_deref(), Some(SECOND));
    assert_eq!(stored.usage, None, "nothing came, so nothing is made up");
}

/// A stop that comes between two models asks no second one.
#[tokio::test]
async fn an_answer_is_cancelled_while_the_first_model_is_silent() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = project_of(&ada, &[FIRST, SECOND]).await;
    let gate = Gate::new();
    app.upstream.next(Script::error(503, "down").after(&gate));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let (_, first) = stream.next().await.expect("it has started");
    let (generation, _) = started(&first);
    let request = app.upstream.request().await;
    ada.post(&format!("/api/generations/{generation}/cancel"))
        .send()
        .await
        .expect_status(200);
    gate.open();
    assert_eq!(request.closed().await, Connection::Abandoned);
    let events = stream.rest().await;
    assert!(matches!(events.last(), Some((_, StreamEvent::Done { .. }))));
    assert_eq!(app.upstream.requests().len(), 1);
}

/// How long the first one wants to be left alone is nothing to wait for while another one can be asked.
#[tokio::test]
async fn a_long_wait_is_not_waited_for() {
    let app = TestApp::with(|config| {
        config.provider_calls.attempts = 3;
        config.provider_calls.retry_wait = Duration::from_millis(1);
        config.provider_calls.longest_retry_after = Duration::from_millis(2);
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let project = project_of(&ada, &[FIRST, SECOND, SECOND]).await;
    let limited = Script::error(429, "slow down").header("Retry-After", "99999999999999");
    for _ in 0..4 {
        app.upstream.next(limited.clone());
    }
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.assert_problem(ProblemCode::ProviderRateLimited);
    // The last one is asked as often as ever.
    let asked = models_asked(&app).await;
    assert_eq!(asked, ["acme/m1", "acme/m2", "acme/m2", "acme/m2"]);
}

#[tokio::test]
async fn a_question_may_bring_its_own() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = project_of(&ada, &[FIRST, SECOND]).await;
    app.upstream.next(Script::error(503, "down"));
    let body = json!({"message": "Hello", "parameters": {"fallback_models": ["demo/echo"]}});
    let reply = ada.ask(&project, body).await;
    assert_eq!(reply.assistant_message.model.as_deref(), Some("demo/echo"));
    assert_eq!(app.upstream.requests().len(), 1);
}

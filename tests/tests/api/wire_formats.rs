//! The wire formats as the server speaks them: the presets of chat completions, and Anthropic's Messages.

use prompthub_dto::{
    chat::{FinishReason, Generation, MessageStatus},
    problem::ProblemCode,
    providers::{ProviderState, ProviderStatus},
    stream::StreamEvent,
};
use prompthub_tests::{
    Client, TestApp, Upstream,
    events::{assert_whole, text_of},
    upstream::{Connection, MessagesScript, Script, StreamScript, message, messages_error},
};
use serde_json::{Value, json};

use crate::{
    exchange::{TEXT, stored_answer},
    provider_accounts::app_beside,
    stream::started,
};

/// A server with all of the operator's accounts at one upstream.
async fn app() -> TestApp {
    TestApp::with(|config| {
        let url = config.openrouter_base_url.clone();
        config.openai_api_key = Some("sk-openai-test".parse().unwrap());
        config.openai_base_url = url.clone();
        config.anthropic_api_key = Some("sk-ant-test".parse().unwrap());
        config.anthropic_base_url = url;
    })
    .await
}

/// A project that sets whatever can be set.
async fn project(ada: &Client, model: &str) -> prompthub_dto::projects::Project {
    ada.create_project_with(json!({
        "name": "Notes", "model": model, "system_prompt": "Be terse.",
        "parameters": {"temperature": 0.5, "max_tokens": 100, "stop": ["END"]},
    }))
    .await
}

#[tokio::test]
async fn each_of_the_operators_accounts_speaks_its_format() {
    let app = app().await;
    let ada = app.register("ada@example.com").await;
    let whole =
        json!([{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Hello"}]);
    for (model, limit, header, key) in [
        (
            "openrouter/acme/m1",
            "max_completion_tokens",
            "authorization",
            "Bearer sk-or-v1-test",
        ),
        (
            "openai/gpt-x",
            "max_completion_tokens",
            "authorization",
            "Bearer sk-openai-test",
        ),
        (
            "anthropic/claude-x",
            "max_tokens",
            "x-api-key",
            "sk-ant-test",
        ),
    ] {
        let project = project(&ada, model).await;
        ada.chat(&project, "Hello").await;
        let request = app.upstream.request().await;
        let (_, id) = model.split_once('/').unwrap();
        assert_eq!(request.body["model"], id);
        assert_eq!(request.body[limit], 100, "{model}: {}", request.body);
        assert_eq!(request.header(header), Some(key), "{model}");
        match model.starts_with("anthropic") {
            true => {
                assert_eq!(request.path, "/api/v1/messages");
                assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
                assert_eq!(request.body["system"], "Be terse.");
                assert_eq!(request.body["stop_sequences"], json!(["END"]));
            }
            false => {
                assert_eq!(request.path, "/api/v1/chat/completions");
                assert_eq!(request.body["messages"], whole);
                assert_eq!(request.body["stop"], json!(["END"]));
            }
        }
    }
}

/// Servers that people run themselves: whatever differs between them is data.
#[tokio::test]
async fn every_preset_that_can_be_pointed_somewhere_is_called_there() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let presets: Value = ada.get("/api/providers/presets").send().await.json();
    let mut called = 0;
    for preset in presets["items"].as_array().unwrap() {
        if preset["base_url_rule"] == "fixed" {
            continue;
        }
        let provider = ada
            .create_provider(json!({"preset": preset["name"], "name": preset["title"], "base_url": upstream.base_url().as_str()}))
            .await;
        let project = project(&ada, &format!("{}/some/model:7b", provider.slug)).await;
        assert_eq!(
            ada.chat(&project, "Hello").await.reply,
            "Hello from the upstream."
        );
        let request = upstream.request().await;
        assert_eq!(request.body["model"], "some/model:7b", "{preset}");
        assert_eq!(request.body["max_tokens"], 100, "{preset}");
        assert_eq!(request.header("authorization"), None, "{preset}");
        let path = match preset["name"] == "anthropic-compatible" {
            true => "/api/v1/messages",
            false => "/api/v1/chat/completions",
        };
        assert_eq!(request.path, path);
        called += 1;
    }
    assert!(called >= 7, "only {called} presets");
}

#[tokio::test]
async fn a_message_of_anthropics_is_streamed_and_stored() {
    let app = app().await;
    let ada = app.register("ada@example.com").await;
    let project = project(&ada, "anthropic/claude-x").await;
    let script = MessagesScript::begin()
        .thinking("Let me ")
        .thinking("see.")
        .text(TEXT)
        .text(" end")
        .finish("end_turn", 31);
    app.upstream.next(script);
    let events = ada.chat_stream(&project, "Hello").await;
    assert!(
        matches!(assert_whole(&events), StreamEvent::Done { .. }),
        "{events:?}"
    );
    assert_eq!(text_of(&events), format!("{TEXT} end"));
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.content, format!("{TEXT} end"));
    assert_eq!(stored.reasoning.as_deref(), Some("Let me see."));
    assert_eq!(stored.finish_reason, Some(FinishReason::Stop));
    let usage = stored.usage.expect("it said what was used");
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (Some(22), Some(31))
    );

    // What it thought is not sent back.
    let reply = ada.say(
        &project,
        json!({"message": "And?", "conversation_id": started(&events[0].1).1}),
    );
    reply.send().await.expect_status(200);
    app.upstream.request().await;
    let second = app.upstream.request().await.body.to_string();
    assert!(
        second.contains(" end") && !second.contains("Let me see"),
        "{second}"
    );
}

#[tokio::test]
async fn anthropics_models_are_listed() {
    let upstream = Upstream::start().await;
    upstream.list_models(Script::list(&[json!({
        "type": "model", "id": "claude-x", "display_name": "Claude X", "max_input_tokens": 200_000, "max_tokens": 64_000,
        "capabilities": {"image_input": {"supported": true}, "structured_outputs": {"supported": true}, "thinking": {"supported": false}},
    })]));
    let app = TestApp::with(|config| {
        config.anthropic_api_key = Some("sk-ant-test".parse().unwrap());
        config.anthropic_base_url = upstream.base_url().clone();
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let ready = |state: &ProviderState| state.status == ProviderStatus::Ready;
    ada.provider_when("anthropic", ready).await;
    assert_eq!(
        upstream.list_request().await.header("x-api-key"),
        Some("sk-ant-test")
    );
    let models = ada.models().await;
    let model = models
        .iter()
        .find(|model| model.id == "anthropic/claude-x")
        .unwrap();
    assert_eq!(
        (model.name.as_str(), model.provider_name.as_str()),
        ("Claude X", "Anthropic")
    );
    assert_eq!(
        (model.context_length, model.max_output_tokens),
        (Some(200_000), Some(64_000))
    );
    assert_eq!(model.input_modalities, ["text", "image"]);
    assert_eq!(
        model.supported_parameters,
        [
            "temperature",
            "top_p",
            "max_tokens",
            "stop",
            "response_format"
        ]
    );
    // Its list tells no prices.
    assert_eq!(model.pricing, None);
}

#[tokio::test]
async fn a_whole_message_instead_of_a_stream_is_taken() {
    let app = app().await;
    let ada = app.register("ada@example.com").await;
    let project = project(&ada, "anthropic/claude-x").await;
    app.upstream
        .next(Script::status(200).json(&message("All at once.")));
    assert_eq!(ada.chat(&project, "Hello").await.reply, "All at once.");
}

#[tokio::test]
async fn anthropics_errors_have_their_codes() {
    let app = app().await;
    let ada = app.register("ada@example.com").await;
    let project = project(&ada, "anthropic/claude-x").await;
    let secret = "org-7f3a9 sk-ant-private";
    for (status, kind, code) in [
        (400, "invalid_request_error", ProblemCode::ProviderRefused),
        (401, "authentication_error", ProblemCode::ProviderAuth),
        (402, "billing_error", ProblemCode::ProviderCredit),
        (403, "permission_error", ProblemCode::ProviderRefused),
        (404, "not_found_error", ProblemCode::ProviderRefused),
        (413, "request_too_large", ProblemCode::ProviderRefused),
        (429, "rate_limit_error", ProblemCode::ProviderRateLimited),
        (500, "api_error", ProblemCode::ProviderUnavailable),
        (504, "timeout_error", ProblemCode::ProviderTimeout),
        (529, "overloaded_error", ProblemCode::ProviderUnavailable),
    ] {
        app.upstream
            .next(Script::status(status).json(&messages_error(kind, secret)));
        let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
        answer.assert_problem(code);
        // A refusal is passed on in the provider's words.
        let is_refusal = code == ProblemCode::ProviderRefused;
        assert_eq!(answer.text().contains("org-7f3a9"), is_refusal, "{answer}");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_message_keeps_the_text() {
    let app = app().await;
    let ada = app.register("ada@example.com").await;
    let project = project(&ada, "anthropic/claude-x").await;
    for (script, code, reason) in [
        (
            MessagesScript::begin()
                .text("So far")
                .error("overloaded_error", "Overloaded"),
            ProblemCode::ProviderUnavailable,
            "The provider says: Overloaded",
        ),
        (
            MessagesScript::begin()
                .text("So far")
                .error("rate_limit_error", "Slow down"),
            ProblemCode::ProviderRateLimited,
            "The provider says: Slow down",
        ),
        (
            MessagesScript::begin().text("So far").cut(),
            ProblemCode::ProviderUnavailable,
            "broke off",
        ),
    ] {
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        let StreamEvent::Error { problem } = assert_whole(&events) else {
            panic!("{events:?}")
        };
        assert_eq!(problem.code, code);
        assert!(problem.detail.contains(reason), "{problem:?}");
        let stored = stored_answer(&ada, &events).await;
        assert_eq!(
            (stored.content.as_str(), stored.status),
            ("So far", MessageStatus::Failed)
        );
    }
    // An end without a reason is not an end.
    app.upstream.next(MessagesScript::begin().text("So far"));
    let events = ada.chat_stream(&project, "Hello").await;
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(
        (stored.content.as_str(), stored.status),
        ("So far", MessageStatus::Interrupted)
    );
}

/// Cancelling reaches the provider before the first word, in the middle of an answer and in silence. None of
/// these would end by itself before the harness loses its patience.
#[tokio::test]
async fn cancelling_reaches_the_provider_at_once() {
    let app = app().await;
    let ada = app.register("ada@example.com").await;
    let drip = std::time::Duration::from_millis(20);
    let scripts: [(&str, &str, Script); 6] = [
        ("openrouter/acme/m1", "", Script::mute()),
        (
            "openrouter/acme/m1",
            "So far",
            StreamScript::new().delta("So far").silence().into(),
        ),
        (
            "openrouter/acme/m1",
            "x",
            StreamScript::new().drip("x", drip).into(),
        ),
        ("anthropic/claude-x", "", Script::mute()),
        (
            "anthropic/claude-x",
            "",
            MessagesScript::begin().silence().into(),
        ),
        (
            "anthropic/claude-x",
            "So far",
            MessagesScript::begin().text("So far").silence().into(),
        ),
    ];
    for (model, text, script) in scripts {
        let project = project(&ada, model).await;
        app.upstream.next(script);
        let mut stream = ada.open_stream(&project, "Hello").await;
        let (_, first) = stream.next().await.expect("an event");
        let (generation, _) = started(&first);
        if !text.is_empty() {
            stream
                .until(|event| matches!(event, StreamEvent::Delta { .. }))
                .await;
        }
        let request = app.upstream.request().await;
        let cancel = ada.post(&format!("/api/generations/{generation}/cancel"));
        let cancelled: Generation = cancel.send().await.expect_status(200).json();
        assert_eq!(cancelled.status, MessageStatus::Cancelled, "{model}");
        assert_eq!(request.closed().await, Connection::Abandoned, "{model}");
    }
}

//! Providers that refuse or fail before the first token: each has its own code, says nothing that
//! a stranger should not read, and costs nobody a message.

use prompthub_dto::{
    chat::{FinishReason, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{TestApp, events::assert_whole, spawn_app, upstream::Script};
use serde_json::{Value, json};

/// What a provider's account would not want to see in an answer of ours.
const PRIVATE: &str = "org-7f3a9 key sk-or-v1-private";

fn failures() -> Vec<(&'static str, Script, ProblemCode)> {
    let error = |status| Script::error(status, PRIVATE);
    let with_type = |status: u16, error_type: &str| {
        Script::status(status).json(&json!({
            "error": {"code": status, "message": PRIVATE, "metadata": {"error_type": error_type}},
        }))
    };
    vec![
        ("401", error(401), ProblemCode::ProviderAuth),
        ("402", error(402), ProblemCode::ProviderCredit),
        ("408", error(408), ProblemCode::ProviderTimeout),
        ("504", error(504), ProblemCode::ProviderTimeout),
        ("524", error(524), ProblemCode::ProviderTimeout),
        ("429", error(429), ProblemCode::ProviderRateLimited),
        ("500", error(500), ProblemCode::ProviderUnavailable),
        ("502", error(502), ProblemCode::ProviderUnavailable),
        ("503", error(503), ProblemCode::ProviderUnavailable),
        ("529", error(529), ProblemCode::ProviderUnavailable),
        (
            "a type of error",
            with_type(400, "rate_limit_exceeded"),
            ProblemCode::ProviderRateLimited,
        ),
        (
            "overloaded",
            with_type(502, "provider_overloaded"),
            ProblemCode::ProviderUnavailable,
        ),
        (
            "an empty body",
            Script::status(500),
            ProblemCode::ProviderUnavailable,
        ),
        (
            "HTML with an error",
            Script::status(502)
                .header("Content-Type", "text/html")
                .bytes("<h1>Bad gateway</h1>"),
            ProblemCode::ProviderUnavailable,
        ),
        (
            "HTML with status 200",
            Script::status(200)
                .header("Content-Type", "text/html")
                .bytes("<h1>Welcome</h1>"),
            ProblemCode::ProviderProtocol,
        ),
        (
            "no JSON",
            Script::status(200)
                .header("Content-Type", "application/json")
                .bytes("{\"cho"),
            ProblemCode::ProviderProtocol,
        ),
        (
            "nothing with status 200",
            Script::status(200).header("Content-Type", "application/json"),
            ProblemCode::ProviderProtocol,
        ),
        (
            "a redirect",
            Script::status(302).header("Location", "http://127.0.0.1:1/"),
            ProblemCode::ProviderProtocol,
        ),
        (
            "a hang-up",
            Script::hang_up(),
            ProblemCode::ProviderUnavailable,
        ),
    ]
}

#[tokio::test]
async fn each_failure_has_its_code_and_keeps_the_message() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for (failure, script, code) in failures() {
        let project = ada.create_project(failure).await;
        app.upstream.next(script);
        let answer = ada
            .say(&project, json!({"message": "Keep me"}))
            .send()
            .await;
        assert_eq!(answer.status.as_u16(), code.status(), "{failure}: {answer}");
        answer.assert_problem(code);
        for secret in ["org-7f3a9", "sk-or", "<h1>", "Welcome"] {
            assert!(!answer.text().contains(secret), "{failure}: {answer}");
        }
        let conversation = ada.conversations(&project).await.remove(0);
        let messages = ada.messages(conversation.id.as_str()).await;
        assert_eq!(messages.len(), 2, "{failure}");
        assert_eq!(messages[0].content, "Keep me", "{failure}");
        assert_eq!(
            (messages[1].content.as_str(), messages[1].status),
            ("", MessageStatus::Failed),
            "{failure}"
        );
        assert_eq!(
            messages[1].finish_reason,
            Some(FinishReason::Error),
            "{failure}"
        );
        assert_eq!(
            messages[1].problem.as_ref().map(|problem| problem.code),
            Some(code),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_failure_of_a_streamed_answer_is_its_terminal_event() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for (failure, script, code) in failures() {
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        let StreamEvent::Error { problem } = assert_whole(&events) else {
            panic!("{failure}: {events:?}")
        };
        assert_eq!(problem.code, code, "{failure}");
        assert!(!problem.detail.contains("sk-or"), "{failure}: {problem:?}");
    }
}

/// Only where the provider refuses what was asked can a person mend it, so only then are its words
/// passed on.
#[tokio::test]
async fn a_refusal_says_why() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let moderated = json!({"error": {"code": 403, "message": "Input was flagged", "metadata": {"reasons": ["violence"]}}});
    let coded_in_text =
        json!({"error": {"code": "context_length_exceeded", "message": "too many tokens"}});
    let without_code = json!({"error": {"message": "no endpoints", "availability": {"code": "x", "retryable": false}}});
    let refusals: [(u16, Value, &str); 5] = [
        (
            400,
            json!({"error": {"code": 400, "message": "acme/m9 is not a valid model ID"}}),
            "acme/m9 is not a valid model ID",
        ),
        (403, moderated, "flagged"),
        (404, without_code, "no endpoints"),
        (413, coded_in_text, "too many tokens"),
        (
            422,
            json!({"error": {"code": 422, "message": "unprocessable"}}),
            "unprocessable",
        ),
    ];
    for (status, body, reason) in refusals {
        app.upstream.next(Script::status(status).json(&body));
        let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
        let problem = answer.assert_problem(ProblemCode::ProviderRefused);
        assert!(problem.detail.contains(reason), "{status}: {problem:?}");
    }
}

#[tokio::test]
async fn a_huge_reason_is_shortened() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream
        .next(Script::error(400, &"x".repeat(1_000_000)));
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    let problem = answer.assert_problem(ProblemCode::ProviderRefused);
    assert!(
        problem.detail.len() < 2_000,
        "{} bytes",
        problem.detail.len()
    );
}

#[tokio::test]
async fn the_providers_request_to_wait_is_passed_on() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream
        .next(Script::error(429, "slow down").header("Retry-After", "7"));
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.assert_problem(ProblemCode::ProviderRateLimited);
    assert_eq!(answer.header("retry-after"), Some("7"));
}

/// OpenRouter answers 200 to some calls that failed.
#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let top = json!({"error": {"code": 502, "message": "Upstream died"}});
    let in_choice = json!({"choices": [{
        "index": 0, "finish_reason": "error", "message": {"role": "assistant", "content": ""},
        "error": {"code": 502, "message": "Upstream died"},
    }]});
    for body in [top, in_choice] {
        app.upstream.next(Script::status(200).json(&body));
        let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
        answer.assert_problem(ProblemCode::ProviderUnavailable);
    }
}

/// A proxy in between may have undone the streaming.
#[tokio::test]
async fn a_whole_answer_instead_of_a_stream_is_taken() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream
        .next(Script::status(200).json(&prompthub_tests::upstream::completion("All at once.")));
    let reply = ada.chat(&project, "Hello").await;
    assert_eq!(reply.reply, "All at once.");
    assert_eq!(
        reply.assistant_message.finish_reason,
        Some(FinishReason::Stop)
    );
    assert_eq!(
        reply
            .assistant_message
            .usage
            .and_then(|usage| usage.prompt_tokens),
        Some(22)
    );
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_unavailable() {
    // A port that was free a moment ago, so that nobody listens there.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    drop(listener);
    let app = TestApp::with(|config| config.openrouter_base_url = url.parse().unwrap()).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    let problem = answer.assert_problem(ProblemCode::ProviderUnavailable);
    assert!(!problem.detail.contains("127.0.0.1"), "{problem:?}");
}

#[tokio::test]
async fn a_provider_that_is_not_set_up_has_no_models() {
    let app = TestApp::with(|config| config.openrouter_api_key = None).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    assert_eq!(project.model, "demo/echo");
    let answer = ada
        .say(
            &project,
            json!({"message": "Hello", "model": "openrouter/acme/m1"}),
        )
        .send()
        .await;
    answer.assert_problem(ProblemCode::UnknownModel);
}

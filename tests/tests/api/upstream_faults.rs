//! Faults in the middle of a provider's stream. For each: the stored text is exactly what was sent
//! before the fault, the state is truthful, one terminal event goes out, and the connection to the
//! provider is closed.

use std::time::Duration;

use prompthub_dto::{
    chat::{FinishReason, Message, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{
    TestApp,
    events::{assert_whole, text_of},
    spawn_app,
    upstream::{Connection, LineEnding, PATIENCE, Script, StreamScript, chunk, error_chunk},
};
use serde_json::json;

/// Streams one answer by `script` and returns what is stored, after checking that it is what the
/// reader was told.
async fn answer_by(app: &TestApp, script: impl Into<Script>) -> (Message, StreamEvent) {
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(script);
    let events = ada.chat_stream(&project, "Hello").await;
    let last = assert_whole(&events);
    assert_ne!(
        app.upstream.request().await.closed().await,
        Connection::Open
    );
    let conversation = ada.conversations(&project).await.remove(0);
    let stored = ada.messages(conversation.id.as_str()).await.remove(1);
    assert_eq!(
        stored.content,
        text_of(&events),
        "what was stored is not what was streamed"
    );
    (stored, last)
}

async fn assert_complete(script: impl Into<Script>, text: &str) {
    let app = spawn_app().await;
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, text);
    assert_eq!(
        (stored.status, stored.finish_reason),
        (MessageStatus::Complete, Some(FinishReason::Stop))
    );
    assert!(
        matches!(
            last,
            StreamEvent::Done {
                finish_reason: FinishReason::Stop,
                ..
            }
        ),
        "{last:?}"
    );
}

async fn assert_interrupted(script: impl Into<Script>, text: &str) {
    let app = spawn_app().await;
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, text);
    assert_eq!(stored.status, MessageStatus::Interrupted);
    assert_eq!(stored.finish_reason, Some(FinishReason::Interrupted));
    assert!(
        matches!(
            last,
            StreamEvent::Done {
                finish_reason: FinishReason::Interrupted,
                ..
            }
        ),
        "{last:?}"
    );
}

async fn assert_failed(script: impl Into<Script>, text: &str, code: ProblemCode) {
    let app = spawn_app().await;
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, text);
    assert_eq!(
        (stored.status, stored.finish_reason),
        (MessageStatus::Failed, Some(FinishReason::Error))
    );
    let StreamEvent::Error { problem } = last else {
        panic!("{last:?}")
    };
    assert_eq!(problem.code, code);
    assert_eq!(stored.problem.map(|problem| problem.code), Some(code));
}

/// A text in which every kind of character can be cut in two.
const TEXT: &str = "Grüße 日本 🦀 e\u{301}";

fn whole() -> StreamScript {
    StreamScript::new()
        .comment("OPENROUTER PROCESSING")
        .delta(TEXT)
        .delta(" end")
        .finish("stop")
        .usage(1, 2, "0.5")
        .done()
}

fn whole_text() -> String {
    format!("{TEXT} end")
}

#[tokio::test]
async fn single_bytes_make_the_same_text() {
    assert_complete(Script::from(whole()).sliced(), &whole_text()).await;
}

#[tokio::test]
async fn every_line_ending_is_one() {
    for ending in [LineEnding::Lf, LineEnding::Cr, LineEnding::CrLf] {
        let script = StreamScript::new()
            .lines_end_with(ending)
            .comment("working")
            .delta(TEXT)
            .delta(" end")
            .finish("stop")
            .done();
        assert_complete(Script::from(script).sliced(), &whole_text()).await;
    }
}

#[tokio::test]
async fn line_endings_may_be_mixed() {
    let script = StreamScript::new()
        .lines_end_with(LineEnding::CrLf)
        .delta("a")
        .lines_end_with(LineEnding::Cr)
        .delta("b")
        .lines_end_with(LineEnding::Lf)
        .delta("c")
        .finish("stop");
    assert_complete(Script::from(script).sliced(), "abc").await;
}

#[tokio::test]
async fn a_byte_order_mark_is_no_text() {
    assert_complete(
        StreamScript::new()
            .bom()
            .delta("Hello")
            .finish("stop")
            .done(),
        "Hello",
    )
    .await;
}

#[tokio::test]
async fn comments_and_unknown_fields_are_no_text() {
    let script = StreamScript::new()
        .comment("")
        .raw(":no space\n\n")
        .raw("event: ping\n\n")
        .raw("retry: 5\nid: 7\nnonsense\nunknown: field\n\n")
        .delta("Hello")
        .comment("still there")
        .finish("stop")
        .done();
    assert_complete(script, "Hello").await;
}

#[tokio::test]
async fn data_may_have_many_lines() {
    let choice = json!([{"index": 0, "delta": {"content": "Hello"}, "finish_reason": null}]);
    let pretty = serde_json::to_string_pretty(&chunk(&choice)).unwrap();
    assert_complete(
        StreamScript::new().data(&pretty).finish("stop").done(),
        "Hello",
    )
    .await;
}

#[tokio::test]
async fn chunks_without_choices_or_content_are_skipped() {
    let odd = [
        json!([{"index": 0, "delta": {"content": null}, "finish_reason": null}]),
        json!([{"index": 0, "delta": {}}]),
        json!([{"index": 0, "finish_reason": null}]),
        json!(null),
    ];
    let mut script = StreamScript::new().no_choices();
    for choices in odd {
        script = script.chunk(&chunk(&choices));
    }
    assert_complete(
        script
            .delta("Hello")
            .no_choices()
            .finish("stop")
            .no_choices()
            .done(),
        "Hello",
    )
    .await;
}

#[tokio::test]
async fn the_end_may_be_said_never_twice_or_too_early() {
    assert_complete(StreamScript::new().delta("Hello").finish("stop"), "Hello").await;
    assert_complete(
        StreamScript::new()
            .delta("Hello")
            .finish("stop")
            .done()
            .done(),
        "Hello",
    )
    .await;
    let after = StreamScript::new()
        .delta("Hello")
        .finish("stop")
        .done()
        .delta(" ghost")
        .raw("data: {nonsense\n\n");
    assert_complete(after, "Hello").await;
}

/// `[DONE]` ends the answer even where the connection stays open.
#[tokio::test]
async fn nothing_is_awaited_after_the_end() {
    assert_complete(
        StreamScript::new()
            .delta("Hello")
            .finish("stop")
            .done()
            .silence(),
        "Hello",
    )
    .await;
}

#[tokio::test]
async fn usage_after_the_finish_reason_is_read() {
    let app = spawn_app().await;
    let (stored, _) = answer_by(
        &app,
        StreamScript::new()
            .delta("Hello")
            .finish("stop")
            .usage(5, 6, "1.7e-05")
            .done(),
    )
    .await;
    let usage = stored.usage.expect("usage");
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (Some(5), Some(6))
    );
    assert_eq!(usage.cost_usd.as_deref(), Some("0.000017"));
    assert_eq!(stored.finish_reason, Some(FinishReason::Stop));
}

#[tokio::test]
async fn an_end_without_a_reason_is_an_interruption() {
    assert_interrupted(StreamScript::new().delta("So").delta(" far"), "So far").await;
    assert_interrupted(StreamScript::new().comment("nothing comes"), "").await;
}

/// The last line was whole, only its blank line is missing: the text in it was sent.
#[tokio::test]
async fn a_last_event_without_its_blank_line_counts() {
    let choice = json!([{"index": 0, "delta": {"content": " far"}, "finish_reason": null}]);
    let last = format!("data: {}\n", chunk(&choice));
    assert_interrupted(StreamScript::new().delta("So").raw(last), "So far").await;
}

#[tokio::test]
async fn a_cut_connection_keeps_the_text() {
    assert_failed(
        StreamScript::new().delta("So").delta(" far").cut(),
        "So far",
        ProblemCode::ProviderUnavailable,
    )
    .await;
    assert_failed(
        StreamScript::new().cut(),
        "",
        ProblemCode::ProviderUnavailable,
    )
    .await;
    // After the finish reason nothing of the answer is missing any more.
    assert_complete(StreamScript::new().delta("All").finish("stop").cut(), "All").await;
}

/// Wherever the connection is cut, the stored text is what had arrived whole, and the state is
/// never `complete` before the provider said so.
#[tokio::test]
async fn a_cut_at_any_byte_keeps_exactly_what_had_come() {
    let first = Script::from(StreamScript::new().delta(TEXT)).body_length();
    let script = Script::from(StreamScript::new().delta(TEXT).delta(" end").finish("stop"));
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let length = script.body_length();
    // Every byte around the places where something changes, and samples in between.
    let places = (0..length).filter(|at| at % 37 == 0 || at.abs_diff(first) < 3 || length - at < 3);
    for at in places {
        app.upstream.next(script.clone().cut_at(at));
        let events = ada.chat_stream(&project, "Hello").await;
        let last = assert_whole(&events);
        let text = text_of(&events);
        let conversation = ada.conversations(&project).await.remove(0);
        let stored = ada.messages(conversation.id.as_str()).await.remove(1);
        assert_eq!(stored.content, text, "cut at {at}");
        assert!(
            ["", TEXT, whole_text().as_str()].contains(&text.as_str()),
            "cut at {at}: {text:?}"
        );
        if at >= first {
            assert!(
                text.starts_with(TEXT),
                "cut at {at} lost what had come: {text:?}"
            );
        }
        if stored.status == MessageStatus::Complete {
            assert!(length - at <= 2, "cut at {at} and called complete");
        } else {
            assert!(
                matches!(last, StreamEvent::Error { .. }),
                "cut at {at}: {last:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_error_in_the_middle_keeps_the_text() {
    let errors = [
        (
            json!(502),
            "provider_unavailable",
            ProblemCode::ProviderUnavailable,
        ),
        (
            json!("502"),
            "provider_overloaded",
            ProblemCode::ProviderUnavailable,
        ),
        (
            json!(null),
            "rate_limit_exceeded",
            ProblemCode::ProviderRateLimited,
        ),
        (json!(429), "", ProblemCode::ProviderRateLimited),
        (json!(402), "payment_required", ProblemCode::ProviderCredit),
        (
            json!(403),
            "content_policy_violation",
            ProblemCode::ProviderRefused,
        ),
    ];
    for (code, error_type, expected) in errors {
        let script = StreamScript::new().delta("So far").chunk(&error_chunk(
            &code,
            "Upstream closed",
            error_type,
        ));
        assert_failed(script, "So far", expected).await;
    }
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_answer_whatever_follows() {
    let script = StreamScript::new()
        .delta("So far")
        .error(502, "Upstream closed", "provider_unavailable")
        .delta(" ghost")
        .finish("stop")
        .done();
    assert_failed(script, "So far", ProblemCode::ProviderUnavailable).await;
}

#[tokio::test]
async fn what_is_no_chunk_is_a_breach_of_protocol() {
    for nonsense in ["{nonsense", "<html>", "42", "\"text\""] {
        let script = StreamScript::new()
            .delta("So far")
            .data(nonsense)
            .delta(" more")
            .finish("stop")
            .done();
        assert_failed(script, "So far", ProblemCode::ProviderProtocol).await;
    }
    let broken_utf8 = StreamScript::new()
        .delta("So far")
        .raw(*b"data: \"\xff\xfe\"\n\n")
        .finish("stop");
    assert_failed(broken_utf8, "So far", ProblemCode::ProviderProtocol).await;
}

#[tokio::test]
async fn an_endless_line_is_cut_off() {
    assert_failed(
        StreamScript::new().delta("So far").endless_line(),
        "So far",
        ProblemCode::ProviderProtocol,
    )
    .await;
}

/// A model that never stops: the answer is cut off at a size that no model reaches, or goes on
/// until somebody cancels; either way the server stays well.
#[tokio::test]
async fn an_endless_answer_is_bounded() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream
        .next(StreamScript::new().drip(&"x".repeat(500_000), Duration::ZERO));
    let events = tokio::time::timeout(3 * PATIENCE, ada.chat_stream(&project, "Hello")).await;
    let events = events.expect("an endless answer was never cut off");
    let StreamEvent::Error { problem } = assert_whole(&events) else {
        panic!("the answer ended well")
    };
    assert_eq!(problem.code, ProblemCode::ProviderProtocol);
    assert_eq!(
        app.upstream.request().await.closed().await,
        Connection::Abandoned
    );
    app.client()
        .get("/api/health/ready")
        .send()
        .await
        .expect_status(200);
}

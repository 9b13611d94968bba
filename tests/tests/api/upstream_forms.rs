//! Streams that are odd and yet good: whatever form a provider gives its answer, the text is the same
//! and the answer is complete.

use prompthub_dto::{
    chat::{FinishReason, MessageStatus},
    problem::ProblemCode,
};
use prompthub_tests::{
    spawn_app,
    upstream::{LineEnding, Script, StreamScript, chunk},
};
use serde_json::json;

use crate::exchange::{TEXT, answer_by, assert_complete, assert_failed};

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

/// JSON has two escapes for such a character, and some servers cut between them.
#[tokio::test]
async fn a_character_may_come_in_halves() {
    let half = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
    let script = StreamScript::new()
        .data(&half(r"a\ud83d"))
        .data(&half(r"\ude00b\ud83d"))
        .data(&half("c"));
    assert_complete(script.finish("stop"), "a😀b\u{fffd}c").await;
}

#[tokio::test]
async fn what_stands_beside_the_text_may_have_any_shape() {
    let script = StreamScript::new()
        .data(r#"{"model":7,"choices":[null],"usage":"none"}"#)
        .data(r#"{"choices":[{"delta":{"content":"a","reasoning_details":"x"}}]}"#)
        .data(r#"{"choices":[{"delta":{"content":"b"}}],"usage":{"completion_tokens_details":0}}"#);
    assert_complete(script.finish("stop"), "ab").await;
}

/// Text that cannot be read must not vanish: the answer would seem to be whole.
#[tokio::test]
async fn text_of_another_shape_is_a_failure() {
    let script = StreamScript::new()
        .delta("a")
        .data(r#"{"choices":[{"delta":{"content":{"value":"b"}}}]}"#)
        .finish("stop");
    assert_failed(script, "a", ProblemCode::ProviderProtocol).await;
}

#[tokio::test]
async fn an_error_may_have_any_form() {
    for error in [
        r#"data: {"object":"error","message":"Out of memory","type":"ServerError","code":500}"#,
        r#"error: {"code":500,"message":"Out of memory","type":"server_error"}"#,
        "event: error\ndata: {\"message\":\"Out of memory\"}",
        "event: error\ndata: {\"error\":{\"message\":\"Out of memory\"}}",
        r#"data: {"error":"Out of memory"}"#,
    ] {
        let app = spawn_app().await;
        let script = StreamScript::new()
            .delta("So far")
            .raw(format!("{error}\n\n"));
        let (stored, _) = answer_by(&app, script).await;
        assert_eq!(stored.content, "So far", "{error}");
        assert_eq!(stored.status, MessageStatus::Failed, "{error}");
        let problem = stored.problem.expect("why it failed");
        assert_eq!(problem.code, ProblemCode::ProviderUnavailable, "{error}");
        assert!(
            problem.detail.ends_with("The provider says: Out of memory"),
            "{error}: {}",
            problem.detail
        );
    }
}

//! Streams that are odd and yet good: whatever form a provider gives its answer, the text is the same
//! and the answer is complete.

use prompthub_dto::chat::FinishReason;
use prompthub_tests::{
    spawn_app,
    upstream::{LineEnding, Script, StreamScript, chunk},
};
use serde_json::json;

use crate::exchange::{TEXT, answer_by, assert_complete};

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

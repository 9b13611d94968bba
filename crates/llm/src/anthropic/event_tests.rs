//! Events as Anthropic sends them, and what is made of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// All events of ours, and how reading ended.
fn read(stream: &[Value]) -> (Vec<CompletionEvent>, Result<(), ReadError>) {
    let mut reader = EventReader::default();
    let end = stream
        .iter()
        .try_for_each(|event| reader.read(&event.to_string()));
    match end {
        Err(ReadError::Provider(_) | ReadError::Malformed(_) | ReadError::NoChoices) => {
            reader.give_up();
        }
        Ok(()) | Err(ReadError::Done) => reader.finish(),
    }
    (std::iter::from_fn(|| reader.next_event()).collect(), end)
}

fn text(text: &str) -> CompletionEvent {
    CompletionEvent::Text(text.to_owned())
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [],
        "usage": {"input_tokens": 12, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 1}}})
}

fn delta(delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": delta})
}

fn end(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 31}})
}

fn usage() -> Usage {
    Usage {
        prompt_tokens: Some(117),
        completion_tokens: Some(31),
        cached_tokens: Some(100),
        cache_write_tokens: Some(5),
        reasoning_tokens: None,
        cost_usd: None,
    }
}

/// What is told of the request as soon as the message begins.
fn asked() -> CompletionEvent {
    CompletionEvent::Usage(Usage {
        completion_tokens: None,
        ..usage()
    })
}

#[test]
fn thinking_and_text_are_told_apart() {
    let (events, end) = read(&[
        start(),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        delta(&json!({"type": "thinking_delta", "thinking": "Hm"})),
        delta(&json!({"type": "thinking_delta", "thinking": "m"})),
        delta(&json!({"type": "signature_delta", "signature": "Eq…"})),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "xyz"}}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": "So: "}}),
        delta(&json!({"type": "text_delta", "text": "Done."})),
        delta(&json!({"type": "citations_delta", "citation": {"cited_text": "no"}})),
        delta(&json!({"type": "input_json_delta", "partial_json": "{\"a\":"})),
    ]);
    assert!(end.is_ok());
    // Without its end, the answer is interrupted, and nobody has counted it: only the request was.
    assert_eq!(
        events,
        [
            CompletionEvent::Model("claude-x".to_owned()),
            asked(),
            CompletionEvent::Reasoning("Hmm".to_owned()),
            text("So: Done."),
        ]
    );
}

#[test]
fn events_that_are_unknown_are_passed_over() {
    let (events, end) = read(&[
        json!({"type": "invented_later", "delta": 3, "message": [], "usage": "x"}),
        delta(&json!({"type": "invented_delta", "text": {"not": "text"}})),
        json!({"no_type": true}),
        json!({"type": "message_delta", "delta": 7, "usage": []}),
        delta(&json!({"type": "text_delta", "text": "a"})),
        end("stop_sequence"),
        json!({"type": "message_stop"}),
    ]);
    assert!(matches!(end, Err(ReadError::Done)));
    assert_eq!(events[0], text("a"));
    assert_eq!(
        events.last(),
        Some(&CompletionEvent::Finished(FinishReason::Stop))
    );
}

#[test]
fn text_that_is_none_is_no_empty_answer() {
    for event in [
        delta(&json!({"type": "text_delta", "text": {"not": "text"}})),
        json!({"type": "content_block_start", "content_block": {"type": "text", "text": 7}}),
    ] {
        let (_, end) = read(std::slice::from_ref(&event));
        assert!(matches!(end, Err(ReadError::Malformed(_))), "{event}");
    }
}

#[test]
fn counts_are_read_in_whatever_shape() {
    let (events, _) = read(&[
        json!({"type": "message_start", "message": {"model": 7, "usage": {"input_tokens": "12", "output_tokens": -1}}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 31.0, "output_tokens_details": []}}),
    ]);
    let usage = Usage {
        prompt_tokens: Some(12),
        completion_tokens: Some(31),
        ..Usage::default()
    };
    assert_eq!(events[1], CompletionEvent::Usage(usage));
}

#[test]
fn stop_reasons_have_our_names() {
    for (reason, expected) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("refusal", FinishReason::ContentFilter),
        ("pause_turn", FinishReason::Other("pause_turn".to_owned())),
    ] {
        let (events, _) = read(&[start(), end(reason)]);
        assert_eq!(
            events[1..],
            [
                asked(),
                CompletionEvent::Usage(usage()),
                CompletionEvent::Finished(expected)
            ],
            "{reason}"
        );
    }
}

#[test]
fn counts_are_replaced_and_summed() {
    let (events, _) = read(&[
        start(),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": 20, "output_tokens": 40, "output_tokens_details": {"thinking_tokens": 9}}}),
    ]);
    assert_eq!(
        events[2],
        CompletionEvent::Usage(Usage {
            prompt_tokens: Some(125),
            completion_tokens: Some(40),
            reasoning_tokens: Some(9),
            ..usage()
        })
    );
}

#[test]
fn errors_end_the_answer_and_keep_what_was_used() {
    for error in [
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}),
        json!({"error": {"message": "a proxy's"}}),
        json!({"type": "error"}),
    ] {
        let (events, end) = read(&[start(), delta(&json!({"text": "a"})), error.clone()]);
        assert!(matches!(end, Err(ReadError::Provider(_))), "{error}");
        assert_eq!(events[1..], [asked(), text("a")]);
    }
}

#[test]
fn whole_messages_are_read() {
    let mut reader = EventReader::default();
    let message = json!({"type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "max_tokens",
        "content": [{"type": "thinking", "thinking": "Hm", "signature": "x"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "usage": {"input_tokens": 1, "output_tokens": 2}});
    reader.read_whole(message.to_string().as_bytes()).unwrap();
    reader.finish();
    let events: Vec<_> = std::iter::from_fn(|| reader.next_event()).collect();
    assert_eq!(
        events,
        [
            CompletionEvent::Model("claude-x".to_owned()),
            CompletionEvent::Reasoning("Hm".to_owned()),
            text("ab"),
            CompletionEvent::Usage(Usage {
                prompt_tokens: Some(1),
                completion_tokens: Some(2),
                ..Usage::default()
            }),
            CompletionEvent::Finished(FinishReason::Length),
        ]
    );
    let read = |json: &str| EventReader::default().read_whole(json.as_bytes());
    assert!(matches!(read("{}"), Err(ReadError::NoChoices)));
    assert!(matches!(read("["), Err(ReadError::Malformed(_))));
    assert!(matches!(
        read(r#"{"type":"error","error":{"type":"api_error"}}"#),
        Err(ReadError::Provider(_))
    ));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(json in ".{0,120}") {
        let _ = EventReader::default().read(&json);
        let _ = EventReader::default().read_whole(json.as_bytes());
    }

    #[test]
    fn text_comes_out_as_it_went_in(pieces in proptest::collection::vec(".{0,20}", 0..20)) {
        let stream: Vec<_> = pieces.iter().map(|piece| delta(&json!({"type": "text_delta", "text": piece}))).collect();
        let (events, _) = read(&stream);
        let out: String = events.into_iter().map(|event| match event {
            CompletionEvent::Text(text) => text,
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(out, pieces.concat());
    }
}

//! Chunks as providers send them, and the events that they become.

use super::*;

use CompletionEvent::{Finished, Model, Reasoning};

fn text(text: &str) -> CompletionEvent {
    CompletionEvent::Text(text.to_owned())
}

/// The events of these chunks, and how the last one ended the answer.
fn read(chunks: &[&str]) -> (Vec<CompletionEvent>, Option<ReadError>) {
    let mut reader = ChunkReader::default();
    let error = chunks.iter().find_map(|chunk| reader.read(chunk).err());
    match error {
        None => reader.finish(),
        Some(_) => reader.give_up(),
    }
    (std::iter::from_fn(|| reader.next_event()).collect(), error)
}

#[test]
fn a_stream_of_openrouters_is_read() {
    let (events, error) = read(&[
        r#"{"id":"gen-1","object":"chat.completion.chunk","created":1760000000,"model":"acme/m1","provider":"Acme","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null,"native_finish_reason":null}]}"#,
        r#"{"id":"gen-1","model":"acme/m1","choices":[{"index":0,"delta":{"role":"assistant","content":" \"there\"\n"},"finish_reason":null}]}"#,
        r#"{"id":"gen-1","model":"acme/m1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"end_turn"}]}"#,
        r#"{"id":"gen-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":22,"completion_tokens":7,"total_tokens":29,"cost":0.000171,"is_byok":false,"prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":0},"cost_details":{"upstream_inference_cost":null}}}"#,
    ]);
    assert!(error.is_none());
    let usage = Usage {
        prompt_tokens: Some(22),
        completion_tokens: Some(7),
        cached_tokens: Some(3),
        cache_write_tokens: Some(2),
        reasoning_tokens: Some(0),
        cost_usd: Some("0.000171".to_owned()),
    };
    assert_eq!(
        events,
        [
            Model("acme/m1".to_owned()),
            text("Hi \"there\"\n"),
            CompletionEvent::Usage(usage),
            Finished(FinishReason::Stop),
        ]
    );
}

#[test]
fn chunks_are_read_leniently() {
    let cases: &[(&str, &[CompletionEvent])] = &[
        ("{}", &[]),
        (r#"{"choices":[]}"#, &[]),
        (
            r#"{"choices":null,"usage":null,"error":null,"model":null}"#,
            &[],
        ),
        (
            r#"{"error":"","choices":[{"error":{},"delta":{"content":"a"}}]}"#,
            &[text("a")],
        ),
        (r#"{"choices":[{}]}"#, &[]),
        (r#"{"choices":[{"delta":null,"finish_reason":""}]}"#, &[]),
        (
            r#"{"choices":[{"delta":{"content":null,"tool_calls":[{"index":0}]}}]}"#,
            &[],
        ),
        (
            r#"{"choices":[{"index":"0","delta":{"content":"a","x":[1]},"logprobs":{}}],"obfuscation":"zz"}"#,
            &[text("a")],
        ),
        (
            r#"{"choices":[null,{"delta":{"content":"a"}}]}"#,
            &[text("a")],
        ),
        (
            r#"{"model":7,"object":{},"choices":[{"delta":{"content":"a","reasoning":{},"reasoning_details":"x"},"finish_reason":0}],"usage":"none"}"#,
            &[text("a")],
        ),
        (
            r#"{"choices":[{"delta":{"reasoning_details":[7,{"text":{}},{"text":"b"}]}}],"usage":{}}"#,
            &[Reasoning("b".to_owned())],
        ),
        (
            r#"{"choices":[{"delta":{"content":[{"type":"thinking"},{"type":"text","text":"a"},"b"]}}]}"#,
            &[text("a")],
        ),
        (
            r#"{"choices":[{"delta":{"refusal":"No."}}]}"#,
            &[text("No.")],
        ),
        (
            r#"{"choices":[{"delta":{"content":"\u00fc\ud83e\udd80"}}]}"#,
            &[text("ü🦀")],
        ),
        (
            r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#,
            &[text("a")],
        ),
        (
            r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"length"}]}"#,
            &[text("whole"), Finished(FinishReason::Length)],
        ),
    ];
    for (chunk, expected) in cases {
        let (events, error) = read(&[chunk]);
        assert!(error.is_none(), "{chunk}: {error:?}");
        assert_eq!(events, *expected, "{chunk}");
    }
}

#[test]
fn reasoning_is_shown_once() {
    for (delta, expected) in [
        (
            r#"{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]}"#,
            "a",
        ),
        (
            r#"{"reasoning":null,"reasoning_details":[{"type":"reasoning.text","text":"a"},{"type":"reasoning.summary","summary":"b"}]}"#,
            "ab",
        ),
        (r#"{"reasoning_content":"a"}"#, "a"),
        (r#"{"reasoning":"a","reasoning_content":"a"}"#, "a"),
        (
            r#"{"reasoning_details":[{"type":"reasoning.text","text":null,"signature":"Eq"},{"type":"reasoning.encrypted","data":"x"}]}"#,
            "",
        ),
    ] {
        let (events, error) = read(&[&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)]);
        assert!(error.is_none(), "{delta}: {error:?}");
        let shown: Vec<_> = events.into_iter().collect();
        let expected = match expected {
            "" => vec![],
            text => vec![Reasoning(text.to_owned())],
        };
        assert_eq!(shown, expected, "{delta}");
    }
}

#[test]
fn text_and_reasoning_keep_their_order() {
    let delta = |delta: &str| format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#);
    let chunks = [
        delta(r#"{"reasoning":"1"}"#),
        delta(r#"{"reasoning":"2","content":""}"#),
        delta(r#"{"reasoning":"3","content":"4"}"#),
        delta(r#"{"content":"5"}"#),
        delta(r#"{"reasoning":"6"}"#),
    ];
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let expected = [
        Reasoning("123".to_owned()),
        text("45"),
        Reasoning("6".to_owned()),
    ];
    assert_eq!(read(&chunks).0, expected);
}

#[test]
fn finish_reasons_are_mapped_and_never_lost() {
    for (reason, expected) in [
        ("stop", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("tool_calls", FinishReason::ToolCalls),
        ("content_filter", FinishReason::ContentFilter),
        ("error", FinishReason::Error),
        ("eos", FinishReason::Other("eos".to_owned())),
    ] {
        let chunk = format!(r#"{{"choices":[{{"finish_reason":"{reason}"}}]}}"#);
        let (events, _) = read(&[&chunk, r#"{"choices":[{"finish_reason":null}]}"#]);
        assert_eq!(events, [Finished(expected)]);
    }
}

#[test]
fn the_last_usage_counts_and_its_odd_values_do_not() {
    let (events, error) = read(&[
        r#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        r#"{"usage":{"prompt_tokens":1.5,"completion_tokens":-2,"prompt_tokens_details":null,"cost":1.7e-05}}"#,
    ]);
    assert!(error.is_none());
    let usage = Usage {
        cost_usd: Some("0.000017".to_owned()),
        ..Usage::default()
    };
    assert_eq!(events, [CompletionEvent::Usage(usage)]);
}

#[test]
fn usage_counts_in_whatever_shape() {
    let usage = |prompt, completion| Usage {
        prompt_tokens: Some(prompt),
        completion_tokens: Some(completion),
        ..Usage::default()
    };
    for (json, expected) in [
        (
            r#"{"prompt_tokens":10.0,"completion_tokens":"5"}"#,
            Some(usage(10, 5)),
        ),
        (
            r#"{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":[],"completion_tokens_details":0}"#,
            Some(usage(1, 2)),
        ),
        // What says nothing is as good as missing, so that it is estimated.
        ("{}", None),
        (r#"{"prompt_tokens":null,"cost":null}"#, None),
        ("[]", None),
        (r#""none""#, None),
    ] {
        let (events, error) = read(&[&format!(r#"{{"choices":[],"usage":{json}}}"#)]);
        assert!(error.is_none(), "{json}: {error:?}");
        let expected: Vec<_> = expected.map(CompletionEvent::Usage).into_iter().collect();
        assert_eq!(events, expected, "{json}");
    }
}

#[test]
fn the_model_is_told_when_it_changes() {
    let (events, _) = read(&[
        r#"{"model":"a"}"#,
        r#"{"model":"a"}"#,
        r#"{"model":""}"#,
        r#"{"model":"b"}"#,
    ]);
    assert_eq!(events, [Model("a".to_owned()), Model("b".to_owned())]);
}

#[test]
fn an_error_ends_it_and_keeps_the_text() {
    for error in [
        r#"{"error":{"code":502},"choices":[{"delta":{"content":"x"},"finish_reason":"error"}],"usage":{"prompt_tokens":1}}"#,
        r#"{"choices":[{"error":{"code":502},"delta":{"content":"x"},"finish_reason":"error"}],"usage":{"prompt_tokens":1}}"#,
    ] {
        let (events, ended) = read(&[r#"{"choices":[{"delta":{"content":"a"}}]}"#, error]);
        assert!(matches!(ended, Some(ReadError::Provider(object)) if object["code"] == 502));
        let usage = Usage {
            prompt_tokens: Some(1),
            ..Usage::default()
        };
        assert_eq!(events, [text("a"), CompletionEvent::Usage(usage)]);
    }
}

#[test]
fn an_error_may_be_the_whole_chunk() {
    let chunk = r#"{"object":"error","message":"Too long","type":"BadRequestError","code":400}"#;
    let (_, ended) = read(&[chunk]);
    assert!(
        matches!(&ended, Some(ReadError::Provider(error)) if error["message"] == "Too long"),
        "{ended:?}"
    );
    let whole = ChunkReader::default().read_whole(chunk.as_bytes());
    assert!(matches!(whole, Err(ReadError::Provider(_))));
}

#[test]
fn what_is_no_chunk_is_malformed() {
    for chunk in [
        "5",
        "[]",
        "ping",
        "{",
        r#"{"choices":[{"delta":{"content":"a"}}"#,
        "\u{0}",
        // The text is there, in a shape that nobody knows: the answer must not seem to be empty.
        r#"{"choices":[{"delta":{"content":7}}]}"#,
        r#"{"choices":[{"delta":{"content":{"text":"a"}}}]}"#,
        r#"{"choices":[{"delta":"a"}]}"#,
        r#"{"choices":"a"}"#,
    ] {
        assert!(
            matches!(read(&[chunk]).1, Some(ReadError::Malformed(_))),
            "{chunk}"
        );
    }
}

#[test]
fn pieces_grow_only_so_far() {
    let chunk = format!(
        r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#,
        "x".repeat(1000)
    );
    let (events, _) = read(&vec![chunk.as_str(); 40]);
    assert!(events.len() > 1);
    let bytes: usize = events
        .iter()
        .map(|e| {
            if let CompletionEvent::Text(t) = e {
                t.len()
            } else {
                0
            }
        })
        .sum();
    assert_eq!(bytes, 40_000);
}

#[test]
fn a_whole_answer_needs_a_choice() {
    let mut reader = ChunkReader::default();
    assert!(matches!(
        reader.read_whole(br#"{"status":"ok"}"#),
        Err(ReadError::NoChoices)
    ));
}

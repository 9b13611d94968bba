//! What ChatGPT's fields mean, and what becomes of those that mean nothing.

use prompthub_dto::ids::{ProjectId, UserId};
use serde_json::{Value, json};

use super::*;

fn frame() -> Frame {
    Frame {
        owner: UserId::new(),
        project: ProjectId::new(),
        now: prompthub_store::now(),
    }
}

fn take(document: &Value) -> Draft {
    let document = serde_json::from_str(&document.to_string()).unwrap();
    draft(document, &frame(), Skipped::default()).unwrap()
}

/// One conversation with one answer of this content.
fn answered(content: &Value) -> (MessageRow, Vec<(String, String)>) {
    let draft = take(&json!([{"mapping": {
        "q": {"message": {"author": {"role": "user"}, "content": {"parts": ["Why?"]}}},
        "a": {"parent": "q", "message": {"author": {"role": "assistant"}, "content": content}},
    }}]));
    let skipped = draft.skipped.list;
    let skipped = skipped.into_iter().map(|skip| (skip.pointer, skip.reason));
    let answer = draft
        .conversations
        .into_iter()
        .next()
        .unwrap()
        .messages
        .remove(1);
    (answer, skipped.collect())
}

#[test]
fn contents_become_text() {
    for (content, text) in [
        (json!({"content_type": "text", "parts": ["one"]}), "one"),
        (
            json!({"content_type": "text", "parts": ["one", "", "two"]}),
            "one\n\ntwo",
        ),
        (json!({"content_type": "text", "text": "one"}), "one"),
        (
            json!({"content_type": "code", "language": "python", "text": "a = 1\n"}),
            "```python\na = 1\n```",
        ),
        (
            json!({"content_type": "code", "language": "unknown", "text": "```"}),
            "````\n```\n````",
        ),
        (
            json!({"parts": [{"content_type": "audio_transcription", "text": "spoken"}]}),
            "spoken",
        ),
        (
            json!({"content_type": "some_new_one", "text": "still text"}),
            "still text",
        ),
        (json!({"parts": ["a\u{0}b"]}), "a\u{fffd}b"),
    ] {
        assert_eq!(answered(&content).0.content, text, "{content}");
    }
}

#[test]
fn what_is_no_text_is_named() {
    let (answer, skipped) = answered(&json!({"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"},
        "A cat.", 5, {"content_type": "video\n"},
    ]}));
    assert_eq!(answer.content, "A cat.");
    let at = |index: usize| format!("/0/mapping/a/message/content/parts/{index}");
    assert_eq!(
        skipped,
        [
            (at(0), "an image; only text is taken".to_owned()),
            (at(2), "a part that is no text".to_owned()),
            (
                at(3),
                "a part of the type \"video\"; only text is taken".to_owned()
            ),
        ]
    );
    let (answer, skipped) = answered(&json!({"content_type": "tether_quote", "url": "x"}));
    assert_eq!(answer.status, MessageStatus::Interrupted);
    assert_eq!(
        skipped,
        [(
            "/0/mapping/a/message/content".to_owned(),
            "content of the type \"tether_quote\"; only text is taken".to_owned()
        )]
    );
}

#[test]
fn thoughts_are_the_answers_reasoning() {
    let draft = take(&json!([{"mapping": {
        "q": {"message": {"author": {"role": "user"}, "content": {"parts": ["Why?"]}}},
        "t": {"parent": "q", "message": {"author": {"role": "assistant"}, "content":
            {"content_type": "thoughts", "thoughts": [{"summary": "Looking", "content": "Far."}, 1]}}},
        "a": {"parent": "t", "message": {"author": {"role": "assistant"}, "content": {"parts": ["So."]},
            "metadata": {"model_slug": "o3"}}},
    }}]));
    let messages = &draft.conversations[0].messages;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].content, "So.");
    assert_eq!(messages[1].reasoning.as_deref(), Some("Looking\n\nFar."));
    assert_eq!(messages[1].model.as_deref(), Some("chatgpt/o3"));
}

#[test]
fn seconds_become_times() {
    let epoch = DateTime::UNIX_EPOCH.naive_utc();
    for (seconds, expected) in [
        (1.5, Some(epoch + TimeDelta::milliseconds(1500))),
        (-5.0, Some(epoch)),
        (f64::MIN, Some(epoch)),
        (1e18, Some(NaiveDateTime::MAX)),
        (f64::MAX, Some(NaiveDateTime::MAX)),
        (f64::INFINITY, Some(NaiveDateTime::MAX)),
        (f64::NAN, None),
    ] {
        assert_eq!(time(seconds), expected, "{seconds}");
    }
}

#[test]
fn titles_are_one_short_line() {
    let title_of = |title: Value| {
        let draft = take(&json!([{"title": title, "mapping": {
            "q": {"message": {"author": {"role": "user"}, "content": {"parts": ["Why is that?"]}}},
        }}]));
        draft.conversations[0].row.title.clone()
    };
    assert_eq!(title_of(json!("Plans")), "Plans");
    assert_eq!(title_of(json!(" a\nb\u{0} ")), "a b");
    assert_eq!(title_of(json!(null)), "Why is that?");
    assert_eq!(title_of(json!(["x"])), "Why is that?");
    assert_eq!(title_of(json!("x".repeat(500))).len(), 200);
}

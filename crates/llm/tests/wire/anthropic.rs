//! The Messages adapter: what it sends, and what it makes of whole, broken and failed answers.

use futures_util::StreamExt;
use prompthub_llm::{
    CompletionEvent, ErrorKind, FinishReason, Provider, Secret, Usage,
    anthropic::{Anthropic, AnthropicOptions},
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    Outcome, outcome, request,
    upstream::{HEAD, Upstream, json as json_answer, whole},
};

pub(crate) fn provider(base_url: &Url) -> Anthropic {
    // The second test finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = Some(Secret::new("sk-ant-0123"));
    Anthropic::new(AnthropicOptions::new("anthropic", base_url.clone(), key)).unwrap()
}

fn event(event: &Value) -> String {
    let name = event["type"].as_str().unwrap();
    format!("event: {name}\ndata: {event}\n\n")
}

fn text(text: &str) -> Value {
    json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": text}})
}

/// A whole answer: "Grüße 🦀", with thoughts before it.
pub(crate) fn stream() -> String {
    [
        json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [],
            "usage": {"input_tokens": 12, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "Eq"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        text("Grüße "),
        text("🦀"),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 31}}),
        json!({"type": "message_stop"}),
    ]
    .iter()
    .map(event)
    .collect()
}

pub(crate) fn usage(completion: Option<u64>) -> Option<Usage> {
    Some(Usage {
        prompt_tokens: Some(20),
        completion_tokens: completion,
        cached_tokens: Some(5),
        cache_write_tokens: Some(3),
        ..Usage::default()
    })
}

fn finished() -> Outcome {
    Outcome {
        usage: usage(Some(31)),
        ..Outcome::finished("Grüße 🦀")
    }
}

/// What comes of a response of these bytes, after which the connection closes.
async fn answer(response: &str, piece: usize) -> Outcome {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url);
    let _serving = upstream.answer(response, piece);
    outcome(provider.stream(request()).await).await
}

#[tokio::test]
async fn the_request_is_as_anthropic_wants_it() {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url);
    let serving = upstream.answer(format!("{HEAD}{}", stream()), 1000);
    assert_eq!(outcome(provider.stream(request()).await).await, finished());
    let sent = serving.await.unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    for line in [
        "POST /api/v1/messages HTTP/1.1",
        "x-api-key: sk-ant-0123",
        "anthropic-version: 2023-06-01",
        "content-type: application/json",
        "accept: text/event-stream",
    ] {
        assert!(
            head.lines().any(|found| found == line),
            "{line} is not in {head}"
        );
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        json!({"model": "acme/m1", "max_tokens": 4096, "stream": true, "system": "Be terse.",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Grüß dich"}]}]})
    );
}

#[tokio::test]
async fn streams_are_read_in_any_pieces() {
    let plain = stream();
    for (name, body) in [
        ("plain", plain.clone()),
        ("CRLF", plain.replace('\n', "\r\n")),
        // The halves of the character in an event each.
        (
            "a character in halves",
            plain.replace(
                &event(&text("🦀")),
                &[r"\ud83e", r"\udd80"]
                    .map(|half| event(&text("HALF")).replace("HALF", half))
                    .concat(),
            ),
        ),
        (
            "comments",
            plain.replace("event: ping", ": x\n\nevent: ping"),
        ),
        (
            "no event names",
            plain
                .lines()
                .filter(|line| !line.starts_with("event:"))
                .fold(String::new(), |all, line| all + line + "\n"),
        ),
        (
            "data after the end",
            plain.clone() + &event(&json!({"type": "content_block_delta", "delta": {"text": "x"}})),
        ),
        ("open end", plain.trim_end().to_owned() + "\n"),
    ] {
        for piece in [1, 7, 100_000] {
            assert_eq!(
                answer(&format!("{HEAD}{body}"), piece).await,
                finished(),
                "{name}, {piece}"
            );
        }
    }
}

#[tokio::test]
async fn failures_in_mid_stream_keep_text_and_reason() {
    let body = stream();
    let begun = body.split_once("event: message_delta").unwrap().0;
    for (kind_of_error, kind) in [
        ("overloaded_error", ErrorKind::Unavailable),
        ("api_error", ErrorKind::Unavailable),
        ("rate_limit_error", ErrorKind::RateLimited),
        ("timeout_error", ErrorKind::Timeout),
        ("invalid_request_error", ErrorKind::Refused),
    ] {
        let error = event(
            &json!({"type": "error", "error": {"type": kind_of_error, "message": "Overloaded, sk-ant-0123"}, "request_id": "req_1"}),
        );
        let upstream = Upstream::bind().await;
        let provider = provider(&upstream.base_url);
        let _serving = upstream.answer(format!("{HEAD}{begun}{error}"), 1000);
        let mut stream = provider.stream(request()).await.unwrap();
        let mut text = String::new();
        let mut failure = None;
        while let Some(event) = stream.next().await {
            match event {
                Ok(CompletionEvent::Text(piece)) => text.push_str(&piece),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        let failure = failure.unwrap();
        assert_eq!(text, "Grüße 🦀");
        assert_eq!(failure.kind, kind, "{kind_of_error}");
        assert_eq!(failure.reason.as_deref(), Some("Overloaded, …"));
        assert!(!failure.unreached);
    }
}

#[tokio::test]
async fn refusals_before_the_answer_have_their_kind() {
    for (status, name, kind, transient) in [
        (
            "400 Bad Request",
            "invalid_request_error",
            ErrorKind::Refused,
            false,
        ),
        (
            "401 Unauthorized",
            "authentication_error",
            ErrorKind::Auth,
            false,
        ),
        (
            "402 Payment Required",
            "billing_error",
            ErrorKind::Credit,
            false,
        ),
        (
            "403 Forbidden",
            "permission_error",
            ErrorKind::Refused,
            false,
        ),
        (
            "404 Not Found",
            "not_found_error",
            ErrorKind::Refused,
            false,
        ),
        (
            "413 Too Large",
            "request_too_large",
            ErrorKind::Refused,
            false,
        ),
        (
            "429 Too Many",
            "rate_limit_error",
            ErrorKind::RateLimited,
            true,
        ),
        ("500 Error", "api_error", ErrorKind::Unavailable, true),
        ("504 Timeout", "timeout_error", ErrorKind::Timeout, true),
        (
            "529 Overloaded",
            "overloaded_error",
            ErrorKind::Unavailable,
            true,
        ),
    ] {
        let body = json!({"type": "error", "error": {"type": name, "message": "The reason"}, "request_id": "req_1"});
        let upstream = Upstream::bind().await;
        let provider = provider(&upstream.base_url);
        let _serving = upstream.answer(json_answer(status, &body), 1000);
        let error = provider.stream(request()).await.err().unwrap();
        assert_eq!(error.kind, kind, "{status}");
        assert_eq!(error.is_transient(), transient, "{status}");
        let reason = (kind != ErrorKind::Auth).then_some("The reason");
        assert_eq!(error.reason.as_deref(), reason, "{status}");
    }
}

#[tokio::test]
async fn answers_that_come_whole_are_read() {
    let message = json!({"type": "message", "model": "claude-x", "content": [{"type": "text", "text": "a"}],
        "stop_reason": "refusal", "usage": null});
    let refused = Outcome {
        text: "a".to_owned(),
        finish: Some(FinishReason::ContentFilter),
        ..Outcome::default()
    };
    for (response, expected) in [
        (json_answer("200 OK", &message), refused),
        (
            json_answer(
                "200 OK",
                &json!({"type": "error", "error": {"type": "overloaded_error"}}),
            ),
            Outcome::failed("", ErrorKind::Unavailable),
        ),
        (
            json_answer("200 OK", &json!({"ok": true})),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            whole("200 OK", "content-type: text/html\r\n", "<p>"),
            Outcome::failed("", ErrorKind::Protocol),
        ),
    ] {
        assert_eq!(answer(&response, 1000).await, expected, "{response}");
    }
}

#[tokio::test]
async fn giving_up_closes_the_connection() {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url);
    let connection = tokio::select! {
        _ = provider.stream(request()) => panic!("nothing was answered"),
        connection = upstream.accept() => connection,
    };
    connection.closed().await;
}

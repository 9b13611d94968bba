//! The adapters against a real socket: what they send, and what they make of every way in which an
//! answer can go.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod answers;
mod anthropic;
mod catalogue;
mod connections;
mod cuts;
mod network;
mod presets;
mod resilience;
mod upstream;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use prompthub_llm::{
    ChatMessage, CompletionEvent, CompletionRequest, CompletionStream, Deadline, ErrorKind,
    FinishReason, Provider, ProviderError, Role, Secret, Timeouts, Usage,
    presets::{Account, build_at, find},
};
use upstream::{HEAD, STOP, Upstream, whole};
use url::Url;

/// OpenRouter, at this URL.
fn provider(base_url: &Url, timeouts: Timeouts) -> Arc<dyn Provider> {
    // The second test finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account {
        base_url: Some(base_url.clone()),
        timeouts,
        app_url: Some(Url::parse("https://hub.example.com").unwrap()),
        ..Account::new("openrouter", Some(Secret::new("sk-or-v1-0123")))
    };
    build_at(find("openrouter").unwrap(), account).unwrap()
}

fn request() -> CompletionRequest {
    CompletionRequest {
        model: "acme/m1".to_owned(),
        system_prompt: Some("Be terse.".to_owned()),
        messages: vec![ChatMessage {
            role: Role::User,
            content: "Grüß dich".into(),
        }],
        ..CompletionRequest::default()
    }
}

/// What came of an answer.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    text: String,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
    error: Option<ErrorKind>,
    /// Which limit of ours passed.
    deadline: Option<Deadline>,
}

impl Outcome {
    fn finished(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            finish: Some(FinishReason::Stop),
            ..Self::default()
        }
    }

    fn failed(text: &str, kind: ErrorKind) -> Self {
        Self {
            text: text.to_owned(),
            error: Some(kind),
            ..Self::default()
        }
    }

    fn timed_out(text: &str, deadline: Deadline) -> Self {
        Self {
            deadline: Some(deadline),
            ..Self::failed(text, ErrorKind::Timeout)
        }
    }
}

async fn outcome(begun: Result<CompletionStream, ProviderError>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut stream = match begun {
        Ok(stream) => stream,
        Err(error) => {
            return Outcome {
                error: Some(error.kind),
                deadline: error.deadline,
                ..outcome
            };
        }
    };
    while let Some(event) = stream.next().await {
        assert_eq!(
            (&outcome.finish, outcome.error),
            (&None, None),
            "{event:?} after the end"
        );
        match event {
            Ok(CompletionEvent::Text(text)) => outcome.text.push_str(&text),
            Ok(CompletionEvent::Usage(usage)) => outcome.usage = Some(usage),
            Ok(CompletionEvent::Finished(reason)) => outcome.finish = Some(reason),
            Ok(CompletionEvent::Reasoning(_) | CompletionEvent::Model(_)) => {}
            Err(error) => {
                (outcome.error, outcome.deadline) = (Some(error.kind), error.deadline);
            }
        }
    }
    outcome
}

#[tokio::test]
async fn the_request_is_as_openrouter_wants_it() {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    let serving = upstream.answer(format!("{HEAD}{STOP}"), 1000);
    assert_eq!(
        outcome(provider.stream(request()).await).await,
        Outcome::finished("")
    );

    let sent = serving.await.unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    for line in [
        "POST /api/v1/chat/completions HTTP/1.1",
        "authorization: Bearer sk-or-v1-0123",
        "http-referer: https://hub.example.com",
        "x-openrouter-title: PromptHub",
        "content-type: application/json",
        "accept: text/event-stream",
    ] {
        assert!(
            head.lines().any(|found| found == line),
            "{line} is not in {head}"
        );
    }
    assert!(!head.to_lowercase().contains("accept-encoding"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["stream"], true);
    assert_eq!(body["model"], "acme/m1");
    assert_eq!(body["messages"][1]["content"], "Grüß dich");
}

#[tokio::test]
async fn refusals_carry_reason_and_wait() {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    let body = r#"{"error":{"code":429,"message":"Slow down, sk-or-v1-0123"}}"#;
    let _serving = upstream.answer(whole("429 Too Many", "retry-after: 7\r\n", body), 1000);
    let error = provider.stream(request()).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(error.message, "Slow down, … (HTTP 429)");
}

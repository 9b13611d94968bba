//! Every preset, from an account to the bytes of its first request.

use prompthub_llm::{
    Parameters, ReasoningEffort, Secret,
    presets::{self, Account},
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    request,
    upstream::{Upstream, whole},
};

/// What a provider of this preset is sent: the target, the head and the body.
async fn sent(preset: &str, parameters: Parameters) -> (String, String, Value) {
    // The second test finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = Upstream::bind().await;
    let account = Account {
        base_url: Some(upstream.base_url.clone()),
        app_url: Some(Url::parse("https://hub.example.com").unwrap()),
        ..Account::new("mine", Some(Secret::new("sk-0123")))
    };
    let provider = presets::build_at(presets::find(preset).unwrap(), account).unwrap();
    let serving = upstream.answer(whole("500 No", "", ""), 1000);
    let request = prompthub_llm::CompletionRequest {
        parameters,
        user: Some("u1".to_owned()),
        ..request()
    };
    assert!(provider.stream(request).await.is_err());
    let sent = serving.await.unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let (target, head) = head.split_once("\r\n").unwrap();
    (
        target.to_owned(),
        head.to_owned(),
        serde_json::from_str(body).unwrap(),
    )
}

#[tokio::test]
async fn each_preset_speaks_its_dialect() {
    let chat = "POST /api/v1/chat/completions HTTP/1.1";
    let usage = json!({"stream_options": {"include_usage": true}});
    for preset in presets::PRESETS {
        let seed =
            (!matches!(preset.name, "anthropic" | "anthropic-compatible" | "gemini")).then_some(7);
        let parameters = Parameters {
            max_tokens: Some(2000),
            seed,
            reasoning_effort: Some(ReasoningEffort::Low),
            ..Parameters::default()
        };
        let (target, head, body) = sent(preset.name, parameters).await;
        let (expected_target, own) = match preset.name {
            "openrouter" => (
                chat,
                json!({"max_completion_tokens": 2000, "seed": 7, "reasoning": {"effort": "low"}, "user": "u1",
                    "plugins": [{"id": "context-compression", "enabled": false}]}),
            ),
            "openai" => (
                chat,
                json!({"max_completion_tokens": 2000, "seed": 7, "reasoning_effort": "low", "user": "u1", "stream_options": usage["stream_options"]}),
            ),
            "anthropic" | "anthropic-compatible" => (
                "POST /api/v1/messages HTTP/1.1",
                json!({"max_tokens": 2000, "system": "Be terse.", "metadata": {"user_id": "u1"},
                    "thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}}),
            ),
            "gemini" => (
                chat,
                json!({"max_tokens": 2000, "reasoning_effort": "low", "stream_options": usage["stream_options"]}),
            ),
            "mistral" => (
                chat,
                json!({"max_tokens": 2000, "random_seed": 7, "reasoning_effort": "low"}),
            ),
            _ => (
                chat,
                json!({"max_tokens": 2000, "seed": 7, "reasoning_effort": "low", "user": "u1", "stream_options": usage["stream_options"]}),
            ),
        };
        assert_eq!(target, expected_target, "{}", preset.name);
        let mut body = body.as_object().unwrap().clone();
        assert_eq!(body.remove("model"), Some(json!("acme/m1")));
        assert_eq!(body.remove("stream"), Some(json!(true)));
        assert!(body.remove("messages").is_some());
        assert_eq!(json!(body), own, "{}", preset.name);
        let key = match preset.name {
            "anthropic" | "anthropic-compatible" => "x-api-key: sk-0123",
            _ => "authorization: Bearer sk-0123",
        };
        assert!(head.lines().any(|line| line == key), "{head}");
        let is_attributed = head.contains("http-referer: https://hub.example.com");
        assert_eq!(is_attributed, preset.name == "openrouter", "{head}");
    }
}

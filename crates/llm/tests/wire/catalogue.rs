//! Lists of models: whole, in pages, sparse, endless, and not there at all.

use prompthub_llm::{ErrorKind, Provider, ReasoningEffort, Timeouts};
use serde_json::{Value, json};

use crate::{
    anthropic, provider, request,
    upstream::{HEAD, Upstream, json as json_answer, whole},
};

#[tokio::test]
async fn openrouters_models_come_with_their_prices() {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    let list = json!({"data": [{"id": "acme/m1", "name": "Acme: M1", "context_length": 8192,
        "architecture": {"input_modalities": ["text"]}, "pricing": {"prompt": "0.00000015"},
        "supported_parameters": ["temperature"]}]});
    let serving = upstream.answer(json_answer("200 OK", &list), 1000);
    let models = provider.list_models().await.unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!(models[0].id, "acme/m1");
    assert_eq!(models[0].takes_images(), Some(false));
    let pricing = models[0].pricing.as_ref().unwrap();
    assert_eq!(pricing.prompt.as_deref(), Some("0.00000015"));
    let sent = serving.await.unwrap();
    assert!(
        sent.starts_with("GET /api/v1/models HTTP/1.1\r\n"),
        "{sent}"
    );
    assert!(
        sent.contains("\r\nauthorization: Bearer sk-or-v1-0123\r\n"),
        "{sent}"
    );
    assert!(sent.contains("\r\naccept: application/json\r\n"), "{sent}");
}

/// OpenRouter's list is for everybody, so that the key is asked about elsewhere.
#[tokio::test]
async fn openrouters_key_is_checked_where_it_counts() {
    let told = |left: Value| {
        json_answer(
            "200 OK",
            &json!({"data": {"limit": 10, "limit_remaining": left}}),
        )
    };
    let refused = || {
        json_answer(
            "401 Unauthorized",
            &json!({"error": {"code": 401, "message": "No"}}),
        )
    };
    for (answer, expected) in [
        (told(json!(7.25)), Ok(Some("7.25"))),
        (told(json!(null)), Ok(None)),
        (told(json!(0)), Err(ErrorKind::Credit)),
        (refused(), Err(ErrorKind::Auth)),
    ] {
        let upstream = Upstream::bind().await;
        let provider = provider(&upstream.base_url, Timeouts::default());
        let serving = upstream.answer(answer, 1000);
        let check = provider.check().await;
        let left = check
            .map(|check| check.left_usd)
            .map_err(|error| error.kind);
        assert_eq!(left, expected.map(|left| left.map(str::to_owned)));
        let sent = serving.await.unwrap();
        assert!(sent.starts_with("GET /api/v1/key HTTP/1.1\r\n"), "{sent}");
        assert!(
            sent.contains("\r\nauthorization: Bearer sk-or-v1-0123\r\n"),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn anthropics_models_come_in_pages_and_shape_requests() {
    let types = |adaptive: bool| json!({"types": {"adaptive": {"supported": adaptive}, "enabled": {"supported": !adaptive}}});
    let page = |id: &str, thinking: Value, has_more: bool| {
        let model = json!({"type": "model", "id": id, "display_name": id.to_uppercase(), "max_input_tokens": 200000,
            "max_tokens": 20000, "capabilities": {"image_input": {"supported": true}, "thinking": thinking}});
        let page = json!({"data": [model], "first_id": id, "has_more": has_more, "last_id": id});
        json_answer("200 OK", &page).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")
    };
    let upstream = Upstream::bind().await;
    let provider = anthropic::provider(&upstream.base_url);
    let serving = upstream.answer_each(vec![
        page("claude-a", types(true), true),
        page("claude\nb", types(true), true),
        page("claude-c", types(false), false),
        whole("500 No", "", ""),
    ]);
    let models = provider.list_models().await.unwrap();
    let found: Vec<_> = models
        .iter()
        .map(|model| (model.id.as_str(), model.name.as_str()))
        .collect();
    assert_eq!(found, [("claude-a", "CLAUDE-A"), ("claude-c", "CLAUDE-C")]);
    assert_eq!(models[0].max_output_tokens, Some(20000));

    // What the list said of a model is in the next request for it; the limits come from whoever asks.
    let mut request = request();
    request.model = "claude-c".to_owned();
    request.parameters.reasoning_effort = Some(ReasoningEffort::Minimal);
    request.limits.max_output_tokens = models[1].max_output_tokens;
    assert!(provider.stream(request).await.is_err());

    let sent = serving.await.unwrap();
    let targets: Vec<_> = sent
        .iter()
        .map(|request| request.lines().next().unwrap())
        .collect();
    assert_eq!(
        targets,
        [
            "GET /api/v1/models?limit=1000 HTTP/1.1",
            "GET /api/v1/models?limit=1000&after_id=claude-a HTTP/1.1",
            "GET /api/v1/models?limit=1000&after_id=claude%0Ab HTTP/1.1",
            "POST /api/v1/messages HTTP/1.1",
        ]
    );
    let body: Value = serde_json::from_str(sent[3].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        body["thinking"],
        json!({"type": "enabled", "budget_tokens": 1024})
    );
    assert_eq!(body["max_tokens"], 20000);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends() {
    let page = json!({"data": [{"id": "a"}], "has_more": true, "last_id": "a"});
    let answer = json_answer("200 OK", &page).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let upstream = Upstream::bind().await;
    let provider = anthropic::provider(&upstream.base_url);
    let serving = upstream.answer_each(vec![answer.clone(), answer]);
    assert_eq!(provider.list_models().await.unwrap().len(), 2);
    assert_eq!(serving.await.unwrap().len(), 2);
}

#[tokio::test]
async fn lists_that_are_none_are_failures() {
    let endless = format!("{HEAD}[{}", "\"x\",".repeat(5_000_000));
    for (response, kind) in [
        (whole("200 OK", "", "<html>"), ErrorKind::Protocol),
        (whole("200 OK", "", "{}"), ErrorKind::Protocol),
        (
            whole("401 No", "", r#"{"error":{"message":"sk-or-v1-0123"}}"#),
            ErrorKind::Auth,
        ),
        (whole("404 No", "", ""), ErrorKind::Refused),
        (whole("503 No", "", ""), ErrorKind::Unavailable),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[".to_owned(),
            ErrorKind::Unavailable,
        ),
        (endless, ErrorKind::Protocol),
    ] {
        let upstream = Upstream::bind().await;
        let provider = provider(&upstream.base_url, Timeouts::default());
        let _serving = upstream.answer(response, 65536);
        let error = provider.list_models().await.unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(!format!("{error:?}").contains("sk-or"), "{error:?}");
    }
}

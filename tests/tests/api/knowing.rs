//! Servers that know something of their provider's models.

use prompthub_dto::providers::ProviderStatus;
use prompthub_tests::{Client, TestApp, Upstream, upstream::Script};
use serde_json::{Value, json};

/// A model as OpenRouter lists it, with everything that a chat may ask of it. `changes` replaces some.
#[expect(clippy::needless_pass_by_value, reason = "written where it is used")]
pub(crate) fn model(id: &str, changes: Value) -> Value {
    let mut model = json!({
        "id": id, "name": id, "context_length": 131_072,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.000001", "completion": "0.000002"},
        "supported_parameters": ["temperature", "top_p", "max_tokens", "stop", "seed", "reasoning", "response_format", "structured_outputs"],
    });
    for (name, value) in changes.as_object().expect("an object") {
        model[name] = value.clone();
    }
    model
}

/// A server whose provider lists these models, and somebody who has signed in to it. The list is there.
pub(crate) async fn app_knowing(models: &[Value]) -> (TestApp, Client) {
    app_knowing_with(models, |_| {}).await
}

/// The same with another configuration.
pub(crate) async fn app_knowing_with(
    models: &[Value],
    configure: impl FnOnce(&mut prompthub_api::Config),
) -> (TestApp, Client) {
    let upstream = Upstream::start().await;
    upstream.list_models(Script::list(models));
    let mut app = TestApp::with(|config| {
        config.openrouter_base_url = upstream.base_url().clone();
        configure(config);
    })
    .await;
    app.upstream = upstream;
    let ada = app.register("ada@example.com").await;
    ada.provider_when("openrouter", |state| state.status == ProviderStatus::Ready)
        .await;
    (app, ada)
}

/// A server with an account of Anthropic's at the upstream, and somebody who has signed in to it.
pub(crate) async fn app_with_anthropic() -> (TestApp, Client) {
    app_with_anthropic_knowing(&[]).await
}

/// The same, of which these models are known.
pub(crate) async fn app_with_anthropic_knowing(models: &[Value]) -> (TestApp, Client) {
    let upstream = Upstream::start().await;
    upstream.list_models(Script::list(models));
    let mut app = TestApp::with(|config| {
        config.anthropic_api_key = Some("sk-ant-0123456789".parse().expect("a key"));
        config.anthropic_base_url = upstream.base_url().clone();
    })
    .await;
    app.upstream = upstream;
    let ada = app.register("ada@example.com").await;
    ada.provider_when("anthropic", |state| state.status == ProviderStatus::Ready)
        .await;
    (app, ada)
}

//! A server that knows the models of a provider, for what is done with models.

use prompthub_dto::{projects::Project, providers::ProviderStatus};
use prompthub_tests::{Client, TestApp, Upstream, upstream::Script};
use serde_json::{Value, json};

/// A server whose OpenRouter is `upstream`, which lists these models, and Ada with a project of the
/// model `own`.
pub(crate) async fn server_with(
    upstream: &Upstream,
    models: &[Value],
    own: &str,
) -> (TestApp, Client, Project) {
    upstream.list_models(Script::list(models));
    let base_url = upstream.base_url().clone();
    let app = TestApp::with(|config| config.openrouter_base_url = base_url).await;
    let ada = app.register("ada@example.com").await;
    ada.provider_when("openrouter", |state| state.status == ProviderStatus::Ready)
        .await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": own}))
        .await;
    (app, ada, project)
}

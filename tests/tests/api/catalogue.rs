//! The models that can be chosen: all providers' lists in one, which nobody ever waits for.

use prompthub_dto::{
    models::Pricing,
    providers::{ProviderState, ProviderStatus},
};
use prompthub_tests::{
    Client, Installation, TestApp, Upstream, spawn_app,
    upstream::{Gate, PATIENCE, Script},
};
use serde_json::{Value, json};

use crate::provider_accounts::{account, app_beside};

/// A model as OpenRouter lists it.
fn listed(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "context_length": 131_072,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.00000015", "completion": "0.0000006", "request": "0", "input_cache_read": "0.000000075"},
        "top_provider": {"max_completion_tokens": 16_384},
        "supported_parameters": ["temperature", "max_tokens", "reasoning", "tools"],
    })
}

fn ready(state: &ProviderState) -> bool {
    state.status == ProviderStatus::Ready
}

async fn ids(client: &Client) -> Vec<String> {
    let models = client.models().await;
    models.into_iter().map(|model| model.id).collect()
}

#[tokio::test]
async fn what_is_known_without_asking_is_listed() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    assert_eq!(ids(&ada).await, ["openrouter/openrouter/auto", "demo/echo"]);
    let answer = ada.get("/api/models").send().await;
    insta::assert_json_snapshot!(answer.redacted()["items"][1], @r#"
    {
      "context_length": null,
      "demo": true,
      "id": "demo/echo",
      "input_modalities": [],
      "max_output_tokens": null,
      "name": "Demo: Echo (offline)",
      "output_modalities": [],
      "pricing": null,
      "provider": "demo",
      "provider_name": "Demo",
      "supported_parameters": []
    }
    "#);
}

#[tokio::test]
async fn without_a_key_there_is_the_demo() {
    let app = TestApp::with(|config| config.openrouter_api_key = None).await;
    let ada = app.register("ada@example.com").await;
    assert_eq!(ids(&ada).await, ["demo/echo"]);
}

#[tokio::test]
async fn a_model_is_listed_with_all_that_its_provider_says() {
    let upstream = Upstream::start().await;
    upstream.list_models(Script::list(&[
        listed("acme/z", "Zeta"),
        listed("acme/a", "alpha"),
    ]));
    let app =
        TestApp::with(|config| config.openrouter_base_url = upstream.base_url().clone()).await;
    let ada = app.register("ada@example.com").await;
    let state = ada.provider_when("openrouter", ready).await.state;
    assert_eq!((state.model_count, state.problem), (2, None));
    assert!(state.checked_at.is_some());
    let models = ada.models().await;
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(
        names,
        ["OpenRouter: Auto", "alpha", "Zeta", "Demo: Echo (offline)"]
    );
    let model = &models[1];
    assert_eq!(
        (
            model.id.as_str(),
            model.provider.as_str(),
            model.provider_name.as_str()
        ),
        ("openrouter/acme/a", "openrouter", "OpenRouter")
    );
    assert_eq!(
        (model.context_length, model.max_output_tokens),
        (Some(131_072), Some(16_384))
    );
    assert_eq!(model.input_modalities, ["text", "image"]);
    assert_eq!(
        model.supported_parameters,
        ["temperature", "max_tokens", "reasoning_effort"]
    );
    let price = |text: &str| Some(text.to_owned());
    let pricing = Pricing {
        prompt: price("0.00000015"),
        completion: price("0.0000006"),
        cache_read: price("0.000000075"),
        request: price("0"),
        ..Pricing::default()
    };
    assert_eq!(model.pricing.as_ref(), Some(&pricing));
}

/// A provider that hangs keeps nobody waiting: neither at the start, nor in the list, nor in a chat.
#[tokio::test]
async fn nobody_waits_for_a_list() {
    let (hanging, gate) = (Upstream::start().await, Gate::new());
    hanging.list_models(Script::list(&[json!({"id": "late"})]).after(&gate));
    let app = TestApp::with(|config| {
        config.openrouter_base_url = hanging.base_url().clone();
        config.provider_calls.allowlist = vec![hanging.host_port().parse().unwrap()];
    })
    .await;
    let ada = app.register("ada@example.com").await;
    ada.create_provider(account(&hanging)).await;
    // Both are being asked, and neither has answered.
    for _ in 0..2 {
        hanging.list_request().await;
    }
    assert_eq!(ids(&ada).await, ["openrouter/openrouter/auto", "demo/echo"]);
    for slug in ["openrouter", "mine"] {
        assert_eq!(
            ada.provider(slug).await.state.status,
            ProviderStatus::Loading
        );
    }
    let project = ada.create_project("Notes").await;
    ada.chat(&project, "Hello").await;
    gate.open();
    for slug in ["openrouter", "mine"] {
        assert_eq!(ada.provider_when(slug, ready).await.state.model_count, 1);
    }
    assert_eq!(
        ids(&ada).await,
        [
            "openrouter/openrouter/auto",
            "openrouter/late",
            "demo/echo",
            "mine/late"
        ]
    );
}

/// An old list is shown while a newer one is asked for, and stays where none comes.
#[tokio::test]
async fn an_old_list_is_good_until_a_newer_one_comes() {
    let upstream = Upstream::start().await;
    let allowed = upstream.host_port().parse().unwrap();
    upstream.list_models(Script::list(&[json!({"id": "old"})]));
    let app = TestApp::with(|config| {
        config.provider_calls.allowlist = vec![allowed];
        config.provider_calls.list_age = std::time::Duration::from_nanos(1);
    })
    .await;
    let ada = app.register("ada@example.com").await;
    ada.create_provider(account(&upstream)).await;
    let first = ada.provider_when("mine", ready).await.state;
    let own = async || {
        let mut ids = ids(&ada).await;
        ids.retain(|id| id.starts_with("mine/"));
        ids
    };
    // While the provider hangs, the old one is what there is.
    let gate = Gate::new();
    upstream.list_models(Script::list(&[json!({"id": "new"})]).after(&gate));
    assert_eq!(own().await, ["mine/old"]);
    gate.open();
    let is_newer = |state: &ProviderState| state.checked_at > first.checked_at;
    ada.provider_when("mine", is_newer).await;
    let coming = async { while own().await != ["mine/new"] {} };
    tokio::time::timeout(PATIENCE, coming)
        .await
        .expect("the newer list");

    // One that fails leaves it where it is, and says so.
    upstream.list_models(Script::error(503, "down for today"));
    let failed = ada.provider_when("mine", |state| !ready(state)).await.state;
    assert_eq!(failed.status, ProviderStatus::Failed);
    assert_eq!(failed.model_count, 1);
    assert!(failed.problem.unwrap().contains("down for today"));
    assert_eq!(own().await, ["mine/new"]);
}

#[tokio::test]
async fn one_dead_provider_leaves_the_others() {
    let (alive, dead) = (Upstream::start().await, Upstream::start().await);
    alive.list_models(Script::list(&[json!({"id": "m"})]));
    let app = app_beside(&alive).await;
    let ada = app.register("ada@example.com").await;
    let mut gone = account(&dead);
    drop(dead);
    // A public name that nobody has.
    gone["base_url"] = json!("https://models.invalid/v1");
    gone["name"] = json!("Gone");
    ada.create_provider(gone).await;
    ada.create_provider(account(&alive)).await;
    ada.provider_when("mine", ready).await;
    let state = ada
        .provider_when("gone", |state| state.status != ProviderStatus::Loading)
        .await
        .state;
    assert_eq!(state.status, ProviderStatus::Unreachable);
    assert!(state.problem.unwrap().contains("cannot be reached"));
    assert_eq!(
        ids(&ada).await,
        ["openrouter/openrouter/auto", "demo/echo", "mine/m"]
    );
}

/// What a provider says of the operator's account is not for everybody who uses it.
#[tokio::test]
async fn the_operators_troubles_are_told_without_details() {
    for (status, words) in [
        (401, "does not accept the API key"),
        (403, "The provider refused."),
        (500, "The provider failed (HTTP 500)."),
    ] {
        let upstream = Upstream::start().await;
        upstream.list_models(Script::error(status, "org-7f3a9 owes us money"));
        let app =
            TestApp::with(|config| config.openrouter_base_url = upstream.base_url().clone()).await;
        let ada = app.register("ada@example.com").await;
        let known = |state: &ProviderState| state.status != ProviderStatus::Loading;
        let state = ada.provider_when("openrouter", known).await.state;
        assert_eq!(state.status, ProviderStatus::Failed);
        let problem = state.problem.expect("it says what is wrong");
        assert!(
            problem.contains(words) && !problem.contains("org-7f3a9"),
            "{problem}"
        );
        assert_eq!(ids(&ada).await, ["openrouter/openrouter/auto", "demo/echo"]);
    }
}

/// What was known is known after a restart, before any provider has answered again.
#[tokio::test]
async fn lists_survive_a_restart() {
    let upstream = Upstream::start().await;
    upstream.list_models(Script::list(&[json!({"id": "m"})]));
    let allowed = upstream.host_port();
    let installation = Installation::new(
        upstream,
        &[("PROMPTHUB_PROVIDER_ALLOWLIST", allowed.as_str())],
    )
    .await;
    let upstream = &installation.upstream;
    let served = installation.start().await;
    let ada = served.client();
    ada.register("ada@example.com", "correct horse")
        .await
        .expect_status(201);
    ada.create_provider(account(upstream)).await;
    for slug in ["openrouter", "mine"] {
        ada.provider_when(slug, ready).await;
    }
    served.kill().await;

    upstream.list_models(Script::mute());
    let served = installation.start().await;
    let ada = served.client();
    ada.sign_in("ada@example.com", "correct horse")
        .await
        .expect_status(200);
    assert_eq!(
        ids(&ada).await,
        [
            "openrouter/openrouter/auto",
            "openrouter/m",
            "demo/echo",
            "mine/m"
        ]
    );
    for slug in ["openrouter", "mine"] {
        let state = ada.provider(slug).await.state;
        assert_eq!(
            (state.status, state.model_count),
            (ProviderStatus::Ready, 1),
            "{slug}"
        );
    }
}

/// Servers of one's own name models after files, list some twice, and say what else they can.
#[tokio::test]
async fn odd_lists_are_read_as_far_as_they_go() {
    let upstream = Upstream::start().await;
    upstream.list_models(Script::list(&[
        json!({"id": "two words.gguf"}),
        json!({"id": "twice", "name": "Zeta"}),
        json!({"id": "between", "name": "Beta"}),
        json!({"id": "twice", "name": "Alpha"}),
        json!({"id": "able", "supported_parameters": ["tools"]}),
    ]));
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    ada.provider_when(&provider.slug, ready).await;
    let models = ada.models().await;
    let own = models
        .iter()
        .filter(|model| model.provider == provider.slug);
    let mut ids: Vec<_> = own.map(|model| model.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            "mine/able",
            "mine/between",
            "mine/twice",
            "mine/two words.gguf"
        ]
    );
    // Of what can be set, the one with tools says nothing, so that it is asked.
    let project = ada.create_project("A").await;
    for model in ["mine/able", "mine/two words.gguf"] {
        let body = json!({"message": "Hello", "model": model, "parameters": {"temperature": 0.5}});
        ada.ask(&project, body).await;
        let sent = upstream.request().await.body;
        assert_eq!(sent["model"], model.strip_prefix("mine/").unwrap());
        assert_eq!(sent["temperature"], 0.5);
    }

    // An empty list as servers in Go write it.
    upstream.list_models(Script::status(200).json(&json!({"object": "list", "data": null})));
    let again = json!({"preset": "openai-compatible", "name": "Empty", "base_url": upstream.base_url().as_str()});
    let empty = ada.create_provider(again).await;
    let state = ada.provider_when(&empty.slug, ready).await.state;
    assert_eq!(state.model_count, 0);
}

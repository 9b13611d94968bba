//! People's own accounts with providers: what may be set up, what is shown of it, whose it is.

use prompthub_dto::{
    problem::{FieldCode, ProblemCode},
    providers::{Provider, ProviderStatus, ProviderTest},
};
use prompthub_tests::{Client, TestApp, Upstream, spawn_app, upstream::Script};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "sk-test-0123456789-wxyz";

/// A server whose people may name `upstream` in a base URL.
pub(crate) async fn app_beside(upstream: &Upstream) -> TestApp {
    let allowed = upstream.host_port().parse().expect("a host and a port");
    TestApp::with(|config| config.provider_calls.allowlist = vec![allowed]).await
}

/// What sets up an account with `upstream`.
pub(crate) fn account(upstream: &Upstream) -> Value {
    json!({"preset": "openai-compatible", "name": "Mine", "base_url": upstream.base_url().as_str(), "api_key": KEY})
}

pub(crate) fn path(provider: &Provider) -> String {
    let id = provider.id.expect("one's own has an id");
    format!("/api/providers/{id}")
}

pub(crate) async fn test(client: &Client, provider: &Provider) -> ProviderTest {
    let request = client.post(&format!("{}/test", path(provider)));
    request.send().await.expect_status(200).json()
}

#[tokio::test]
async fn an_account_is_set_up_shown_and_used() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    upstream.list_models(Script::list(&[
        json!({"id": "acme/m1"}),
        json!({"id": "acme/m2"}),
    ]));
    let answer = ada
        .post("/api/providers")
        .json(&account(&upstream))
        .send()
        .await;
    answer.expect_status(201);
    let created: Provider = answer.json();
    assert_eq!(answer.header("location"), Some(path(&created).as_str()));
    let there: Provider = ada.get(&path(&created)).send().await.json();
    assert_eq!(
        (&there.id, &there.slug, there.created_at),
        (&created.id, &created.slug, created.created_at)
    );
    assert_eq!(created.state.status, ProviderStatus::Loading);
    assert!(!answer.text().contains("sk-test"), "{answer}");

    let found = ada
        .provider_when("mine", |state| state.status == ProviderStatus::Ready)
        .await;
    assert_eq!(found.state.model_count, 2);
    assert_eq!(found.key_hint.as_deref(), Some("wxyz"));
    assert_eq!(
        found.base_url.as_deref(),
        Some(upstream.base_url().as_str())
    );
    assert_eq!(
        (found.slug.as_str(), found.preset.as_str(), found.shared),
        ("mine", "openai-compatible", false)
    );
    let models = ada.models().await;
    let own = models.iter().filter(|model| model.provider == "mine");
    let ids: Vec<&str> = own.map(|model| model.id.as_str()).collect();
    assert_eq!(ids, ["mine/acme/m1", "mine/acme/m2"]);

    let project = ada.create_project("Notes").await;
    let reply = ada
        .say(
            &project,
            json!({"message": "Hello", "model": "mine/acme/m1"}),
        )
        .send()
        .await;
    reply.expect_status(200);
    let request = upstream.request().await;
    assert_eq!(request.body["model"], "acme/m1");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert!(
        app.upstream.requests().is_empty(),
        "the operator's account is not asked"
    );
}

/// Whose account it is, reads why it failed, as its test says it; of the operator's it is nobody's business.
#[tokio::test]
async fn whose_account_it_is_is_told_why_it_failed() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    ada.create_provider(account(&upstream)).await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "mine/acme/m1"}))
        .await;
    let reason = "model requires more system memory (5.6 GiB) than is available";
    let body = json!({"error": format!("{reason} {KEY} {}", "x".repeat(1000))});
    let failing = Script::status(500).json(&body);
    upstream.next(failing.clone());
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    let told = answer.assert_problem(ProblemCode::ProviderUnavailable);
    let said = format!(
        "It failed, or is overloaded. Try again, or choose another model. The provider says: {reason} …"
    );
    assert!(told.detail.starts_with(&said), "{}", told.detail);
    assert!(told.detail.chars().count() < 600 && !told.detail.contains(KEY));
    let conversation = ada.conversations(&project).await.remove(0).id;
    let stored = ada.messages(conversation.as_str()).await.remove(1);
    assert_eq!(
        stored.problem.map(|problem| problem.detail),
        Some(told.detail)
    );

    app.upstream.next(failing);
    let body = json!({"message": "Hello", "model": "openrouter/acme/m1"});
    let told = ada.say(&project, body).send().await;
    let told = told.assert_problem(ProblemCode::ProviderUnavailable);
    assert!(!told.detail.contains("memory"), "{}", told.detail);
}

#[tokio::test]
async fn the_operators_accounts_come_first_and_tell_little() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    ada.create_provider(json!({"preset": "groq", "name": "A groq", "api_key": KEY}))
        .await;
    let providers = ada.providers().await;
    let slugs: Vec<&str> = providers
        .iter()
        .map(|provider| provider.slug.as_str())
        .collect();
    assert_eq!(slugs, ["openrouter", "demo", "a-groq"]);
    let shared = &providers[0];
    assert!(shared.shared);
    assert_eq!(
        (shared.id, &shared.base_url, &shared.key_hint),
        (None, &None, &None)
    );
    assert_eq!(shared.name, "OpenRouter");
    // Without one of its own, an account has the preset's URL.
    assert_eq!(
        providers[2].base_url.as_deref(),
        Some("https://api.groq.com/openai/v1")
    );
}

#[tokio::test]
async fn the_presets_are_listed() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let answer = ada.get("/api/providers/presets").send().await;
    let presets: Value = answer.expect_status(200).json();
    let presets = presets["items"].as_array().unwrap();
    let find = |name: &str| {
        presets
            .iter()
            .find(|preset| preset["name"] == name)
            .unwrap()
    };
    assert_eq!(presets[0]["name"], "openrouter");
    assert_eq!(
        find("anthropic"),
        &json!({"name": "anthropic", "title": "Anthropic", "base_url": "https://api.anthropic.com", "base_url_rule": "fixed", "key_rule": "required"})
    );
    assert_eq!(find("ollama")["base_url_rule"], "changeable");
    assert_eq!(find("ollama")["key_rule"], "optional");
    assert_eq!(find("openai-compatible")["base_url_rule"], "required");
}

#[tokio::test]
async fn complaints_name_the_field() {
    use FieldCode::{Invalid, Required, TooLong, Unknown};
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let refused: [(Value, &[(&str, FieldCode)]); 13] = [
        (json!({}), &[("preset", Required)]),
        (
            json!({"preset": "nope", "name": " "}),
            &[("preset", Invalid), ("name", Required)],
        ),
        (
            json!({"preset": "groq", "name": "x".repeat(61), "api_key": KEY}),
            &[("name", TooLong)],
        ),
        (
            json!({"preset": "groq", "name": "x"}),
            &[("api_key", Required)],
        ),
        (
            json!({"preset": "groq", "name": "x", "api_key": "  "}),
            &[("api_key", Required)],
        ),
        (
            json!({"preset": "groq", "name": "x", "api_key": "a\nb"}),
            &[("api_key", Invalid)],
        ),
        (
            json!({"preset": "groq", "name": "x", "api_key": "k".repeat(5000)}),
            &[("api_key", TooLong)],
        ),
        (
            json!({"preset": "groq", "name": "x", "api_key": KEY, "base_url": "https://elsewhere.example.com"}),
            &[("base_url", Invalid)],
        ),
        (
            json!({"preset": "openai-compatible", "name": "x"}),
            &[("base_url", Required)],
        ),
        (
            json!({"preset": "openai-compatible", "name": "x", "base_url": "models.example.com"}),
            &[("base_url", Invalid)],
        ),
        (
            json!({"preset": "openai-compatible", "name": "x", "base_url": "ftp://models.example.com"}),
            &[("base_url", Invalid)],
        ),
        (
            json!({"preset": "groq", "name": "x", "api_key": KEY, "owner_id": "y"}),
            &[("owner_id", Unknown)],
        ),
        (
            json!({"preset": "groq", "name": "x", "api_key": KEY, "slug": "y"}),
            &[("slug", Unknown)],
        ),
    ];
    for (body, fields) in refused {
        let answer = ada.post("/api/providers").json(&body).send().await;
        answer.assert_invalid(fields);
        assert!(!answer.text().contains("sk-test"), "{answer}");
    }
    assert!(ada.providers().await.iter().all(|provider| provider.shared));
}

#[tokio::test]
async fn slugs_are_made_from_names_and_stay() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let set_up = async |client: &Client, name: &str| {
        let body = json!({"preset": "groq", "name": name, "api_key": KEY});
        client.create_provider(body).await.slug
    };
    for (name, slug) in [
        ("My Groq!", "my-groq"),
        ("my groq", "my-groq-2"),
        ("My  Groq", "my-groq-3"),
        // The operator's names stay the operator's, set up or not.
        ("OpenRouter", "openrouter-2"),
        ("OpenAI", "openai-2"),
        ("demo", "demo-2"),
        ("模型", "groq"),
    ] {
        assert_eq!(set_up(&ada, name).await, slug, "{name}");
    }
    assert_eq!(
        set_up(&bob, "My Groq").await,
        "my-groq",
        "each has their own"
    );

    let provider = ada.provider("my-groq").await;
    let renamed: Provider = ada
        .patch(&path(&provider))
        .json(&json!({"name": "Another name"}))
        .send()
        .await
        .json();
    assert_eq!(
        (renamed.name.as_str(), renamed.slug.as_str()),
        ("Another name", "my-groq")
    );
    assert_eq!(renamed.key_hint, provider.key_hint);
}

#[tokio::test]
async fn there_is_a_limit_to_how_many() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body =
        json!({"preset": "ollama", "name": "x", "base_url": "https://models.example.com/v1"});
    for _ in 0..20 {
        ada.create_provider(body.clone()).await;
    }
    let answer = ada.post("/api/providers").json(&body).send().await;
    answer.assert_problem(ProblemCode::TooManyProviders);
    let provider = ada.provider("x-7").await;
    ada.delete(&path(&provider)).send().await.expect_status(204);
    assert_eq!(ada.create_provider(body).await.slug, "x-7");
}

#[tokio::test]
async fn anothers_account_cannot_be_used() {
    let upstream = Upstream::start().await;
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    ada.create_provider(account(&upstream)).await;
    let project = bob.create_project("Notes").await;
    let body = json!({"message": "Hello", "model": "mine/acme/m1"});
    bob.say(&project, body)
        .send()
        .await
        .assert_problem(ProblemCode::UnknownModel);
    assert!(
        bob.models()
            .await
            .iter()
            .all(|model| model.provider != "mine")
    );
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn the_operators_accounts_may_be_for_administrators_alone() {
    let app = TestApp::with(|config| config.share_providers = prompthub_api::Sharing::Admins).await;
    let admin = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let slugs = |providers: Vec<Provider>| {
        let slugs = providers.into_iter().map(|provider| provider.slug);
        slugs.collect::<Vec<_>>()
    };
    assert_eq!(slugs(admin.providers().await), ["openrouter", "demo"]);
    assert_eq!(slugs(bob.providers().await), ["demo"]);
    assert!(bob.models().await.iter().all(|model| model.demo));
    let project = admin.create_project("Notes").await;
    admin.chat(&project, "Hello").await;
    // What somebody else cannot use is not what their projects begin with.
    let project = bob.create_project("Notes").await;
    assert_eq!(project.model, "demo/echo");
    let body = json!({"message": "Hello", "model": "openrouter/acme/m1"});
    bob.say(&project, body)
        .send()
        .await
        .assert_problem(ProblemCode::UnknownModel);
}

/// Setting up, changing and testing an account are calls that the server makes wherever somebody wants.
#[tokio::test]
async fn calls_to_wherever_somebody_wants_are_counted() {
    let upstream = Upstream::start().await;
    let allowed = upstream.host_port().parse().unwrap();
    let app = TestApp::with(|config| {
        config.provider_calls.allowlist = vec![allowed];
        config.attempts_per_account = 4;
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let provider = ada.create_provider(account(&upstream)).await;
    let change = async |body: Value| ada.patch(&path(&provider)).json(&body).send().await;
    change(json!({"api_key": "sk-another"}))
        .await
        .expect_status(200);
    for _ in 0..2 {
        test(&ada, &provider).await;
    }
    let answer = ada.post(&format!("{}/test", path(&provider))).send().await;
    answer.assert_problem(ProblemCode::RateLimited);
    assert!(answer.header("retry-after").is_some());
    let moved = change(json!({"api_key": "sk-a-third"})).await;
    moved.assert_problem(ProblemCode::RateLimited);
    let another = ada.post("/api/providers").json(&account(&upstream));
    another
        .send()
        .await
        .assert_problem(ProblemCode::RateLimited);
    // A name leads nowhere.
    change(json!({"name": "Renamed"})).await.expect_status(200);
}

//! Where people may make the server connect to: never to itself, its neighbours or a cloud's metadata,
//! however the address is written and wherever it leads.

use prompthub_dto::{
    problem::{FieldCode, ProblemCode},
    providers::{ProviderState, ProviderStatus, ProviderTest},
};
use prompthub_tests::{Client, Upstream, spawn_app, upstream::Script};
use serde_json::json;

use crate::provider_accounts::{account, app_beside, path};

fn body(base_url: &str) -> serde_json::Value {
    json!({"preset": "openai-compatible", "name": "Mine", "base_url": base_url, "api_key": "sk-test-0123456789"})
}

/// An address that is written out is refused when the account is set up.
#[tokio::test]
async fn an_address_is_refused_in_every_spelling() {
    let target = Upstream::start().await;
    let port = target.base_url().port().unwrap();
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.０.０.１",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "2852039166",
        "100.100.100.200",
        "168.63.129.16",
    ];
    for host in hosts {
        let url = format!("http://{host}:{port}/api/v1");
        let answer = ada.post("/api/providers").json(&body(&url)).send().await;
        let problem = answer.assert_invalid(&[("base_url", FieldCode::Invalid)]);
        assert!(
            problem.detail.contains("private address"),
            "{url}: {problem:?}"
        );
    }
    for (url, why) in [
        (
            format!("http://openrouter.ai@127.0.0.1:{port}/"),
            "user name",
        ),
        (
            format!("http://openrouter.ai:80@127.0.0.1:{port}/"),
            "user name",
        ),
        (
            format!("http://127.0.0.1:{port}#@openrouter.ai/"),
            "fragment",
        ),
        (
            format!("http:\\\\127.0.0.1:{port}\\api\\v1"),
            "private address",
        ),
        (format!("http:///127.0.0.1:{port}/"), "private address"),
        (format!("  http://127.0.0.1:{port}/\t"), "private address"),
        ("file:///etc/passwd".to_owned(), "http"),
        ("gopher://127.0.0.1/".to_owned(), "http"),
    ] {
        let answer = ada.post("/api/providers").json(&body(&url)).send().await;
        let problem = answer.assert_invalid(&[("base_url", FieldCode::Invalid)]);
        assert!(problem.detail.contains(why), "{url}: {problem:?}");
    }
    assert_eq!(target.request_count(), 0);
}

async fn assert_unusable(ada: &Client, base_url: &str) {
    let provider = ada.create_provider(body(base_url)).await;
    let state = ada
        .provider_when(&provider.slug, |state| {
            state.status != ProviderStatus::Loading
        })
        .await
        .state;
    assert_eq!(
        state.status,
        ProviderStatus::Failed,
        "{base_url}: {state:?}"
    );
    let problem = state.problem.unwrap();
    assert!(problem.contains("private address"), "{base_url}: {problem}");
    let test = ada.post(&format!("{}/test", path(&provider))).send().await;
    let test: ProviderTest = test.expect_status(200).json();
    assert!(
        !test.ok && test.message.contains("private address"),
        "{base_url}: {test:?}"
    );
    let project = ada.create_project("Notes").await;
    let model = format!("{}/m", provider.slug);
    let answer = ada
        .say(&project, json!({"message": "Hello", "model": model}))
        .send()
        .await;
    let problem = answer.assert_problem(ProblemCode::ProviderRefused);
    assert!(
        problem.detail.contains("private address"),
        "{base_url}: {problem:?}"
    );
}

/// A name is judged by the addresses that it has at the moment of the call.
#[tokio::test]
async fn a_name_that_leads_here_is_not_followed() {
    let target = Upstream::start().await;
    let port = target.base_url().port().unwrap();
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for host in ["localhost", "LOCALHOST"] {
        assert_unusable(&ada, &format!("http://{host}:{port}/api/v1")).await;
    }
    // Whether this is a name at all, systems do not agree on.
    let url = format!("http://localhost.:{port}/api/v1");
    ada.create_provider(body(&url)).await;
    let known = |state: &ProviderState| state.status != ProviderStatus::Loading;
    let state = ada.provider_when("mine-3", known).await.state;
    assert_ne!(state.status, ProviderStatus::Ready, "{state:?}");
    assert_eq!(target.request_count(), 0);
}

/// What the operator allows is one port of one host.
#[tokio::test]
async fn what_is_allowed_is_allowed_at_its_port_alone() {
    let (allowed, beside) = (Upstream::start().await, Upstream::start().await);
    let app = app_beside(&allowed).await;
    let ada = app.register("ada@example.com").await;
    ada.create_provider(account(&allowed)).await;
    ada.provider_when("mine", |state| state.status == ProviderStatus::Ready)
        .await;
    // The allowed address under other spellings, and under a name that leads to it.
    for host in ["127.1", "[::ffff:127.0.0.1]", "localhost"] {
        let url = format!(
            "http://{host}:{}/api/v1",
            allowed.base_url().port().unwrap()
        );
        let slug = ada.create_provider(body(&url)).await.slug;
        let state = ada
            .provider_when(&slug, |state| state.status != ProviderStatus::Loading)
            .await
            .state;
        let is_here = state.status == ProviderStatus::Ready
            // Nothing listens at the IPv6 address that maps the other one, which is not of the guard's making.
            || state.status == ProviderStatus::Unreachable;
        assert!(is_here, "{url}: {state:?}");
    }
    let answer = ada
        .post("/api/providers")
        .json(&account(&beside))
        .send()
        .await;
    answer.assert_invalid(&[("base_url", FieldCode::Invalid)]);
    assert_eq!(beside.request_count(), 0);
}

/// A redirect is an answer that cannot be read. Nobody follows it, and the key stays where it is.
#[tokio::test]
async fn no_redirect_is_followed() {
    let (upstream, target) = (Upstream::start().await, Upstream::start().await);
    let app = app_beside(&upstream).await;
    let ada = app.register("ada@example.com").await;
    for status in [301, 302, 303, 307, 308] {
        let to = |path: &str| {
            let location = format!("{}/{path}", target.base_url());
            Script::status(status).header("Location", &location)
        };
        upstream.list_models(to("models"));
        let provider = ada.create_provider(account(&upstream)).await;
        let state = ada
            .provider_when(&provider.slug, |state| {
                state.status != ProviderStatus::Loading
            })
            .await
            .state;
        assert!(
            state.problem.unwrap().contains("redirects elsewhere"),
            "{status}"
        );
        upstream.next(to("chat/completions"));
        let project = ada.create_project("Notes").await;
        let model = format!("{}/m", provider.slug);
        let answer = ada
            .say(&project, json!({"message": "Hello", "model": model}))
            .send()
            .await;
        answer.assert_problem(ProblemCode::ProviderProtocol);
    }
    assert_eq!(target.request_count(), 0);
}

/// What the operator allows no more cannot be used any more, whoever set it up before.
#[tokio::test]
async fn an_address_that_is_allowed_no_more_is_not_called() {
    let upstream = Upstream::start().await;
    let allowed = upstream.host_port();
    let settings = [("PROMPTHUB_PROVIDER_ALLOWLIST", allowed.as_str())];
    let target = Upstream::start().await;
    let mut installation = prompthub_tests::Installation::new(target, &settings).await;
    let served = installation.start().await;
    let ada = served.client();
    ada.register("ada@example.com", "correct horse")
        .await
        .expect_status(201);
    ada.create_provider(account(&upstream)).await;
    ada.provider_when("mine", |state| state.status == ProviderStatus::Ready)
        .await;
    served.kill().await;
    let called = upstream.request_count();

    installation.set("PROMPTHUB_PROVIDER_ALLOWLIST", "127.0.0.1:1");
    let served = installation.start().await;
    let ada = served.client();
    ada.sign_in("ada@example.com", "correct horse")
        .await
        .expect_status(200);
    let project = ada.create_project("Notes").await;
    let answer = ada
        .say(&project, json!({"message": "Hello", "model": "mine/m"}))
        .send()
        .await;
    let problem = answer.assert_problem(ProblemCode::ProviderRefused);
    assert!(problem.detail.contains("private address"), "{problem:?}");
    assert_eq!(upstream.request_count(), called);
}

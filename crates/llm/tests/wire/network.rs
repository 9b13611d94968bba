//! A base URL that a person typed: no connection to what it must not reach, whatever it looks like.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use prompthub_llm::{
    Deadline, ErrorKind, Lookup, NetworkPolicy, Provider, Secret, Timeouts,
    presets::{self, Account},
};
use url::Url;

use crate::{
    Outcome, outcome, request,
    upstream::{HEAD, STOP, Upstream, text},
};

/// Every name has these addresses.
#[derive(Debug)]
struct Names(Vec<IpAddr>);

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

fn provider(base_url: &str, addresses: &[&str], allowed: &[String]) -> Arc<dyn Provider> {
    // The second test finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let addresses = addresses.iter().map(|address| address.parse().unwrap());
    let allowed = allowed.iter().map(|entry| entry.parse().unwrap());
    let account = Account {
        base_url: Some(Url::parse(base_url).unwrap()),
        network: NetworkPolicy::guarded_with(
            allowed.collect(),
            Arc::new(Names(addresses.collect())),
        ),
        ..Account::new("mine", Some(Secret::new("sk-0123")))
    };
    presets::build(presets::find("openai-compatible").unwrap(), account).unwrap()
}

#[tokio::test]
async fn a_name_of_this_machine_is_not_connected_to() {
    let upstream = Upstream::bind().await;
    let port = upstream.base_url.port().unwrap();
    for addresses in [
        &["127.0.0.1"][..],
        &["::ffff:127.0.0.1"],
        &["10.0.0.1", "127.0.0.1", "169.254.169.254"],
    ] {
        let provider = provider(&format!("http://evil.example:{port}/v1"), addresses, &[]);
        tokio::select! {
            result = provider.stream(request()) => {
                let error = result.err().unwrap();
                assert_eq!(error.kind, ErrorKind::Refused);
                assert!(error.message.contains("private address"), "{error}");
                assert!(!error.is_transient());
            }
            _ = upstream.accept() => panic!("{addresses:?} was connected to"),
        }
    }
}

#[tokio::test]
async fn what_the_operator_allows_is_connected_to() {
    for allowed in ["models.example", "127.0.0.1"] {
        let upstream = Upstream::bind().await;
        let port = upstream.base_url.port().unwrap();
        let base_url = format!("http://models.example:{port}/v1");
        let provider = provider(&base_url, &["127.0.0.1"], &[format!("{allowed}:{port}")]);
        let serving = upstream.answer(format!("{HEAD}{}{STOP}", text("a")), 1000);
        assert_eq!(
            outcome(provider.stream(request()).await).await,
            Outcome::finished("a")
        );
        let sent = serving.await.unwrap();
        assert!(
            sent.contains(&format!("\r\nhost: models.example:{port}\r\n")),
            "{sent}"
        );
    }
}

/// No name is ever found.
#[derive(Debug)]
struct Silence;

#[async_trait]
impl Lookup for Silence {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn looking_up_a_name_counts_as_connecting() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account {
        base_url: Some(Url::parse("http://models.example/v1").unwrap()),
        network: NetworkPolicy::guarded_with(Vec::new(), Arc::new(Silence)),
        timeouts: Timeouts {
            connect: Duration::from_millis(50),
            ..Timeouts::default()
        },
        ..Account::new("mine", None)
    };
    let provider = presets::build(presets::find("ollama").unwrap(), account).unwrap();
    let error = provider.stream(request()).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(error.deadline, Some(Deadline::Connect));
    assert!(error.unreached && error.is_transient());
}

#[tokio::test]
async fn a_redirect_to_this_machine_is_not_followed() {
    let (upstream, inside) = (Upstream::bind().await, Upstream::bind().await);
    let port = upstream.base_url.port().unwrap();
    let base_url = format!("http://models.example:{port}/v1");
    let provider = provider(&base_url, &["127.0.0.1"], &[format!("127.0.0.1:{port}")]);
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        inside.base_url
    );
    let _serving = upstream.answer(redirect, 1000);
    tokio::select! {
        outcome = async { outcome(provider.stream(request()).await).await } => {
            assert_eq!(outcome, Outcome::failed("", ErrorKind::Protocol));
        }
        _ = inside.accept() => panic!("the redirect was followed"),
    }
}

//! Addresses in every spelling, and what may be connected to.

use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use proptest::prelude::*;

use super::*;

/// Names with addresses that a test made up: a list for each look-up, the last one for ever.
#[derive(Debug)]
struct Names {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let addresses = |list: &&[&str]| {
            list.iter()
                .map(|address| address.parse().unwrap())
                .collect()
        };
        Arc::new(Self {
            answers: Mutex::new(answers.iter().map(addresses).collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let answers = self.answers.lock().unwrap();
        let at = self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = answers.get(at).or(answers.last());
        answer.cloned().ok_or(io::ErrorKind::NotFound.into())
    }
}

fn allowed(list: &[&str]) -> Vec<HostPort> {
    list.iter().map(|entry| entry.parse().unwrap()).collect()
}

fn check(url: &str, list: &[&str]) -> bool {
    let url = Url::parse(url).unwrap();
    NetworkPolicy::guarded(allowed(list)).check(&url).is_ok()
}

#[test]
fn literals_are_judged_in_every_spelling() {
    for host in [
        // This machine.
        "127.0.0.1",
        "127.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.01",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::8.8.8.8]",
        "[2002:7f00:1::]",
        // Neighbours.
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "3232235777",
        "100.64.0.1",
        "100.127.255.255",
        "198.18.0.1",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        // Clouds' metadata.
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        // Nobody or everybody.
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2001::1]",
        "[3fff::1]",
        "[100::1]",
    ] {
        assert!(!check(&format!("http://{host}/v1"), &[]), "{host}");
        assert!(!check(&format!("https://{host}:8443/v1"), &[]), "{host}");
        let anywhere = Url::parse(&format!("http://{host}/v1")).unwrap();
        assert!(NetworkPolicy::unrestricted().check(&anywhere).is_ok());
    }
    for host in [
        "8.8.8.8",
        "134744072",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.169.0.1",
        "223.255.255.255",
        "[2606:4700::1111]",
        "[2a00::1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]",
        // Names are judged when they are looked up.
        "localhost",
        "openrouter.ai",
    ] {
        assert!(check(&format!("http://{host}/v1"), &[]), "{host}");
    }
}

#[test]
fn the_operator_allows_a_host_at_a_port() {
    for (url, list, is_allowed) in [
        ("http://127.0.0.1:11434/v1", &["127.0.0.1:11434"][..], true),
        ("http://0x7f.1:11434/v1", &["2130706433:11434"], true),
        (
            "http://[::ffff:127.0.0.1]:11434/v1",
            &["127.0.0.1:11434"],
            true,
        ),
        ("http://127.0.0.1:11435/v1", &["127.0.0.1:11434"], false),
        ("http://127.0.0.2:11434/v1", &["127.0.0.1:11434"], false),
        ("http://10.0.0.5/v1", &["10.0.0.5:80"], true),
        ("https://10.0.0.5/v1", &["10.0.0.5:80"], false),
        ("http://[fd00::1]:8080/v1", &["[fd00::1]:8080"], true),
        ("http://127.0.0.1:11434/v1", &["localhost:11434"], false),
    ] {
        assert_eq!(check(url, list), is_allowed, "{url} {list:?}");
    }
    for text in [
        "",
        "localhost",
        ":80",
        "a b:80",
        "localhost:",
        "localhost:x",
        "localhost:99999",
        "[::1]",
    ] {
        assert_eq!(text.parse::<HostPort>(), Err(InvalidHostPort), "{text:?}");
    }
}

#[tokio::test]
async fn names_are_judged_by_the_addresses_that_they_have() {
    for (name, list, answer, expected) in [
        (
            "a.example",
            &[][..],
            &["8.8.8.8", "2606:4700::1111"][..],
            Some(2),
        ),
        // Public and private: only the public ones are connected to.
        (
            "a.example",
            &[],
            &["127.0.0.1", "8.8.8.8", "::1", "10.0.0.1"],
            Some(1),
        ),
        ("a.example", &[], &["169.254.169.254"], None),
        ("localhost", &[], &["127.0.0.1", "::1"], None),
        (
            "a.example",
            &[],
            &["64:ff9b::a00:1", "::ffff:127.0.0.1"],
            None,
        ),
        (
            "localhost",
            &["localhost:8080"],
            &["127.0.0.1", "::1"],
            Some(2),
        ),
        ("LOCALHOST.", &["localhost.:8080"], &["127.0.0.1"], Some(1)),
        ("localhost", &["localhost:8081"], &["127.0.0.1"], None),
        // An allowed address allows the names that lead to it, and no other address of theirs.
        (
            "gpu.internal",
            &["10.0.0.5:8080"],
            &["10.0.0.5", "10.0.0.6"],
            Some(1),
        ),
    ] {
        let policy = NetworkPolicy::guarded_with(allowed(list), Names::new(&[answer]));
        let url = Url::parse(&format!("http://{name}:8080/v1")).unwrap();
        let found = policy.resolver(&url).unwrap().addresses(name).await;
        match expected {
            Some(count) => assert_eq!(found.unwrap().len(), count, "{name} {answer:?}"),
            None => assert!(
                found.unwrap_err().is::<ForbiddenAddress>(),
                "{name} {answer:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_name_that_changes_is_judged_anew() {
    let names = Names::new(&[&["8.8.8.8"], &["127.0.0.1"]]);
    let policy = NetworkPolicy::guarded_with(Vec::new(), names);
    let url = Url::parse("http://rebind.example/v1").unwrap();
    let resolver = policy.resolver(&url).unwrap();
    let first = resolver.addresses("rebind.example").await.unwrap();
    assert_eq!(first, ["8.8.8.8".parse::<IpAddr>().unwrap()]);
    let second = resolver.addresses("rebind.example").await.unwrap_err();
    assert!(second.is::<ForbiddenAddress>());
}

#[tokio::test]
async fn a_name_without_an_address_is_no_forbidden_one() {
    for answers in [&[][..], &[&[][..]]] {
        let policy = NetworkPolicy::guarded_with(Vec::new(), Names::new(answers));
        let url = Url::parse("http://nowhere.example/v1").unwrap();
        let found = policy
            .resolver(&url)
            .unwrap()
            .addresses("nowhere.example")
            .await;
        assert!(!found.unwrap_err().is::<ForbiddenAddress>());
    }
}

proptest! {
    /// Every way to write an IPv4 address into an IPv6 one that a gateway unwraps is judged as the
    /// address inside.
    #[test]
    fn wrapping_an_address_changes_nothing(bits in any::<u32>()) {
        let inner = Ipv4Addr::from(bits);
        let is_public = is_public_v4(inner);
        prop_assert_eq!(super::is_public(IpAddr::V6(inner.to_ipv6_mapped())), is_public);
        let [a, b, c, d] = inner.octets();
        let nat64: Ipv6Addr = format!("64:ff9b::{a}.{b}.{c}.{d}").parse().unwrap();
        prop_assert_eq!(super::is_public(IpAddr::V6(nat64)), is_public);
        let spelled = [
            format!("http://{inner}/"),
            format!("http://{bits}/"),
            format!("http://{bits:#x}/"),
            format!("http://0{bits:o}/"),
            format!("http://[{}]/", inner.to_ipv6_mapped()),
        ];
        for url in spelled {
            prop_assert_eq!(check(&url, &[]), is_public, "{}", url);
        }
    }
}

//! Which addresses a provider's base URL may lead to.
//!
//! Owns the guard against server-side request forgery: a base URL that a person typed must not
//! reach this machine, its neighbours or the cloud's metadata. The check is made where it counts,
//! at the addresses that are about to be connected to: those of a literal in the URL, and those
//! that a name has at that moment, whatever it had before. Must not know HTTP.
//!
//! A name that has public and private addresses is connected to at its public ones alone; with no
//! public one left, the call is refused. Redirects are never followed (see `transport`), and no
//! proxy is used, so no other address is ever reached.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use async_trait::async_trait;
use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Which addresses may be connected to.
#[derive(Debug, Clone, Default)]
pub struct NetworkPolicy {
    guard: Option<Arc<Guard>>,
}

#[derive(Debug)]
struct Guard {
    allowed: Vec<HostPort>,
    lookup: Arc<dyn Lookup>,
}

impl NetworkPolicy {
    /// Every address: for base URLs that the operator wrote.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self::default()
    }

    /// Public addresses, and what the operator lists: for base URLs that people wrote.
    #[must_use]
    pub fn guarded(allowed: Vec<HostPort>) -> Self {
        Self::guarded_with(allowed, Arc::new(SystemLookup))
    }

    /// The same, with another way to look up names.
    #[must_use]
    pub fn guarded_with(allowed: Vec<HostPort>, lookup: Arc<dyn Lookup>) -> Self {
        Self {
            guard: Some(Arc::new(Guard { allowed, lookup })),
        }
    }

    /// Judges an address that is written in the URL itself, in whatever spelling: `Url` has made
    /// `127.1`, `0x7f000001` and `2130706433` the same address. Names pass; they are judged when
    /// they are looked up.
    ///
    /// # Errors
    ///
    /// The address may not be connected to.
    pub fn check(&self, url: &Url) -> Result<(), ForbiddenAddress> {
        let (Some(guard), Some(host), Some(port)) =
            (&self.guard, url.host(), url.port_or_known_default())
        else {
            return Ok(());
        };
        let address = match host {
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        match guard.permits(address, port) {
            true => Ok(()),
            false => Err(ForbiddenAddress),
        }
    }

    /// What looks up the name in this URL for the client that calls it; `None` for the usual way.
    pub(crate) fn resolver(&self, url: &Url) -> Option<GuardedResolver> {
        let guard = self.guard.clone()?;
        let port = url.port_or_known_default()?;
        Some(GuardedResolver { guard, port })
    }
}

impl Guard {
    fn permits(&self, address: IpAddr, port: u16) -> bool {
        is_public(address)
            || self
                .allowed
                .iter()
                .any(|entry| entry.port == port && entry.host.is(address))
    }

    /// Whether the operator listed the name itself: then it is theirs to say where it leads.
    fn permits_name(&self, name: &str, port: u16) -> bool {
        let name = bare_name(name);
        self.allowed.iter().any(|entry| {
            entry.port == port && matches!(&entry.host, AllowedHost::Name(host) if *host == name)
        })
    }
}

/// A `host:port` that the operator allows people to name though it is not public, e.g.
/// `localhost:11434`, `10.0.0.5:8000` or `[fd00::1]:8080`. An address also allows the names that
/// lead to it, at that port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    host: AllowedHost,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AllowedHost {
    Name(String),
    Address(IpAddr),
}

impl AllowedHost {
    fn is(&self, address: IpAddr) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Address(allowed) => *allowed == address.to_canonical(),
        }
    }
}

/// The text is no `host:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a host and a port, such as localhost:11434 or [::1]:8080")]
pub struct InvalidHostPort;

impl FromStr for HostPort {
    type Err = InvalidHostPort;

    fn from_str(text: &str) -> Result<Self, InvalidHostPort> {
        let (host, port) = text.trim().rsplit_once(':').ok_or(InvalidHostPort)?;
        let port = port.parse().map_err(|_| InvalidHostPort)?;
        let host = match Host::parse(host).map_err(|_| InvalidHostPort)? {
            Host::Domain(name) => AllowedHost::Name(bare_name(&name)),
            Host::Ipv4(address) => AllowedHost::Address(IpAddr::V4(address)),
            Host::Ipv6(address) => AllowedHost::Address(IpAddr::V6(address).to_canonical()),
        };
        Ok(Self { host, port })
    }
}

/// A name as it is compared: `Localhost.` is `localhost`.
fn bare_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// A base URL leads to an address that people may not make this server connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the base URL leads to a private address; whoever runs this server can allow it in PROMPTHUB_PROVIDER_ALLOWLIST"
)]
pub struct ForbiddenAddress;

/// How names become addresses.
#[async_trait]
pub trait Lookup: Send + Sync + fmt::Debug {
    /// All addresses of the name.
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The operating system's way.
#[derive(Debug)]
struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let addresses = tokio::net::lookup_host((name, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// Looks up names for a client whose calls all go to one port.
#[derive(Debug, Clone)]
pub(crate) struct GuardedResolver {
    guard: Arc<Guard>,
    port: u16,
}

impl GuardedResolver {
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, BoxError> {
        let mut addresses = self.guard.lookup.lookup(name).await?;
        if addresses.is_empty() {
            return Err("the name has no address".into());
        }
        if !self.guard.permits_name(name, self.port) {
            addresses.retain(|address| self.guard.permits(*address, self.port));
        }
        match addresses.is_empty() {
            true => Err(ForbiddenAddress.into()),
            false => Ok(addresses),
        }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str()).await?;
            // Port 0 stands for the URL's.
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            let addresses: Addrs = Box::new(addresses);
            Ok(addresses)
        })
    }
}

/// Whether the address is one of the open Internet.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|net| net.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match translated(address) {
        Some(inner) => is_public_v4(inner),
        None => {
            GLOBAL_UNICAST.contains(&address)
                && !SPECIAL_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// The IPv4 address that a NAT64 gateway would connect to.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    NAT64.contains(&address).then(|| Ipv4Addr::new(a, b, c, d))
}

/// Everything that IANA's registry of special addresses calls not globally reachable, and what
/// clouds use for their metadata.
const SPECIAL_V4: &[Ipv4Net] = &[
    v4([0, 0, 0, 0], 8),        // this network; 0.0.0.0 is this machine
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // carriers' NAT; Alibaba's metadata
    v4([127, 0, 0, 0], 8),      // this machine
    v4([168, 63, 129, 16], 32), // Azure's wire server, public only by its number
    v4([169, 254, 0, 0], 16),   // link-local; most clouds' metadata
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocol assignments; Oracle's metadata
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 88, 99, 0], 24),   // 6to4 relays
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// Only this block of IPv6 is the open Internet; the unspecified address, loopback, unique local,
/// link-local, multicast and IPv4-compatible addresses are all outside of it.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0], 3);

const SPECIAL_V6: &[Ipv6Net] = &[
    v6([0x2001, 0], 23),     // protocol assignments, Teredo among them
    v6([0x2001, 0xdb8], 32), // documentation
    v6([0x2002, 0], 16),     // 6to4, which carries any IPv4 address
    v6([0x3fff, 0], 20),     // documentation
];

/// The well-known prefix of NAT64. The prefix for local use (`64:ff9b:1::/48`) is never public; one
/// that a network took from its own public block cannot be told from the addresses beside it.
const NAT64: Ipv6Net = v6([0x64, 0xff9b], 96);

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b]: [u16; 2], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;

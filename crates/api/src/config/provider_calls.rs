//! How providers are called: where people may point them, how long to wait, how often to try.

use std::time::Duration;

use clap::Args;
use prompthub_llm::HostPort;

/// How providers are called.
#[derive(Debug, Clone, Args)]
pub struct ProviderCalls {
    /// Private or loopback addresses that people may name in a provider's base URL, separated by commas
    #[arg(
        long = "provider-allowlist",
        env = "PROMPTHUB_PROVIDER_ALLOWLIST",
        value_name = "HOST:PORT",
        value_delimiter = ','
    )]
    pub allowlist: Vec<HostPort>,

    /// Seconds that a provider may be silent, before its answer and in the middle of it
    #[arg(
        long = "provider-timeout",
        env = "PROMPTHUB_PROVIDER_TIMEOUT",
        value_name = "SECONDS",
        default_value = "120",
        value_parser = parse_seconds
    )]
    pub timeout: Duration,

    /// Seconds that connecting to a provider may take
    #[arg(
        long = "provider-connect-timeout",
        env = "PROMPTHUB_PROVIDER_CONNECT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = parse_seconds
    )]
    pub connect_timeout: Duration,

    /// Seconds from asking a provider to the first byte of its answer [default: PROMPTHUB_PROVIDER_TIMEOUT]
    #[arg(
        long = "provider-first-byte-timeout",
        env = "PROMPTHUB_PROVIDER_FIRST_BYTE_TIMEOUT",
        value_name = "SECONDS",
        value_parser = parse_seconds
    )]
    pub first_byte_timeout: Option<Duration>,

    /// Seconds that a provider may be silent in the middle of its answer [default: PROMPTHUB_PROVIDER_TIMEOUT]
    #[arg(
        long = "provider-silence-timeout",
        env = "PROMPTHUB_PROVIDER_SILENCE_TIMEOUT",
        value_name = "SECONDS",
        value_parser = parse_seconds
    )]
    pub silence_timeout: Option<Duration>,

    /// Seconds that a whole answer may take
    #[arg(
        long = "provider-total-timeout",
        env = "PROMPTHUB_PROVIDER_TOTAL_TIMEOUT",
        value_name = "SECONDS",
        default_value = "1800",
        value_parser = parse_seconds
    )]
    pub total_timeout: Duration,

    /// How often a provider is asked before the first word, where trying again may help
    #[arg(
        long = "provider-attempts",
        env = "PROMPTHUB_PROVIDER_ATTEMPTS",
        value_name = "N",
        default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=10)
    )]
    pub attempts: u32,

    /// Seconds before the second attempt; the wait doubles with each further one
    #[arg(
        long = "provider-retry-wait",
        env = "PROMPTHUB_PROVIDER_RETRY_WAIT",
        value_name = "SECONDS",
        default_value = "0.5",
        value_parser = parse_seconds,
        hide = true
    )]
    pub retry_wait: Duration,

    /// The longest wait, in seconds, that a provider may ask for before the next attempt
    #[arg(
        long = "provider-longest-retry-after",
        env = "PROMPTHUB_PROVIDER_LONGEST_RETRY_AFTER",
        value_name = "SECONDS",
        default_value = "15",
        value_parser = parse_seconds,
        hide = true
    )]
    pub longest_retry_after: Duration,

    /// Seconds for which a provider that cannot be connected to, or a model that does not answer, is not asked
    #[arg(
        long = "provider-pause",
        env = "PROMPTHUB_PROVIDER_PAUSE",
        value_name = "SECONDS",
        default_value = "20",
        value_parser = parse_seconds,
        hide = true
    )]
    pub pause: Duration,

    /// Seconds for which a provider's list of models is good, at the least
    #[arg(
        long = "provider-list-age",
        env = "PROMPTHUB_PROVIDER_LIST_AGE",
        value_name = "SECONDS",
        default_value = "300",
        value_parser = parse_seconds,
        hide = true
    )]
    pub list_age: Duration,
}

impl Default for ProviderCalls {
    /// As without a flag or variable.
    fn default() -> Self {
        Self {
            allowlist: Vec::new(),
            timeout: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: None,
            silence_timeout: None,
            total_timeout: Duration::from_secs(30 * 60),
            attempts: 3,
            retry_wait: Duration::from_millis(500),
            longest_retry_after: Duration::from_secs(15),
            pause: Duration::from_secs(20),
            list_age: Duration::from_secs(5 * 60),
        }
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "must be a number of seconds above zero".to_owned())
}

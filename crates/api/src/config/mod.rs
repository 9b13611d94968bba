//! What the operator chooses: one struct, every flag with an environment variable.
//!
//! Nothing else in the product reads the environment (the clients of cloud storage read their own
//! credentials, as their documentation says).

mod key_rotation;
mod provider_calls;
mod values;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use ipnet::IpNet;
use prompthub_llm::{
    anthropic::ANTHROPIC_BASE_URL,
    presets::{OPENAI_BASE_URL, OPENROUTER_BASE_URL},
};
use url::Url;

pub use self::{
    key_rotation::KeyRotation,
    provider_calls::ProviderCalls,
    values::{LogFormat, Registration, Secret, Sharing, Titles},
};

/// The options of `prompthub serve`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address to listen on; port 0 picks a free one
    #[arg(
        long,
        env = "PROMPTHUB_BIND",
        default_value = "127.0.0.1:8080",
        value_name = "HOST:PORT"
    )]
    pub bind: String,

    /// Where people reach the server; with https, cookies are Secure and HSTS is sent [default: http://<bind>]
    #[arg(long, env = "PROMPTHUB_PUBLIC_URL", value_name = "URL", value_parser = parse_public_url)]
    pub public_url: Option<Url>,

    /// Folder of the SQLite file, the uploads and the generated secret key
    #[arg(
        long,
        env = "PROMPTHUB_DATA_DIR",
        default_value = "./data",
        value_name = "DIR"
    )]
    pub data_dir: PathBuf,

    /// sqlite://PATH or postgres://… [default: sqlite://<data dir>/prompthub.db]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// file://PATH, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX [default: file://<data dir>/files]
    #[arg(
        long,
        env = "PROMPTHUB_STORAGE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub storage_url: Option<String>,

    /// Signs cookies and seals the keys of providers; at least 32 characters [default: generated into <data dir>/secret.key]
    #[arg(
        long,
        env = "PROMPTHUB_SECRET_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub secret_key: Option<Secret>,

    /// The server's own OpenRouter account
    #[arg(
        long,
        env = "OPENROUTER_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub openrouter_api_key: Option<Secret>,

    /// Base URL of OpenRouter's API
    #[arg(
        long,
        env = "OPENROUTER_BASE_URL",
        value_name = "URL",
        default_value = OPENROUTER_BASE_URL
    )]
    pub openrouter_base_url: Url,

    /// The server's own OpenAI account
    #[arg(
        long,
        env = "OPENAI_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub openai_api_key: Option<Secret>,

    /// Base URL of OpenAI's API
    #[arg(
        long,
        env = "OPENAI_BASE_URL",
        value_name = "URL",
        default_value = OPENAI_BASE_URL
    )]
    pub openai_base_url: Url,

    /// The server's own Anthropic account
    #[arg(
        long,
        env = "ANTHROPIC_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub anthropic_api_key: Option<Secret>,

    /// Base URL of Anthropic's API
    #[arg(
        long,
        env = "ANTHROPIC_BASE_URL",
        value_name = "URL",
        default_value = ANTHROPIC_BASE_URL
    )]
    pub anthropic_base_url: Url,

    /// Who may use the server's own accounts with providers
    #[arg(
        long,
        env = "PROMPTHUB_SHARE_PROVIDERS",
        value_enum,
        default_value = "everyone"
    )]
    pub share_providers: Sharing,

    #[command(flatten)]
    pub provider_calls: ProviderCalls,

    /// Model of new projects [default: openrouter/openrouter/auto, or demo/echo without a key]
    #[arg(long, env = "PROMPTHUB_DEFAULT_MODEL", value_name = "MODEL")]
    pub default_model: Option<String>,

    /// Whether strangers may register; the first account always may
    #[arg(
        long,
        env = "PROMPTHUB_REGISTRATION",
        value_enum,
        default_value = "open"
    )]
    pub registration: Registration,

    /// Bytes that one uploaded file may have
    #[arg(long, env = "PROMPTHUB_MAX_UPLOAD_BYTES", value_name = "BYTES", default_value_t = 25 * 1024 * 1024)]
    pub max_upload_bytes: u64,

    /// Bytes that one document to import may have
    #[arg(long, env = "PROMPTHUB_MAX_IMPORT_BYTES", value_name = "BYTES", default_value_t = 100 * 1024 * 1024)]
    pub max_import_bytes: u64,

    /// Addresses or networks that may set X-Forwarded-For, separated by commas
    #[arg(
        long,
        env = "PROMPTHUB_TRUSTED_PROXIES",
        value_name = "NETS",
        value_delimiter = ',',
        value_parser = parse_net
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// Answers that one account may have running at the same time
    #[arg(
        long,
        env = "PROMPTHUB_MAX_GENERATIONS",
        value_name = "N",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub max_generations: u32,

    /// Where a conversation's title comes from after its first answer; a person's own is never changed
    #[arg(long, env = "PROMPTHUB_TITLES", value_enum, default_value = "model")]
    pub titles: Titles,

    /// Seconds after which answers of a process that has died are called interrupted, where several
    /// processes share a database
    #[arg(
        long,
        env = "PROMPTHUB_LEASE_SECONDS",
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub lease_seconds: u32,

    /// Attempts to sign in or register that one address has in a minute
    #[arg(
        long,
        env = "PROMPTHUB_ATTEMPTS_PER_ADDRESS",
        value_name = "N",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub attempts_per_address: u32,

    /// Attempts at the password of one account, and calls to set up and test its providers, in a minute
    #[arg(
        long,
        env = "PROMPTHUB_ATTEMPTS_PER_ACCOUNT",
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub attempts_per_account: u32,

    /// Cost of bcrypt, in powers of two; each step doubles the time of a sign-in
    #[arg(
        long,
        env = "PROMPTHUB_PASSWORD_COST",
        value_name = "COST",
        default_value_t = 12,
        value_parser = clap::value_parser!(u32).range(10..=16)
    )]
    pub password_cost: u32,

    /// Seconds that a JSON body, or the next piece of an upload, may take to arrive
    #[arg(
        long,
        env = "PROMPTHUB_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub body_timeout_seconds: u64,

    /// Milliseconds that the demo model takes for a word
    #[arg(
        long,
        env = "PROMPTHUB_DEMO_DELAY_MS",
        value_name = "MS",
        default_value_t = 15
    )]
    pub demo_delay_ms: u64,

    /// Threads that serve requests [default: one for each core]
    #[arg(long, env = "PROMPTHUB_WORKERS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub workers: Option<u16>,

    #[command(flatten)]
    pub log: LogConfig,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct LogConfig {
    /// Filter of the log, as tracing's EnvFilter reads it
    #[arg(
        long = "log",
        env = "PROMPTHUB_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub filter: String,

    /// Form of the log on standard error
    #[arg(
        long = "log-format",
        env = "PROMPTHUB_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    pub format: LogFormat,
}

impl Config {
    /// What `prompthub serve` does without a flag or variable, with everything in `data_dir` and on
    /// a free port of the loopback address.
    #[must_use]
    pub fn local(data_dir: PathBuf) -> Self {
        Self {
            bind: "127.0.0.1:0".to_owned(),
            public_url: None,
            data_dir,
            database_url: None,
            storage_url: None,
            secret_key: None,
            openrouter_api_key: None,
            openrouter_base_url: constant_url(OPENROUTER_BASE_URL),
            openai_api_key: None,
            openai_base_url: constant_url(OPENAI_BASE_URL),
            anthropic_api_key: None,
            anthropic_base_url: constant_url(ANTHROPIC_BASE_URL),
            share_providers: Sharing::Everyone,
            provider_calls: ProviderCalls::default(),
            default_model: None,
            registration: Registration::Open,
            max_upload_bytes: 25 * 1024 * 1024,
            max_import_bytes: 100 * 1024 * 1024,
            trusted_proxies: Vec::new(),
            max_generations: 20,
            titles: Titles::Model,
            lease_seconds: 60,
            attempts_per_address: 60,
            attempts_per_account: 10,
            password_cost: 12,
            body_timeout_seconds: 60,
            demo_delay_ms: 15,
            workers: None,
            log: LogConfig {
                filter: "info".to_owned(),
                format: LogFormat::Text,
            },
        }
    }

    /// Where the database is, as `DATABASE_URL` would say it.
    #[must_use]
    pub fn database_url(&self) -> String {
        database_url(self.database_url.as_deref(), &self.data_dir)
    }

    /// The model that new projects get.
    #[must_use]
    pub fn default_model(&self) -> String {
        match (&self.default_model, &self.openrouter_api_key) {
            (Some(model), _) => model.clone(),
            (None, Some(_)) => "openrouter/openrouter/auto".to_owned(),
            (None, None) => "demo/echo".to_owned(),
        }
    }

    /// How long the next piece of a request may take.
    #[must_use]
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    /// Whether browsers reach the server over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }
}

fn database_url(configured: Option<&str>, data_dir: &Path) -> String {
    match configured {
        Some(url) => url.to_owned(),
        None => format!("sqlite://{}", data_dir.join("prompthub.db").display()),
    }
}

#[expect(clippy::expect_used, reason = "constants that a test parses")]
fn constant_url(text: &'static str) -> Url {
    Url::parse(text).expect("the constant is a URL")
}

fn parse_public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must be an http or https URL with a host".to_owned());
    }
    Ok(url)
}

fn parse_net(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "must be an IP address or a network such as 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_agree_with_the_flags() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            config: Config,
        }
        let parsed = <Cli as clap::Parser>::try_parse_from(["serve", "--bind", "127.0.0.1:0"])
            .unwrap()
            .config;
        let local = Config::local(PathBuf::from("./data"));
        assert_eq!(format!("{parsed:?}"), format!("{local:?}"));
    }
}

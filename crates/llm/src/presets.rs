//! The providers that can be set up, as data.
//!
//! Owns the table and what an account must have for each line of it. Must not hold what a wire
//! format does: a line names the function that makes its adapter. A provider of a known format is
//! one line; a new format is one module and one line.

use std::sync::Arc;

use url::Url;

use crate::{
    InvalidOptions, ModelInfo, NetworkPolicy, Provider, Secret, Timeouts,
    anthropic::{ANTHROPIC_BASE_URL, Anthropic, AnthropicOptions},
    openai::{
        Attribution, OpenAiCompatible, OpenAiOptions, Quirks, ReasoningStyle, SeedField, TokenLimit,
    },
};

/// A kind of provider that can be set up.
#[derive(Debug)]
pub struct Preset {
    /// What the API calls it.
    pub name: &'static str,
    /// What a person calls it.
    pub title: &'static str,
    /// Where it usually is. For a server of one's own that is its default port on this machine.
    pub base_url: &'static str,
    pub base_url_rule: BaseUrlRule,
    pub key: KeyRule,
    build: Build,
}

/// Who says where a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseUrlRule {
    /// The preset; another URL is refused, so that a key goes only where it belongs.
    Fixed,
    /// The preset, unless the account has a URL of its own.
    Changeable,
    /// The account.
    Required,
}

/// Whether an account has an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRule {
    Required,
    /// Servers of one's own mostly want none.
    Optional,
}

/// One account with a provider.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name before the first `/` of a model.
    pub slug: String,
    /// `None` for the preset's own.
    pub base_url: Option<Url>,
    pub api_key: Option<Secret>,
    pub timeouts: Timeouts,
    /// Which addresses the base URL may lead to.
    pub network: NetworkPolicy,
    /// Where this installation is found, for providers that list the applications that call them.
    pub app_url: Option<Url>,
}

impl Account {
    /// An account of the operator's: no limit to where the base URL leads.
    #[must_use]
    pub fn new(slug: impl Into<String>, api_key: Option<Secret>) -> Self {
        Self {
            slug: slug.into(),
            base_url: None,
            api_key,
            timeouts: Timeouts::default(),
            network: NetworkPolicy::unrestricted(),
            app_url: None,
        }
    }

    /// The base URL; `build` has seen to it that there is one.
    fn url(&self) -> Result<Url, InvalidOptions> {
        self.base_url.clone().ok_or(InvalidOptions::BaseUrl)
    }
}

/// Every preset, in the order in which they are offered.
pub static PRESETS: &[Preset] = &[
    hosted("openrouter", "OpenRouter", OPENROUTER_BASE_URL, openrouter),
    hosted("openai", "OpenAI", OPENAI_BASE_URL, |account| {
        compatible(account, OPENAI)
    }),
    hosted("anthropic", "Anthropic", ANTHROPIC_BASE_URL, anthropic),
    hosted("gemini", "Google Gemini", GEMINI_BASE_URL, |account| {
        compatible(account, GEMINI)
    }),
    hosted("groq", "Groq", "https://api.groq.com/openai/v1", plain),
    hosted(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        |account| compatible(account, MISTRAL),
    ),
    own_server("ollama", "Ollama", "http://localhost:11434/v1"),
    own_server("llamacpp", "llama.cpp", "http://localhost:8080/v1"),
    own_server("vllm", "vLLM", "http://localhost:8000/v1"),
    own_server("lmstudio", "LM Studio", "http://localhost:1234/v1"),
    // The port of its documentation; not checked.
    own_server("litellm", "LiteLLM", "http://localhost:4000/v1"),
    Preset {
        base_url_rule: BaseUrlRule::Required,
        ..own_server(
            "openai-compatible",
            "OpenAI-compatible server",
            "https://models.example.com/v1",
        )
    },
    Preset {
        base_url_rule: BaseUrlRule::Required,
        build: anthropic,
        ..own_server(
            "anthropic-compatible",
            "Anthropic-compatible server",
            "https://claude.example.com/v1",
        )
    },
];

type Build = fn(Account) -> Result<Arc<dyn Provider>, InvalidOptions>;

/// A service that everybody reaches at the same place, with a key.
const fn hosted(
    name: &'static str,
    title: &'static str,
    base_url: &'static str,
    build: Build,
) -> Preset {
    Preset {
        name,
        title,
        base_url,
        base_url_rule: BaseUrlRule::Fixed,
        key: KeyRule::Required,
        build,
    }
}

/// A server that people run themselves, wherever they want. It speaks chat completions.
const fn own_server(name: &'static str, title: &'static str, base_url: &'static str) -> Preset {
    Preset {
        name,
        title,
        base_url,
        base_url_rule: BaseUrlRule::Changeable,
        key: KeyRule::Optional,
        build: plain,
    }
}

/// The base URL of OpenRouter's API.
pub const OPENROUTER_BASE_URL: &str = "https://openrouter.ai/api/v1";
/// The base URL of OpenAI's API.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
const GEMINI_BASE_URL: &str = "https://generativelanguage.googleapis.com/v1beta/openai";

/// What every server of chat completions can be asked.
pub(crate) const COMPATIBLE: Quirks = Quirks {
    token_limit: TokenLimit::MaxTokens,
    reasoning: ReasoningStyle::Flat,
    ask_for_usage: true,
    forbid_compression: false,
    has_key_endpoint: false,
    seed: SeedField::Seed,
    withhold_user: false,
};

pub(crate) const OPENAI: Quirks = Quirks {
    token_limit: TokenLimit::MaxCompletionTokens,
    ..COMPATIBLE
};

/// It tells usage unasked.
pub(crate) const OPENROUTER: Quirks = Quirks {
    token_limit: TokenLimit::MaxCompletionTokens,
    reasoning: ReasoningStyle::Object,
    ask_for_usage: false,
    forbid_compression: true,
    has_key_endpoint: true,
    ..COMPATIBLE
};

/// It refuses fields that it does not know, `seed` among them: reported by many of its users, not
/// documented.
const GEMINI: Quirks = Quirks {
    seed: SeedField::Unknown,
    withhold_user: true,
    ..COMPATIBLE
};

/// It refuses fields that it does not know, and tells usage unasked: reported by its users.
const MISTRAL: Quirks = Quirks {
    ask_for_usage: false,
    seed: SeedField::RandomSeed,
    withhold_user: true,
    ..COMPATIBLE
};

/// The preset of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// An adapter for an account that somebody set up. It makes no call yet.
///
/// # Errors
///
/// The account has not what the preset wants of it, or its base URL may not be connected to.
///
/// # Panics
///
/// No rustls provider is installed in the process; see the crate's page.
pub fn build(preset: &Preset, account: Account) -> Result<Arc<dyn Provider>, InvalidOptions> {
    let is_elsewhere = |url: &Url| Url::parse(preset.base_url).as_ref() != Ok(url);
    if preset.base_url_rule == BaseUrlRule::Fixed
        && account.base_url.as_ref().is_some_and(is_elsewhere)
    {
        return Err(InvalidOptions::FixedBaseUrl);
    }
    build_at(preset, account)
}

/// The same for an account of the operator's, who may say where any provider is: a proxy of
/// OpenRouter, say.
///
/// # Errors
///
/// As [`build`], but for a base URL that is fixed.
///
/// # Panics
///
/// As [`build`].
pub fn build_at(preset: &Preset, account: Account) -> Result<Arc<dyn Provider>, InvalidOptions> {
    let example = preset.base_url;
    let base_url = match (account.base_url, preset.base_url_rule) {
        (Some(url), _) => url,
        (None, BaseUrlRule::Required) => return Err(InvalidOptions::MissingBaseUrl { example }),
        (None, BaseUrlRule::Fixed | BaseUrlRule::Changeable) => {
            Url::parse(preset.base_url).map_err(|_| InvalidOptions::BaseUrl)?
        }
    };
    let api_key = account
        .api_key
        .filter(|key| !key.expose().trim().is_empty());
    if preset.key == KeyRule::Required && api_key.is_none() {
        return Err(InvalidOptions::MissingKey);
    }
    (preset.build)(Account {
        base_url: Some(base_url),
        api_key,
        ..account
    })
}

fn plain(account: Account) -> Result<Arc<dyn Provider>, InvalidOptions> {
    compatible(account, COMPATIBLE)
}

fn compatible(account: Account, quirks: Quirks) -> Result<Arc<dyn Provider>, InvalidOptions> {
    Ok(Arc::new(OpenAiCompatible::new(options(account, quirks)?)?))
}

fn openrouter(account: Account) -> Result<Arc<dyn Provider>, InvalidOptions> {
    let attribution = account.app_url.clone().map(|url| Attribution {
        url,
        title: "PromptHub".to_owned(),
    });
    Ok(Arc::new(OpenAiCompatible::new(OpenAiOptions {
        attribution,
        models: vec![ModelInfo {
            id: "openrouter/auto".to_owned(),
            name: "OpenRouter: Auto".to_owned(),
            context_length: None,
            demo: false,
        }],
        ..options(account, OPENROUTER)?
    })?))
}

fn options(account: Account, quirks: Quirks) -> Result<OpenAiOptions, InvalidOptions> {
    let base_url = account.url()?;
    Ok(OpenAiOptions {
        timeouts: account.timeouts,
        network: account.network,
        ..OpenAiOptions::new(account.slug, base_url, account.api_key, quirks)
    })
}

fn anthropic(account: Account) -> Result<Arc<dyn Provider>, InvalidOptions> {
    let options = AnthropicOptions {
        timeouts: account.timeouts,
        network: account.network.clone(),
        ..AnthropicOptions::new(&account.slug, account.url()?, account.api_key)
    };
    Ok(Arc::new(Anthropic::new(options)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        // The second test finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Account::new("mine", Some(Secret::new("sk-secret")))
    }

    fn url(text: &str) -> Option<Url> {
        Some(Url::parse(text).unwrap())
    }

    #[test]
    fn every_preset_makes_an_adapter() {
        for preset in PRESETS {
            assert_eq!(
                find(preset.name).map(|found| found.title),
                Some(preset.title)
            );
            let base_url = match preset.base_url_rule {
                BaseUrlRule::Required => url(preset.base_url),
                BaseUrlRule::Fixed | BaseUrlRule::Changeable => None,
            };
            let provider = build(
                preset,
                Account {
                    base_url,
                    ..account()
                },
            )
            .unwrap();
            assert_eq!(provider.slug(), "mine");
            assert!(!format!("{provider:?}").contains("secret"), "{provider:?}");
        }
        assert!(find("unknown").is_none());
    }

    #[test]
    fn an_account_has_what_its_preset_wants() {
        let field = |name: &str, account: Account| {
            let error = build(find(name).unwrap(), account).err()?;
            Some((error.field().unwrap(), error.to_string()))
        };
        let without_key = |key: Option<&str>| Account {
            api_key: key.map(Secret::new),
            ..account()
        };
        let at = |text: &str| Account {
            base_url: url(text),
            ..account()
        };
        for (found, expected) in [
            (field("openai", without_key(None)), Some("api_key")),
            (field("openai", without_key(Some(" "))), Some("api_key")),
            (field("openai", without_key(Some("a\nb"))), Some("api_key")),
            (field("ollama", without_key(None)), None),
            (
                field("openai", at("https://evil.example.com")),
                Some("base_url"),
            ),
            (field("ollama", at("https://my.example.com/v1")), None),
            (field("openai-compatible", account()), Some("base_url")),
            (field("openai-compatible", at("ftp://x")), Some("base_url")),
        ] {
            assert_eq!(
                found.as_ref().map(|(field, _)| *field),
                expected,
                "{found:?}"
            );
        }
        let openai = find("openai").unwrap();
        assert!(build_at(openai, at("https://proxy.example.com/v1")).is_ok());
    }

    #[test]
    fn people_reach_no_server_beside_this_one() {
        let guarded = |name: &str| {
            let account = Account {
                base_url: url("http://127.0.0.1:11434/v1"),
                network: NetworkPolicy::guarded(Vec::new()),
                ..account()
            };
            build(find(name).unwrap(), account).err()
        };
        for name in ["ollama", "openai-compatible"] {
            assert!(
                matches!(guarded(name), Some(InvalidOptions::Forbidden(_))),
                "{name}"
            );
        }
    }
}

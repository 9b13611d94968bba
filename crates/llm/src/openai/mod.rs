//! Chat completions, the wire format that OpenAI began and most providers speak.
//!
//! Owns the adapter. A provider of this format is data: a base URL and a few [`Quirks`], a line in
//! [`presets`](crate::presets). Must not hold what only one provider does in its code paths; that is a quirk.
//!
//! Sources: OpenRouter's API reference, OpenAI's OpenAPI description, and captured streams.

mod chunk;
mod key;
mod models;
mod request;

use async_trait::async_trait;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use self::chunk::ChunkReader;
use crate::{
    AccountCheck, CatalogueEntry, CompletionRequest, CompletionStream, InvalidOptions, ModelInfo,
    NetworkPolicy, Parameters, Provider, ProviderError, Secret, Timeouts,
    answer::Answer,
    catalogue, options,
    transport::{Body, Clients},
};

/// An account with a provider that speaks chat completions.
#[derive(Debug, Clone)]
pub struct OpenAiOptions {
    /// The name before the first `/` of a model.
    pub slug: String,
    /// What `/chat/completions` is appended to: `http` or `https`, with no user or password in it.
    pub base_url: Url,
    /// Sent as a bearer token; many local servers want none.
    pub api_key: Option<Secret>,
    /// What the provider is told of the application that calls it.
    pub attribution: Option<Attribution>,
    /// The models to offer without asking the provider.
    pub models: Vec<ModelInfo>,
    pub quirks: Quirks,
    pub timeouts: Timeouts,
    /// Which addresses the base URL may lead to.
    pub network: NetworkPolicy,
}

/// The application that calls, as OpenRouter lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// Where the application is found; its identity in the list. Only its origin is sent.
    pub url: Url,
    /// What it is called.
    pub title: String,
}

/// Where providers of this format differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    pub token_limit: TokenLimit,
    pub reasoning: ReasoningStyle,
    /// Whether usage comes only if `stream_options` asks for it.
    pub ask_for_usage: bool,
    /// Whether the provider shortens long prompts on its own unless told not to.
    pub forbid_compression: bool,
    pub seed: SeedField,
    /// Whether the list of models is for everybody, and `GET /key` tells of the key instead.
    pub has_key_endpoint: bool,
    /// Whether the field `user` is left out, because the provider refuses fields that it does not know.
    pub withhold_user: bool,
}

/// The name of the field that makes answers repeatable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SeedField {
    #[default]
    Seed,
    /// Mistral's `random_seed`.
    RandomSeed,
    /// There is none: a seed is refused in our words rather than in the provider's.
    Unknown,
}

/// The name of the field that limits the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`, which every local server knows.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which superseded it at OpenAI and OpenRouter.
    MaxCompletionTokens,
}

/// How the reasoning effort is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReasoningStyle {
    /// `"reasoning_effort": "low"`.
    #[default]
    Flat,
    /// `"reasoning": {"effort": "low"}`.
    Object,
}

impl OpenAiOptions {
    /// An account with no assumption about it but how its provider differs.
    #[must_use]
    pub fn new(
        slug: impl Into<String>,
        base_url: Url,
        api_key: Option<Secret>,
        quirks: Quirks,
    ) -> Self {
        Self {
            slug: slug.into(),
            base_url,
            api_key,
            attribution: None,
            models: Vec::new(),
            quirks,
            timeouts: Timeouts::default(),
            network: NetworkPolicy::unrestricted(),
        }
    }

    fn headers(&self) -> Result<HeaderMap, InvalidOptions> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(key) = &self.api_key {
            let value = options::secret_header(&format!("Bearer {}", key.expose()))?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(Attribution { url, title }) = &self.attribution {
            let origin = url.origin().ascii_serialization();
            // Not the standard `Referer`: OpenRouter has a header of its own by this name.
            headers.insert(HeaderName::from_static("http-referer"), header(&origin)?);
            headers.insert(
                HeaderName::from_static("x-openrouter-title"),
                header(title)?,
            );
        }
        Ok(headers)
    }
}

fn header(text: &str) -> Result<HeaderValue, InvalidOptions> {
    HeaderValue::try_from(text).map_err(InvalidOptions::Attribution)
}

/// The adapter to one such provider.
#[derive(Debug)]
pub struct OpenAiCompatible {
    clients: Clients,
    chat_url: Url,
    models_url: Url,
    key_url: Url,
    options: OpenAiOptions,
}

impl OpenAiCompatible {
    /// An adapter with its own connections.
    ///
    /// # Errors
    ///
    /// The options are impossible, or the machine's TLS certificates cannot be read.
    ///
    /// # Panics
    ///
    /// No rustls provider is installed in the process; see the crate's page.
    pub fn new(options: OpenAiOptions) -> Result<Self, InvalidOptions> {
        let OpenAiOptions {
            base_url, network, ..
        } = &options;
        options::check_base_url(base_url, network)?;
        let clients = Clients::new(options.headers()?, &options.timeouts, network, base_url);
        Ok(Self {
            clients: clients.map_err(InvalidOptions::Client)?,
            chat_url: options::below(base_url, &["chat", "completions"])?,
            models_url: options::below(base_url, &["models"])?,
            key_url: options::below(base_url, &["key"])?,
            options,
        })
    }
}

#[async_trait]
impl Provider for OpenAiCompatible {
    fn slug(&self) -> &str {
        &self.options.slug
    }

    fn models(&self) -> Vec<ModelInfo> {
        self.options.models.clone()
    }

    fn unsupported(&self, parameters: &Parameters) -> Vec<(&'static str, &'static str)> {
        request::unsupported(parameters, self.options.quirks)
    }

    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let body = request::Body::new(&request, self.options.quirks)?;
        let request = self.clients.post(self.chat_url.clone())?.json(&body);
        let response = Body::open(request, self.options.timeouts).await?;
        Answer::<ChunkReader>::stream(response, self.options.api_key.clone()).await
    }

    async fn list_models(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        let request = self.clients.get(self.models_url.clone())?;
        let key = self.options.api_key.as_ref();
        models::read(&catalogue::fetch(request, self.options.timeouts, key).await?)
    }

    async fn check(&self) -> Result<AccountCheck, ProviderError> {
        if !self.options.quirks.has_key_endpoint {
            let models = self.list_models().await?.len();
            return Ok(AccountCheck {
                models: Some(models),
                left_usd: None,
            });
        }
        let request = self.clients.get(self.key_url.clone())?;
        let key = self.options.api_key.as_ref();
        key::read(&catalogue::fetch(request, self.options.timeouts, key).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(api_key: &str) -> OpenAiOptions {
        let base_url = Url::parse("http://h/v1").unwrap();
        OpenAiOptions::new("x", base_url, Some(Secret::new(api_key)), Quirks::default())
    }

    #[test]
    fn headers_are_openrouters_and_the_key_is_hidden() {
        let options = OpenAiOptions {
            attribution: Some(Attribution {
                url: Url::parse("https://hub.example.com/some/page?x=1").unwrap(),
                title: "PromptHub".to_owned(),
            }),
            ..options("sk-or-v1-secret")
        };
        let headers = options.headers().unwrap();
        assert_eq!(headers["authorization"], "Bearer sk-or-v1-secret");
        assert_eq!(headers["http-referer"], "https://hub.example.com");
        assert_eq!(headers["x-openrouter-title"], "PromptHub");
        assert!(!format!("{headers:?} {options:?}").contains("secret"));
    }

    #[test]
    fn a_key_with_a_line_end_is_refused() {
        let headers = options("a\nb").headers();
        assert!(matches!(headers, Err(InvalidOptions::ApiKey(_))));
    }
}

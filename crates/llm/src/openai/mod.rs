//! Chat completions, the wire format that OpenAI began and most providers speak.
//!
//! Owns the adapter and its presets: a provider of this format is data, a base URL and a few
//! [`Quirks`]. Must not hold what only one provider does in its code paths; that is a quirk.
//!
//! Sources: OpenRouter's API reference, OpenAI's OpenAPI description, and captured streams.

mod answer;
mod chunk;
mod failure;
mod request;

use async_trait::async_trait;
use futures_util::StreamExt;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
};
use url::Url;

use self::answer::Answer;
use crate::{
    CompletionRequest, CompletionStream, ModelInfo, Provider, ProviderError, Secret, Timeouts,
    transport::{self, Body},
};

/// The base URL of OpenRouter's API.
pub const OPENROUTER_BASE_URL: &str = "https://openrouter.ai/api/v1";
/// The base URL of OpenAI's API.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

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
    /// The preset of any server that speaks the format, with no assumption about it.
    #[must_use]
    pub fn compatible(slug: impl Into<String>, base_url: Url, api_key: Option<Secret>) -> Self {
        Self {
            slug: slug.into(),
            base_url,
            api_key,
            attribution: None,
            models: Vec::new(),
            quirks: Quirks {
                ask_for_usage: true,
                ..Quirks::default()
            },
            timeouts: Timeouts::default(),
        }
    }

    /// The preset of OpenRouter, slug `openrouter`. `app_url` is where this installation is found.
    #[must_use]
    pub fn openrouter(base_url: Url, api_key: Option<Secret>, app_url: Url) -> Self {
        Self {
            attribution: Some(Attribution {
                url: app_url,
                title: "PromptHub".to_owned(),
            }),
            models: vec![ModelInfo {
                id: "openrouter/auto".to_owned(),
                name: "OpenRouter: Auto".to_owned(),
                context_length: None,
                demo: false,
            }],
            quirks: Quirks {
                token_limit: TokenLimit::MaxCompletionTokens,
                reasoning: ReasoningStyle::Object,
                ask_for_usage: false,
                forbid_compression: true,
            },
            ..Self::compatible("openrouter", base_url, api_key)
        }
    }

    /// The preset of OpenAI, slug `openai`.
    #[must_use]
    pub fn openai(base_url: Url, api_key: Option<Secret>) -> Self {
        Self {
            quirks: Quirks {
                token_limit: TokenLimit::MaxCompletionTokens,
                ask_for_usage: true,
                ..Quirks::default()
            },
            ..Self::compatible("openai", base_url, api_key)
        }
    }

    fn endpoint(&self) -> Result<Url, InvalidOptions> {
        let mut url = self.base_url.clone();
        let fits = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none();
        match (fits, url.path_segments_mut()) {
            (true, Ok(mut path)) => {
                path.pop_if_empty().extend(["chat", "completions"]);
            }
            _ => return Err(InvalidOptions::BaseUrl),
        }
        Ok(url)
    }

    fn headers(&self) -> Result<HeaderMap, InvalidOptions> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(key) = &self.api_key {
            let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))
                .map_err(InvalidOptions::ApiKey)?;
            value.set_sensitive(true);
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

/// The options make no adapter.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOptions {
    #[error("the base URL is not http or https, or has a user name in it")]
    BaseUrl,
    #[error("the API key has characters that no key has")]
    ApiKey(#[source] InvalidHeaderValue),
    #[error("the application's title does not fit into a header")]
    Attribution(#[source] InvalidHeaderValue),
    #[error("the HTTP client cannot start")]
    Client(#[source] reqwest::Error),
}

/// The adapter to one such provider.
#[derive(Debug)]
pub struct OpenAiCompatible {
    client: reqwest::Client,
    endpoint: Url,
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
        let endpoint = options.endpoint()?;
        let client = transport::client(options.headers()?, &options.timeouts)
            .map_err(InvalidOptions::Client)?;
        Ok(Self {
            client,
            endpoint,
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

    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let body = request::Body::new(&request, self.options.quirks);
        let request = self.client.post(self.endpoint.clone()).json(&body);
        let response = Body::open(request, self.options.timeouts).await?;
        let answer = Answer::begin(response, self.options.api_key.clone()).await?;
        let events = futures_util::stream::unfold(answer, |mut answer| async move {
            answer.next().await.map(|event| (event, answer))
        });
        Ok(events.boxed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(base_url: &str) -> OpenAiOptions {
        OpenAiOptions::compatible("x", Url::parse(base_url).unwrap(), None)
    }

    #[test]
    fn the_endpoint_is_below_the_base_url() {
        for (base_url, endpoint) in [
            (
                "https://h/api/v1",
                Some("https://h/api/v1/chat/completions"),
            ),
            (
                "https://h/api/v1/",
                Some("https://h/api/v1/chat/completions"),
            ),
            ("http://h:1", Some("http://h:1/chat/completions")),
            (
                "https://h/v1?api-version=2",
                Some("https://h/v1/chat/completions?api-version=2"),
            ),
            ("ftp://h/v1", None),
            ("mailto:a@b", None),
            ("https://user@h/v1", None),
            ("https://:pass@h/v1", None),
        ] {
            let found = options(base_url).endpoint().ok();
            assert_eq!(found.as_ref().map(Url::as_str), endpoint, "{base_url}");
        }
    }

    #[test]
    fn headers_are_openrouters_and_the_key_is_hidden() {
        let url = |text| Url::parse(text).unwrap();
        let options = OpenAiOptions::openrouter(
            url(OPENROUTER_BASE_URL),
            Some(Secret::new("sk-or-v1-secret")),
            url("https://hub.example.com/some/page?x=1"),
        );
        let headers = options.headers().unwrap();
        assert_eq!(headers["authorization"], "Bearer sk-or-v1-secret");
        assert_eq!(headers["http-referer"], "https://hub.example.com");
        assert_eq!(headers["x-openrouter-title"], "PromptHub");
        assert!(!format!("{headers:?} {options:?}").contains("secret"));
    }

    #[test]
    fn a_key_with_a_line_end_is_refused() {
        let options = OpenAiOptions {
            api_key: Some(Secret::new("a\nb")),
            ..options("http://h/v1")
        };
        assert!(matches!(options.headers(), Err(InvalidOptions::ApiKey(_))));
    }
}

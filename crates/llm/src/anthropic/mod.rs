//! Messages, the wire format of Anthropic.
//!
//! Owns the adapter: its options, its headers, and what it remembers of the provider's models,
//! which take different parameters. How long an answer may be is in the request: it must not hang on what
//! this adapter happens to have been told. Must not know the JSON of a request or an event.
//!
//! Sources: the provider sheet of this project and anthropic-sdk-python 0.121.

mod capabilities;
mod event;
mod models;
mod request;

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use self::{capabilities::Capabilities, event::EventReader};
use crate::{
    CatalogueEntry, CompletionRequest, CompletionStream, InvalidOptions, ModelInfo, NetworkPolicy,
    Parameters, Provider, ProviderError, Secret, Timeouts,
    answer::Answer,
    catalogue::{self, MAX_MODELS},
    options,
    transport::{Body, Clients},
};

/// The base URL of Anthropic's API. Others (llama.cpp, LiteLLM) have the format below their own.
pub const ANTHROPIC_BASE_URL: &str = "https://api.anthropic.com";

/// The version of the format, sent with every call.
const VERSION: &str = "2023-06-01";
/// An image may have 5 MiB as base64, which is a third longer than its bytes.
const MAX_IMAGE_BYTES: u64 = 5 * 1024 * 1024 / 4 * 3;
/// A list of more pages is not read to its end.
const MAX_PAGES: usize = 20;

/// An account with a provider that speaks Messages.
#[derive(Debug, Clone)]
pub struct AnthropicOptions {
    /// The name before the first `/` of a model.
    pub slug: String,
    /// What `/v1/messages` is appended to, or `/messages` if it ends in `/v1`.
    pub base_url: Url,
    pub api_key: Option<Secret>,
    /// The models to offer without asking the provider.
    pub models: Vec<ModelInfo>,
    pub timeouts: Timeouts,
    /// Which addresses the base URL may lead to.
    pub network: NetworkPolicy,
}

impl AnthropicOptions {
    /// An account whose base URL the operator chose.
    #[must_use]
    pub fn new(slug: impl Into<String>, base_url: Url, api_key: Option<Secret>) -> Self {
        Self {
            slug: slug.into(),
            base_url,
            api_key,
            models: Vec::new(),
            timeouts: Timeouts::default(),
            network: NetworkPolicy::unrestricted(),
        }
    }

    /// The base URL with the version of the API in it, however it was written.
    fn versioned_url(&self) -> Result<Url, InvalidOptions> {
        options::check_base_url(&self.base_url, &self.network)?;
        let segments = self.base_url.path_segments();
        let last = segments.and_then(|mut path| path.rfind(|segment| !segment.is_empty()));
        match last {
            Some("v1") => Ok(self.base_url.clone()),
            _ => options::below(&self.base_url, &["v1"]),
        }
    }

    fn headers(&self) -> Result<HeaderMap, InvalidOptions> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(
            HeaderName::from_static("anthropic-version"),
            HeaderValue::from_static(VERSION),
        );
        if let Some(key) = &self.api_key {
            headers.insert(
                HeaderName::from_static("x-api-key"),
                options::secret_header(key.expose())?,
            );
        }
        Ok(headers)
    }
}

/// The adapter to one such provider.
#[derive(Debug)]
pub struct Anthropic {
    clients: Clients,
    messages_url: Url,
    models_url: Url,
    options: AnthropicOptions,
    /// What the last list said of each model.
    known: RwLock<HashMap<String, Capabilities>>,
}

impl Anthropic {
    /// An adapter with its own connections.
    ///
    /// # Errors
    ///
    /// The options are impossible, or the machine's TLS certificates cannot be read.
    ///
    /// # Panics
    ///
    /// No rustls provider is installed in the process; see the crate's page.
    pub fn new(options: AnthropicOptions) -> Result<Self, InvalidOptions> {
        let base_url = options.versioned_url()?;
        let AnthropicOptions {
            timeouts, network, ..
        } = &options;
        let clients = Clients::new(options.headers()?, timeouts, network, &base_url);
        Ok(Self {
            clients: clients.map_err(InvalidOptions::Client)?,
            messages_url: options::below(&base_url, &["messages"])?,
            models_url: options::below(&base_url, &["models"])?,
            options,
            known: RwLock::default(),
        })
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .get(model)
            .copied()
            .unwrap_or_else(|| Capabilities::by_name(model))
    }

    async fn page(&self, after: Option<&str>) -> Result<Vec<u8>, ProviderError> {
        let mut url = self.models_url.clone();
        url.query_pairs_mut().append_pair("limit", "1000");
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after_id", after);
        }
        let key = self.options.api_key.as_ref();
        catalogue::fetch(self.clients.get(url)?, self.options.timeouts, key).await
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn slug(&self) -> &str {
        &self.options.slug
    }

    fn models(&self) -> Vec<ModelInfo> {
        self.options.models.clone()
    }

    fn unsupported(&self, parameters: &Parameters) -> Vec<(&'static str, &'static str)> {
        request::unsupported(parameters)
    }

    fn max_image_bytes(&self) -> Option<u64> {
        Some(MAX_IMAGE_BYTES)
    }

    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let capabilities = self.capabilities(&request.model);
        let body = request::Body::new(&request, capabilities)?;
        let request = self.clients.post(self.messages_url.clone())?.json(&body);
        let response = Body::open(request, self.options.timeouts).await?;
        Answer::<EventReader>::stream(response, self.options.api_key.clone()).await
    }

    async fn list_models(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        let (mut entries, mut known) = (Vec::new(), HashMap::new());
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let json = self.page(after.as_deref()).await?;
            let page = catalogue::Page::read(&json)?;
            for (entry, capabilities) in page.data.iter().filter_map(|json| models::read(json)) {
                known.insert(entry.id.clone(), capabilities);
                entries.push(entry);
            }
            // A server that names the same page again would be asked for ever.
            let goes_on = page.has_more == Some(true) && page.last_id != after;
            match page
                .last_id
                .filter(|_| goes_on && entries.len() < MAX_MODELS)
            {
                Some(last_id) => after = Some(last_id),
                None => break,
            }
        }
        entries.truncate(MAX_MODELS);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_in_the_path_once() {
        for (base_url, expected) in [
            ("https://h", "https://h/v1"),
            ("https://h/", "https://h/v1"),
            ("https://h/v1", "https://h/v1"),
            ("https://h/v1/", "https://h/v1/"),
            ("https://h/anthropic", "https://h/anthropic/v1"),
        ] {
            let options = AnthropicOptions::new("a", Url::parse(base_url).unwrap(), None);
            let url = options.versioned_url().unwrap();
            assert_eq!(url.as_str(), expected);
            let messages = options::below(&url, &["messages"]).unwrap();
            assert!(messages.as_str().ends_with("/v1/messages"), "{messages}");
        }
    }

    #[test]
    fn the_key_is_in_one_header_and_hidden() {
        let url = Url::parse(ANTHROPIC_BASE_URL).unwrap();
        let options = AnthropicOptions::new("anthropic", url, Some(Secret::new("sk-ant-secret")));
        let headers = options.headers().unwrap();
        assert_eq!(headers["x-api-key"], "sk-ant-secret");
        assert_eq!(headers["anthropic-version"], "2023-06-01");
        assert!(!format!("{headers:?} {options:?}").contains("secret"));
    }
}

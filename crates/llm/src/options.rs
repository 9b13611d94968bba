//! What makes options impossible, and the parts of them that every wire format shares.
//!
//! Owns base URLs and the header of a key. Must not connect to anything.

use reqwest::header::{HeaderValue, InvalidHeaderValue};
use url::Url;

use crate::{ForbiddenAddress, NetworkPolicy};

/// The options make no adapter. Its text is for whoever wrote them and shows no key.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOptions {
    #[error("the base URL is not http or https, or has a user name or a fragment in it")]
    BaseUrl,
    #[error("this preset needs a base URL, such as {example}")]
    MissingBaseUrl { example: &'static str },
    #[error("this preset has a base URL of its own, which cannot be changed")]
    FixedBaseUrl,
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    #[error("this preset needs an API key")]
    MissingKey,
    #[error("the API key has characters that no key has")]
    ApiKey(#[source] InvalidHeaderValue),
    #[error("the application's title does not fit into a header")]
    Attribution(#[source] InvalidHeaderValue),
    #[error("the HTTP client cannot start")]
    Client(#[source] reqwest::Error),
}

impl InvalidOptions {
    /// The field that needs another value, as the API names it; `None` if no value would help.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::BaseUrl
            | Self::MissingBaseUrl { .. }
            | Self::FixedBaseUrl
            | Self::Forbidden(_) => Some("base_url"),
            Self::MissingKey | Self::ApiKey(_) => Some("api_key"),
            Self::Attribution(_) | Self::Client(_) => None,
        }
    }
}

/// Whether calls below this URL can be made and may be.
pub(crate) fn check_base_url(url: &Url, network: &NetworkPolicy) -> Result<(), InvalidOptions> {
    let fits = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        // What comes after `#` is never sent; it can only be there to deceive a reader.
        && url.fragment().is_none();
    match fits {
        true => Ok(network.check(url)?),
        false => Err(InvalidOptions::BaseUrl),
    }
}

/// The URL with these segments after its path; its query stays.
pub(crate) fn below(base_url: &Url, segments: &[&str]) -> Result<Url, InvalidOptions> {
    let mut url = base_url.clone();
    url.path_segments_mut()
        .map_err(|()| InvalidOptions::BaseUrl)?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// The value of a header that holds a key, and that `Debug` does not show.
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, InvalidOptions> {
    let mut value = HeaderValue::try_from(text).map_err(InvalidOptions::ApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_below_the_base_url() {
        for (base_url, endpoint) in [
            ("https://h/api/v1", Some("https://h/api/v1/a/b")),
            ("https://h/api/v1/", Some("https://h/api/v1/a/b")),
            ("http://h:1", Some("http://h:1/a/b")),
            (
                "https://h/v1?api-version=2",
                Some("https://h/v1/a/b?api-version=2"),
            ),
            ("ftp://h/v1", None),
            ("mailto:a@b", None),
            ("https://user@h/v1", None),
            ("https://:pass@h/v1", None),
            ("https://openrouter.ai@h/v1", None),
            ("https://h/v1#@openrouter.ai", None),
        ] {
            let url = Url::parse(base_url).unwrap();
            let found = check_base_url(&url, &NetworkPolicy::unrestricted())
                .and_then(|()| below(&url, &["a", "b"]));
            assert_eq!(found.ok().as_ref().map(Url::as_str), endpoint, "{base_url}");
        }
    }
}

//! What a provider says of its models.
//!
//! Owns the entries of a catalogue, how far a provider's list is believed, and which parameters a
//! model takes. Must not keep a list: whoever asks decides how long it is good for.

use std::time::Duration;

use reqwest::{
    RequestBuilder,
    header::{ACCEPT, HeaderValue},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    ErrorKind, ModelInfo, Parameters, ProviderError, ResponseFormat, Secret, Timeouts, failure,
    transport::Body,
};

/// A list beyond this is not read. OpenRouter's has about 1 MB.
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// Models beyond this many are left out.
pub(crate) const MAX_MODELS: usize = 5000;
/// An id beyond this many characters is no model's.
const MAX_ID_CHARS: usize = 200;
const MAX_WORDS: usize = 64;
const MAX_WORD_CHARS: usize = 64;

/// How long a list may take, whatever an answer may.
const FIRST_BYTE: Duration = Duration::from_secs(20);
const TOTAL: Duration = Duration::from_secs(60);

/// One model, as its provider describes it. What the provider does not say is `None` or empty, and
/// then it is unknown rather than absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CatalogueEntry {
    /// The provider's own id, without our slug before it.
    pub id: String,
    /// What to call it in a list; the id where the provider has no name for it.
    pub name: String,
    /// Tokens of question and answer together.
    pub context_length: Option<u32>,
    /// The most tokens that an answer can have.
    pub max_output_tokens: Option<u32>,
    /// `text`, `image`, `file`, `audio`, `video`.
    pub input_modalities: Vec<String>,
    pub output_modalities: Vec<String>,
    /// In OpenRouter's names: `temperature`, `top_p`, `max_tokens`, `stop`, `seed`, `reasoning`,
    /// `response_format`, …
    pub supported_parameters: Vec<String>,
    pub pricing: Option<Pricing>,
    /// Whether it only pretends.
    pub demo: bool,
}

/// What a model costs in US dollars, as plain decimal text with the provider's own digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pricing {
    /// For a token of the request.
    pub prompt: Option<String>,
    /// For a token of the answer, reasoning included.
    pub completion: Option<String>,
    /// For a token of the request that was in the cache.
    pub cache_read: Option<String>,
    /// For a token of the request that is put into the cache.
    pub cache_write: Option<String>,
    /// For each call.
    pub request: Option<String>,
    /// For each image of the request.
    pub image: Option<String>,
}

/// One of our parameters.
struct Parameter {
    name: &'static str,
    /// The words that providers have for it. Where these are two, either will do.
    words: &'static [&'static str],
    is_set: fn(&Parameters) -> bool,
}

const PARAMETERS: [Parameter; 7] = [
    Parameter {
        name: "temperature",
        words: &["temperature"],
        is_set: |parameters| parameters.temperature.is_some(),
    },
    Parameter {
        name: "top_p",
        words: &["top_p"],
        is_set: |parameters| parameters.top_p.is_some(),
    },
    Parameter {
        name: "max_tokens",
        words: &["max_tokens", "max_completion_tokens"],
        is_set: |parameters| parameters.max_tokens.is_some(),
    },
    Parameter {
        name: "stop",
        words: &["stop"],
        is_set: |parameters| !parameters.stop.is_empty(),
    },
    Parameter {
        name: "seed",
        words: &["seed"],
        is_set: |parameters| parameters.seed.is_some(),
    },
    Parameter {
        name: "reasoning_effort",
        words: &["reasoning", "reasoning_effort"],
        is_set: |parameters| parameters.reasoning_effort.is_some(),
    },
    Parameter {
        name: "response_format",
        words: &["response_format", SCHEMAS],
        is_set: |parameters| parameters.response_format.is_some(),
    },
];

/// The word for answers that obey a schema. It says nothing of answers that are merely JSON.
const SCHEMAS: &str = "structured_outputs";

impl Parameter {
    /// Whether the words that it takes are enough for how the parameter is set.
    fn is_taken(&self, entry: &CatalogueEntry, set: &Parameters) -> bool {
        let is_plain = set.response_format == Some(ResponseFormat::JsonObject);
        let words = self.words.iter();
        words
            .filter(|word| !(is_plain && **word == SCHEMAS))
            .any(|word| entry.takes(word))
    }
}

impl CatalogueEntry {
    /// The parameters that the model takes, in our names; none if that is unknown.
    #[must_use]
    pub fn parameters(&self) -> Vec<&'static str> {
        let taken = |parameter: &&Parameter| parameter.words.iter().any(|word| self.takes(word));
        let parameters = PARAMETERS.iter().filter(taken);
        parameters.map(|parameter| parameter.name).collect()
    }

    /// Forgets words for what cannot be set here, of which providers have many. A list of such words alone
    /// tells nothing of what can be set.
    pub fn forget_other_parameters(&mut self) {
        let is_ours = |word: &String| {
            let mut words = PARAMETERS.iter().flat_map(|parameter| parameter.words);
            words.any(|ours| ours == word)
        };
        self.supported_parameters.retain(is_ours);
    }

    /// Whether the model takes images; `None` if that is unknown.
    #[must_use]
    pub fn takes_images(&self) -> Option<bool> {
        let modalities = &self.input_modalities;
        (!modalities.is_empty()).then(|| modalities.iter().any(|modality| modality == "image"))
    }

    /// The parameters that are set and that the model does not take, in our names; none if it is
    /// unknown what the model takes. Where the provider's words fall into two (`reasoning` and
    /// `reasoning_effort`, say), either will do.
    #[must_use]
    pub fn unsupported(&self, parameters: &Parameters) -> Vec<&'static str> {
        if self.supported_parameters.is_empty() {
            return Vec::new();
        }
        let refused = PARAMETERS.iter().filter(|parameter| {
            (parameter.is_set)(parameters) && !parameter.is_taken(self, parameters)
        });
        refused.map(|parameter| parameter.name).collect()
    }

    fn takes(&self, parameter: &str) -> bool {
        self.supported_parameters.iter().any(|p| p == parameter)
    }
}

impl From<ModelInfo> for CatalogueEntry {
    fn from(model: ModelInfo) -> Self {
        Self {
            id: model.id,
            name: model.name,
            context_length: model.context_length,
            demo: model.demo,
            ..Self::default()
        }
    }
}

/// The body of a list, whole or not at all.
pub(crate) async fn fetch(
    request: RequestBuilder,
    timeouts: Timeouts,
    key: Option<&Secret>,
) -> Result<Vec<u8>, ProviderError> {
    let timeouts = Timeouts {
        first_byte: timeouts.first_byte.min(FIRST_BYTE),
        total: timeouts.total.min(TOTAL),
        ..timeouts
    };
    let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
    let mut body = Body::open(request, timeouts).await?;
    let (status, headers) = (body.status(), body.headers().clone());
    if !status.is_success() {
        let error = body.read_up_to(failure::MAX_ERROR_BYTES).await;
        let (bytes, _) = error.unwrap_or_default();
        return Err(failure::from_response(status, &headers, &bytes, key));
    }
    match body.read_up_to(MAX_LIST_BYTES).await? {
        (bytes, true) => Ok(bytes),
        (_, false) => Err(no_list("the provider's list of models is too long")),
    }
}

/// A page of a list: the models that can be read, and the JSON of each where it stands.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow, deserialize_with = "null_is_empty")]
    pub(crate) data: Vec<&'a RawValue>,
    #[serde(default)]
    pub(crate) has_more: Option<bool>,
    #[serde(default)]
    pub(crate) last_id: Option<String>,
}

impl<'a> Page<'a> {
    /// Reads `{"data": […]}`, or a list alone.
    pub(crate) fn read(json: &'a [u8]) -> Result<Self, ProviderError> {
        let list = serde_json::from_slice(json).or_else(|error| {
            let data = serde_json::from_slice(json).map_err(|_| error)?;
            Ok(Self {
                data,
                has_more: None,
                last_id: None,
            })
        });
        list.map_err(|error: serde_json::Error| {
            no_list("the provider sent no list of models").with_source(error)
        })
    }
}

/// An empty list as servers in Go write it.
fn null_is_empty<'de, D>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error>
where
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn no_list(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Protocol, message)
}

/// An id that can be one. Servers of one's own name models after files, which may have spaces.
pub(crate) fn id(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    let fits = !id.is_empty()
        && id.chars().count() <= MAX_ID_CHARS
        && id.trim() == id
        && !id
            .chars()
            .any(|c| c.is_control() || (c.is_whitespace() && c != ' '));
    fits.then(|| id.to_owned())
}

/// A name for a list, or the id.
pub(crate) fn name(value: &Value, id: &str) -> String {
    let name = value.as_str().unwrap_or_default().trim();
    match name.is_empty() || name.chars().any(char::is_control) {
        true => id.to_owned(),
        false => name.chars().take(MAX_ID_CHARS).collect(),
    }
}

/// A number of tokens above zero.
pub(crate) fn tokens(value: &Value) -> Option<u32> {
    let tokens = u32::try_from(value.as_u64()?).ok()?;
    (tokens > 0).then_some(tokens)
}

/// The texts of a list, as far as they can be names.
pub(crate) fn words(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(Value::as_str)
        .filter(|word| !word.is_empty() && word.chars().count() <= MAX_WORD_CHARS)
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReasoningEffort;

    #[test]
    fn parameters_have_our_names() {
        let entry = |words: &[&str]| CatalogueEntry {
            supported_parameters: words.iter().map(|word| (*word).to_owned()).collect(),
            ..CatalogueEntry::default()
        };
        let mut model = entry(&[
            "tools",
            "reasoning",
            "max_completion_tokens",
            "structured_outputs",
        ]);
        let ours = ["max_tokens", "reasoning_effort", "response_format"];
        assert_eq!(model.parameters(), ours);
        model.forget_other_parameters();
        assert_eq!(model.supported_parameters.len(), 3);
        assert_eq!(model.parameters(), ours);
        let mut none = entry(&["tools"]);
        none.forget_other_parameters();
        assert!(none.supported_parameters.is_empty(), "nothing is known");
        assert!(entry(&[]).parameters().is_empty());
    }

    #[test]
    fn parameters_are_held_against_what_the_model_takes() {
        let all = Parameters {
            temperature: Some(1.0),
            top_p: Some(1.0),
            max_tokens: Some(1),
            stop: vec!["x".to_owned()],
            seed: Some(1),
            reasoning_effort: Some(ReasoningEffort::Low),
            response_format: Some(ResponseFormat::JsonObject),
        };
        let model = |words: &[&str]| CatalogueEntry {
            supported_parameters: words.iter().map(|word| (*word).to_owned()).collect(),
            ..CatalogueEntry::default()
        };
        assert!(model(&[]).unsupported(&all).is_empty(), "nothing is known");
        assert_eq!(
            model(&["max_completion_tokens", "reasoning", "tools"]).unsupported(&all),
            ["temperature", "top_p", "stop", "seed", "response_format"]
        );
        assert!(
            model(&["tools"])
                .unsupported(&Parameters::default())
                .is_empty()
        );
        let schema = Parameters {
            response_format: Some(ResponseFormat::JsonSchema {
                name: "x".to_owned(),
                schema: Value::Null,
                strict: true,
            }),
            ..Parameters::default()
        };
        assert!(
            model(&["structured_outputs"])
                .unsupported(&schema)
                .is_empty()
        );
        assert_eq!(
            model(&["structured_outputs"]).unsupported(&all).last(),
            Some(&"response_format")
        );
    }

    #[test]
    fn whether_images_are_taken_may_be_unknown() {
        let model = |modalities: &[&str]| CatalogueEntry {
            input_modalities: modalities.iter().map(|m| (*m).to_owned()).collect(),
            ..CatalogueEntry::default()
        };
        assert_eq!(model(&[]).takes_images(), None);
        assert_eq!(model(&["text"]).takes_images(), Some(false));
        assert_eq!(model(&["text", "image"]).takes_images(), Some(true));
    }
}

//! Models that can be chosen.

use serde::{Deserialize, Serialize};

/// A model that a project or a message may name. What its provider does not say is `null` or empty,
/// and then it is unknown rather than absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Model {
    /// `<provider slug>/<the provider's own id>`.
    #[cfg_attr(feature = "openapi", schema(examples("openrouter/openrouter/auto")))]
    pub id: String,
    #[cfg_attr(feature = "openapi", schema(examples("OpenRouter: Auto")))]
    pub name: String,
    /// The slug of the provider.
    #[cfg_attr(feature = "openapi", schema(examples("openrouter")))]
    pub provider: String,
    /// What to call the provider.
    #[cfg_attr(feature = "openapi", schema(examples("OpenRouter")))]
    pub provider_name: String,
    /// Tokens of question and answer together.
    #[cfg_attr(feature = "openapi", schema(examples(200_000)))]
    pub context_length: Option<u32>,
    /// The most tokens that an answer can have.
    #[cfg_attr(feature = "openapi", schema(examples(64_000)))]
    pub max_output_tokens: Option<u32>,
    /// `text`, `image`, `file`, `audio`, `video`.
    #[cfg_attr(feature = "openapi", schema(examples(json!(["text", "image"]))))]
    pub input_modalities: Vec<String>,
    #[cfg_attr(feature = "openapi", schema(examples(json!(["text"]))))]
    pub output_modalities: Vec<String>,
    /// Those of a project's parameters that the model takes.
    #[cfg_attr(feature = "openapi", schema(examples(json!(["temperature", "max_tokens"]))))]
    pub supported_parameters: Vec<String>,
    pub pricing: Option<Pricing>,
    /// Whether it is the offline demo, which only pretends.
    pub demo: bool,
}

/// What a model costs in US dollars, as plain decimal text. What is absent is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pricing {
    /// For a token of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(examples("0.000003")))]
    pub prompt: Option<String>,
    /// For a token of the answer, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(examples("0.000015")))]
    pub completion: Option<String>,
    /// For a token of the request that the provider has in its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<String>,
    /// For a token of the request that the provider puts into its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<String>,
    /// For each call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// For each image of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

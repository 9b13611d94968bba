//! Models that can be chosen.

use serde::{Deserialize, Serialize};

/// A model that a project or a message may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Tokens; `null` where it is not known.
    pub context_length: Option<u32>,
    /// `null` where it is not known.
    pub pricing: Option<Pricing>,
    /// Whether it is the offline demo, which only pretends.
    pub demo: bool,
}

/// US dollars for one token, as decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pricing {
    #[cfg_attr(feature = "openapi", schema(examples("0.000003")))]
    pub prompt: String,
    #[cfg_attr(feature = "openapi", schema(examples("0.000015")))]
    pub completion: String,
}

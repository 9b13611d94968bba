//! Which models can be chosen.

use prompthub_dto::{models::Model, problem::FieldCode};

use super::text::{Bounds, name};
use crate::{error::ApiError, state::App};

const MODEL: Bounds = Bounds { min: 3, max: 200 };

/// `<provider slug>/<the provider's own id>`. Whether the provider is set up is asked when it is
/// used, since that can change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName(String);

impl ModelName {
    /// # Errors
    /// With a complaint about `model`.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        Self::parse_as("model", text)
    }

    /// # Errors
    /// With a complaint about `field`.
    pub fn parse_as(field: &str, text: &str) -> Result<Self, ApiError> {
        let text = name(field, text, MODEL)?;
        match text.split_once('/') {
            Some((slug, id)) if !slug.is_empty() && !id.is_empty() => Ok(Self(text)),
            _ => Err(ApiError::field(
                field,
                FieldCode::Invalid,
                "Must be a provider and a model, such as openrouter/openrouter/auto.",
            )),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Every model that is known without asking a provider.
#[must_use]
pub fn list(app: &App) -> Vec<Model> {
    app.providers
        .registry()
        .models()
        .into_iter()
        .map(|(slug, info)| Model {
            id: format!("{slug}/{}", info.id),
            name: info.name,
            provider: slug.to_owned(),
            context_length: info.context_length,
            pricing: None,
            demo: info.demo,
        })
        .collect()
}

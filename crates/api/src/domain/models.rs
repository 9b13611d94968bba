//! Which models can be chosen.

use std::sync::Arc;

use prompthub_dto::{models::Model, problem::FieldCode};
use prompthub_llm::Provider;

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
        let text = name("model", text, MODEL)?;
        match text.split_once('/') {
            Some((slug, id)) if !slug.is_empty() && !id.is_empty() => Ok(Self(text)),
            _ => Err(ApiError::field(
                "model",
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

    /// Who answers for this model, and the model's id there.
    ///
    /// # Errors
    /// `unknown_model` when there is no such provider.
    pub fn resolve(&self, app: &App) -> Result<(Arc<dyn Provider>, String), ApiError> {
        match app.providers.resolve(&self.0) {
            Some((provider, id)) => Ok((provider, id.to_owned())),
            None => Err(ApiError::UnknownModel(self.0.clone())),
        }
    }
}

/// Every model that is known without asking a provider.
#[must_use]
pub fn list(app: &App) -> Vec<Model> {
    app.providers
        .models()
        .into_iter()
        .map(|(slug, info)| Model {
            id: format!("{slug}/{}", info.id),
            name: info.name,
            provider: slug.to_owned(),
            context_length: info.context_length,
            demo: info.demo,
            ..Model::default()
        })
        .collect()
}

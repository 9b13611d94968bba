//! Who answers for a model.

use std::sync::Arc;

use prompthub_dto::ids::UserId;
use prompthub_llm::{CatalogueEntry, Provider, Registry};

use crate::{domain::models::ModelName, error::ApiError};

/// The providers at hand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Registry>);

/// A model and who answers for it.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub provider: Arc<dyn Provider>,
    /// The provider's own id of the model.
    pub provider_model: String,
    /// What is known about the model; `None` where it is not in the catalogue.
    pub entry: Option<CatalogueEntry>,
}

impl Directory {
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self(Arc::new(registry))
    }

    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.0
    }

    /// # Errors
    /// `unknown_model` when there is no such provider.
    pub async fn resolve(&self, _user: UserId, model: &ModelName) -> Result<Resolved, ApiError> {
        match self.0.resolve(model.as_str()) {
            Some((provider, id)) => Ok(Resolved {
                provider,
                provider_model: id.to_owned(),
                entry: None,
            }),
            None => Err(ApiError::UnknownModel(model.as_str().to_owned())),
        }
    }
}

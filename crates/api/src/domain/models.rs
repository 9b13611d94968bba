//! Which models can be chosen.

use prompthub_dto::{
    ids::UserId,
    models::{Model, Pricing},
    problem::FieldCode,
};
use prompthub_llm::CatalogueEntry;

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

    /// The slug of the provider.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.parts().0
    }

    /// The provider's own id of the model.
    #[must_use]
    pub fn id(&self) -> &str {
        self.parts().1
    }

    /// Parsing has seen to it that there are two.
    fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or_default()
    }
}

/// Every model that the person may use, as far as it is known: provider by provider in the order of
/// their accounts, by name. Asks no provider.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, user: UserId) -> Result<Vec<Model>, ApiError> {
    let mut models = Vec::new();
    for account in app.providers.shared(user).await? {
        app.providers.refresh_shared_if_due(&account);
        models.extend(
            account
                .models()
                .into_iter()
                .map(|entry| model(account.slug, account.name, entry)),
        );
    }
    for account in app.providers.own(user).await? {
        app.providers.refresh_own_if_due(&account);
        let list = app.providers.list_of(&account).await?;
        let (slug, name) = (&account.row.slug, &account.row.name);
        models.extend(
            list.entries()
                .iter()
                .map(|entry| model(slug, name, entry.clone())),
        );
    }
    Ok(models)
}

fn model(slug: &str, provider_name: &str, entry: CatalogueEntry) -> Model {
    let parameters = entry.parameters().into_iter().map(str::to_owned);
    Model {
        id: format!("{slug}/{}", entry.id),
        provider: slug.to_owned(),
        provider_name: provider_name.to_owned(),
        context_length: entry.context_length,
        max_output_tokens: entry.max_output_tokens,
        supported_parameters: parameters.collect(),
        pricing: entry.pricing.map(pricing),
        demo: entry.demo,
        name: entry.name,
        input_modalities: entry.input_modalities,
        output_modalities: entry.output_modalities,
    }
}

fn pricing(pricing: prompthub_llm::Pricing) -> Pricing {
    Pricing {
        prompt: pricing.prompt,
        completion: pricing.completion,
        cache_read: pricing.cache_read,
        cache_write: pricing.cache_write,
        request: pricing.request,
        image: pricing.image,
    }
}

//! The trait that every provider implements, and the registry that finds one by its slug.
//!
//! Owns the seam between the product and the wire formats. Must not know any of them.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{CatalogueEntry, CompletionRequest, CompletionStream, ProviderError};

/// One account with one provider of models.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// The name before the first `/` of a model, e.g. `openrouter`. It has no `/` itself.
    fn slug(&self) -> &str;

    /// The models that are known without asking the provider. It may have many more.
    fn models(&self) -> Vec<ModelInfo>;

    /// Whether it only pretends, and must not be asked for more than a person wants to see.
    fn is_demo(&self) -> bool {
        false
    }

    /// Asks for one answer and returns once the provider begins it.
    ///
    /// Dropping the future or the stream closes the connection at once.
    ///
    /// # Errors
    ///
    /// Whatever kept the answer from beginning. Failures after that arrive in the stream, as its last item.
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError>;

    /// Asks for the models that there are; a provider without a list has those that are known.
    ///
    /// # Errors
    ///
    /// The list did not come, or is none.
    async fn list_models(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        Ok(self
            .models()
            .into_iter()
            .map(CatalogueEntry::from)
            .collect())
    }

    /// Makes one cheap call that shows whether the account can be used: mostly the list of models,
    /// which costs nothing and needs the key.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, or that the provider did not say.
    async fn check(&self) -> Result<AccountCheck, ProviderError> {
        let models = self.list_models().await?.len();
        Ok(AccountCheck {
            models: Some(models),
            left_usd: None,
        })
    }
}

/// What a cheap call has shown of an account that can be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountCheck {
    /// How many models the provider listed, where it was asked for them.
    pub models: Option<usize>,
    /// US dollars that the key may still spend, as decimal text, where the provider says so.
    pub left_usd: Option<String>,
}

/// A model of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// The provider's own id, without our slug before it.
    pub id: String,
    /// What to call it in a list.
    pub name: String,
    /// Tokens, where it is known.
    pub context_length: Option<u32>,
    /// Whether it only pretends.
    pub demo: bool,
}

/// The providers at hand, by slug.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    providers: Vec<Arc<dyn Provider>>,
}

impl Registry {
    /// Of two providers with the same slug, the first one counts.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        Self { providers }
    }

    /// The provider with this slug.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<Arc<dyn Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.slug() == slug)
            .cloned()
    }

    /// The provider of a model and the provider's own id of it: `openrouter/anthropic/x` is
    /// `anthropic/x` at `openrouter`. `None` if no provider has that slug or nothing follows it;
    /// whether the model exists, only the provider knows.
    #[must_use]
    pub fn resolve<'a>(&self, model: &'a str) -> Option<(Arc<dyn Provider>, &'a str)> {
        let (slug, id) = model.split_once('/')?;
        if id.is_empty() {
            return None;
        }
        Some((self.get(slug)?, id))
    }

    /// The models that are known without asking anybody, each with the slug of its provider, in
    /// the order of the providers.
    #[must_use]
    pub fn models(&self) -> Vec<(&str, ModelInfo)> {
        self.providers
            .iter()
            .flat_map(|provider| {
                provider
                    .models()
                    .into_iter()
                    .map(|model| (provider.slug(), model))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::demo::Demo;

    #[test]
    fn a_model_is_resolved_at_its_first_slash() {
        let registry = Registry::new(vec![Arc::new(Demo::new(Duration::ZERO))]);
        for (model, id) in [
            ("demo/echo", Some("echo")),
            ("demo/a/b:free", Some("a/b:free")),
            ("demo/", None),
            ("demo", None),
            ("", None),
            ("/echo", None),
            ("Demo/echo", None),
            ("other/echo", None),
        ] {
            let found = registry.resolve(model);
            assert_eq!(found.as_ref().map(|(_, id)| *id), id, "{model}");
            assert!(found.is_none_or(|(provider, _)| provider.slug() == "demo"));
        }
    }

    #[test]
    fn models_carry_their_providers_slug() {
        let registry = Registry::new(vec![Arc::new(Demo::new(Duration::ZERO))]);
        let models = registry.models();
        assert_eq!(models.len(), 1);
        assert_eq!(models[0].0, "demo");
        assert_eq!(models[0].1.id, "echo");
        assert!(models[0].1.demo);
    }
}

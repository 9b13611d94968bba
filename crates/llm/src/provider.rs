//! The trait that every provider implements.
//!
//! Owns the seam between the product and the wire formats. Must not know any of them.

use std::fmt;

use async_trait::async_trait;

use crate::{CatalogueEntry, CompletionRequest, CompletionStream, Parameters, ProviderError};

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

    /// The parameters that no model of this provider takes as they are set, by our names, and why in words.
    /// What a single model does not take is in its entry of the catalogue. Calls nobody.
    fn unsupported(&self, _: &Parameters) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// The most bytes that an image may have, where the provider bounds that below what is asked for here.
    fn max_image_bytes(&self) -> Option<u64> {
        None
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

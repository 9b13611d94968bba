//! Which models an answer is asked of: one, and others where it gives none.
//!
//! Owns the seam; which models these are and what each is given is the caller's to decide.

use std::sync::Arc;

use async_trait::async_trait;
use prompthub_dto::{
    chat::{Fallback, Omitted},
    problem::Problem,
};
use prompthub_llm::{CompletionRequest, Pricing, Provider};
use prompthub_store::messages::Answerer;

use crate::{error::ApiError, providers::Audience, wire};

/// A model that can be asked, and what it is asked.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// As the API names it.
    pub model: String,
    pub provider: Arc<dyn Provider>,
    pub request: CompletionRequest,
    /// For a cost that the provider does not bill.
    pub pricing: Option<Pricing>,
    /// What of the history is not in the request.
    pub omitted: Option<Omitted>,
    /// Who is told why the provider failed.
    pub audience: Audience,
}

/// The models to ask where the one before gave no answer.
#[async_trait]
pub trait Alternatives: Send {
    /// The next one, or why it cannot be asked; `None` when there is no more.
    async fn next(&mut self) -> Option<Alternative>;
}

/// One of them.
pub struct Alternative {
    /// As the API names it.
    pub model: String,
    pub prepared: Result<Prepared, ApiError>,
}

/// The model that is asked, and those that were before it.
pub struct Asked {
    pub(super) now: Prepared,
    /// The one that was to be asked first, where that is another.
    pub(super) first: Option<String>,
    /// Those that could not be asked or gave no answer, each with its problem.
    pub(super) failed: Vec<(String, Problem)>,
}

impl Asked {
    #[must_use]
    pub fn new(first: Prepared) -> Self {
        Self {
            now: first,
            first: None,
            failed: Vec::new(),
        }
    }

    /// A model that is asked because those before it could not be.
    #[must_use]
    pub fn instead(now: Prepared, failed: Vec<(String, Problem)>) -> Self {
        Self {
            now,
            first: failed.first().map(|(model, _)| model.clone()),
            failed,
        }
    }

    /// Whether the demo is asked.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.now.provider.is_demo()
    }

    /// The model that was to be asked first.
    pub(super) fn requested(&self) -> &str {
        self.first.as_deref().unwrap_or(&self.now.model)
    }

    /// Goes on to another model after those that failed, each with its problem.
    pub(super) fn go_on(&mut self, next: Prepared, failed: Vec<(String, Problem)>) {
        let before = std::mem::replace(&mut self.now, next);
        self.first.get_or_insert(before.model);
        self.failed.extend(failed);
    }

    /// As the message's row has it.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a fault of ours.
    pub fn answerer(&self) -> Result<Answerer, ApiError> {
        let failed = self.failed.iter().map(|(model, problem)| Fallback {
            model: model.clone(),
            problem_code: problem.code,
            detail: problem.detail.clone(),
        });
        let failed: Vec<_> = failed.collect();
        Ok(Answerer {
            model: self.now.model.clone(),
            requested_model: self.first.clone(),
            fallbacks: wire::json(Some(&failed).filter(|failed| !failed.is_empty()))?,
            omitted: wire::json(self.now.omitted.as_ref())?,
        })
    }
}

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

use crate::error::ApiError;

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
    /// The one that was asked first, where that is another.
    pub(super) first: Option<String>,
    /// Those that gave no answer.
    pub(super) failed: Vec<Fallback>,
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

    /// Goes on to another model after those that failed, each with its problem.
    pub(super) fn go_on(&mut self, next: Prepared, failed: &[(String, Problem)]) {
        let before = std::mem::replace(&mut self.now, next);
        self.first.get_or_insert(before.model);
        self.give_up(failed);
    }

    /// Notes models that failed and which no other one follows.
    pub(super) fn give_up(&mut self, failed: &[(String, Problem)]) {
        self.failed
            .extend(failed.iter().map(|(model, problem)| Fallback {
                model: model.clone(),
                problem_code: problem.code,
                detail: problem.detail.clone(),
            }));
    }
}

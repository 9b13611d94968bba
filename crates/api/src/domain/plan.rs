//! Which models a question is put to, and what each of them is given.
//!
//! One is prepared before anything is stored, so that what cannot work is refused; the fallback models only when they
//! are needed. One that does not take a parameter, an image or the length of the question is passed over, and the
//! answer says so: a parameter that was set is never dropped in silence. So is the first one, but for complaints
//! about the request itself, which are for whoever sent it.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use prompthub_dto::{chat::Message, problem::ProblemCode};
use prompthub_llm::{CompletionRequest, Limits, Pricing};
use prompthub_store::messages::MessageRow;

use super::{
    completion::{History, refuse_images, refuse_large_images},
    context,
    models::ModelName,
    parameters::refuse_unsupported,
};
use crate::{
    error::ApiError,
    files::Blobs,
    generation::{Alternative, Alternatives, Asked, Prepared},
    providers::{Directory, Resolved},
    state::App,
    wire,
};

/// A question and the models that are still to be asked.
pub(super) struct Plan {
    directory: Directory,
    blobs: Blobs,
    history: Arc<History>,
    asked: Vec<String>,
    waiting: VecDeque<String>,
}

impl Plan {
    pub(super) fn new(app: &App, history: History, fallbacks: Vec<String>) -> Self {
        Self {
            directory: app.providers.clone(),
            blobs: app.blobs.clone(),
            history: Arc::new(history),
            asked: Vec::new(),
            waiting: fallbacks.into(),
        }
    }

    /// What is still to be asked; `None` where there is nothing, so that the history need not be kept.
    pub(super) fn into_alternatives(self) -> Option<Box<dyn Alternatives>> {
        if self.waiting.is_empty() {
            return None;
        }
        Some(Box::new(self))
    }

    /// A message of the history as the API shows it.
    pub(super) fn shown(&self, row: MessageRow) -> Message {
        let mut message = wire::message(row);
        for image in &mut message.attachments {
            image.file_id = image
                .file_id
                .filter(|id| self.history.files.contains_key(id));
        }
        message
    }

    /// The model to ask first: `model`, or the first fallback model that can be asked where that one cannot. Notes
    /// those that were passed over, each with its problem.
    ///
    /// # Errors
    /// As [`Plan::prepare`] of `model`, where none can be asked.
    pub(super) async fn first(
        &mut self,
        model: &ModelName,
        request_id: &str,
    ) -> Result<Asked, ApiError> {
        let refusal = match self.prepare(model).await {
            Ok(prepared) => return Ok(Asked::new(prepared)),
            Err(error) if is_about_the_model(&error) => error,
            Err(error) => return Err(error),
        };
        let mut failed = vec![(model.as_str().to_owned(), refusal.to_problem(request_id))];
        while let Some(Alternative { model, prepared }) = self.next().await {
            match prepared {
                Ok(prepared) => return Ok(Asked::instead(prepared, failed)),
                Err(error) => failed.push((model, error.to_problem(request_id))),
            }
        }
        Err(refusal)
    }

    /// # Errors
    /// `unknown_model`, `provider_key_unreadable`, `provider_refused`, `images_unsupported`, `context_too_long`,
    /// complaints about parameters that the model does not take and about files that are no images.
    async fn prepare(&mut self, model: &ModelName) -> Result<Prepared, ApiError> {
        self.asked.push(model.as_str().to_owned());
        let Resolved {
            provider,
            provider_model,
            entry,
            audience,
        } = self.directory.resolve(self.history.user, model).await?;
        let (entry, name) = (entry.as_ref(), model.as_str());
        refuse_unsupported(&*provider, entry, name, &self.history.parameters)?;
        let kept = context::fit(&self.history, &provider_model, entry).await?;
        refuse_images(entry, name, &self.history, kept.first)?;
        let most = provider.max_image_bytes();
        refuse_large_images(most, name, &self.history, kept.first)?;
        let limits = Limits {
            max_output_tokens: entry.and_then(|entry| entry.max_output_tokens),
            room: kept.room,
        };
        let request = self
            .history
            .request(&self.blobs, provider_model, kept.first, limits)
            .await?;
        let request = CompletionRequest {
            has_alternative: self.waiting.iter().any(|model| !self.asked.contains(model)),
            ..request
        };
        let pricing = match provider.is_demo() {
            true => Some(free()),
            false => entry.and_then(|entry| entry.pricing.clone()),
        };
        Ok(Prepared {
            model: name.to_owned(),
            provider,
            request,
            pricing,
            omitted: kept.omitted,
            audience,
        })
    }
}

#[async_trait]
impl Alternatives for Plan {
    async fn next(&mut self) -> Option<Alternative> {
        let model = loop {
            let model = self.waiting.pop_front()?;
            if !self.asked.contains(&model) {
                break model;
            }
        };
        let prepared = match ModelName::parse(&model) {
            Ok(name) => self.prepare(&name).await,
            Err(error) => Err(error),
        };
        Some(Alternative { model, prepared })
    }
}

/// Whether it is the model that cannot be asked, so that another one may be. What is wrong with the request, or with
/// this server, is so for whichever model.
fn is_about_the_model(error: &ApiError) -> bool {
    match error {
        // Of an account that cannot be used as it is: nobody has been called yet.
        ApiError::UnknownModel(_) | ApiError::Provider { .. } => true,
        ApiError::Refused { code, .. } => matches!(
            code,
            ProblemCode::ContextTooLong
                | ProblemCode::ImagesUnsupported
                | ProblemCode::ProviderKeyUnreadable
        ),
        _ => false,
    }
}

/// What pretends costs nothing.
fn free() -> Pricing {
    let nothing = Some("0".to_owned());
    Pricing {
        prompt: nothing.clone(),
        completion: nothing,
        ..Pricing::default()
    }
}

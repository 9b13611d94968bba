//! What a provider is asked: the project's prompt, the parameters, and the conversation so far, text and images.

use prompthub_dto::{chat::Attachment, ids::UserId, problem::ProblemCode};
use prompthub_llm::{self as llm, Part};
use prompthub_store::{MessageRole, messages::MessageRow};

use super::{
    attachments::{self, Files},
    content::{BETWEEN, Said},
};
use crate::{error::ApiError, files::Blobs, wire};

/// A conversation up to the question, as any model can be asked it.
#[derive(Debug)]
pub(super) struct History {
    pub(super) system_prompt: Option<String>,
    /// Oldest first; the last one is the question.
    pub(super) messages: Vec<HistoryMessage>,
    pub(super) parameters: llm::Parameters,
    pub(super) user: UserId,
    /// The files of the images, as far as they are there.
    pub(super) files: Files,
    /// Where the request names each image of the question; empty where the question is not new.
    pub(super) fields: Vec<String>,
}

/// One message of it.
#[derive(Debug)]
pub(super) struct HistoryMessage {
    pub(super) role: llm::Role,
    pub(super) text: String,
    pub(super) attachments: Vec<Attachment>,
}

impl HistoryMessage {
    /// `None` of an answer that ended before its first word: it has nothing to tell a model.
    pub(super) fn of(row: MessageRow) -> Option<Self> {
        let attachments = wire::attachments(row.attachments.as_deref());
        (!row.content.is_empty() || !attachments.is_empty()).then_some(Self {
            role: match row.role {
                MessageRole::User => llm::Role::User,
                MessageRole::Assistant => llm::Role::Assistant,
            },
            text: row.content,
            attachments,
        })
    }

    pub(super) fn question(said: &Said, attachments: &[Attachment]) -> Self {
        Self {
            role: llm::Role::User,
            text: said.text.clone(),
            attachments: attachments.to_vec(),
        }
    }
}

impl History {
    /// The request for an answer by `model`, the provider's own id, without the first messages.
    ///
    /// # Errors
    /// A complaint about a file of the question that is no image; when the storage fails.
    pub(super) async fn request(
        &self,
        blobs: &Blobs,
        model: String,
        first_kept: usize,
        limits: llm::Limits,
    ) -> Result<llm::CompletionRequest, ApiError> {
        let kept = self.messages.get(first_kept..).unwrap_or_default();
        let mut messages = Vec::with_capacity(kept.len());
        for (left, message) in (0..kept.len()).rev().zip(kept) {
            let fields = (left == 0).then_some(self.fields.as_slice());
            let content = self
                .content(blobs, message, fields.unwrap_or_default())
                .await?;
            push(&mut messages, message.role, content);
        }
        Ok(llm::CompletionRequest {
            model,
            system_prompt: self.system_prompt.clone(),
            messages,
            parameters: self.parameters.clone(),
            limits,
            user: Some(self.user.to_string()),
            has_alternative: false,
        })
    }

    /// Whether a message from `first_kept` on shows an image that is there.
    pub(super) fn has_images(&self, first_kept: usize) -> bool {
        let kept = self.messages.get(first_kept..).unwrap_or_default();
        kept.iter()
            .flat_map(|message| &message.attachments)
            .any(|image| self.size(image).is_some())
    }

    /// The bytes of an image, while its file is there.
    pub(super) fn size(&self, image: &Attachment) -> Option<u64> {
        let file = self.files.get(&image.file_id?)?;
        u64::try_from(file.size).ok()
    }

    async fn content(
        &self,
        blobs: &Blobs,
        message: &HistoryMessage,
        fields: &[String],
    ) -> Result<llm::Content, ApiError> {
        if message.attachments.is_empty() {
            return Ok(message.text.clone().into());
        }
        let mut parts = Vec::new();
        let (text, mut from) = (message.text.as_str(), 0);
        for (index, image) in message.attachments.iter().enumerate() {
            // Never backwards, or a part of the text would be there twice.
            let at = byte_at(text, image.offset).max(from);
            push_text(&mut parts, piece(text, from, at));
            from = at;
            let field = fields.get(index);
            let name = field.map_or("", String::as_str);
            match attachments::load(blobs, image, &self.files, name).await {
                Ok(Some(found)) => parts.push(Part::Image(found)),
                Ok(None) => parts.push(Part::Text(format!(
                    "[Here was the image {}. Its file has been deleted.]",
                    image.file
                ))),
                // It was an image when it was asked about; whatever it is now, the question is not about it.
                Err(ApiError::Validation(_)) if field.is_none() => parts.push(Part::Text(format!(
                    "[Here was the image {}. It cannot be read.]",
                    image.file
                ))),
                Err(error) => return Err(error),
            }
        }
        push_text(&mut parts, piece(text, from, text.len()));
        Ok(llm::Content::Parts(parts))
    }
}

/// Adds a message. What is not answered, because the answer failed, say, is one message with what follows it: many a
/// model's template insists on turns.
fn push(messages: &mut Vec<llm::ChatMessage>, role: llm::Role, content: llm::Content) {
    match messages.last_mut() {
        Some(last) if last.role == role => last.content.append(content),
        _ => messages.push(llm::ChatMessage { role, content }),
    }
}

/// # Errors
/// `images_unsupported`, where the catalogue knows that the model takes none.
pub(super) fn refuse_images(
    entry: Option<&llm::CatalogueEntry>,
    model: &str,
    history: &History,
    first_kept: usize,
) -> Result<(), ApiError> {
    let takes = entry.and_then(llm::CatalogueEntry::takes_images);
    if takes != Some(false) || !history.has_images(first_kept) {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::ImagesUnsupported,
        format!(
            "{model} reads text alone, and there are images in this conversation. Choose another model."
        ),
    ))
}

/// # Errors
/// `images_unsupported`, where an image that goes along is larger than the provider takes.
pub(super) fn refuse_large_images(
    most: Option<u64>,
    model: &str,
    history: &History,
    first_kept: usize,
) -> Result<(), ApiError> {
    let kept = history.messages.get(first_kept..).unwrap_or_default();
    let Some(most) = most else { return Ok(()) };
    let mut images = kept.iter().flat_map(|message| &message.attachments);
    let Some(image) = images.find(|image| history.size(image) > Some(most)) else {
        return Ok(());
    };
    Err(ApiError::new(
        ProblemCode::ImagesUnsupported,
        format!(
            "{model} takes images of at most {most} bytes, and {} is larger. Send a smaller one, or choose another model.",
            image.file
        ),
    ))
}

/// The bytes that the first `count` characters have.
fn byte_at(text: &str, count: u64) -> usize {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    text.char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at)
}

/// The text from `from` to `to`, without the blank line that divides two parts.
fn piece(text: &str, from: usize, to: usize) -> &str {
    let piece = text.get(from..to).unwrap_or_default();
    match piece.strip_prefix(BETWEEN) {
        Some(piece) if from > 0 => piece,
        _ => piece,
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

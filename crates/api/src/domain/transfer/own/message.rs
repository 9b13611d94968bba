//! A message's document, checked.

use prompthub_dto::{
    Timestamp,
    chat::{self, Attachment, Fallback, Role},
    documents::{AttachmentDocument, MessageDocument},
    ids::ConversationId,
    problem::FieldCode,
};
use prompthub_store::{FinishReason, MessageRole, MessageStatus, messages::MessageRow};

use super::{Links, invalid, time as time_of, within};
use crate::{
    domain::{
        files::FileName,
        text::{self, Bounds},
        transfer::{
            MAX_TEXT_BYTES,
            draft::{Frame, Skipped},
        },
    },
    error::ApiError,
    wire,
};

const MODEL: Bounds = Bounds { min: 1, max: 200 };
/// Images of a message, and models that failed before an answer.
const MAX_IMAGES: usize = 20;
const MAX_FALLBACKS: usize = 6;
/// Characters of what is said of a model that failed.
const DETAIL_CHARS: usize = 1000;
/// Bytes of what went wrong, as JSON.
const MAX_PROBLEM_BYTES: usize = 16 * 1024;
/// Characters of an amount of money.
const COST_CHARS: usize = 70;

/// A message whose document is at `pointer`.
///
/// # Errors
/// Complaints, each under its JSON pointer.
pub(super) fn message(
    message: MessageDocument,
    pointer: &str,
    conversation: ConversationId,
    links: &Links,
    frame: &Frame,
    skipped: &mut Skipped,
) -> Result<MessageRow, ApiError> {
    if message.role == Role::User {
        check_question(&message, pointer)?;
    }
    let at = |name: &str, time: &Timestamp| time_of(time, || format!("{pointer}/{name}"), frame);
    let mut storable = |name: &str, text: String| {
        let pointer = || format!("{pointer}/{name}");
        if text.len() > MAX_TEXT_BYTES {
            let limit = format!("Use at most {MAX_TEXT_BYTES} bytes.");
            return Err(ApiError::field(pointer(), FieldCode::TooLong, limit));
        }
        Ok(skipped.storable(text, pointer))
    };
    let content = storable("content", message.content)?;
    let reasoning = message
        .reasoning
        .map(|text| storable("reasoning", text))
        .transpose()?;
    let named = |field: &str, model: Option<String>| {
        model
            .map(|model| text::name(field, &model, MODEL))
            .transpose()
            .map_err(|error| within(error, pointer))
    };
    let model = named("model", message.model)?;
    let requested_model = named("requested_model", message.requested_model)?;
    let response_model = named("response_model", message.response_model)?;
    let (status, finish_reason) = match message.status {
        // Nobody makes it any more.
        chat::MessageStatus::Running => {
            (MessageStatus::Interrupted, Some(FinishReason::Interrupted))
        }
        ended => {
            let unknown = || {
                invalid(
                    format!("{pointer}/status"),
                    "Must be the status of a message.",
                )
            };
            let status = status(ended).ok_or_else(unknown)?;
            (status, message.finish_reason.map(finish_reason))
        }
    };
    let usage = message.usage.unwrap_or_default();
    let count = |name: &str, tokens: Option<i64>| match tokens {
        Some(..0) => {
            let pointer = format!("{pointer}/{name}");
            Err(ApiError::field(
                pointer,
                FieldCode::OutOfRange,
                "Must not be negative.",
            ))
        }
        tokens => Ok(tokens),
    };
    if usage
        .cost_usd
        .as_deref()
        .is_some_and(|cost| !is_amount(cost))
    {
        return Err(invalid(
            format!("{pointer}/usage/cost_usd"),
            "Must be a decimal number without an exponent.",
        ));
    }
    let problem = wire::json(message.problem.as_ref())?;
    if problem
        .as_ref()
        .is_some_and(|problem| problem.len() > MAX_PROBLEM_BYTES)
    {
        return Err(ApiError::field(
            format!("{pointer}/problem"),
            FieldCode::TooLong,
            format!("Use at most {MAX_PROBLEM_BYTES} bytes."),
        ));
    }
    let id = links.new_id(message.id);
    Ok(MessageRow {
        id: id.ok_or_else(|| ApiError::internal(anyhow::anyhow!("a message without an id")))?,
        conversation_id: conversation,
        parent_id: message.parent_id.and_then(|parent| links.new_id(parent)),
        role: match message.role {
            Role::User => MessageRole::User,
            Role::Assistant => MessageRole::Assistant,
        },
        content,
        reasoning,
        status,
        model,
        prompt_version: message.prompt_version,
        finish_reason,
        prompt_tokens: count("usage/prompt_tokens", usage.prompt_tokens)?,
        completion_tokens: count("usage/completion_tokens", usage.completion_tokens)?,
        cost_usd: usage.cost_usd,
        problem,
        generation_id: None,
        created_at: at("created_at", &message.created_at)?,
        updated_at: at("updated_at", &message.updated_at)?,
        attachments: attachments(message.role, message.attachments, pointer)?,
        requested_model,
        fallbacks: fallbacks(message.fallbacks, pointer)?,
        omitted: wire::json(message.omitted.as_ref())?,
        cached_tokens: count("usage/cached_tokens", usage.cached_tokens)?,
        reasoning_tokens: count("usage/reasoning_tokens", usage.reasoning_tokens)?,
        cost_is_estimate: usage.cost_is_estimate,
        tokens_are_estimate: usage.tokens_are_estimate,
        first_token_ms: count("first_token_ms", message.first_token_ms)?,
        duration_ms: count("duration_ms", message.duration_ms)?,
        response_model,
    })
}

/// A person's message is all there from the beginning, and nothing was used for it.
fn check_question(message: &MessageDocument, pointer: &str) -> Result<(), ApiError> {
    if message.status != chat::MessageStatus::Complete {
        let text = "A question is `complete`.";
        return Err(invalid(format!("{pointer}/status"), text));
    }
    let of_an_answer = [
        ("model", message.model.is_some()),
        ("requested_model", message.requested_model.is_some()),
        ("response_model", message.response_model.is_some()),
        ("fallbacks", !message.fallbacks.is_empty()),
        ("omitted", message.omitted.is_some()),
        ("prompt_version", message.prompt_version.is_some()),
        ("finish_reason", message.finish_reason.is_some()),
        ("usage", message.usage.is_some()),
        ("first_token_ms", message.first_token_ms.is_some()),
        ("duration_ms", message.duration_ms.is_some()),
        ("problem", message.problem.is_some()),
    ];
    match of_an_answer.into_iter().find(|(_, is_there)| *is_there) {
        Some((name, _)) => Err(invalid(
            format!("{pointer}/{name}"),
            "Only an answer has this.",
        )),
        None => Ok(()),
    }
}

/// The images of a question as they are stored, without the files' ids, which are found where it comes in.
fn attachments(
    role: Role,
    documents: Vec<AttachmentDocument>,
    pointer: &str,
) -> Result<Option<String>, ApiError> {
    let complaint =
        |index: usize, text| Err(invalid(format!("{pointer}/attachments/{index}/file"), text));
    let mut images: Vec<Attachment> = Vec::with_capacity(documents.len());
    for (index, document) in documents.into_iter().enumerate() {
        if role == Role::Assistant {
            return complaint(index, "Only a question has images.");
        }
        if index >= MAX_IMAGES {
            return complaint(index, "A message has at most 20 images.");
        }
        let is_name =
            FileName::parse(&document.file).is_ok_and(|name| name.as_str() == document.file);
        if !is_name {
            return complaint(index, "Is no name of a file.");
        }
        if images
            .last()
            .is_some_and(|before| before.offset > document.offset)
        {
            let pointer = format!("{pointer}/attachments/{index}/offset");
            return Err(invalid(pointer, "Must not be before the image before it."));
        }
        images.push(Attachment {
            file: document.file,
            file_id: None,
            offset: document.offset,
        });
    }
    wire::json(Some(&images).filter(|images| !images.is_empty()))
}

fn fallbacks(mut fallbacks: Vec<Fallback>, pointer: &str) -> Result<Option<String>, ApiError> {
    fallbacks.truncate(MAX_FALLBACKS);
    for (index, fallback) in fallbacks.iter_mut().enumerate() {
        let pointer = format!("{pointer}/fallbacks/{index}");
        fallback.model =
            text::name("model", &fallback.model, MODEL).map_err(|error| within(error, &pointer))?;
        fallback.detail = fallback.detail.chars().take(DETAIL_CHARS).collect();
    }
    wire::json(Some(&fallbacks).filter(|fallbacks| !fallbacks.is_empty()))
}

fn is_amount(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    text.len() <= COST_CHARS
        && [whole, fraction]
            .iter()
            .all(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `None` for one that this version does not know.
fn status(status: chat::MessageStatus) -> Option<MessageStatus> {
    Some(match status {
        chat::MessageStatus::Running => MessageStatus::Running,
        chat::MessageStatus::Complete => MessageStatus::Complete,
        chat::MessageStatus::Cancelled => MessageStatus::Cancelled,
        chat::MessageStatus::Interrupted => MessageStatus::Interrupted,
        chat::MessageStatus::Failed => MessageStatus::Failed,
        chat::MessageStatus::Other => return None,
    })
}

fn finish_reason(reason: chat::FinishReason) -> FinishReason {
    match reason {
        chat::FinishReason::Stop => FinishReason::Stop,
        chat::FinishReason::Length => FinishReason::Length,
        chat::FinishReason::ToolCalls => FinishReason::ToolCalls,
        chat::FinishReason::ContentFilter => FinishReason::ContentFilter,
        chat::FinishReason::Error => FinishReason::Error,
        chat::FinishReason::Cancelled => FinishReason::Cancelled,
        chat::FinishReason::Interrupted => FinishReason::Interrupted,
        chat::FinishReason::Other => FinishReason::Other,
    }
}

//! Our own documents, checked: whatever is stored of them could have been made here.

mod project;

pub(super) use project::project;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDateTime};
use prompthub_dto::{
    Timestamp,
    chat::{self, Attachment, Fallback, Role},
    documents::{AttachmentDocument, ConversationDocument, MessageDocument, TitleSource},
    ids::{ConversationId, MessageId},
    problem::FieldCode,
};
use prompthub_store::{
    FinishReason, MessageRole, MessageStatus, TitledBy, conversations::ConversationRow,
    messages::MessageRow,
};

use super::{
    MAX_TEXT_BYTES,
    draft::{ConversationDraft, Frame, Skipped, step},
    new_message_ids,
};
use crate::{
    domain::{
        conversations::TITLE,
        files::FileName,
        text::{self, Bounds},
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
/// Characters of an amount of money.
const COST_CHARS: usize = 70;

/// A conversation whose document is at `pointer`.
///
/// # Errors
/// Complaints, each under its JSON pointer.
pub(super) fn conversation(
    document: ConversationDocument,
    pointer: &str,
    frame: &Frame,
    skipped: &mut Skipped,
) -> Result<ConversationDraft, ApiError> {
    let title =
        text::name("title", &document.title, TITLE).map_err(|error| within(error, pointer))?;
    let id = ConversationId::new();
    let links = Links::check(&document.messages, pointer)?;
    let active = match document.active_message_id {
        Some(active) => Some(links.new_id(active).ok_or_else(|| {
            invalid(
                format!("{pointer}/active_message_id"),
                "There is no such message.",
            )
        })?),
        None => links.new_ids.last().copied(),
    };
    let at = |name: &str, time: &Timestamp| self::time(time, || format!("{pointer}/{name}"), frame);
    let row = ConversationRow {
        id,
        project_id: frame.project,
        owner_id: frame.owner,
        title,
        titled_by: match document.titled_by {
            TitleSource::Person => TitledBy::Person,
            TitleSource::Generated => TitledBy::Generated,
        },
        pinned: document.pinned,
        archived: document.archived,
        active_message_id: active,
        last_activity_at: at("last_activity_at", &document.last_activity_at)?,
        created_at: at("created_at", &document.created_at)?,
        updated_at: at("updated_at", &document.updated_at)?,
    };
    let mut rows = Vec::with_capacity(document.messages.len());
    for (index, message) in document.messages.into_iter().enumerate() {
        let pointer = format!("{pointer}/messages/{index}");
        rows.push(Some(self::message(
            message, &pointer, id, &links, frame, skipped,
        )?));
    }
    let messages = links
        .parents_first
        .iter()
        .filter_map(|index| rows.get_mut(*index).and_then(Option::take))
        .collect();
    let digests = document
        .prompt_versions
        .into_iter()
        .map(|version| (version.number, version.sha256))
        .collect();
    Ok(ConversationDraft {
        row,
        messages,
        digests,
    })
}

/// How the messages of a document hang together.
struct Links {
    index: HashMap<MessageId, usize>,
    /// In the document's order, which is the order in which they are listed.
    new_ids: Vec<MessageId>,
    /// Indexes, each after its parent's.
    parents_first: Vec<usize>,
}

impl Links {
    fn check(messages: &[MessageDocument], pointer: &str) -> Result<Self, ApiError> {
        let mut index = HashMap::with_capacity(messages.len());
        for (position, message) in messages.iter().enumerate() {
            if index.insert(message.id, position).is_some() {
                return Err(invalid(
                    format!("{pointer}/messages/{position}/id"),
                    "Is the id of another message, too.",
                ));
            }
        }
        let mut children = vec![Vec::new(); messages.len()];
        let mut parents_first = Vec::with_capacity(messages.len());
        for (position, message) in messages.iter().enumerate() {
            let Some(parent) = message.parent_id else {
                parents_first.push(position);
                continue;
            };
            let complaint = |text| {
                let pointer = format!("{pointer}/messages/{position}/parent_id");
                Err(invalid(pointer, text))
            };
            let Some(parent) = index.get(&parent).copied() else {
                return complaint("There is no such message.");
            };
            let role = messages.get(parent).map(|parent| parent.role);
            if message.role == Role::Assistant && role == Some(Role::Assistant) {
                return complaint("An answer must follow a question.");
            }
            if let Some(siblings) = children.get_mut(parent) {
                siblings.push(position);
            }
        }
        let mut next = 0;
        while let Some(position) = parents_first.get(next).copied() {
            next += 1;
            parents_first.extend(children.get(position).into_iter().flatten());
        }
        if parents_first.len() < messages.len() {
            let reached: HashSet<usize> = parents_first.iter().copied().collect();
            let stray = (0..messages.len()).find(|position| !reached.contains(position));
            return Err(invalid(
                format!("{pointer}/messages/{}/parent_id", stray.unwrap_or(0)),
                "The message follows itself.",
            ));
        }
        Ok(Self {
            index,
            new_ids: new_message_ids(messages.len()),
            parents_first,
        })
    }

    fn new_id(&self, old: MessageId) -> Option<MessageId> {
        let index = self.index.get(&old)?;
        self.new_ids.get(*index).copied()
    }
}

fn message(
    message: MessageDocument,
    pointer: &str,
    conversation: ConversationId,
    links: &Links,
    frame: &Frame,
    skipped: &mut Skipped,
) -> Result<MessageRow, ApiError> {
    let at = |name: &str, time: &Timestamp| self::time(time, || format!("{pointer}/{name}"), frame);
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
    let problem = message
        .problem
        .map(|problem| serde_json::to_string(&problem))
        .transpose()
        .map_err(ApiError::internal)?;
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

/// The images of a question as they are stored, without the files' ids, which are found where it comes in.
fn attachments(
    role: Role,
    documents: Vec<AttachmentDocument>,
    pointer: &str,
) -> Result<Option<String>, ApiError> {
    let complaint =
        |index: usize, text| Err(invalid(format!("{pointer}/attachments/{index}/file"), text));
    let mut images = Vec::with_capacity(documents.len());
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

fn time(
    text: &Timestamp,
    pointer: impl FnOnce() -> String,
    frame: &Frame,
) -> Result<NaiveDateTime, ApiError> {
    match DateTime::parse_from_rfc3339(text.as_str()) {
        Ok(at) => Ok(frame.plausible(at.naive_utc())),
        Err(_) => Err(invalid(pointer(), "Must be a time as RFC 3339 writes it.")),
    }
}

fn invalid(pointer: String, text: &str) -> ApiError {
    ApiError::field(pointer, FieldCode::Invalid, text)
}

/// Complaints about fields, as complaints about the same fields of what is at `pointer`.
fn within(error: ApiError, pointer: &str) -> ApiError {
    let ApiError::Validation(mut errors) = error else {
        return error;
    };
    for error in &mut errors {
        let path: String = error
            .field
            .split('.')
            .map(|name| format!("/{}", step(name)))
            .collect();
        error.field = format!("{pointer}{path}");
    }
    ApiError::Validation(errors)
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

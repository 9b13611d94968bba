//! Our own documents, checked: whatever is stored of them could have been made here.

mod message;
mod project;

pub(super) use project::project;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use prompthub_dto::{
    Timestamp,
    chat::Role,
    documents::{ConversationDocument, MessageDocument, TitleSource},
    ids::{ConversationId, MessageId},
    problem::FieldCode,
};
use prompthub_store::{TitledBy, conversations::ConversationRow, messages::MessageRow};

use self::message::message;
use super::{
    draft::{ConversationDraft, Frame, Skipped, step},
    new_message_ids,
};
use crate::{
    domain::{conversations::TITLE, text},
    error::ApiError,
};

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
        Some(active) => Some(links.shown(active, pointer)?),
        None => links.newest_answer(),
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
        let row = self::message(message, &pointer, id, &links, frame, skipped)?;
        rows.push(Some(row));
    }
    links.put_in_order(&mut rows);
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
    roles: Vec<Role>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
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
        let mut parents = vec![None; messages.len()];
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
            if let Some(above) = parents.get_mut(position) {
                *above = Some(parent);
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
            roles: messages.iter().map(|message| message.role).collect(),
            parents,
            children,
            parents_first,
        })
    }

    /// The end of the path that is shown: an answer, as everywhere here. A question stands for its newest answer.
    fn shown(&self, old: MessageId, pointer: &str) -> Result<MessageId, ApiError> {
        let complaint = |text| invalid(format!("{pointer}/active_message_id"), text);
        let position = self.index.get(&old).copied();
        let position = position.ok_or_else(|| complaint("There is no such message."))?;
        let answer = match self.is_answer(position) {
            true => Some(position),
            false => {
                let mut below = self.children.get(position).into_iter().flatten().copied();
                below.rfind(|child| self.is_answer(*child))
            }
        };
        let id = answer.and_then(|answer| self.new_ids.get(answer)).copied();
        id.ok_or_else(|| complaint("Must be an answer, or a question that has one."))
    }

    fn newest_answer(&self) -> Option<MessageId> {
        let answer = (0..self.new_ids.len()).rfind(|position| self.is_answer(*position));
        self.new_ids.get(answer?).copied()
    }

    fn is_answer(&self, position: usize) -> bool {
        self.roles.get(position) == Some(&Role::Assistant)
    }

    /// Makes every message come after its parent in the order of time and id, in which conversations are read.
    fn put_in_order(&self, rows: &mut [Option<MessageRow>]) {
        for position in self.parents_first.iter().copied() {
            let Some(parent) = self.parents.get(position).copied().flatten() else {
                continue;
            };
            let above = rows.get(parent).and_then(Option::as_ref);
            let Some(mut earliest) = above.map(|row| row.created_at) else {
                continue;
            };
            // Ids are in the document's order.
            if parent > position {
                let later = earliest.checked_add_signed(TimeDelta::microseconds(1));
                earliest = later.unwrap_or(earliest);
            }
            if let Some(row) = rows.get_mut(position).and_then(Option::as_mut)
                && row.created_at < earliest
            {
                row.created_at = earliest;
                row.updated_at = row.updated_at.max(earliest);
            }
        }
    }

    fn new_id(&self, old: MessageId) -> Option<MessageId> {
        let index = self.index.get(&old)?;
        self.new_ids.get(*index).copied()
    }
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

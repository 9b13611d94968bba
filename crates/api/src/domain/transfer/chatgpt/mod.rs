//! ChatGPT's `conversations.json`.
//!
//! Owns what its fields mean. Nobody promises that format, so every value may be missing or of another type;
//! what cannot be taken is named in the report. The shape of the tree is `tree`'s.

mod format;

pub(super) use format::Conversations;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use prompthub_dto::{
    ids::{ConversationId, MessageId},
    transfer::ImportSource,
};
use prompthub_store::{
    FinishReason, MessageRole, MessageStatus, TitledBy, conversations::ConversationRow,
    messages::MessageRow,
};

use self::format::{Conversation, Entry, Mapping, Message};
use super::{
    MAX_TEXT_BYTES,
    document::none_of_the_kinds,
    draft::{ConversationDraft, Draft, Frame, Skipped, quoted, step},
    loose::Loose,
    new_message_ids,
    tree::{self, Node, Row, Said},
};
use crate::{
    domain::title::{UNTITLED, title_of},
    error::ApiError,
};

/// Characters of a title.
const TITLE_CHARS: usize = 200;
/// Characters of a model's name.
const MODEL_CHARS: usize = 150;

/// All conversations that have a text.
///
/// # Errors
/// When nothing in the list looks like a conversation of ChatGPT's.
pub(super) fn draft(
    document: Conversations,
    frame: &Frame,
    mut skipped: Skipped,
) -> Result<Draft, ApiError> {
    let is_one = |entry: &Loose<Conversation>| {
        let mapping = entry.0.as_ref().map(|conversation| &conversation.mapping);
        mapping.is_some_and(|mapping| mapping.0.is_some())
    };
    if !document.is_empty() && !document.iter().any(is_one) {
        return Err(none_of_the_kinds("body"));
    }
    let mut conversations = Vec::new();
    for (index, entry) in document.into_iter().enumerate() {
        let pointer = format!("/{index}");
        match entry.0 {
            Some(entry) if entry.mapping.0.is_some() => {
                conversations.extend(conversation(entry, &pointer, frame, &mut skipped));
            }
            _ => skipped.add(&pointer, "no conversation: it has no mapping"),
        }
    }
    Ok(Draft {
        source: ImportSource::Chatgpt,
        project: None,
        conversations,
        skipped,
    })
}

fn conversation(
    conversation: Conversation,
    pointer: &str,
    frame: &Frame,
    skipped: &mut Skipped,
) -> Option<ConversationDraft> {
    let Mapping(entries) = conversation.mapping.0?;
    let created = conversation.create_time.0.and_then(time);
    let epoch = frame.plausible(created.unwrap_or(frame.now));
    let (nodes, keys) = nodes(entries, pointer, frame, skipped);
    let current = conversation.current_node.0;
    let current = current.and_then(|key| keys.get(&key).copied());
    let names: Vec<String> = names(keys, nodes.len());

    let grown = tree::grow(nodes, epoch);
    for node in &grown.cut {
        let name = names.get(*node).map(String::as_str).unwrap_or_default();
        skipped.add(
            &format!("{pointer}/mapping/{}/parent", step(name)),
            "the message follows itself; it begins a path of its own",
        );
    }
    if grown.rows.is_empty() {
        skipped.add(pointer, "no text in it");
        return None;
    }
    let shown = current.and_then(|node| grown.place.get(node).copied().flatten());
    let id = ConversationId::new();
    let ids = new_message_ids(grown.rows.len());
    let active = shown.and_then(|row| ids.get(row)).or(ids.last()).copied();
    let title = title(
        conversation.title.0.as_deref().unwrap_or_default(),
        &grown.rows,
    );
    let ended = grown.rows.iter().map(|row| row.ended).max();
    let updated = conversation.update_time.0.and_then(time);
    let updated = updated.map_or(ended.unwrap_or(epoch), |at| frame.plausible(at));
    let begun = grown.rows.first().map_or(epoch, |row| row.begun);
    let row = ConversationRow {
        id,
        project_id: frame.project,
        owner_id: frame.owner,
        titled_by: TitledBy::Person,
        title,
        pinned: false,
        archived: conversation.is_archived.0.unwrap_or(false),
        active_message_id: active,
        last_activity_at: updated,
        created_at: created.map_or(begun, |at| frame.plausible(at)),
        updated_at: updated,
    };
    let messages = grown
        .rows
        .into_iter()
        .zip(&ids)
        .map(|(row, message)| message_row(row, id, *message, &ids))
        .collect();
    Some(ConversationDraft {
        row,
        messages,
        digests: HashMap::new(),
    })
}

/// The nodes of a mapping, and the index of each key.
fn nodes(
    entries: Vec<(String, Loose<Entry>)>,
    pointer: &str,
    frame: &Frame,
    skipped: &mut Skipped,
) -> (Vec<Node>, HashMap<String, usize>) {
    let mut keys: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut read = Vec::with_capacity(entries.len());
    for (key, entry) in entries {
        let place = format!("{pointer}/mapping/{}", step(&key));
        if keys.contains_key(&key) {
            skipped.add(&place, "the id is there twice; only the first is taken");
            continue;
        }
        let entry = entry.0.unwrap_or_default();
        keys.insert(key, read.len());
        read.push((place, entry));
    }
    // A node says whom it follows; where it does not, another may say that it is a child.
    let mut named_by = HashMap::new();
    for (index, (_, entry)) in read.iter().enumerate() {
        let children = entry.children.0.iter().flatten();
        for child in children.filter_map(|child| child.0.as_ref()) {
            if let Some(child) = keys.get(child) {
                named_by.entry(*child).or_insert(index);
            }
        }
    }
    let mut nodes = Vec::with_capacity(read.len());
    for (index, (place, entry)) in read.into_iter().enumerate() {
        let parent = match &entry.parent.0 {
            Some(parent) => match keys.get(parent) {
                Some(parent) => Some(*parent),
                None => {
                    skipped.add(
                        &format!("{place}/parent"),
                        "there is no such message; it begins a path of its own",
                    );
                    None
                }
            },
            None => named_by.get(&index).copied(),
        };
        let said = entry
            .message
            .0
            .and_then(|message| said(message, &format!("{place}/message"), frame, skipped));
        nodes.push(Node { parent, said });
    }
    (nodes, keys)
}

/// The key of each node.
fn names(keys: HashMap<String, usize>, count: usize) -> Vec<String> {
    let mut names = vec![String::new(); count];
    for (key, index) in keys {
        if let Some(name) = names.get_mut(index) {
            *name = key;
        }
    }
    names
}

/// What a message says, if it is one that people see.
fn said(message: Message, pointer: &str, frame: &Frame, skipped: &mut Skipped) -> Option<Said> {
    let content = message.content.0?;
    let metadata = message.metadata.0.unwrap_or_default();
    let role = message.author.0.and_then(|author| author.role.0);
    let hidden = metadata.is_visually_hidden_from_conversation.0 == Some(true);
    let role = match role.as_deref() {
        Some("user") if !hidden => MessageRole::User,
        Some("assistant") if !hidden => MessageRole::Assistant,
        other => {
            if !content.is_empty() {
                let whose = match other {
                    _ if hidden => "a hidden message".to_owned(),
                    Some(role) => format!("a message of the role {:?}", quoted(role)),
                    None => "a message of nobody".to_owned(),
                };
                skipped.add(pointer, whose);
            }
            return None;
        }
    };
    let (text, reasoning) = content.read(pointer, skipped);
    if text.trim().is_empty() && reasoning.is_none() {
        return None;
    }
    let length = text.len().max(reasoning.as_ref().map_or(0, String::len));
    if length > MAX_TEXT_BYTES {
        skipped.add(pointer, format!("longer than {MAX_TEXT_BYTES} bytes"));
        return None;
    }
    let model = metadata
        .model_slug
        .0
        .filter(|_| role == MessageRole::Assistant);
    Some(Said {
        role,
        text: skipped.storable(text, || pointer.to_owned()),
        reasoning: reasoning.map(|text| skipped.storable(text, || pointer.to_owned())),
        model: model
            .map(|slug| {
                quoted(slug.trim())
                    .chars()
                    .take(MODEL_CHARS)
                    .collect::<String>()
            })
            .filter(|slug| !slug.is_empty())
            .map(|slug| format!("chatgpt/{slug}")),
        at: message
            .create_time
            .0
            .and_then(time)
            .map(|at| frame.plausible(at)),
    })
}

/// Seconds since 1970 as a time; what is before or too far ahead is an end of what there is.
fn time(seconds: f64) -> Option<NaiveDateTime> {
    let epoch = DateTime::UNIX_EPOCH.naive_utc();
    if seconds.is_nan() {
        return None;
    }
    if seconds <= 0.0 {
        return Some(epoch);
    }
    let since = std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| TimeDelta::from_std(since).ok());
    Some(
        since
            .and_then(|since| epoch.checked_add_signed(since))
            .unwrap_or(NaiveDateTime::MAX),
    )
}

fn title(given: &str, rows: &[Row]) -> String {
    let given: String = given
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let title: String = given.trim().chars().take(TITLE_CHARS).collect();
    if !title.is_empty() {
        return title.trim_end().to_owned();
    }
    let question = rows.iter().find(|row| row.role == MessageRole::User);
    question.map_or_else(|| UNTITLED.to_owned(), |row| title_of(&row.text))
}

fn message_row(
    row: Row,
    conversation: ConversationId,
    id: MessageId,
    ids: &[MessageId],
) -> MessageRow {
    MessageRow {
        id,
        conversation_id: conversation,
        parent_id: row.parent.and_then(|parent| ids.get(parent).copied()),
        role: row.role,
        content: row.text,
        reasoning: row.reasoning,
        status: if row.missing {
            MessageStatus::Interrupted
        } else {
            MessageStatus::Complete
        },
        model: row.model,
        prompt_version: None,
        finish_reason: row.missing.then_some(FinishReason::Interrupted),
        prompt_tokens: None,
        completion_tokens: None,
        cost_usd: None,
        problem: None,
        generation_id: None,
        created_at: row.begun,
        updated_at: row.ended,
        attachments: None,
        requested_model: None,
        fallbacks: None,
        omitted: None,
        cached_tokens: None,
        reasoning_tokens: None,
        cost_is_estimate: false,
        tokens_are_estimate: false,
        first_token_ms: None,
        duration_ms: None,
        response_model: None,
    }
}

#[cfg(test)]
mod tests;

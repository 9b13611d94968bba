//! Messages: a tree within each conversation, each pointing at the one before it.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use prompthub_dto::ids::{ConversationId, GenerationId, MessageId, UserId};

use crate::{
    Conn, StoreError,
    schema::{conversations, messages},
    search,
    sql::{self, Steady, changed, direct},
    text_enum::text_enum,
    usage::UsageFigures,
};

text_enum! {
    /// Who speaks.
    MessageRole {
        User = "user",
        Assistant = "assistant",
    }
}

text_enum! {
    /// How far a message or an answer is.
    MessageStatus {
        /// Being written.
        Running = "running",
        /// All there.
        Complete = "complete",
        /// Stopped by a person; the text so far is kept.
        Cancelled = "cancelled",
        /// Ended without the provider's word that it was finished; the text so far is kept.
        Interrupted = "interrupted",
        /// The provider failed; the text so far is kept.
        Failed = "failed",
    }
}

text_enum! {
    /// Why an answer ended.
    FinishReason {
        Stop = "stop",
        Length = "length",
        ToolCalls = "tool_calls",
        ContentFilter = "content_filter",
        Error = "error",
        Cancelled = "cancelled",
        Interrupted = "interrupted",
        Other = "other",
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub struct MessageRow {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// The message before; `None` for a first one.
    pub parent_id: Option<MessageId>,
    pub role: MessageRole,
    pub content: String,
    pub reasoning: Option<String>,
    pub status: MessageStatus,
    /// The model that answers; `None` on a person's message, as are the rest up to the times.
    pub model: Option<String>,
    /// The number of the prompt version that is answered under.
    pub prompt_version: Option<i32>,
    pub finish_reason: Option<FinishReason>,
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    /// US dollars as decimal text.
    pub cost_usd: Option<String>,
    /// JSON of what went wrong.
    pub problem: Option<String>,
    pub generation_id: Option<GenerationId>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    /// JSON of a person's images; `None` without any.
    pub attachments: Option<String>,
    /// The model that was asked first, where another one answers.
    pub requested_model: Option<String>,
    /// JSON of the models that were asked in vain.
    pub fallbacks: Option<String>,
    /// JSON of what of the history was left out.
    pub omitted: Option<String>,
    /// Those of `prompt_tokens` that were in the provider's cache.
    pub cached_tokens: Option<i64>,
    /// Those of `completion_tokens` that went into reasoning.
    pub reasoning_tokens: Option<i64>,
    pub cost_is_estimate: bool,
    pub tokens_are_estimate: bool,
    /// Milliseconds from the question to the first word.
    pub first_token_ms: Option<i64>,
    /// Milliseconds from the question to the end.
    pub duration_ms: Option<i64>,
    /// The model that really answered, in the provider's word, where that is another than was asked for.
    pub response_model: Option<String>,
}

/// A new message: a person's, or an assistant's that is still empty.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub parent_id: Option<MessageId>,
    pub role: MessageRole,
    pub content: String,
    pub status: MessageStatus,
    /// `None` of a person's message.
    pub answerer: Option<Answerer>,
    pub prompt_version: Option<i32>,
    pub generation_id: Option<GenerationId>,
    /// JSON of a person's images; `None` without any.
    pub attachments: Option<String>,
    pub now: NaiveDateTime,
}

/// How an answer ended. Every value is stored as it is, `None` included.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = messages, treat_none_as_null = true)]
pub struct MessageFinish {
    pub content: String,
    pub reasoning: Option<String>,
    pub status: MessageStatus,
    pub finish_reason: Option<FinishReason>,
    /// JSON of what went wrong.
    pub problem: Option<String>,
    /// The model that really answered, in the provider's word, where that is another than was asked for.
    pub response_model: Option<String>,
    #[diesel(embed)]
    pub answerer: Answerer,
    #[diesel(embed)]
    pub usage: UsageFigures,
}

/// Who answers, and how much of the conversation that model was given.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = messages, treat_none_as_null = true)]
pub struct Answerer {
    pub model: String,
    /// The model that was asked first, where another one answers.
    pub requested_model: Option<String>,
    /// JSON of the models that were asked in vain.
    pub fallbacks: Option<String>,
    /// JSON of what of the history was left out.
    pub omitted: Option<String>,
}

/// A message's place in its conversation: when it was made, and its id among those of the same moment.
pub type MessagePlace = (NaiveDateTime, MessageId);

/// Adds a message.
///
/// # Errors
/// [`StoreError::ForeignKey`] when the conversation is gone.
pub fn insert(conn: &mut Conn, new: &NewMessage) -> Result<MessageRow, StoreError> {
    let answerer = new.answerer.as_ref();
    let row = MessageRow {
        id: new.id,
        conversation_id: new.conversation_id,
        parent_id: new.parent_id,
        role: new.role,
        content: new.content.clone(),
        reasoning: None,
        status: new.status,
        model: answerer.map(|answerer| answerer.model.clone()),
        prompt_version: new.prompt_version,
        finish_reason: None,
        prompt_tokens: None,
        completion_tokens: None,
        cost_usd: None,
        problem: None,
        generation_id: new.generation_id,
        created_at: new.now,
        updated_at: new.now,
        attachments: new.attachments.clone(),
        requested_model: answerer.and_then(|answerer| answerer.requested_model.clone()),
        fallbacks: answerer.and_then(|answerer| answerer.fallbacks.clone()),
        omitted: answerer.and_then(|answerer| answerer.omitted.clone()),
        cached_tokens: None,
        reasoning_tokens: None,
        cost_is_estimate: false,
        tokens_are_estimate: false,
        first_token_ms: None,
        duration_ms: None,
        response_model: None,
    };
    let insert = diesel::insert_into(messages::table).values(&row);
    direct!(conn => insert.execute(conn))?;
    queue_for_search(conn, &row)?;
    Ok(row)
}

/// Finds a message in a person's conversations.
pub fn find(
    conn: &mut Conn,
    owner: UserId,
    id: MessageId,
) -> Result<Option<MessageRow>, StoreError> {
    let query = messages::table
        .inner_join(conversations::table)
        .filter(messages::id.eq(id))
        .filter(conversations::owner_id.eq(owner));
    Ok(direct!(conn => query.select(MessageRow::as_select()).get_result(conn)).optional()?)
}

/// In which order messages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageOrder {
    OldestFirst,
    NewestFirst,
}

/// All messages of a conversation, siblings included, those that come after the place `after` in
/// `order`. The caller has found the conversation for its owner.
pub fn list(
    conn: &mut Conn,
    conversation: ConversationId,
    order: MessageOrder,
    after: Option<MessagePlace>,
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let all = messages::table
        .filter(messages::conversation_id.eq(conversation))
        .limit(limit)
        .select(MessageRow::as_select());
    let forward = all.order((messages::created_at, messages::id));
    let backward = all.order((messages::created_at.desc(), messages::id.desc()));
    Ok(match (order, after) {
        (MessageOrder::OldestFirst, None) => forward.load(conn)?,
        (MessageOrder::OldestFirst, Some((at, id))) => forward
            .filter(messages::created_at.ge(at))
            .filter(messages::created_at.gt(at).or(messages::id.gt(id)))
            .load(conn)?,
        (MessageOrder::NewestFirst, None) => backward.load(conn)?,
        (MessageOrder::NewestFirst, Some((at, id))) => backward
            .filter(messages::created_at.le(at))
            .filter(messages::created_at.lt(at).or(messages::id.lt(id)))
            .load(conn)?,
    })
}

/// The messages from the first to `leaf`, in that order; empty when the conversation has no such
/// message. The caller has found the conversation for its owner.
pub fn path(
    conn: &mut Conn,
    conversation: ConversationId,
    leaf: MessageId,
) -> Result<Vec<MessageRow>, StoreError> {
    // Siblings are few, so reading them too is cheaper than a recursive query.
    let query = messages::table.filter(messages::conversation_id.eq(conversation));
    let rows: Vec<MessageRow> = direct!(conn => query.select(MessageRow::as_select()).load(conn))?;
    let mut by_id: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut path = Vec::with_capacity(by_id.len());
    let mut next = Some(leaf);
    while let Some(row) = next.and_then(|id| by_id.remove(&id)) {
        next = row.parent_id;
        path.push(row);
    }
    path.reverse();
    Ok(path)
}

/// The text so far of a running answer.
#[derive(Debug, Clone)]
pub struct TextSoFar {
    pub id: MessageId,
    pub content: String,
    pub reasoning: Option<String>,
}

/// Stores the text so far of running answers; those that do not run any more, or that somebody else is changing or
/// deleting, stay as they are. Says how many were stored.
pub fn write_texts(
    conn: &mut Conn,
    texts: &[TextSoFar],
    now: NaiveDateTime,
) -> Result<usize, StoreError> {
    let ids = texts.iter().map(|text| text.id).collect();
    let free: HashSet<MessageId> = sql::lock_free_messages(conn, ids)?.into_iter().collect();
    let mut written = 0;
    for text in texts.iter().filter(|text| free.contains(&text.id)) {
        let running = messages::table
            .find(text.id)
            .filter(messages::status.eq(MessageStatus::Running));
        let update = diesel::update(running).set((
            messages::content.eq(&text.content),
            messages::reasoning.eq(text.reasoning.as_deref()),
            messages::updated_at.eq(now),
        ));
        written += changed!(conn => update.returning(messages::id))?;
    }
    Ok(written)
}

/// Stores that another model answers.
pub fn set_answerer(
    conn: &mut Conn,
    id: MessageId,
    answerer: &Answerer,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    let update =
        diesel::update(messages::table.find(id)).set((answerer, messages::updated_at.eq(now)));
    changed!(conn => update.returning(messages::id))?;
    Ok(())
}

/// Stores how an answer ended, and says what the message is now; `None` when it is gone.
pub fn finish(
    conn: &mut Conn,
    id: MessageId,
    finish: &MessageFinish,
    now: NaiveDateTime,
) -> Result<Option<MessageRow>, StoreError> {
    let update =
        diesel::update(messages::table.find(id)).set((finish, messages::updated_at.eq(now)));
    let row = direct!(conn => {
        Steady(update.returning(MessageRow::as_returning())).get_result(conn)
    })
    .optional()?;
    if let Some(row) = &row {
        queue_for_search(conn, row)?;
    }
    Ok(row)
}

/// Marks an answer that nobody makes any more, with the text that it has.
pub(crate) fn interrupt(
    conn: &mut Conn,
    id: MessageId,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    let running = messages::table
        .find(id)
        .filter(messages::status.eq(MessageStatus::Running));
    let changed = diesel::update(running)
        .set((
            messages::status.eq(MessageStatus::Interrupted),
            messages::finish_reason.eq(FinishReason::Interrupted),
            messages::updated_at.eq(now),
        ))
        .execute(conn)?;
    if changed > 0 {
        let query = messages::table.find(id).select(MessageRow::as_select());
        let row = query.get_result(conn)?;
        queue_for_search(conn, &row)?;
    }
    Ok(())
}

/// Lets a message be searched for, unless it is being written: then it would be indexed anew each
/// time that it grows.
fn queue_for_search(conn: &mut Conn, row: &MessageRow) -> Result<(), StoreError> {
    match row.status {
        MessageStatus::Running => Ok(()),
        _ => search::queue_message(conn, row.conversation_id, row.id),
    }
}

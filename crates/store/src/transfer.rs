//! Whole conversations and projects: read in bounded pieces for an export, written as they were for
//! an import.
//!
//! Must not change what it is given: times, states and numbers are the caller's to choose.

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};
use prompthub_dto::ids::{ConversationId, MessageId, ProjectId, UserId};

use crate::{
    Conn, StoreError,
    conversations::ConversationRow,
    message_pages::{PageBounds, TEXT_BYTES, find_page},
    messages::{MessageOrder, MessagePlace, MessageRow},
    projects::{ProjectRow, PromptVersionRow},
    schema::{conversations, messages, projects, prompt_versions},
    search, sql,
};

/// The most messages that are read at once, however short they are.
const MAX_PAGE: i64 = 500;

/// The conversations of a person's project, archived ones too, in the order in which they were begun: an
/// order that no activity changes. None when the owner has no such project.
///
/// # Errors
/// When the database fails.
pub fn conversations_after(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
    after: Option<ConversationId>,
    limit: i64,
) -> Result<Vec<ConversationRow>, StoreError> {
    let page = conversations::table
        .filter(conversations::project_id.eq(project))
        .filter(conversations::owner_id.eq(owner))
        .order(conversations::id)
        .limit(limit)
        .select(ConversationRow::as_select());
    Ok(match after {
        None => page.load(conn)?,
        Some(after) => page.filter(conversations::id.gt(after)).load(conn)?,
    })
}

/// As many messages of a conversation as have about `max_bytes` of text together, but at least one while
/// there is one, the oldest first. The caller has found the conversation for its owner.
///
/// # Errors
/// When the database fails.
pub fn messages_after(
    conn: &mut Conn,
    conversation: ConversationId,
    after: Option<MessagePlace>,
    max_bytes: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let bounds = PageBounds {
        limit: MAX_PAGE,
        bytes: max_bytes,
    };
    let page = find_page(conn, conversation, MessageOrder::OldestFirst, after, bounds)?;
    Ok(page.rows)
}

/// How the messages of a conversation hang together: each one's id, the one before, and the bytes of its
/// texts. The caller has found the conversation for its owner.
///
/// # Errors
/// When the database fails.
pub fn links(
    conn: &mut Conn,
    conversation: ConversationId,
) -> Result<Vec<(MessageId, Option<MessageId>, i64)>, StoreError> {
    let query = messages::table
        .filter(messages::conversation_id.eq(conversation))
        .select((messages::id, messages::parent_id, sql::<BigInt>(TEXT_BYTES)));
    Ok(query.load(conn)?)
}

/// Those of `ids` that are in the conversation, in no order. The caller has found it for its owner.
///
/// # Errors
/// When the database fails.
pub fn messages_by_id(
    conn: &mut Conn,
    conversation: ConversationId,
    ids: &[MessageId],
) -> Result<Vec<MessageRow>, StoreError> {
    let query = messages::table
        .filter(messages::conversation_id.eq(conversation))
        .filter(messages::id.eq_any(ids))
        .select(MessageRow::as_select());
    Ok(query.load(conn)?)
}

/// The numbers of the prompt versions that a conversation's answers were given under, in order.
///
/// # Errors
/// When the database fails.
pub fn versions_used(
    conn: &mut Conn,
    conversation: ConversationId,
) -> Result<Vec<i32>, StoreError> {
    let query = messages::table
        .filter(messages::conversation_id.eq(conversation))
        .filter(messages::prompt_version.is_not_null())
        .select(messages::prompt_version.assume_not_null())
        .distinct();
    let mut numbers: Vec<i32> = query.load(conn)?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// A prompt version of a project that the caller has found for its owner.
///
/// # Errors
/// When the database fails.
pub fn version(
    conn: &mut Conn,
    project: ProjectId,
    number: i32,
) -> Result<Option<PromptVersionRow>, StoreError> {
    let query = prompt_versions::table
        .filter(prompt_versions::project_id.eq(project))
        .filter(prompt_versions::number.eq(number))
        .select(PromptVersionRow::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// Adds a project with the versions of its prompt.
///
/// # Errors
/// [`StoreError::Unique`] when a number is there twice; [`StoreError::ForeignKey`] when the owner is gone.
pub fn insert_project(
    conn: &mut Conn,
    project: &ProjectRow,
    versions: &[PromptVersionRow],
) -> Result<(), StoreError> {
    diesel::insert_into(projects::table)
        .values(project)
        .execute(conn)?;
    for version in versions {
        diesel::insert_into(prompt_versions::table)
            .values(version)
            .execute(conn)?;
    }
    Ok(())
}

/// Adds a conversation with its messages, of which each comes after its parent. They are found by a
/// search once [`crate::search::index_pending`] has seen them.
///
/// # Errors
/// [`StoreError::ForeignKey`] when the project is gone, or a parent is not there.
pub fn insert_conversation(
    conn: &mut Conn,
    conversation: &ConversationRow,
    rows: &[MessageRow],
) -> Result<(), StoreError> {
    diesel::insert_into(conversations::table)
        .values(conversation)
        .execute(conn)?;
    sql::insert_messages(conn, rows)?;
    search::queue_conversation(conn, conversation.id)
}

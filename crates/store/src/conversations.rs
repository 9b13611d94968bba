//! Conversations within projects.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use prompthub_dto::ids::{ConversationId, MessageId, ProjectId, UserId};

use crate::{
    Conn, StoreError,
    schema::conversations,
    search,
    sql::{changed, direct},
    text_enum::text_enum,
};

text_enum! {
    /// Where a conversation's title comes from. One that a person gave is never overwritten.
    TitledBy {
        Person = "person",
        Generated = "generated",
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversations, treat_none_as_default_value = false)]
pub struct ConversationRow {
    pub id: ConversationId,
    pub project_id: ProjectId,
    pub owner_id: UserId,
    pub title: String,
    pub titled_by: TitledBy,
    pub pinned: bool,
    pub archived: bool,
    /// The end of the path that is shown; `None` while there is no message.
    pub active_message_id: Option<MessageId>,
    pub last_activity_at: NaiveDateTime,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A new, empty conversation.
#[derive(Debug, Clone)]
pub struct NewConversation {
    pub id: ConversationId,
    pub project_id: ProjectId,
    pub owner_id: UserId,
    pub title: String,
    pub titled_by: TitledBy,
    pub now: NaiveDateTime,
}

/// Changes by a person; `None` leaves a value as it is. A title makes it the person's own.
#[derive(Debug, Clone, Default)]
pub struct ConversationPatch {
    pub title: Option<String>,
    pub pinned: Option<bool>,
    pub archived: Option<bool>,
}

#[derive(AsChangeset)]
#[diesel(table_name = conversations)]
struct Changes<'a> {
    title: Option<&'a str>,
    titled_by: Option<TitledBy>,
    pinned: Option<bool>,
    archived: Option<bool>,
    updated_at: NaiveDateTime,
}

/// A conversation's place in the list: its last activity, and its id among those of the same moment.
pub type ConversationPlace = (NaiveDateTime, ConversationId);

/// Adds a conversation.
///
/// # Errors
/// [`StoreError::ForeignKey`] when the project is gone.
pub fn insert(conn: &mut Conn, new: &NewConversation) -> Result<ConversationRow, StoreError> {
    let row = ConversationRow {
        id: new.id,
        project_id: new.project_id,
        owner_id: new.owner_id,
        title: new.title.clone(),
        titled_by: new.titled_by,
        pinned: false,
        archived: false,
        active_message_id: None,
        last_activity_at: new.now,
        created_at: new.now,
        updated_at: new.now,
    };
    let insert = diesel::insert_into(conversations::table).values(&row);
    direct!(conn => insert.execute(conn))?;
    search::queue_title(conn, row.id)?;
    Ok(row)
}

/// Finds a person's conversation.
pub fn find(
    conn: &mut Conn,
    owner: UserId,
    id: ConversationId,
) -> Result<Option<ConversationRow>, StoreError> {
    let query = conversations::table
        .find(id)
        .filter(conversations::owner_id.eq(owner));
    Ok(direct!(conn => query.select(ConversationRow::as_select()).get_result(conn)).optional()?)
}

/// A person's conversations in a project, the most recently active first; none when the owner has
/// no such project.
pub fn list(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
    archived: bool,
    after: Option<ConversationPlace>,
    limit: i64,
) -> Result<Vec<ConversationRow>, StoreError> {
    let page = conversations::table
        .filter(conversations::project_id.eq(project))
        .filter(conversations::owner_id.eq(owner))
        .filter(conversations::archived.eq(archived))
        .order((
            conversations::last_activity_at.desc(),
            conversations::id.desc(),
        ))
        .limit(limit)
        .select(ConversationRow::as_select());
    Ok(match after {
        None => page.load(conn)?,
        Some((at, id)) => page
            .filter(conversations::last_activity_at.le(at))
            .filter(
                conversations::last_activity_at
                    .lt(at)
                    .or(conversations::id.lt(id)),
            )
            .load(conn)?,
    })
}

/// Changes a person's conversation; `None` when the owner has no such conversation.
pub fn update(
    conn: &mut Conn,
    owner: UserId,
    id: ConversationId,
    patch: &ConversationPatch,
    now: NaiveDateTime,
) -> Result<Option<ConversationRow>, StoreError> {
    let changes = Changes {
        title: patch.title.as_deref(),
        titled_by: patch.title.as_ref().map(|_| TitledBy::Person),
        pinned: patch.pinned,
        archived: patch.archived,
        updated_at: now,
    };
    let conversation = conversations::table
        .find(id)
        .filter(conversations::owner_id.eq(owner));
    let changed = diesel::update(conversation).set(&changes).execute(conn)?;
    if patch.title.is_some() && changed > 0 {
        search::queue_title(conn, id)?;
    }
    find(conn, owner, id)
}

/// Stores a title that the server made, unless a person has given one. Whether it did.
pub fn set_generated_title(
    conn: &mut Conn,
    id: ConversationId,
    title: &str,
    now: NaiveDateTime,
) -> Result<bool, StoreError> {
    let untitled = conversations::table
        .find(id)
        .filter(conversations::titled_by.eq(TitledBy::Generated));
    let update = diesel::update(untitled).set((
        conversations::title.eq(title),
        conversations::updated_at.eq(now),
    ));
    let changed = changed!(conn => update.returning(conversations::id))?;
    if changed > 0 {
        search::queue_title(conn, id)?;
    }
    Ok(changed > 0)
}

/// Stores the end of the path that is shown, where it still is `before`. It counts as activity. Whether it was.
pub fn set_active(
    conn: &mut Conn,
    id: ConversationId,
    before: Option<MessageId>,
    message: MessageId,
    now: NaiveDateTime,
) -> Result<bool, StoreError> {
    let changes = (
        conversations::active_message_id.eq(message),
        conversations::last_activity_at.eq(now),
        conversations::updated_at.eq(now),
    );
    let conversation = conversations::table.find(id);
    let active = conversations::active_message_id;
    let changed = match before {
        Some(before) => {
            let update = diesel::update(conversation.filter(active.eq(before))).set(changes);
            changed!(conn => update.returning(conversations::id))?
        }
        None => {
            let update = diesel::update(conversation.filter(active.is_null())).set(changes);
            changed!(conn => update.returning(conversations::id))?
        }
    };
    Ok(changed > 0)
}

/// Stores the end of the path that is shown, as a reader chose it: that is no activity.
///
/// # Errors
/// When the database fails.
pub fn show(conn: &mut Conn, id: ConversationId, message: MessageId) -> Result<(), StoreError> {
    diesel::update(conversations::table.find(id))
        .set(conversations::active_message_id.eq(message))
        .execute(conn)?;
    Ok(())
}

/// Notes that something happened in a conversation: it moves to the top of the list.
pub fn touch(conn: &mut Conn, id: ConversationId, now: NaiveDateTime) -> Result<(), StoreError> {
    let behind = conversations::table
        .find(id)
        .filter(conversations::last_activity_at.lt(now));
    let update = diesel::update(behind).set(conversations::last_activity_at.eq(now));
    changed!(conn => update.returning(conversations::id))?;
    Ok(())
}

/// Deletes a person's conversation with its messages; `false` when there is no such conversation.
pub fn delete(conn: &mut Conn, owner: UserId, id: ConversationId) -> Result<bool, StoreError> {
    let conversation = conversations::table
        .find(id)
        .filter(conversations::owner_id.eq(owner));
    Ok(diesel::delete(conversation).execute(conn)? > 0)
}

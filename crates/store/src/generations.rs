//! Answers, running and finished, and the leases of the processes that make them.

use chrono::NaiveDateTime;
use diesel::{dsl::sql, expression::SqlLiteral, prelude::*, sql_types::Bool};
use prompthub_dto::ids::{ConversationId, GenerationId, MessageId, UserId};

use crate::{
    Conn, StoreError,
    messages::{self, MessageStatus},
    schema::generations,
    sql::{Steady, changed, direct},
};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = generations, treat_none_as_default_value = false)]
pub struct GenerationRow {
    pub id: GenerationId,
    pub conversation_id: ConversationId,
    pub user_message_id: MessageId,
    pub assistant_message_id: MessageId,
    pub owner_id: UserId,
    pub model: String,
    pub status: MessageStatus,
    /// Names the process that makes it.
    pub lease_owner: String,
    /// Until when the others must believe that the process lives.
    pub lease_expires_at: NaiveDateTime,
    pub created_at: NaiveDateTime,
    /// `None` while it runs.
    pub finished_at: Option<NaiveDateTime>,
}

/// An answer that begins. Its messages are stored already.
#[derive(Debug, Clone)]
pub struct NewGeneration {
    pub id: GenerationId,
    pub conversation_id: ConversationId,
    pub user_message_id: MessageId,
    pub assistant_message_id: MessageId,
    pub owner_id: UserId,
    pub model: String,
    pub lease_owner: String,
    pub lease_expires_at: NaiveDateTime,
    pub now: NaiveDateTime,
}

/// As the index of what runs says it. With a bound value a statement could not use that index.
fn is_running() -> SqlLiteral<Bool> {
    sql("generations.status = 'running'")
}

/// Adds a running answer.
pub fn insert(conn: &mut Conn, new: &NewGeneration) -> Result<GenerationRow, StoreError> {
    let row = GenerationRow {
        id: new.id,
        conversation_id: new.conversation_id,
        user_message_id: new.user_message_id,
        assistant_message_id: new.assistant_message_id,
        owner_id: new.owner_id,
        model: new.model.clone(),
        status: MessageStatus::Running,
        lease_owner: new.lease_owner.clone(),
        lease_expires_at: new.lease_expires_at,
        created_at: new.now,
        finished_at: None,
    };
    let insert = diesel::insert_into(generations::table).values(&row);
    direct!(conn => insert.execute(conn))?;
    Ok(row)
}

/// Finds a person's answer.
pub fn find(
    conn: &mut Conn,
    owner: UserId,
    id: GenerationId,
) -> Result<Option<GenerationRow>, StoreError> {
    let query = generations::table
        .find(id)
        .filter(generations::owner_id.eq(owner));
    Ok(direct!(conn => query.select(GenerationRow::as_select()).get_result(conn)).optional()?)
}

/// An answer that is being made in a person's conversation.
pub fn running_in_conversation(
    conn: &mut Conn,
    owner: UserId,
    conversation: ConversationId,
) -> Result<Option<GenerationId>, StoreError> {
    let query = generations::table
        .filter(generations::owner_id.eq(owner))
        .filter(generations::conversation_id.eq(conversation))
        .filter(is_running())
        .order(generations::id.desc())
        .select(generations::id)
        .limit(1);
    Ok(direct!(conn => Steady(query).get_result(conn)).optional()?)
}

/// How many answers are being made for a person.
pub fn count_running(conn: &mut Conn, owner: UserId) -> Result<i64, StoreError> {
    let query = generations::table
        .filter(generations::owner_id.eq(owner))
        .filter(is_running())
        .count();
    Ok(direct!(conn => Steady(query).get_result(conn))?)
}

/// Prolongs the leases of those of these answers that run and are this process's. Says how many.
pub fn renew_leases(
    conn: &mut Conn,
    ids: &[GenerationId],
    lease_owner: &str,
    until: NaiveDateTime,
) -> Result<usize, StoreError> {
    let own = generations::table
        .filter(generations::id.eq_any(ids))
        .filter(generations::lease_owner.eq(lease_owner))
        .filter(is_running());
    Ok(diesel::update(own)
        .set(generations::lease_expires_at.eq(until))
        .execute(conn)?)
}

/// Takes a person's running answer away from the process that makes it, which notices and stops.
/// `false` when it does not run.
pub fn revoke_lease(conn: &mut Conn, owner: UserId, id: GenerationId) -> Result<bool, StoreError> {
    let running = generations::table
        .find(id)
        .filter(generations::owner_id.eq(owner))
        .filter(is_running());
    let changed = diesel::update(running)
        .set(generations::lease_owner.eq(""))
        .execute(conn)?;
    Ok(changed > 0)
}

/// The running answers whose leases are this process's.
pub fn list_leased(conn: &mut Conn, lease_owner: &str) -> Result<Vec<GenerationId>, StoreError> {
    let own = generations::table
        .filter(is_running())
        .filter(generations::lease_owner.eq(lease_owner))
        .select(generations::id);
    Ok(own.load(conn)?)
}

/// Stores how an answer ended; `false` when it does not run any more, or is gone.
pub fn finish(
    conn: &mut Conn,
    id: GenerationId,
    status: MessageStatus,
    now: NaiveDateTime,
) -> Result<bool, StoreError> {
    let running = generations::table.find(id).filter(is_running());
    let update = diesel::update(running).set((
        generations::status.eq(status),
        generations::finished_at.eq(now),
    ));
    let changed = changed!(conn => update.returning(generations::id))?;
    Ok(changed > 0)
}

/// Marks the answers whose lease has run out `interrupted`, and their messages, but for those that
/// the caller is making.
pub fn interrupt_expired(
    conn: &mut Conn,
    now: NaiveDateTime,
    except: &[GenerationId],
) -> Result<Vec<GenerationId>, StoreError> {
    let query = generations::table
        .filter(is_running())
        .filter(generations::lease_expires_at.lt(now))
        .filter(generations::id.ne_all(except))
        .select((generations::id, generations::assistant_message_id));
    let expired = query.load(conn)?;
    interrupt(conn, expired, now)
}

/// Marks every running answer `interrupted`, and their messages: for the start of the only process
/// that uses the database.
pub fn interrupt_running(
    conn: &mut Conn,
    now: NaiveDateTime,
) -> Result<Vec<GenerationId>, StoreError> {
    let query = generations::table
        .filter(is_running())
        .select((generations::id, generations::assistant_message_id));
    let running = query.load(conn)?;
    interrupt(conn, running, now)
}

fn interrupt(
    conn: &mut Conn,
    stale: Vec<(GenerationId, MessageId)>,
    now: NaiveDateTime,
) -> Result<Vec<GenerationId>, StoreError> {
    let mut interrupted = Vec::with_capacity(stale.len());
    for (id, message) in stale {
        // It may have been finished since it was read.
        let running = generations::table.find(id).filter(is_running());
        let changed = diesel::update(running)
            .set((
                generations::status.eq(MessageStatus::Interrupted),
                generations::finished_at.eq(now),
            ))
            .execute(conn)?;
        if changed > 0 {
            messages::interrupt(conn, message, now)?;
            interrupted.push(id);
        }
    }
    Ok(interrupted)
}

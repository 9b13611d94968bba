//! Signed-in browsers and scripts.
//!
//! A session is found by the hash of its key; the key itself is only in the client's cookie.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use prompthub_dto::ids::{SessionId, UserId};

use crate::{Conn, StoreError, schema::sessions, sql::direct};

/// Sessions that a new one ends at most; where more are too many, the next one goes on.
const ENDED_AT_ONCE: i64 = 1000;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    pub id: SessionId,
    pub key_hash: String,
    pub user_id: UserId,
    /// JSON, the web layer's own.
    pub state: String,
    pub user_agent: Option<String>,
    pub ip_address: Option<String>,
    pub created_at: NaiveDateTime,
    pub last_seen_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
}

/// A new session.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub key_hash: String,
    pub user_id: UserId,
    pub state: String,
    pub user_agent: Option<String>,
    pub ip_address: Option<String>,
    pub now: NaiveDateTime,
    pub expires_at: NaiveDateTime,
}

pub fn insert(conn: &mut Conn, new: &NewSession) -> Result<SessionRow, StoreError> {
    let row = SessionRow {
        id: new.id,
        key_hash: new.key_hash.clone(),
        user_id: new.user_id,
        state: new.state.clone(),
        user_agent: new.user_agent.clone(),
        ip_address: new.ip_address.clone(),
        created_at: new.now,
        last_seen_at: new.now,
        expires_at: new.expires_at,
    };
    diesel::insert_into(sessions::table)
        .values(&row)
        .execute(conn)?;
    Ok(row)
}

/// Finds a session that has not expired.
pub fn find_by_key_hash(
    conn: &mut Conn,
    key_hash: &str,
    now: NaiveDateTime,
) -> Result<Option<SessionRow>, StoreError> {
    let live = sessions::table
        .filter(sessions::key_hash.eq(key_hash))
        .filter(sessions::expires_at.gt(now));
    Ok(direct!(conn => live.select(SessionRow::as_select()).get_result(conn)).optional()?)
}

/// Stores a session's state and marks it as seen; `false` when it has ended.
pub fn update(
    conn: &mut Conn,
    key_hash: &str,
    state: &str,
    now: NaiveDateTime,
    expires_at: NaiveDateTime,
) -> Result<bool, StoreError> {
    let live = sessions::table
        .filter(sessions::key_hash.eq(key_hash))
        .filter(sessions::expires_at.gt(now));
    let changed = diesel::update(live)
        .set((
            sessions::state.eq(state),
            sessions::last_seen_at.eq(now),
            sessions::expires_at.eq(expires_at),
        ))
        .execute(conn)?;
    Ok(changed > 0)
}

/// Ends a session; `false` when it had ended already.
pub fn delete_by_key_hash(conn: &mut Conn, key_hash: &str) -> Result<bool, StoreError> {
    let session = sessions::table.filter(sessions::key_hash.eq(key_hash));
    Ok(diesel::delete(session).execute(conn)? > 0)
}

/// A person's sessions that have not expired, the most recently seen first.
pub fn list(
    conn: &mut Conn,
    user: UserId,
    now: NaiveDateTime,
) -> Result<Vec<SessionRow>, StoreError> {
    let query = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::last_seen_at.desc(), sessions::id.desc()))
        .select(SessionRow::as_select());
    Ok(query.load(conn)?)
}

/// Ends one of a person's sessions; `false` when there is no such session of theirs.
pub fn delete(conn: &mut Conn, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let session = sessions::table.find(id).filter(sessions::user_id.eq(user));
    Ok(diesel::delete(session).execute(conn)? > 0)
}

/// Ends a person's sessions, all but the one to keep. Says how many.
pub fn delete_others(
    conn: &mut Conn,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<usize, StoreError> {
    let theirs = sessions::table.filter(sessions::user_id.eq(user));
    Ok(match keep {
        Some(keep) => diesel::delete(theirs.filter(sessions::id.ne(keep))).execute(conn)?,
        None => diesel::delete(theirs).execute(conn)?,
    })
}

/// Ends a person's sessions but for the `most` that were seen last. Says how many.
pub fn end_beyond(conn: &mut Conn, user: UserId, most: i64) -> Result<usize, StoreError> {
    let beyond = sessions::table
        .filter(sessions::user_id.eq(user))
        .order((sessions::last_seen_at.desc(), sessions::id.desc()))
        .limit(ENDED_AT_ONCE)
        .offset(most)
        .select(sessions::id);
    let beyond: Vec<SessionId> = beyond.load(conn)?;
    match beyond.is_empty() {
        true => Ok(0),
        false => {
            let ended = sessions::table.filter(sessions::id.eq_any(beyond));
            Ok(diesel::delete(ended).execute(conn)?)
        }
    }
}

/// Removes the sessions that have expired. Says how many.
pub fn delete_expired(conn: &mut Conn, now: NaiveDateTime) -> Result<usize, StoreError> {
    let expired = sessions::table.filter(sessions::expires_at.le(now));
    Ok(diesel::delete(expired).execute(conn)?)
}

//! The full-text index: FTS5 in SQLite, a `tsvector` with a GIN index in PostgreSQL.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use prompthub_dto::ids::{ConversationId, MessageId};

use crate::{
    Conn, StoreError,
    schema::search_entries,
    search::{Document, Part, RANKED, Ranked, Search},
    sql::Steady,
};

diesel::table! {
    /// FTS5's table in SQLite. It keeps no text, only where which word is.
    search_index (rowid) {
        rowid -> BigInt,
        project -> Text,
        title -> Text,
        body -> Text,
    }
}

/// Lists a title (no message) or a message as one whose words are to be indexed, or indexed anew.
pub(crate) fn list(
    conn: &mut Conn,
    conversation: ConversationId,
    message: Option<MessageId>,
) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => {
            let entry = diesel::insert_into(search_entries::table).values((
                search_entries::conversation_id.eq(conversation),
                search_entries::message_id.eq(message),
                search_entries::pending.eq(true),
            ));
            if message.is_some() {
                let entry = entry
                    .on_conflict(search_entries::message_id)
                    .do_update()
                    .set(search_entries::pending.eq(true));
                Steady(entry).execute(conn)?;
                return Ok(());
            }
            // Diesel has no words for SQLite's `ON CONFLICT … WHERE`.
            let title = search_entries::table
                .filter(search_entries::conversation_id.eq(conversation))
                .filter(search_entries::message_id.is_null());
            let update = diesel::update(title).set(search_entries::pending.eq(true));
            let listed = Steady(update).execute(conn)?;
            if listed == 0 {
                entry.execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            let target = match message {
                Some(_) => "(message_id)",
                None => "(conversation_id) WHERE message_id IS NULL",
            };
            let upsert = sql_query(format!(
                "INSERT INTO search_entries (conversation_id, message_id, pending, words) \
                 VALUES ($1, $2, TRUE, '') ON CONFLICT {target} DO UPDATE SET pending = TRUE"
            ));
            Steady(
                upsert
                    .bind::<Text, _>(conversation)
                    .bind::<Nullable<Text>, _>(message),
            )
            .execute(conn)?;
        }
    }
    Ok(())
}

/// The oldest entries whose words are to be indexed. Until the transaction ends nobody else gets them, and
/// what is listed anew meanwhile waits, so that no newer text is taken for indexed.
pub(crate) fn lock_pending(conn: &mut Conn, limit: i64) -> Result<Vec<i64>, StoreError> {
    let pending = search_entries::table
        .filter(search_entries::pending)
        .order(search_entries::id)
        .limit(limit)
        .select(search_entries::id);
    Ok(match conn {
        Conn::Sqlite(conn) => pending.load(conn)?,
        Conn::Postgres(conn) => pending.for_update().skip_locked().load(conn)?,
    })
}

/// Puts the words of an entry into the index, in place of those that it had.
pub(crate) fn put(conn: &mut Conn, entry: i64, document: &Document) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => {
            diesel::delete(search_index::table.find(entry)).execute(conn)?;
            let update = diesel::update(search_entries::table.find(entry))
                .set(search_entries::pending.eq(false));
            Steady(update).execute(conn)?;
            let words = document.spaced();
            let (title, body) = match document.part {
                Part::Title => (words.as_str(), ""),
                Part::Message => ("", words.as_str()),
            };
            diesel::insert_into(search_index::table)
                .values((
                    search_index::rowid.eq(entry),
                    search_index::project.eq(crate::search::project_word(document.project)),
                    search_index::title.eq(title),
                    search_index::body.eq(body),
                ))
                .execute(conn)?;
        }
        Conn::Postgres(conn) => {
            let update = sql_query(
                "UPDATE search_entries SET words = $1::tsvector, pending = FALSE WHERE id = $2",
            )
            .bind::<Text, _>(document.tsvector())
            .bind::<BigInt, _>(entry);
            Steady(update).execute(conn)?;
        }
    }
    Ok(())
}

/// Lists a new conversation and its messages for [`crate::search::index_pending`].
pub(crate) fn list_pending(
    conn: &mut Conn,
    conversation: ConversationId,
) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => {
            sql_query(
                "INSERT INTO search_entries (conversation_id, message_id, pending) VALUES (?, NULL, TRUE)",
            )
            .bind::<Text, _>(conversation)
            .execute(conn)?;
            sql_query(
                "INSERT INTO search_entries (conversation_id, message_id, pending) \
                 SELECT conversation_id, id, TRUE FROM messages \
                 WHERE conversation_id = ? AND status <> 'running' ORDER BY created_at, id",
            )
            .bind::<Text, _>(conversation)
            .execute(conn)?;
        }
        Conn::Postgres(conn) => {
            sql_query(
                "INSERT INTO search_entries (conversation_id, message_id, pending, words) \
                 VALUES ($1, NULL, TRUE, '')",
            )
            .bind::<Text, _>(conversation)
            .execute(conn)?;
            sql_query(
                "INSERT INTO search_entries (conversation_id, message_id, pending, words) \
                 SELECT conversation_id, id, TRUE, '' FROM messages \
                 WHERE conversation_id = $1 AND status <> 'running' ORDER BY created_at, id",
            )
            .bind::<Text, _>(conversation)
            .execute(conn)?;
        }
    }
    Ok(())
}

/// The entries that match and are no newer than `newest`: the newest [`RANKED`] of them.
pub(crate) fn newest_matches(
    conn: &mut Conn,
    search: &Search,
    newest: i64,
) -> Result<Vec<Ranked>, StoreError> {
    let project = search.project;
    Ok(match conn {
        // FTS5 itself walks from the newest entry back, so that the walk ends at the limit. Its
        // `bm25` is the smaller, the better; the weights are those of the table's columns.
        Conn::Sqlite(conn) => sql_query(
            "SELECT search_entries.id AS id, -bm25(search_index, 0.0, 4.0, 1.0) AS score \
             FROM search_index \
             CROSS JOIN search_entries ON search_entries.id = search_index.rowid \
             CROSS JOIN conversations ON conversations.id = search_entries.conversation_id \
             WHERE search_index MATCH ? AND search_index.rowid <= ? \
             AND conversations.owner_id = ? AND conversations.project_id = coalesce(?, conversations.project_id) \
             ORDER BY search_index.rowid DESC LIMIT ?",
        )
        .bind::<Text, _>(search.terms.fts5(search.owner, project))
        .bind::<BigInt, _>(newest)
        .bind::<Text, _>(search.owner)
        .bind::<Nullable<Text>, _>(project)
        .bind::<BigInt, _>(RANKED)
        .load(conn)?,
        // A long text must hold a word more often than a short one to be as good. `ts_rank`'s own ways
        // to say so weigh the length of short texts too heavily; this is close to what `bm25` does.
        Conn::Postgres(conn) => sql_query(
            "SELECT id, ts_rank(words, $1::tsquery) / (1 + length(words) / 100.0::float8) AS score FROM ( \
             SELECT search_entries.id, search_entries.words FROM search_entries \
             JOIN conversations ON conversations.id = search_entries.conversation_id \
             WHERE search_entries.words @@ $2::tsquery AND search_entries.id <= $3 \
             AND conversations.owner_id = $4 AND conversations.project_id = coalesce($5, conversations.project_id) \
             ORDER BY search_entries.id DESC LIMIT $6) AS newest",
        )
        .bind::<Text, _>(search.terms.tsquery(search.owner))
        .bind::<Text, _>(within(search))
        .bind::<BigInt, _>(newest)
        .bind::<Text, _>(search.owner)
        .bind::<Nullable<Text>, _>(project)
        .bind::<BigInt, _>(RANKED)
        .load(conn)?,
    })
}

/// The terms as a `tsquery`, and the project's word where only that is searched.
fn within(search: &Search) -> String {
    let terms = search.terms.tsquery(search.owner);
    match search.project {
        None => terms,
        Some(project) => format!("'{}' & {terms}", crate::search::project_word(project)),
    }
}

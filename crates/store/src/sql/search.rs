//! The full-text index: FTS5 in SQLite, a `tsvector` with a GIN index in PostgreSQL.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use prompthub_dto::ids::{ConversationId, MessageId};

use crate::{
    Conn, StoreError,
    schema::conversations,
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

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Lets one transaction at a time, of whichever process, take from the queue until it ends: of two, the one with the
/// older text could be the last to write. `false` where another one does. The number is any that nobody else
/// uses in this database.
pub(crate) fn lock_queue(conn: &mut Conn) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Lock {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    Ok(match conn {
        Conn::Sqlite(_) => true,
        Conn::Postgres(conn) => {
            sql_query("SELECT pg_try_advisory_xact_lock(7237408823) AS taken")
                .get_result::<Lock>(conn)?
                .taken
        }
    })
}

/// Those of these conversations that nobody is about to delete, and nobody can until the transaction ends.
pub(crate) fn lock_conversations(
    conn: &mut Conn,
    ids: &[ConversationId],
) -> Result<Vec<ConversationId>, StoreError> {
    let query = conversations::table
        .filter(conversations::id.eq_any(ids))
        .select(conversations::id);
    Ok(match conn {
        Conn::Sqlite(conn) => query.load(conn)?,
        Conn::Postgres(conn) => query.for_key_share().skip_locked().load(conn)?,
    })
}

/// Puts the words of a title (no message) or a message into the index, in place of those that it had.
pub(crate) fn put(
    conn: &mut Conn,
    conversation: ConversationId,
    message: Option<MessageId>,
    document: &Document,
) -> Result<(), StoreError> {
    let target = match message {
        Some(_) => "(message_id)",
        None => "(conversation_id) WHERE message_id IS NULL",
    };
    match conn {
        Conn::Sqlite(conn) => {
            // The update changes nothing, and lets an entry that was there already say its id.
            let upsert = sql_query(format!(
                "INSERT INTO search_entries (conversation_id, message_id) VALUES (?, ?) \
                 ON CONFLICT {target} DO UPDATE SET message_id = excluded.message_id RETURNING id"
            ));
            let upsert = upsert
                .bind::<Text, _>(conversation)
                .bind::<Nullable<Text>, _>(message);
            let entry: Entry = Steady(upsert).get_result(conn)?;
            put_words(conn, entry.id, document)?;
        }
        Conn::Postgres(conn) => {
            let upsert = sql_query(format!(
                "INSERT INTO search_entries (conversation_id, message_id, words) \
                 VALUES ($1, $2, $3::tsvector) \
                 ON CONFLICT {target} DO UPDATE SET words = excluded.words RETURNING id"
            ));
            let upsert = upsert
                .bind::<Text, _>(conversation)
                .bind::<Nullable<Text>, _>(message)
                .bind::<Text, _>(document.tsvector());
            let _: Entry = Steady(upsert).get_result(conn)?;
        }
    }
    Ok(())
}

fn put_words(
    conn: &mut SqliteConnection,
    entry: i64,
    document: &Document,
) -> Result<(), StoreError> {
    diesel::delete(search_index::table.find(entry)).execute(conn)?;
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

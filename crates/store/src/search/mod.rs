//! Searching: what is in the index, and what is found in it.
//!
//! The index holds an entry for each conversation's title and for each message that is not being
//! written; `search_entries` is the list of them, and their words are where the engine keeps such
//! things (`sql/search.rs`). What is stored is put into `search_queue` in the same transaction, which costs it next to nothing,
//! and is indexed a moment later ([`index_pending`]); who searches sees to it that their own are there first. An entry goes
//! when its conversation or message goes. What counts as a word is decided here (`words`), so that every database finds the same.
//!
//! Of more matches than [`RANKED`] only the newest are ranked and found: a search for a word that is
//! everywhere costs no more than any other.

mod snippet;
mod terms;
mod words;

use chrono::NaiveDateTime;
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Nullable},
};
use prompthub_dto::ids::{ConversationId, MessageId, ProjectId, UserId};

pub(crate) use self::terms::{Document, Part, project_word};
pub use self::{snippet::SnippetPiece, terms::SearchTerms};
use crate::{
    Conn, MessageRole, MessageStatus, StoreError,
    schema::{conversations, messages, search_entries, search_queue},
    sql::{direct, search as engine},
};

/// How many matches, the newest, are ranked.
pub(crate) const RANKED: i64 = 1_000;
/// Hits whose texts are in memory at the same time.
const LOADED: usize = 16;
/// Bytes of text that the snippets of one page are looked for in; hits beyond show their beginning.
const MAX_EXAMINED: usize = 4_000_000;
/// Places in the queue that a transaction of [`index_pending`] takes: enough to share its cost, few enough that
/// nobody who writes waits for long behind it.
const INDEXED_AT_ONCE: i64 = 64;
/// The same in bytes of messages, but for the first, which is taken however long it is.
const BYTES_AT_ONCE: i64 = 1_000_000;

/// A search among a person's conversations.
#[derive(Debug, Clone)]
pub struct Search {
    pub owner: UserId,
    pub terms: SearchTerms,
    /// Only in this project.
    pub project: Option<ProjectId>,
    pub after: Option<SearchPlace>,
    pub limit: usize,
}

/// A hit's place among the hits of a search.
///
/// Ranks shift a little while messages are added. Therefore the place is the hit itself as long as
/// it is found, and what was added since the first page is left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchPlace {
    /// The newest entry that the first page knew.
    pub newest: i64,
    /// How well it matched.
    pub score: f64,
    /// The hit's entry.
    pub entry: i64,
}

/// A title or a message that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchHitRow {
    pub place: SearchPlace,
    pub project_id: ProjectId,
    pub conversation_id: ConversationId,
    pub title: String,
    /// `None` where the title was found.
    pub message: Option<(MessageId, MessageRole)>,
    pub snippet: Vec<SnippetPiece>,
    /// When the message was written, or the conversation begun.
    pub created_at: NaiveDateTime,
}

/// An entry that matches.
#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
pub(crate) struct Ranked {
    #[diesel(sql_type = BigInt)]
    pub(crate) id: i64,
    /// The higher, the better.
    #[diesel(sql_type = diesel::sql_types::Double)]
    pub(crate) score: f64,
}

/// What is found, the best first, and the newest first among equals.
pub fn find(conn: &mut Conn, search: &Search) -> Result<Vec<SearchHitRow>, StoreError> {
    let known = search.after.map(|place| place.newest);
    let mut ranked = engine::newest_matches(conn, search, known.unwrap_or(i64::MAX))?;
    let newest = known.unwrap_or_else(|| ranked.iter().map(|it| it.id).max().unwrap_or(0));
    ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(b.id.cmp(&a.id)));
    let mut rest = match search.after {
        None => ranked.as_slice(),
        Some(place) => behind(&ranked, place),
    };
    let mut hits = Vec::new();
    let mut examined = 0;
    // More than one round only where texts were deleted between the two queries, or are many.
    while hits.len() < search.limit && !rest.is_empty() {
        let wanted = LOADED.min(search.limit - hits.len()).min(rest.len());
        let (next, later) = rest.split_at(wanted);
        rest = later;
        let ids: Vec<i64> = next.iter().map(|it| it.id).collect();
        let mut texts = load(conn, search.owner, &ids)?;
        for ranked in next {
            let Some(found) = texts.iter().position(|text| text.0 == ranked.id) else {
                continue;
            };
            let place = SearchPlace {
                newest,
                score: ranked.score,
                entry: ranked.id,
            };
            hits.push(hit(texts.swap_remove(found), search, place, &mut examined));
        }
    }
    Ok(hits)
}

/// What follows a place: the hit itself, or where it was if it is not found any more.
fn behind(ranked: &[Ranked], place: SearchPlace) -> &[Ranked] {
    let next = match ranked.iter().position(|it| it.id == place.entry) {
        Some(found) => found + 1,
        None => ranked.partition_point(|it| {
            it.score
                .total_cmp(&place.score)
                .then(it.id.cmp(&place.entry))
                .is_gt()
        }),
    };
    ranked.get(next..).unwrap_or_default()
}

/// An entry, its conversation, and its message if it is one's.
type Text = (
    i64,
    (ProjectId, ConversationId, String, NaiveDateTime),
    Option<(MessageId, MessageRole, String, NaiveDateTime)>,
);

fn load(conn: &mut Conn, owner: UserId, entries: &[i64]) -> Result<Vec<Text>, StoreError> {
    let query = search_entries::table
        .inner_join(conversations::table.on(conversations::id.eq(search_entries::conversation_id)))
        .left_join(messages::table.on(messages::id.nullable().eq(search_entries::message_id)))
        .filter(search_entries::id.eq_any(entries))
        .filter(conversations::owner_id.eq(owner))
        .select((
            search_entries::id,
            (
                conversations::project_id,
                conversations::id,
                conversations::title,
                conversations::created_at,
            ),
            (
                messages::id,
                messages::role,
                messages::content,
                messages::created_at,
            )
                .nullable(),
        ));
    Ok(query.load(conn)?)
}

fn hit(found: Text, search: &Search, place: SearchPlace, examined: &mut usize) -> SearchHitRow {
    let (_, (project_id, conversation_id, title, begun_at), message) = found;
    let text = message
        .as_ref()
        .map_or(&title, |(_, _, content, _)| content);
    let end = text.floor_char_boundary(MAX_EXAMINED.saturating_sub(*examined).max(1_000));
    *examined += end;
    let snippet = snippet::snippet(text.get(..end).unwrap_or_default(), &search.terms);
    let created_at = message.as_ref().map_or(begun_at, |(.., at)| *at);
    SearchHitRow {
        place,
        project_id,
        conversation_id,
        message: message.map(|(id, role, ..)| (id, role)),
        title,
        snippet,
        created_at,
    }
}

/// Queues a conversation's title for [`index_pending`], anew where it is in the index already.
pub(crate) fn queue_title(conn: &mut Conn, id: ConversationId) -> Result<(), StoreError> {
    queue(conn, id, None)
}

/// Queues a message for [`index_pending`]. The caller has seen that it is not being written any more.
pub(crate) fn queue_message(
    conn: &mut Conn,
    conversation: ConversationId,
    id: MessageId,
) -> Result<(), StoreError> {
    queue(conn, conversation, Some(id))
}

fn queue(
    conn: &mut Conn,
    conversation: ConversationId,
    message: Option<MessageId>,
) -> Result<(), StoreError> {
    let insert = diesel::insert_into(search_queue::table).values((
        search_queue::conversation_id.eq(conversation),
        search_queue::message_id.eq(message),
    ));
    direct!(conn => insert.execute(conn))?;
    Ok(())
}

/// Queues a new conversation, and those of its messages that are not being written.
pub(crate) fn queue_conversation(
    conn: &mut Conn,
    conversation: ConversationId,
) -> Result<(), StoreError> {
    queue_title(conn, conversation)?;
    let written = messages::table
        .filter(messages::conversation_id.eq(conversation))
        .filter(messages::status.ne(MessageStatus::Running))
        .order((messages::created_at, messages::id))
        .select((messages::conversation_id, messages::id.nullable()));
    let insert = written
        .insert_into(search_queue::table)
        .into_columns((search_queue::conversation_id, search_queue::message_id));
    direct!(conn => insert.execute(conn))?;
    Ok(())
}

/// Whether [`index_pending`] has something to do.
///
/// # Errors
/// When the database fails.
pub fn is_pending(conn: &mut Conn) -> Result<bool, StoreError> {
    let query = search_queue::table.select(search_queue::id).limit(1);
    Ok(query.get_result::<i64>(conn).optional()?.is_some())
}

/// Whether something of a person's own is queued and not in the index yet.
///
/// # Errors
/// When the database fails.
pub fn is_behind(conn: &mut Conn, owner: UserId) -> Result<bool, StoreError> {
    let query = search_queue::table
        .inner_join(conversations::table.on(conversations::id.eq(search_queue::conversation_id)))
        .filter(conversations::owner_id.eq(owner))
        .select(search_queue::id)
        .limit(1);
    Ok(query.get_result::<i64>(conn).optional()?.is_some())
}

/// A place in the queue, its conversation, and its message if it is one's and still there.
type Pending = (
    i64,
    (ConversationId, UserId, ProjectId, String),
    Option<MessageId>,
    Option<String>,
);

/// Brings some of what is queued into the index, the oldest first: titles and messages are queued when
/// they are stored, and indexed many at a time, which costs a fraction of one at a time. Says how many have left the
/// queue. None where it is empty, or where another process is at it.
///
/// # Errors
/// When the database fails.
pub fn index_pending(conn: &mut Conn) -> Result<usize, StoreError> {
    if !engine::lock_queue(conn)? {
        return Ok(0);
    }
    let mut queued: Vec<(i64, ConversationId, Option<i64>)> = search_queue::table
        .left_join(messages::table.on(messages::id.nullable().eq(search_queue::message_id)))
        .order(search_queue::id)
        .limit(INDEXED_AT_ONCE)
        .select((
            search_queue::id,
            search_queue::conversation_id,
            sql::<Nullable<BigInt>>("CAST(octet_length(messages.content) AS BIGINT)"),
        ))
        .load(conn)?;
    let mut bytes: i64 = 0;
    let within = queued.iter().take_while(|(.., size)| {
        bytes = bytes.saturating_add(size.unwrap_or(0));
        bytes <= BYTES_AT_ONCE
    });
    let within = within.count().max(1);
    queued.truncate(within);
    let mut conversations: Vec<_> = queued.iter().map(|(_, id, _)| *id).collect();
    conversations.sort_unstable();
    conversations.dedup();
    let kept = engine::lock_conversations(conn, &conversations)?;
    let mut done: Vec<i64> = queued.into_iter().map(|(id, ..)| id).collect();
    for (place, (conversation, owner, project, title), message, content) in
        load_queued(conn, &done)?
    {
        if !kept.contains(&conversation) {
            // It is being deleted. Whether it will be gone is known the next time.
            done.retain(|id| *id != place);
            continue;
        }
        let (part, text) = match (message, &content) {
            (None, _) => (Part::Title, &title),
            (Some(_), Some(content)) => (Part::Message, content),
            (Some(_), None) => continue,
        };
        let document = Document {
            owner,
            project,
            part,
            text,
        };
        engine::put(conn, conversation, message, &document)?;
    }
    let taken = search_queue::table.filter(search_queue::id.eq_any(&done));
    diesel::delete(taken).execute(conn)?;
    Ok(done.len())
}

/// What these places in the queue name; nothing where its conversation is gone.
fn load_queued(conn: &mut Conn, places: &[i64]) -> Result<Vec<Pending>, StoreError> {
    let query = search_queue::table
        .inner_join(conversations::table.on(conversations::id.eq(search_queue::conversation_id)))
        .left_join(messages::table.on(messages::id.nullable().eq(search_queue::message_id)))
        .filter(search_queue::id.eq_any(places))
        .order(search_queue::id)
        .select((
            search_queue::id,
            (
                conversations::id,
                conversations::owner_id,
                conversations::project_id,
                conversations::title,
            ),
            search_queue::message_id,
            messages::content.nullable(),
        ));
    Ok(query.load(conn)?)
}

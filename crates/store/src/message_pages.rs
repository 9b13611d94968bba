//! Messages of a conversation in pages that are bounded in bytes, since a message may be long.

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};
use prompthub_dto::ids::{ConversationId, MessageId};

use crate::{
    Conn, StoreError,
    messages::{self, MessageOrder, MessagePlace, MessageRow},
    schema::messages as table,
};

/// The bytes of a message's texts, without reading the texts.
pub(crate) const TEXT_BYTES: &str = "CAST(octet_length(messages.content) AS BIGINT) \
    + CAST(COALESCE(octet_length(messages.reasoning), 0) AS BIGINT)";

/// How much a page may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageBounds {
    /// Messages.
    pub limit: i64,
    /// Bytes of text, of all of them together.
    pub bytes: i64,
}

/// Some messages in their order, and whether more follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    pub rows: Vec<MessageRow>,
    pub more: bool,
}

/// As many messages of a conversation after the place `after` as are within `bounds`, but at least one while there is
/// one. The caller has found the conversation for its owner.
///
/// # Errors
/// When the database fails.
pub fn find_page(
    conn: &mut Conn,
    conversation: ConversationId,
    order: MessageOrder,
    after: Option<MessagePlace>,
    bounds: PageBounds,
) -> Result<MessagePage, StoreError> {
    // One more than fits tells whether there is more.
    let sizes = sizes(
        conn,
        conversation,
        order,
        after,
        bounds.limit.saturating_add(1),
    )?;
    let limit = usize::try_from(bounds.limit).unwrap_or(usize::MAX);
    let fitting = fitting(&sizes, bounds.bytes).min(limit);
    let Some((last, _)) = sizes.get(..fitting).and_then(<[_]>::last) else {
        return Ok(MessagePage {
            rows: Vec::new(),
            more: false,
        });
    };
    let count = i64::try_from(fitting).unwrap_or(i64::MAX);
    let rows = messages::list(conn, conversation, order, after, count)?;
    // Where messages have come in between the two statements, the page ends before the one that was to be its last.
    let more = sizes.len() > fitting || rows.last().is_some_and(|row| row.id != *last);
    Ok(MessagePage { rows, more })
}

fn sizes(
    conn: &mut Conn,
    conversation: ConversationId,
    order: MessageOrder,
    after: Option<MessagePlace>,
    limit: i64,
) -> Result<Vec<(MessageId, i64)>, StoreError> {
    let all = table::table
        .filter(table::conversation_id.eq(conversation))
        .limit(limit)
        .select((table::id, sql::<BigInt>(TEXT_BYTES)));
    let forward = all.clone().order((table::created_at, table::id));
    let backward = all.order((table::created_at.desc(), table::id.desc()));
    Ok(match (order, after) {
        (MessageOrder::OldestFirst, None) => forward.load(conn)?,
        (MessageOrder::OldestFirst, Some((at, id))) => forward
            .filter(table::created_at.ge(at))
            .filter(table::created_at.gt(at).or(table::id.gt(id)))
            .load(conn)?,
        (MessageOrder::NewestFirst, None) => backward.load(conn)?,
        (MessageOrder::NewestFirst, Some((at, id))) => backward
            .filter(table::created_at.le(at))
            .filter(table::created_at.lt(at).or(table::id.lt(id)))
            .load(conn)?,
    })
}

/// How many of the first come to no more than `max` bytes, but at least one while there is one.
fn fitting(sizes: &[(MessageId, i64)], max: i64) -> usize {
    let mut total: i64 = 0;
    let fitting = sizes.iter().enumerate().take_while(|(index, (_, size))| {
        total = total.saturating_add(*size);
        total <= max || *index == 0
    });
    fitting.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_it_is_too_large_and_is_never_empty() {
        for (sizes, max, expected) in [
            (vec![], 10, 0),
            (vec![11], 10, 1),
            (vec![11, 1], 10, 1),
            (vec![5, 5, 1], 10, 2),
            (vec![0, 0, 11], 10, 2),
            (vec![0, 11], 10, 1),
            (vec![1, i64::MAX, 1], 10, 1),
        ] {
            let sizes: Vec<_> = sizes.iter().map(|size| (MessageId::new(), *size)).collect();
            assert_eq!(fitting(&sizes, max), expected, "{sizes:?}");
        }
    }
}

//! Statements that stay prepared though Diesel would not keep them.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

/// A statement that every question or answer makes, and that returns rows.
///
/// Diesel prepares an `UPDATE`, an upsert and anything with literal SQL in it anew at each execution, since the SQL may depend
/// on the values and there could be any number of them. Here there is one, and parsing it costs SQLite as much as
/// running it, and PostgreSQL a round trip. The connection finds the prepared statement by its SQL, so one that did vary
/// would be slow but not wrong.
///
/// It has to be loaded, so an `UPDATE` has to return something: `execute` takes a statement by reference, and Diesel
/// judges a reference by what is in it. Therefore there is no `execute` here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steady<Q>(pub(crate) Q);

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Steady<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Steady<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Steady<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: Query, C> RunQueryDsl<C> for Steady<Q> {}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use diesel::{
        Connection, SqliteConnection,
        connection::{InstrumentationEvent, SimpleConnection},
        prelude::*,
    };

    use super::*;

    diesel::table! {
        notes (id) {
            id -> Text,
            content -> Text,
        }
    }

    /// A connection, and how many statements it has kept.
    fn connection() -> (SqliteConnection, Arc<AtomicUsize>) {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        let create = "CREATE TABLE notes (id TEXT PRIMARY KEY, content TEXT); INSERT INTO notes VALUES ('a', '')";
        conn.batch_execute(create).unwrap();
        let kept = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&kept);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        (conn, kept)
    }

    #[test]
    fn an_update_that_returns_something_is_kept() {
        let (mut conn, kept) = connection();
        for content in ["one", "two"] {
            let update = diesel::update(notes::table.find("a")).set(notes::content.eq(content));
            let changed: Vec<String> = Steady(update.returning(notes::id)).load(&mut conn).unwrap();
            assert_eq!(changed, ["a"]);
        }
        assert_eq!(kept.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn diesel_alone_keeps_no_update() {
        let (mut conn, kept) = connection();
        let update = diesel::update(notes::table.find("a")).set(notes::content.eq("one"));
        assert_eq!(update.execute(&mut conn).unwrap(), 1);
        assert_eq!(kept.load(Ordering::Relaxed), 0);
    }
}

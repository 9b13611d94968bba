//! Statements that stay prepared though Diesel would not keep them.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
};

/// An `UPDATE` or an upsert that every question or answer makes.
///
/// Diesel prepares these anew at each execution, since their SQL may depend on the values and there could be any
/// number of them. Here there is one, and parsing it costs SQLite as much as running it, and PostgreSQL a round trip.
/// The connection finds the prepared statement by its SQL, so one that did vary would be slow but not wrong.
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

impl<Q, C> RunQueryDsl<C> for Steady<Q> {}

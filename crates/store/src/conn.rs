//! The connection that the table modules work on, whichever database is behind it.
//!
//! What Diesel can say for all databases alike goes through [`Conn`] as it is; what it cannot is
//! in `sql.rs`, one `match` a query. A third database is one more variant here and in `sql.rs`.
//!
//! What is unique is read with `get_result`: `first` adds a `LIMIT` that no such query needs.
//! Pages of a list continue after a pair `(a, b)`. No database here compares rows the same way, so
//! the table modules write `a <= x AND (a < x OR b < y)`: the first half is what an index can use.

use diesel::{PgConnection, SqliteConnection};

/// A connection to one of the databases that this build supports.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

//! What Diesel cannot say for all databases at once: one `match` on the connection a function.
//!
//! Row locks belong here. SQLite needs none: its one writer does one transaction after the other.

pub(crate) mod search;
mod steady;

use diesel::{
    connection::{AnsiTransactionManager, TransactionManager},
    prelude::*,
    sql_query,
};
use prompthub_dto::ids::{MessageId, ProjectId, UserId};

pub(crate) use self::steady::Steady;

use crate::{
    Conn, StoreError,
    messages::MessageRow,
    projects::ProjectRow,
    schema::{messages, projects, users},
};

/// Runs a query on the connection behind [`Conn`], for the few that every request makes: going through
/// Diesel's `MultiConnection` writes the SQL anew each time, even where the statement is prepared.
macro_rules! direct {
    ($conn:ident => $query:expr) => {
        match $conn {
            $crate::Conn::Sqlite($conn) => $query,
            $crate::Conn::Postgres($conn) => $query,
        }
    };
}
pub(crate) use direct;

/// Runs an `UPDATE … RETURNING` of some text, an id say, so that it stays prepared ([`Steady`]). How many rows it has changed.
macro_rules! changed {
    ($conn:ident => $update:expr) => {{
        let rows: diesel::QueryResult<Vec<String>> =
            $crate::sql::direct!($conn => $crate::sql::Steady($update).load($conn));
        rows.map(|rows| rows.len())
    }};
}
pub(crate) use changed;

/// Begins a transaction that will write. SQLite's takes the write lock at once: one that reads first and
/// then writes can fail half-way when another process has written in between.
pub(crate) fn begin_writing(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
        }
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
}

/// Lets one registration at a time decide whether it is the first, until its transaction ends. The
/// number is any that nobody else uses in this database.
pub(crate) fn lock_first_account(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => {}
        Conn::Postgres(conn) => {
            sql_query("SELECT pg_advisory_xact_lock(7237408821)").execute(conn)?;
        }
    }
    Ok(())
}

/// Lets one transaction at a time change catalogues, until it ends: a list that one of them finds unused
/// must not come into use in another. The number is any that nobody else uses in this database.
pub(crate) fn lock_catalogues(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => {}
        Conn::Postgres(conn) => {
            sql_query("SELECT pg_advisory_xact_lock(7237408822)").execute(conn)?;
        }
    }
    Ok(())
}

/// Finds a person's project and keeps everybody else from changing it, or adding files to it, until
/// the transaction ends.
pub(crate) fn lock_project(
    conn: &mut Conn,
    owner: UserId,
    id: ProjectId,
) -> Result<Option<ProjectRow>, StoreError> {
    let project = projects::table
        .find(id)
        .filter(projects::owner_id.eq(owner));
    Ok(match conn {
        Conn::Sqlite(conn) => project
            .select(ProjectRow::as_select())
            .first(conn)
            .optional()?,
        Conn::Postgres(conn) => {
            // What is written next may refer to the owner, whom a deletion of the account locks before the projects.
            users::table
                .find(owner)
                .select(users::id)
                .for_key_share()
                .execute(conn)?;
            project
                .select(ProjectRow::as_select())
                .for_update()
                .first(conn)
                .optional()?
        }
    })
}

/// Keeps everybody else from adding files to a project until the transaction ends.
pub(crate) fn lock_files(conn: &mut Conn, project: ProjectId) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => {}
        Conn::Postgres(conn) => {
            projects::table
                .find(project)
                .select(projects::id)
                .for_update()
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Lets one transaction of a person at a time go on, without keeping others from referring to the
/// account.
pub(crate) fn lock_person(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => {}
        Conn::Postgres(conn) => {
            users::table
                .find(id)
                .select(users::id)
                .for_no_key_update()
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Keeps everybody else from adding projects to an account, or files to its projects, until the
/// transaction ends.
pub(crate) fn lock_account(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => {}
        Conn::Postgres(conn) => {
            users::table
                .find(id)
                .select(users::id)
                .for_update()
                .execute(conn)?;
            // In one order, so that two of these cannot wait for each other.
            projects::table
                .filter(projects::owner_id.eq(id))
                .order(projects::id)
                .select(projects::id)
                .for_update()
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Those of these messages that nobody else is changing or deleting, and nobody can until the transaction ends. Whoever
/// waited here for the others could wait for somebody who waits for these.
pub(crate) fn lock_free_messages(
    conn: &mut Conn,
    ids: Vec<MessageId>,
) -> Result<Vec<MessageId>, StoreError> {
    Ok(match conn {
        Conn::Sqlite(_) => ids,
        Conn::Postgres(conn) => messages::table
            .filter(messages::id.eq_any(ids))
            .select(messages::id)
            .for_no_key_update()
            .skip_locked()
            .load(conn)?,
    })
}

/// Messages that one statement inserts on PostgreSQL: 27 values each, of the 65,535 that it takes.
const MESSAGES_A_STATEMENT: usize = 500;

/// Adds messages, of which each comes after its parent. Thousands come at once, so each database gets them
/// the way that costs it least: SQLite one by one through a statement that stays prepared,
/// PostgreSQL many to a round trip.
pub(crate) fn insert_messages(conn: &mut Conn, rows: &[MessageRow]) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(messages::table)
                    .values(row)
                    .execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            for rows in rows.chunks(MESSAGES_A_STATEMENT) {
                diesel::insert_into(messages::table)
                    .values(rows)
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

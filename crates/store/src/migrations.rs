//! Bringing the schema up to date. The SQL is in `/migrations`, one folder for each database with
//! the same names in each, and is compiled in.

use diesel::{backend::Backend, connection::SimpleConnection, migration::MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{Conn, StoreError, search, sql, work};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Holds off other processes that start at the same time. The number is any that nobody else uses
/// in this database.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_lock(7237408820)";
const POSTGRES_UNLOCK: &str = "SELECT pg_advisory_unlock(7237408820)";

/// After so many entries the log says how far indexing is.
const TOLD_ABOUT: usize = 10_000;

/// Runs what is pending, and indexes what migrations have left to be indexed. The connection must be
/// outside a transaction.
pub(crate) fn run(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(sqlite) => {
            if !is_current(sqlite, &SQLITE)? {
                // A second process waits here, and then finds nothing to do.
                sqlite.immediate_transaction(|sqlite| apply(sqlite, SQLITE))?;
            }
            index(conn)
        }
        Conn::Postgres(postgres) => {
            postgres.batch_execute(POSTGRES_LOCK)?;
            let applied = apply(postgres, POSTGRES);
            let indexed = applied.and_then(|()| index(conn));
            conn.batch_execute(POSTGRES_UNLOCK)?;
            indexed
        }
    }
}

/// In many transactions, each of which is kept: a server that is stopped here goes on at its next start.
/// What another server on the database is indexing in this moment is left to that.
fn index(conn: &mut Conn) -> Result<(), StoreError> {
    let (mut total, mut told): (usize, usize) = (0, 0);
    while search::is_pending(conn)? {
        sql::begin_writing(conn)?;
        let indexed = work::run(conn, search::index_pending);
        if indexed.is_err() {
            work::rollback(conn)?;
        } else {
            work::commit(conn)?;
        }
        let indexed = indexed?;
        if indexed == 0 {
            break;
        }
        total += indexed;
        if total - told >= TOLD_ABOUT {
            told = total;
            tracing::info!(total, "indexing titles and messages for the search");
        }
    }
    Ok(())
}

fn is_current<C, DB>(
    conn: &mut C,
    migrations: &impl MigrationSource<DB>,
) -> Result<bool, StoreError>
where
    C: MigrationHarness<DB>,
    DB: Backend,
{
    let applied = conn.applied_migrations().map_err(StoreError::Migration)?;
    let known = migrations.migrations().map_err(StoreError::Migration)?;
    let newer = applied.iter().find(|version| {
        !known
            .iter()
            .any(|migration| migration.name().version() == **version)
    });
    if let Some(version) = newer {
        let reason =
            format!("the database has migration {version}, which only a newer PromptHub knows");
        return Err(StoreError::Migration(reason.into()));
    }
    Ok(applied.len() == known.len())
}

fn apply<C, DB>(conn: &mut C, migrations: impl MigrationSource<DB>) -> Result<(), StoreError>
where
    C: MigrationHarness<DB>,
    DB: Backend,
{
    if is_current(conn, &migrations)? {
        return Ok(());
    }
    let applied = conn
        .run_pending_migrations(migrations)
        .map_err(StoreError::Migration)?;
    for version in applied {
        tracing::info!(%version, "migrated the database");
    }
    Ok(())
}

//! Bringing the schema up to date. The SQL is in `/migrations`, one folder for each database with
//! the same names in each, and is compiled in.

use diesel::{backend::Backend, connection::SimpleConnection, migration::MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{Conn, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Holds off other processes that start at the same time. The number is any that nobody else uses
/// in this database.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_lock(7237408820)";
const POSTGRES_UNLOCK: &str = "SELECT pg_advisory_unlock(7237408820)";

/// Runs what is pending. The connection must be outside a transaction.
pub(crate) fn run(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(sqlite) => {
            if is_current(sqlite, &SQLITE)? {
                return Ok(());
            }
            // A second process waits here, and then finds nothing to do.
            sqlite.immediate_transaction(|sqlite| apply(sqlite, SQLITE))
        }
        Conn::Postgres(postgres) => {
            postgres.batch_execute(POSTGRES_LOCK)?;
            let applied = apply(postgres, POSTGRES);
            postgres.batch_execute(POSTGRES_UNLOCK)?;
            applied
        }
    }
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

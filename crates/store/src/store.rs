//! The handle on the database that the rest of the server holds.
//!
//! Owns the choice between the engines. Must not hold a connection across an `.await`: closures
//! run on the engine's own threads from beginning to end.

use std::sync::Arc;

use diesel::connection::SimpleConnection;

use crate::{
    Conn, DatabaseUrl, StoreError, migrations, postgres::PostgresEngine, sqlite::SqliteEngine,
    url::Kind,
};

/// A connected database. Cloning is cheap; all clones share the same connections.
///
/// When the last clone is dropped, what was queued is finished first.
#[derive(Clone)]
pub struct Store(Arc<Engine>);

enum Engine {
    Sqlite(SqliteEngine),
    Postgres(PostgresEngine),
}

/// Which database a [`Store`] talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded: this process is the only one.
    Sqlite,
    /// A server, which other processes may use as well.
    Postgres,
}

impl Store {
    /// Opens the database; an SQLite file and its folder are made when they are absent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] within a few seconds when it cannot be opened or reached.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let engine = match url.kind() {
            Kind::Sqlite(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || SqliteEngine::open(&path)).await;
                Engine::Sqlite(opened.map_err(StoreError::unavailable)??)
            }
            Kind::Postgres(url) => Engine::Postgres(PostgresEngine::connect(url).await?),
        };
        Ok(Self(Arc::new(engine)))
    }

    /// Brings the schema up to date, one process at a time.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when a migration fails; the ones before it stay.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &*self.0 {
            Engine::Sqlite(engine) => engine.run_apart(migrations::run).await,
            Engine::Postgres(engine) => engine.run(migrations::run).await,
        }
    }

    /// Runs `f` on a connection for reading, outside a transaction: each statement sees the newest
    /// committed state. `f` must not write.
    ///
    /// # Errors
    /// What `f` returns, or [`StoreError::Unavailable`].
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Engine::Sqlite(engine) => engine.read(f).await,
            Engine::Postgres(engine) => engine.run(f).await,
        }
    }

    /// The same for what finds a few rows by their keys: on a database in this process `f` runs on the caller's own
    /// thread, where everything else waits for it. What reads many rows, or any number of them, is for [`Self::read`].
    ///
    /// # Errors
    /// What `f` returns, or [`StoreError::Unavailable`].
    pub async fn look_up<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Engine::Sqlite(engine) => engine.look_up(f),
            Engine::Postgres(engine) => engine.run(f).await,
        }
    }

    /// Runs `f` in a transaction, which is committed only if `f` is `Ok`, and is durable when this
    /// returns. Once begun it runs to its end, even if the caller stops waiting.
    ///
    /// # Errors
    /// What `f` returns, in which case nothing of it is kept, or why it could not be committed.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Engine::Sqlite(engine) => engine.write(f).await,
            Engine::Postgres(engine) => engine.write(f).await,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|conn| {
            conn.batch_execute("SELECT 1")
                .map_err(StoreError::unavailable)
        })
        .await
    }

    /// Leaves a database in this process whole in its one file, for whoever copies that; a database server needs no
    /// such thing. What is written afterwards lies beside the file again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when somebody keeps reading or writing, or the disk is full: nothing is lost then.
    pub async fn settle(&self) -> Result<(), StoreError> {
        match &*self.0 {
            Engine::Sqlite(engine) => engine.empty_log().await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &*self.0 {
            Engine::Sqlite(_) => Backend::Sqlite,
            Engine::Postgres(_) => Backend::Postgres,
        }
    }
}

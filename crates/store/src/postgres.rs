//! PostgreSQL: a few connections, used from the runtime's blocking threads.
//!
//! Owns connecting, noticing that a connection has died, and the transaction around a write. A
//! server that is away fails a call at once and is found again by the next one; a pool library
//! that retries in the background would make every caller wait for its time limit.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use url::Url;

use crate::{
    Conn, StoreError,
    error::one_line,
    url::{CONNECT_TIMEOUT, libpq_url},
    work,
};

/// Enough to keep a small server's PostgreSQL busy, few enough for its default limit of 100 when
/// several nodes share it.
const MAX_CONNECTIONS: usize = 10;

/// A connection that has been idle for longer is asked whether it still lives before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// A connection that has been idle for longer is closed.
const KEPT_FOR: Duration = Duration::from_secs(300);

pub(crate) struct PostgresEngine {
    pool: Arc<Pool>,
    /// One for each connection that may be open.
    permits: Arc<Semaphore>,
}

struct Pool {
    url: String,
    /// The most recently used is the last.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    conn: Conn,
    since: Instant,
    /// Whether the work before failed, perhaps because the connection has died.
    suspect: bool,
}

impl PostgresEngine {
    /// Opens the first connection.
    pub(crate) async fn connect(url: &Url) -> Result<Self, StoreError> {
        let engine = Self {
            pool: Arc::new(Pool {
                url: libpq_url(url),
                idle: Mutex::default(),
            }),
            permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        };
        engine.run(|_| Ok::<_, StoreError>(())).await?;
        Ok(engine)
    }

    /// Runs `f` outside a transaction.
    pub(crate) async fn run<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = timeout(CONNECT_TIMEOUT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::unavailable("every connection is busy"))?
            .map_err(StoreError::unavailable)?;
        let pool = self.pool.clone();
        spawn_blocking(move || {
            // Held by the work, not by the caller, who may stop waiting for it.
            let _permit = permit;
            let mut conn = pool.check_out()?;
            let result = work::run(&mut conn, f);
            pool.check_in(conn, result.is_err());
            result
        })
        .await
        .map_err(StoreError::unavailable)?
    }

    /// Runs `f` in a transaction of its own, READ COMMITTED.
    pub(crate) async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(|conn| work::run_in_transaction(conn, f).map_err(StoreError::from)?)
            .await
    }
}

impl Pool {
    fn check_out(&self) -> Result<Conn, StoreError> {
        while let Some(mut idle) = self.pop() {
            let trusted = !idle.suspect && idle.since.elapsed() < TRUSTED_FOR;
            if trusted || idle.conn.batch_execute("SELECT 1").is_ok() {
                return Ok(idle.conn);
            }
        }
        PgConnection::establish(&self.url)
            .map(Conn::Postgres)
            .map_err(|error| StoreError::unavailable(one_line(&error)))
    }

    fn check_in(&self, mut conn: Conn, suspect: bool) {
        if !work::is_idle(&mut conn) {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle {
            conn,
            since: Instant::now(),
            suspect,
        });
        // One stays, so that the next request after a quiet night does not have to connect.
        if let Some(oldest) = idle.first()
            && idle.len() > 1
            && oldest.since.elapsed() > KEPT_FOR
        {
            idle.remove(0);
        }
    }

    fn pop(&self) -> Option<Idle> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }
}

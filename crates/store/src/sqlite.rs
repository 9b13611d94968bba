//! SQLite: one thread that writes, a few that read, each with a connection of its own, and one connection for each
//! thread that looks things up by itself.
//!
//! Owns the pragmas and, in `writer`, **group commit**: the writer runs every write that is waiting, each but the first in
//! a savepoint, and commits them together, so that one `fsync` makes many writes durable. Nobody is
//! answered before that commit. Readers never wait for the writer (WAL).

mod writer;

use std::{
    cell::RefCell,
    fmt::Display,
    fs::{DirBuilder, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Receiver, Sender};
use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use thread_local::ThreadLocal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use self::writer::{Write, WriteJob, Writer};
use crate::{Conn, StoreError, error::one_line, work};

/// Durable at each commit, and little memory: the operating system's page cache is behind SQLite's.
/// The log grows to 4,000 pages (16 MB) before they are moved into the database: answers that are
/// being written touch the same pages again and again, and only the last state of each is moved.
const PRAGMAS: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -1024;
    PRAGMA mmap_size = 0;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA wal_autocheckpoint = 4000;
";

/// The most writes, and the most reads, that may be under way; callers beyond that wait to queue.
const MAX_QUEUED: usize = 4096;

pub(crate) struct SqliteEngine {
    path: PathBuf,
    reads: Queue<ReadJob>,
    writes: Queue<Box<dyn WriteJob>>,
    /// Of the threads that serve requests.
    nearby: Box<ThreadLocal<RefCell<Conn>>>,
    threads: Vec<JoinHandle<()>>,
}

type ReadJob = Box<dyn FnOnce(&mut Conn) + Send>;

/// The way into a queue. Each job holds a permit until it is done, whether or not anybody still waits for it, which
/// bounds the queue.
struct Queue<T> {
    /// Absent only while the engine is being dropped.
    jobs: Option<Sender<Queued<T>>>,
    permits: Arc<Semaphore>,
}

struct Queued<T> {
    job: T,
    _permit: OwnedSemaphorePermit,
}

impl SqliteEngine {
    /// Opens the file, made with its folder when absent, and starts the threads. Blocks.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(StoreError::unavailable)?;
        create(&path)
            .map_err(|error| StoreError::unavailable(format!("{}: {error}", path.display())))?;

        let (writes, queue) = new_queue();
        let mut writer = Writer {
            conn: connect(&path)?,
            path: path.clone(),
            queue,
        };
        let mut threads = vec![spawn("sqlite-writer", move || writer.run())?];

        let (reads, queue) = new_queue::<ReadJob>();
        let readers = thread::available_parallelism()
            .map_or(2, usize::from)
            .clamp(2, 4);
        for _ in 0..readers {
            let mut conn = connect_to_read(&path)?;
            let queue = queue.clone();
            threads.push(spawn("sqlite-reader", move || {
                for queued in queue {
                    (queued.job)(&mut conn);
                }
            })?);
        }
        Ok(Self {
            path,
            reads,
            writes,
            nearby: Box::default(),
            threads,
        })
    }

    /// Runs `f` here and now. Handing a few pages' worth of reading to another thread takes longer than the reading.
    pub(crate) fn look_up<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E>,
        E: From<StoreError>,
    {
        let conn = self
            .nearby
            .get_or_try(|| connect_to_look_up(&self.path).map(RefCell::new))?;
        let mut conn = conn
            .try_borrow_mut()
            .map_err(|_| StoreError::Internal("a look-up was begun within a look-up".to_owned()))?;
        work::run(&mut conn, f)
    }

    pub(crate) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: ReadJob = Box::new(move |conn| {
            // Whoever asked may have gone away while this was queued.
            if !reply.is_closed() {
                let _ = reply.send(work::run(conn, f));
            }
        });
        self.reads.run(job, answer).await?
    }

    pub(crate) async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Write::new(f, reply);
        self.writes.run(Box::new(job), answer).await?
    }

    /// Moves all that is in the log into the file.
    pub(crate) async fn empty_log(&self) -> Result<(), StoreError> {
        self.run_apart(|conn| {
            let outcome: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)")
                .get_result(conn)
                .map_err(StoreError::unavailable)?;
            match outcome.busy {
                0 => Ok(()),
                _ => Err(StoreError::unavailable("it is being used")),
            }
        })
        .await
    }

    /// Runs `f` on a connection of its own, outside a transaction.
    pub(crate) async fn run_apart<F>(&self, f: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Conn) -> Result<(), StoreError> + Send + 'static,
    {
        let path = self.path.clone();
        let task = tokio::task::spawn_blocking(move || f(&mut connect(&path)?));
        task.await.map_err(StoreError::unavailable)?
    }
}

#[derive(diesel::QueryableByName)]
struct Checkpoint {
    /// Not 0 when others kept it from its end.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

impl Drop for SqliteEngine {
    fn drop(&mut self) {
        // Closing the queues ends the threads once they have emptied them.
        self.reads.jobs = None;
        self.writes.jobs = None;
        for thread in self.threads.drain(..) {
            // A job may own the last handle, and cannot wait for its own thread.
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread that serves the database has panicked");
            }
        }
    }
}

impl<T> Queue<T> {
    async fn run<A>(&self, job: T, answer: oneshot::Receiver<A>) -> Result<A, StoreError> {
        let permits = Arc::clone(&self.permits);
        let queued = Queued {
            job,
            _permit: permits.acquire_owned().await.map_err(ended)?,
        };
        self.jobs
            .as_ref()
            .ok_or(())
            .and_then(|jobs| jobs.send(queued).map_err(drop))
            .map_err(ended)?;
        answer.await.map_err(ended)
    }
}

fn new_queue<T>() -> (Queue<T>, Receiver<Queued<T>>) {
    let (sender, receiver) = crossbeam_channel::unbounded();
    (
        Queue {
            jobs: Some(sender),
            permits: Arc::new(Semaphore::new(MAX_QUEUED)),
        },
        receiver,
    )
}

fn ended<E>(_: E) -> StoreError {
    StoreError::unavailable("the thread that serves the database has ended")
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(StoreError::unavailable)
}

/// Makes the file and its folder, readable by nobody else: password hashes are in it. SQLite gives
/// its `-wal` and `-shm` the same mode.
fn create(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    let mut file = OpenOptions::new();
    folder.recursive(true);
    file.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.create(parent)?;
    }
    file.open(path).map(drop)
}

fn connect(path: &Path) -> Result<Conn, StoreError> {
    let failed = |error: &dyn Display| {
        StoreError::unavailable(format!("{}: {}", path.display(), one_line(error)))
    };
    let text = path
        .to_str()
        .ok_or_else(|| failed(&"the path is not UTF-8"))?;
    let mut conn = SqliteConnection::establish(text).map_err(|error| failed(&error))?;
    conn.batch_execute(PRAGMAS)
        .map_err(|error| failed(&error))?;
    Ok(Conn::Sqlite(conn))
}

fn connect_to_read(path: &Path) -> Result<Conn, StoreError> {
    let mut conn = connect(path)?;
    conn.batch_execute("PRAGMA query_only = ON")?;
    Ok(conn)
}

/// With a small cache: each thread that serves requests has one of these.
fn connect_to_look_up(path: &Path) -> Result<Conn, StoreError> {
    let mut conn = connect_to_read(path)?;
    conn.batch_execute("PRAGMA cache_size = -256")?;
    Ok(conn)
}

//! The thread that writes: it takes whatever waits into one transaction, and answers after the commit.

use std::path::PathBuf;

use crossbeam_channel::Receiver;
use diesel::QueryResult;
use tokio::sync::oneshot;

use super::{Queued, connect, ended};
use crate::{Conn, StoreError, error::one_line, sql, work};

/// The most writes that one commit covers: enough to spread the cost of the `fsync`, few enough
/// that the first of them is not kept waiting for long.
const MAX_BATCH: usize = 128;

/// One queued write, whatever its types.
pub(super) trait WriteJob: Send {
    /// Runs it, in a savepoint or straight in the transaction, and says whether what it wrote is to
    /// stay. An error means that the whole batch is lost, not that the job has failed: that is
    /// part of its answer.
    fn run(&mut self, conn: &mut Conn, place: Place) -> QueryResult<bool>;

    /// Tells the caller what became of it, or why the batch was lost.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

/// Where a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Alone in the transaction. When it fails, the transaction is rolled back.
    First,
    /// After others, which must stay when it fails.
    Savepoint,
}

pub(super) struct Write<T, E, F> {
    state: Option<WriteState<T, E, F>>,
    reply: oneshot::Sender<Result<T, E>>,
}

enum WriteState<T, E, F> {
    Waiting(F),
    Done(Result<T, E>),
}

impl<T, E, F> Write<T, E, F> {
    pub(super) fn new(f: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            state: Some(WriteState::Waiting(f)),
            reply,
        }
    }
}

impl<T, E, F> WriteJob for Write<T, E, F>
where
    F: FnOnce(&mut Conn) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, conn: &mut Conn, place: Place) -> QueryResult<bool> {
        let Some(WriteState::Waiting(f)) = self.state.take() else {
            return Ok(false);
        };
        let result = match place {
            Place::First => work::run(conn, f),
            Place::Savepoint => work::run_in_transaction(conn, f)?,
        };
        let stays = result.is_ok();
        self.state = Some(WriteState::Done(result));
        Ok(stays)
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let result = match (lost, self.state) {
            (None, Some(WriteState::Done(result))) => result,
            (Some(cause), _) => Err(cause.into()),
            (None, _) => Err(ended(()).into()),
        };
        // The caller may have gone away; the write stands all the same.
        let _ = self.reply.send(result);
    }
}

type QueuedWrite = Queued<Box<dyn WriteJob>>;

pub(super) struct Writer {
    pub(super) conn: Conn,
    pub(super) path: PathBuf,
    pub(super) queue: Receiver<QueuedWrite>,
}

impl Writer {
    /// Until the queue is closed and empty.
    pub(super) fn run(&mut self) {
        while let Ok(first) = self.queue.recv() {
            let mut jobs = vec![first];
            let lost = self.run_batch(&mut jobs).err().map(|error| {
                tracing::error!(%error, writes = jobs.len(), "a batch of writes was rolled back");
                self.recover();
                one_line(&error)
            });
            for queued in jobs {
                queued.job.answer(lost.clone().map(StoreError::unavailable));
            }
        }
    }

    /// Runs the given job and whatever else is waiting, and commits once.
    fn run_batch(&mut self, jobs: &mut Vec<QueuedWrite>) -> QueryResult<()> {
        sql::begin_writing(&mut self.conn)?;
        // A savepoint costs as much as a small write, and makes the search index write out what it holds.
        let mut place = Place::First;
        while let Some(queued) = jobs.last_mut() {
            match (queued.job.run(&mut self.conn, place)?, place) {
                (true, _) => place = Place::Savepoint,
                (false, Place::First) => {
                    work::rollback(&mut self.conn)?;
                    sql::begin_writing(&mut self.conn)?;
                }
                (false, Place::Savepoint) => {}
            }
            if jobs.len() == MAX_BATCH {
                break;
            }
            let Ok(next) = self.queue.try_recv() else {
                break;
            };
            jobs.push(next);
        }
        work::commit(&mut self.conn)
    }

    /// Makes the connection usable after a lost batch. SQLite ends the transaction by itself on
    /// some errors (a full disk, say), which Diesel cannot know: then only a new connection helps.
    fn recover(&mut self) {
        if !work::is_idle(&mut self.conn) && work::rollback(&mut self.conn).is_err() {
            match connect(&self.path) {
                Ok(conn) => self.conn = conn,
                Err(error) => tracing::error!(%error, "cannot reopen the database"),
            }
        }
    }
}

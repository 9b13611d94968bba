//! Threads for work that is slow on purpose, beneath everything else that the server does.
//!
//! Hashing a password takes a quarter of a second of a core. On threads of a low priority a flood of
//! sign-ins slows the sign-ins, not the answers that others wait for. Knows nothing of passwords.

use std::thread;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::oneshot;

use crate::error::ApiError;

/// How far below the rest the threads stand, of 19. Low enough that the rest hardly notices, and
/// high enough that a sign-in still gets about a tenth of a core on a machine that is all busy.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// A few threads that take turns at a queue. They end with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Hashers(Sender<Job>);

impl Hashers {
    /// Starts the threads: one fewer than there are cores, but one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let (sender, jobs) = crossbeam_channel::unbounded();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name("hasher".to_owned())
                .spawn(move || work_off(&jobs))?;
        }
        Ok(Self(sender))
    }

    /// What `work` returns, when its turn has come. It is left out when nobody waits any more.
    ///
    /// # Errors
    /// When `work` panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let (reply, outcome) = oneshot::channel();
        let job = move || {
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        };
        // The threads live as long as this sender, so a job that is not taken is one whose reply is dropped.
        let _ = self.0.send(Box::new(job));
        outcome.await.map_err(ApiError::internal)
    }
}

fn work_off(jobs: &Receiver<Job>) {
    // On Linux the calling thread's own; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "passwords are hashed at the priority of everything else");
    }
    for job in jobs {
        // The one who waits is told by the reply that never comes.
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)).is_err() {
            tracing::error!("hashing a password has panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_its_own_job_alone() {
        let hashers = Hashers::start().unwrap();
        assert!(
            hashers
                .run(|| -> u8 { panic!("on purpose") })
                .await
                .is_err()
        );
        assert_eq!(hashers.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done() {
        let hashers = Hashers::start().unwrap();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (release, gate) = crossbeam_channel::bounded::<()>(0);
        for _ in 0..threads {
            let gate = gate.clone();
            let hashers = hashers.clone();
            tokio::spawn(async move { hashers.run(move || gate.recv()).await });
        }
        tokio::task::yield_now().await;
        let (done, was_done) = std::sync::mpsc::channel();
        {
            let abandoned = hashers.run(move || done.send(()));
            tokio::pin!(abandoned);
            assert!(futures_util::poll!(abandoned.as_mut()).is_pending());
        }
        drop((release, gate));
        assert_eq!(hashers.run(|| 7).await.unwrap(), 7);
        assert!(was_done.try_recv().is_err());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_threads_that_hash_step_back() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        let hashers = Hashers::start().unwrap();
        assert_eq!(
            hashers.run(priority).await.unwrap(),
            (before + NICENESS).min(19)
        );
        assert_eq!(priority(), before);
    }
}

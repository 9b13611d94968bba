//! The runtime on which clients and upstreams live.
//!
//! A test has a runtime of its own with one thread. When it drops its server, it waits for it to
//! end, and a graceful end waits for open connections; so those must be closed by somebody else.

use std::{future::Future, panic, sync::LazyLock};

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .thread_name("harness")
        .enable_all()
        .build()
        .expect("a runtime")
});

/// Runs `future` on the harness's runtime; whoever drops the handle ends it.
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> AbortOnDropHandle<T> {
    AbortOnDropHandle::new(RUNTIME.spawn(future))
}

/// Runs `future` on the harness's runtime and waits for it; a panic there is one here.
pub(crate) async fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    match spawn(future).await {
        Ok(value) => value,
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}

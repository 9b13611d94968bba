//! Running answers. A generation is a task of the server, not of the request that started it.
//!
//! [`Hub`] knows the answers that run in this process: it starts them, finds them for subscribers,
//! stops them, keeps their leases, and at a shutdown stores what they have. Knows no HTTP.

mod end;
mod lingering;
mod live;
mod log;
mod models;
mod remote;
#[cfg(test)]
mod samples;
mod scribe;
mod subscribe;
mod sweep;
mod task;
pub mod usage;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use prompthub_dto::{
    chat::Message,
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
};
use prompthub_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::error::{ApiError, log_fault};

use lingering::Lingering;
use scribe::Scribe;

pub use live::{Ended, Live, StopReason};
pub use models::{Alternative, Alternatives, Asked, Prepared};
pub use remote::{Answer, follow_anywhere};
pub use subscribe::{StopOnDrop, follow};
pub use sweep::Lease;

/// Between two looks for finished answers whose events have been in memory for long enough.
const TIDYING: Duration = Duration::from_secs(1);
/// How long a shutdown waits for running answers to be stored.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// All that an answer needs to run on its own.
pub struct Assignment {
    pub generation_id: GenerationId,
    pub conversation_id: ConversationId,
    pub project_id: ProjectId,
    pub owner_id: UserId,
    pub user_message: Arc<Message>,
    pub assistant_message_id: MessageId,
    pub asked: Asked,
    /// `None` where there is no other model to ask.
    pub alternatives: Option<Box<dyn Alternatives>>,
    /// Of the request that asked for it; a failure is logged under it.
    pub request_id: String,
}

/// The answers that run in this process. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    /// This process, as owner of leases.
    node: String,
    lease: Lease,
    store: Store,
    live: Mutex<HashMap<GenerationId, Arc<Live>>>,
    lingering: Mutex<Lingering>,
    scribe: Scribe,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Hub {
    #[must_use]
    pub fn new(store: Store, lease: Lease) -> Self {
        Self(Arc::new(Inner {
            node: GenerationId::new().to_string(),
            lease,
            store,
            live: Mutex::default(),
            lingering: Mutex::default(),
            scribe: Scribe::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }))
    }

    /// The name under which this process holds leases.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.0.node
    }

    /// How long this process may be silent about an answer.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.0.lease
    }

    /// Starts an answer that the database already knows as running.
    pub fn start(&self, assignment: Assignment) -> Arc<Live> {
        let live = Arc::new(Live::new(&assignment));
        let id = assignment.generation_id;
        self.lock().insert(id, Arc::clone(&live));
        let hub = self.clone();
        let running = Arc::clone(&live);
        let mut assignment = assignment;
        let work = async move {
            let request_id = assignment.request_id.clone();
            let work = task::run(&hub.0.store, &hub.0.scribe, &running, &mut assignment);
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                // The database still believes that it runs; its lease runs out.
                let fault = ApiError::internal(anyhow::anyhow!("the task of an answer panicked"));
                log_fault(&fault, &request_id);
                running.end_without_message(fault.to_problem(&request_id));
            }
            hub.let_linger(id, running.log_size());
        };
        self.0.tasks.spawn(work);
        // A question that came in while the server was told to stop: whoever stops all may not have seen it.
        if self.0.closing.is_cancelled() {
            live.stop(StopReason::Shutdown);
        }
        live
    }

    /// Runs what follows an answer; a shutdown drops it.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let closing = self.0.closing.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// The answer, while it runs here or has just ended.
    #[must_use]
    pub fn find(&self, id: GenerationId) -> Option<Arc<Live>> {
        self.lock().get(&id).map(Arc::clone)
    }

    /// Stops every answer that runs for `owner`.
    pub fn cancel_owned_by(&self, owner: UserId) {
        self.cancel_where(|live| live.owner_id == owner);
    }

    /// Stops every answer that runs in `project`.
    pub fn cancel_in_project(&self, project: ProjectId) {
        self.cancel_where(|live| live.project_id == project);
    }

    /// Stops every answer that runs in `conversation`.
    pub fn cancel_in_conversation(&self, conversation: ConversationId) {
        self.cancel_where(|live| live.conversation_id == conversation);
    }

    fn cancel_where(&self, chosen: impl Fn(&Live) -> bool) {
        for live in self.lock().values().filter(|live| chosen(live)) {
            live.stop(StopReason::Cancelled);
        }
    }

    /// Ends every answer as `interrupted`, its text stored, before the process ends. What begins from now on ends at once;
    /// called again, this waits for that.
    pub async fn shut_down(&self) {
        self.0.closing.cancel();
        for live in self.lock().values() {
            live.stop(StopReason::Shutdown);
        }
        self.0.tasks.close();
        if tokio::time::timeout(SHUTDOWN_PATIENCE, self.0.tasks.wait())
            .await
            .is_err()
        {
            tracing::error!("not every running answer could be stored before the shutdown");
        }
    }

    /// Ids of the answers that are not yet stored as ended.
    fn running(&self) -> Vec<GenerationId> {
        self.lock()
            .iter()
            .filter(|(_, live)| !live.has_ended())
            .map(|(id, _)| *id)
            .collect()
    }

    /// Keeps a finished answer's events for a while, and lets go of older ones.
    fn let_linger(&self, id: GenerationId, bytes: usize) {
        self.lingering().add(id, bytes);
        self.tidy();
    }

    fn tidy(&self) {
        let next_to_go = || self.lingering().next_to_go();
        while let Some(id) = next_to_go() {
            self.lock().remove(&id);
        }
    }

    fn lingering(&self) -> MutexGuard<'_, Lingering> {
        // A panic while it is locked loses at most one answer's place in it.
        let lingering = self.0.lingering.lock();
        lingering.unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks what a crash of the only process left running; to be called before the first answer.
    pub async fn interrupt_left_behind(&self) {
        sweep::interrupt_all(self).await;
    }

    /// Writes texts through, renews leases, marks what other processes left behind and stops what they
    /// took away, until the runtime ends.
    pub async fn keep_house(self) {
        let tidying = async {
            loop {
                tokio::time::sleep(TIDYING).await;
                self.tidy();
            }
        };
        tokio::join!(
            tidying,
            self.0.scribe.write(&self.0.store),
            sweep::run(&self),
            sweep::heed_revocations(&self),
        );
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GenerationId, Arc<Live>>> {
        // A panic while the map is locked cannot leave it half-changed.
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use prompthub_dto::problem::ProblemCode;
    use prompthub_llm::{CompletionRequest, CompletionStream, ModelInfo, Provider, ProviderError};
    use prompthub_store::DatabaseUrl;

    use super::*;

    /// A provider with a bug.
    #[derive(Debug)]
    struct Broken;

    #[async_trait]
    impl Provider for Broken {
        fn slug(&self) -> &str {
            "broken"
        }

        fn models(&self) -> Vec<ModelInfo> {
            Vec::new()
        }

        async fn stream(&self, _: CompletionRequest) -> Result<CompletionStream, ProviderError> {
            panic!("on purpose")
        }
    }

    /// A provider that never says anything.
    #[derive(Debug)]
    struct Silent;

    #[async_trait]
    impl Provider for Silent {
        fn slug(&self) -> &str {
            "silent"
        }

        fn models(&self) -> Vec<ModelInfo> {
            Vec::new()
        }

        async fn stream(&self, _: CompletionRequest) -> Result<CompletionStream, ProviderError> {
            std::future::pending().await
        }
    }

    async fn hub() -> (Hub, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let store = Store::connect(&DatabaseUrl::parse(&url).unwrap())
            .await
            .unwrap();
        store.migrate().await.unwrap();
        (Hub::new(store, Lease::seconds(60)), folder)
    }

    #[tokio::test]
    async fn a_task_that_panics_ends_its_answer_and_nothing_else() {
        let (hub, _folder) = hub().await;
        for _ in 0..2 {
            let live = hub.start(samples::assignment(Arc::new(Broken)));
            let Some(Ended::Lost(problem)) = live.wait().await else {
                panic!("it is not said to be lost")
            };
            assert_eq!(problem.code, ProblemCode::Internal);
            assert!(live.has_ended());
            assert_eq!(live.event_count(), 2, "`started`, and one terminal event");
        }
        assert_eq!(hub.running(), []);
    }

    #[tokio::test]
    async fn what_begins_during_a_shutdown_ends_at_once() {
        let (hub, _folder) = hub().await;
        hub.shut_down().await;
        let live = hub.start(samples::assignment(Arc::new(Silent)));
        let ended = tokio::time::timeout(SHUTDOWN_PATIENCE, live.wait()).await;
        assert!(ended.is_ok(), "it goes on");
        hub.shut_down().await;
        assert!(live.has_ended());
    }
}

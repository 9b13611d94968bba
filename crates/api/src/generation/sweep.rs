//! Leases: while an answer runs, its process says so from time to time; what nobody speaks for any
//! more is marked `interrupted`, with the text that it has. Where several processes share the database,
//! any of them can stop another's answer by taking its lease away.

use std::{collections::HashSet, time::Duration};

use prompthub_store::{generations, now};

use super::{Hub, StopReason};

/// How long a running answer is believed to run without a word of its process.
#[derive(Debug, Clone, Copy)]
pub struct Lease(Duration);

/// How often a process looks whether its leases are still its own.
const GLANCE: Duration = Duration::from_millis(500);

impl Lease {
    #[must_use]
    pub fn seconds(seconds: u32) -> Self {
        Self(Duration::from_secs(seconds.into()))
    }

    /// When a lease that is taken or renewed now runs out.
    #[must_use]
    pub fn end(self) -> chrono::NaiveDateTime {
        now() + self.0
    }

    /// How often leases are renewed: a few renewals may fail or be late.
    fn renewal(self) -> Duration {
        self.0 / 4
    }
}

/// Marks every answer that the database believes to run. Only right before this process starts its
/// first, and only where no other process uses the database: then they are a crash's.
pub(super) async fn interrupt_all(hub: &Hub) {
    report(
        hub.0
            .store
            .write(|conn| generations::interrupt_running(conn, now()))
            .await,
    );
}

pub(super) async fn run(hub: &Hub) {
    loop {
        let ids = hub.running();
        let node = hub.node().to_owned();
        let lease = hub.lease();
        let outcome = hub
            .0
            .store
            .write(move |conn| {
                generations::renew_leases(conn, &ids, &node, lease.end())?;
                generations::interrupt_expired(conn, now(), &ids)
            })
            .await;
        report(outcome);
        tokio::time::sleep(lease.renewal()).await;
    }
}

/// Stops what runs here without a lease: it was cancelled at another process, or deleted there, or here just when it began.
pub(super) async fn heed_revocations(hub: &Hub) {
    loop {
        tokio::time::sleep(GLANCE).await;
        // Taken first: what begins meanwhile is in the database already.
        let mut revoked = hub.running();
        if revoked.is_empty() {
            continue;
        }
        let node = hub.node().to_owned();
        let leased = hub
            .0
            .store
            .read(move |conn| generations::list_leased(conn, &node))
            .await;
        match leased {
            // There may be thousands of both.
            Ok(leased) => {
                let leased: HashSet<_> = leased.into_iter().collect();
                revoked.retain(|id| !leased.contains(id));
            }
            Err(error) => {
                tracing::warn!(%error, "leases could not be looked at");
                continue;
            }
        }
        for live in revoked.into_iter().filter_map(|id| hub.find(id)) {
            live.stop(StopReason::Cancelled);
        }
    }
}

fn report(outcome: Result<Vec<prompthub_dto::ids::GenerationId>, prompthub_store::StoreError>) {
    match outcome {
        Ok(ids) if ids.is_empty() => {}
        Ok(ids) => tracing::warn!(
            count = ids.len(),
            "answers of an ended process are interrupted"
        ),
        Err(error) => tracing::warn!(%error, "interrupted answers could not be looked for"),
    }
}

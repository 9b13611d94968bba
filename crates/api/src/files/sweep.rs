//! Removes the bytes that nothing refers to any more.
//!
//! The database lists an id as garbage before its upload begins and from the moment its row is
//! deleted; what a crash leaves behind is therefore always on the list.

use std::time::Duration;

use prompthub_dto::ids::FileId;
use prompthub_store::{Store, StoreError, blobs, now};

use super::Blobs;

/// An upload that has not ended by then has not survived.
const UPLOAD_LIFETIME: chrono::TimeDelta = chrono::TimeDelta::hours(24);
const INTERVAL: Duration = Duration::from_secs(15 * 60);
const BATCH: i64 = 200;

/// Sweeps at the start and from time to time, until the runtime ends.
///
/// On SQLite this process is the only one, so at its start every unfinished upload is dead;
/// elsewhere another node may be in the middle of one.
pub async fn run(store: Store, blobs: Blobs, only_node: bool) {
    let started = now();
    let mut first = true;
    loop {
        let older_than = if first && only_node {
            started
        } else {
            now() - UPLOAD_LIFETIME
        };
        first = false;
        if let Err(error) = sweep(&store, &blobs, older_than).await {
            tracing::warn!(%error, "files that nothing refers to could not be listed");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn sweep(
    store: &Store,
    blobs: &Blobs,
    older_than: chrono::NaiveDateTime,
) -> Result<(), StoreError> {
    let ids = store
        .read(move |conn| blobs::garbage(conn, older_than, BATCH))
        .await?;
    remove(store, blobs, ids).await;
    Ok(())
}

/// Removes the bytes of `ids` and then their entries in the list of garbage. What fails stays on
/// the list for the next sweep.
pub async fn remove(store: &Store, blobs: &Blobs, ids: Vec<FileId>) {
    // Whoever asks may not know how its own transaction ended; the list does.
    let listed = store
        .read(move |conn| blobs::unreferenced(conn, &ids))
        .await;
    let ids = match listed {
        Ok(ids) => ids,
        Err(error) => {
            tracing::warn!(%error, "files that nothing refers to could not be looked up");
            return;
        }
    };
    for id in ids {
        if let Err(error) = blobs.delete(id).await {
            tracing::warn!(file_id = %id, %error, "a file's bytes could not be removed");
            continue;
        }
        if let Err(error) = store.write(move |conn| blobs::forget(conn, id)).await {
            tracing::warn!(file_id = %id, %error, "a removed file stays on the list");
        }
    }
}

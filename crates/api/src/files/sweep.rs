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
/// What is looked up at a time.
const BATCH: usize = 200;

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

/// Removes all that is on the list, a batch after the other. What cannot be removed keeps nothing else from being.
async fn sweep(
    store: &Store,
    blobs: &Blobs,
    older_than: chrono::NaiveDateTime,
) -> Result<(), StoreError> {
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let mut after = None;
    loop {
        let batch = store
            .read(move |conn| blobs::garbage(conn, older_than, after, limit))
            .await?;
        after = batch.last().copied();
        let is_last = batch.len() < BATCH;
        let ids = batch.into_iter().map(|(_, id)| id).collect();
        remove(store, blobs, ids).await;
        if is_last {
            return Ok(());
        }
    }
}

/// [`remove`], beside everything else. The list has the ids, so a crash only delays the removal.
pub fn remove_later(store: &Store, blobs: &Blobs, ids: Vec<FileId>) {
    if ids.is_empty() {
        return;
    }
    let (store, blobs) = (store.clone(), blobs.clone());
    tokio::spawn(async move { remove(&store, &blobs, ids).await });
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

#[cfg(test)]
mod tests {
    use prompthub_store::DatabaseUrl;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_removed_keeps_nothing_else_from_being() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let store = Store::connect(&DatabaseUrl::parse(&url).unwrap())
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let files = folder.path().join("files");
        let blobs = Blobs::open(&format!("file://{}", files.display()))
            .await
            .unwrap();
        let ids: Vec<_> = std::iter::repeat_with(FileId::new)
            .take(2 * BATCH + 1)
            .collect();
        let listed = ids.clone();
        store
            .write(move |conn| {
                for id in listed {
                    blobs::announce(conn, id, now())?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let (last, stuck) = ids.split_last().unwrap();
        for id in stuck {
            // No file, and not to be removed as one.
            std::fs::create_dir_all(files.join(id.as_str()).join("full")).unwrap();
        }
        let removable = files.join(last.as_str());
        std::fs::write(&removable, b"garbage").unwrap();
        let older_than = now() + chrono::TimeDelta::seconds(1);
        sweep(&store, &blobs, older_than).await.unwrap();
        assert!(!removable.exists());
        let left = store
            .read(move |conn| blobs::garbage(conn, older_than, None, 1_000))
            .await;
        assert_eq!(
            left.unwrap_or_else(|error: StoreError| panic!("{error}"))
                .len(),
            stuck.len()
        );
    }
}

//! Blobs that are written before a row refers to them.
//!
//! Owns that none of them stays when the row does not come: an id is on the garbage list before its
//! first byte is written, and what is still pending when this is dropped is removed.

use prompthub_dto::ids::FileId;
use prompthub_store::{Store, blobs, now};

use super::{BlobWriter, Blobs, sweep};
use crate::error::ApiError;

/// The blobs of one upload or import.
pub struct PendingBlobs {
    store: Store,
    blobs: Blobs,
    ids: Vec<FileId>,
}

impl PendingBlobs {
    #[must_use]
    pub fn new(store: Store, blobs: Blobs) -> Self {
        Self {
            store,
            blobs,
            ids: Vec::new(),
        }
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// When the database or the storage fails.
    pub async fn begin(&mut self) -> Result<(FileId, BlobWriter), ApiError> {
        let id = FileId::new();
        self.store
            .write(move |conn| blobs::announce(conn, id, now()))
            .await?;
        self.ids.push(id);
        Ok((id, self.blobs.writer(id).await?))
    }

    /// How many were begun.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// Rows refer to all of them now. Those that the rows took the place of, in `replaced`, go.
    pub fn settle(mut self, replaced: Vec<FileId>) {
        self.ids = replaced;
    }
}

impl Drop for PendingBlobs {
    /// The database has them listed, so a crash here only delays the removal.
    fn drop(&mut self) {
        let garbage = std::mem::take(&mut self.ids);
        sweep::remove_later(&self.store, &self.blobs, garbage);
    }
}

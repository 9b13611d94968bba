//! A file on its way into the storage.
//!
//! Owns that what does not come to an end leaves no part behind: S3 and Google Cloud Storage keep the parts of an upload,
//! and charge for them, until it is completed or withdrawn.

use bytes::Bytes;
use object_store::{PutResult, WriteMultipart};
use prompthub_dto::ids::FileId;
use sha2::{Digest, Sha256};
use tokio::{runtime::Handle, sync::oneshot};

use super::{BlobError, Blobs};

/// How many parts may be on their way to the storage at the same time.
const PARTS_IN_FLIGHT: usize = 4;

/// What a finished upload was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// A file that is being written. Dropped before the end of [`BlobWriter::finish`], it leaves no object.
pub struct BlobWriter {
    /// `None` once it has ended.
    upload: Option<WriteMultipart>,
    blobs: Blobs,
    id: FileId,
    hash: Sha256,
    size: u64,
}

impl BlobWriter {
    pub(super) fn new(blobs: Blobs, id: FileId, upload: WriteMultipart) -> Self {
        Self {
            upload: Some(upload),
            blobs,
            id,
            hash: Sha256::new(),
            size: 0,
        }
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends `chunk`, waiting while too much is on its way.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        let Some(upload) = &mut self.upload else {
            return Err(lost("the upload has ended"));
        };
        upload.wait_for_capacity(PARTS_IN_FLIGHT).await?;
        self.hash.update(&chunk);
        self.size = self
            .size
            .saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        upload.put(chunk);
        Ok(())
    }

    /// Makes the object appear, durably.
    ///
    /// # Errors
    /// When the storage fails; then there is no object.
    pub async fn finish(mut self) -> Result<Written, BlobError> {
        let Some(upload) = self.upload.take() else {
            return Err(lost("the upload has ended"));
        };
        // In the middle of this nothing can be withdrawn, so it goes on when nobody waits any more.
        let (reply, outcome) = oneshot::channel();
        tokio::spawn(complete(upload, reply, self.blobs.clone(), self.id));
        outcome.await.map_err(lost)??;
        Ok(Written {
            size: self.size,
            sha256: hex::encode(std::mem::take(&mut self.hash).finalize()),
        })
    }

    /// Gives up what was written.
    pub async fn abort(mut self) {
        if let Some(upload) = self.upload.take() {
            withdraw(upload).await;
        }
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        let upload = self.upload.take();
        // Without a runtime the process is ending; the storage's own rules then remove the parts.
        if let (Some(upload), Ok(runtime)) = (upload, Handle::try_current()) {
            runtime.spawn(withdraw(upload));
        }
    }
}

async fn withdraw(upload: WriteMultipart) {
    if let Err(error) = upload.abort().await {
        tracing::warn!(%error, "a broken upload could not be withdrawn");
    }
}

/// Completes an upload, and removes the object where nobody has waited for it.
async fn complete(
    upload: WriteMultipart,
    reply: oneshot::Sender<object_store::Result<PutResult>>,
    blobs: Blobs,
    id: FileId,
) {
    let outcome = upload.finish().await;
    if reply.send(outcome).is_err()
        && let Err(error) = blobs.delete(id).await
    {
        tracing::warn!(file_id = %id, %error, "an upload that nobody waited for could not be removed");
    }
}

fn lost(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BlobError {
    object_store::Error::Generic {
        store: "upload",
        source: source.into(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use async_trait::async_trait;
    use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, UploadPart, memory::InMemory};
    use tokio::sync::{Notify, mpsc};

    use super::*;
    use crate::files::path_of;

    /// An upload that notes what is done with it, and completes when it is let.
    #[derive(Debug)]
    struct Noting {
        notes: mpsc::UnboundedSender<&'static str>,
        may_complete: Arc<Notify>,
    }

    #[async_trait]
    impl MultipartUpload for Noting {
        fn put_part(&mut self, _: PutPayload) -> UploadPart {
            Box::pin(async { Ok(()) })
        }

        async fn complete(&mut self) -> object_store::Result<PutResult> {
            self.notes.send("completing").unwrap();
            self.may_complete.notified().await;
            Err(object_store::Error::NotImplemented {
                operation: "complete".to_owned(),
                implementer: "Noting".to_owned(),
            })
        }

        async fn abort(&mut self) -> object_store::Result<()> {
            self.notes.send("withdrawn").unwrap();
            Ok(())
        }
    }

    struct Scene {
        storage: Arc<InMemory>,
        id: FileId,
        notes: mpsc::UnboundedReceiver<&'static str>,
        may_complete: Arc<Notify>,
    }

    impl Scene {
        fn set() -> (Self, BlobWriter) {
            let (sender, notes) = mpsc::unbounded_channel();
            let scene = Self {
                storage: Arc::new(InMemory::new()),
                id: FileId::new(),
                notes,
                may_complete: Arc::new(Notify::new()),
            };
            let blobs = Blobs {
                store: scene.storage.clone(),
                folder: None,
            };
            let upload = Noting {
                notes: sender,
                may_complete: Arc::clone(&scene.may_complete),
            };
            let upload = WriteMultipart::new(Box::new(upload));
            let writer = BlobWriter::new(blobs, scene.id, upload);
            (scene, writer)
        }

        async fn note(&mut self) -> &'static str {
            let note = tokio::time::timeout(Duration::from_secs(10), self.notes.recv());
            note.await.expect("nothing is done with it").unwrap()
        }
    }

    #[tokio::test]
    async fn an_upload_that_is_dropped_is_withdrawn() {
        let (mut scene, mut writer) = Scene::set();
        writer.write(Bytes::from_static(b"half")).await.unwrap();
        drop(writer);
        assert_eq!(scene.note().await, "withdrawn");
    }

    #[tokio::test]
    async fn an_upload_that_cannot_be_completed_is_withdrawn() {
        let (mut scene, writer) = Scene::set();
        scene.may_complete.notify_one();
        assert!(writer.finish().await.is_err());
        assert_eq!(scene.note().await, "completing");
        assert_eq!(scene.note().await, "withdrawn");
    }

    #[tokio::test]
    async fn an_object_that_appears_when_nobody_waits_is_removed() {
        let (mut scene, writer) = Scene::set();
        let finishing = tokio::spawn(writer.finish());
        assert_eq!(scene.note().await, "completing");
        finishing.abort();
        assert!(finishing.await.unwrap_err().is_cancelled());
        // As if it had been completed.
        let path = path_of(scene.id);
        scene.storage.put(&path, "bytes".into()).await.unwrap();
        scene.may_complete.notify_one();
        let gone = async {
            while scene.storage.head(&path).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone)
            .await
            .expect("the object stays");
    }
}

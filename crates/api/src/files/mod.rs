//! The bytes of uploaded files, stored under their ids: a person's file name is never a path.
//!
//! A local folder, S3 or Google Cloud Storage, all through `object_store`. Knows nothing of who
//! owns a file; that is the database's.

use std::{ops::Range, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use object_store::{
    BackoffConfig, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart,
    aws::AmazonS3Builder, gcp::GoogleCloudStorageBuilder, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};
use prompthub_dto::ids::FileId;
use url::Url;

mod pending;
pub mod sweep;
mod writer;

pub use pending::PendingBlobs;
pub use writer::BlobWriter;

/// The object that is written to find out whether the storage takes any.
const PROBE: &str = "probe";

/// The storage cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BlobError(#[from] object_store::Error);

impl BlobError {
    /// Whether there is no such object.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.0, object_store::Error::NotFound { .. })
    }
}

/// Where the bytes of files are.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The folder, where it is a local one: a kill in mid-upload leaves staged parts there that the
    /// store itself does not list.
    folder: Option<PathBuf>,
}

/// How long the start waits for remote storage to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

impl Blobs {
    /// Opens the storage that `url` names (`file://`, `s3://`, `gs://`) and proves that it can be
    /// written.
    ///
    /// # Errors
    /// With one line that says what is wrong with it.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let blobs = match url.split_once("://") {
            Some(("file", path)) => Self::open_folder(PathBuf::from(path))?,
            Some(("s3" | "gs", _)) => Self::open_bucket(url)?,
            Some((scheme, _)) => anyhow::bail!(
                "the storage URL begins with {scheme}://, but must begin with file://, s3:// or gs://"
            ),
            None => {
                anyhow::bail!("the storage URL must begin with file://, s3:// or gs://")
            }
        };
        tokio::time::timeout(PROBE_TIMEOUT, blobs.probe())
            .await
            .context("the file storage does not answer")?
            // Its own sources are in the message already.
            .map_err(|error| anyhow::anyhow!("the file storage cannot be written: {error}"))?;
        Ok(blobs)
    }

    fn open_folder(folder: PathBuf) -> anyhow::Result<Self> {
        create_private_folder(&folder)
            .with_context(|| format!("cannot create the storage folder {}", folder.display()))?;
        let store = LocalFileSystem::new_with_prefix(&folder)
            .with_context(|| format!("cannot open the storage folder {}", folder.display()))?
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            folder: Some(folder),
        })
    }

    fn open_bucket(text: &str) -> anyhow::Result<Self> {
        let url = Url::parse(text).context("the storage URL cannot be read")?;
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: Duration::from_secs(20),
            backoff: BackoffConfig::default(),
        };
        let bucket: Arc<dyn ObjectStore> = if url.scheme() == "s3" {
            Arc::new(
                AmazonS3Builder::from_env()
                    .with_url(url.as_str())
                    .with_retry(retry)
                    .build()
                    .context("the S3 storage is not set up")?,
            )
        } else {
            Arc::new(
                GoogleCloudStorageBuilder::from_env()
                    .with_url(url.as_str())
                    .with_retry(retry)
                    .build()
                    .context("the Google Cloud storage is not set up")?,
            )
        };
        let store = PrefixStore::new(bucket, url.path().trim_matches('/'));
        Ok(Self {
            store: Arc::new(store),
            folder: None,
        })
    }

    /// Writes and removes a small object. It has one name, so that what a kill leaves goes with the next
    /// probe.
    ///
    /// # Errors
    /// When the storage cannot be reached or written.
    pub async fn probe(&self) -> Result<(), BlobError> {
        let path = Path::from(PROBE);
        self.remove_staged(PROBE).await;
        self.store
            .put(&path, Bytes::from_static(b"probe").into())
            .await?;
        match self.store.delete(&path).await {
            // Another server has probed the storage in the same moment.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the storage can be reached at this moment.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn check(&self) -> Result<(), BlobError> {
        if let Some(folder) = &self.folder {
            let found = tokio::fs::metadata(folder).await;
            return found.map(drop).map_err(|source| {
                object_store::Error::Generic {
                    store: "folder",
                    source: source.into(),
                }
                .into()
            });
        }
        match self.store.head(&Path::from(PROBE)).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins to write a file.
    ///
    /// # Errors
    /// When the storage refuses.
    pub async fn writer(&self, id: FileId) -> Result<BlobWriter, BlobError> {
        let upload = self.store.put_multipart(&path_of(id)).await?;
        let upload = WriteMultipart::new(upload);
        Ok(BlobWriter::new(self.clone(), id, upload))
    }

    /// The bytes of a file, or of `range` of it.
    ///
    /// # Errors
    /// When they are gone or the storage cannot be reached.
    pub async fn read(
        &self,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&path_of(id), options).await?;
        Ok(found
            .into_stream()
            .map(|chunk| chunk.map_err(BlobError::from))
            .boxed())
    }

    /// Removes a file's bytes and what a broken upload of them left.
    ///
    /// # Errors
    /// When the storage cannot be reached; that there is nothing to remove is no error.
    pub async fn delete(&self, id: FileId) -> Result<(), BlobError> {
        self.remove_staged(id.as_str()).await;
        match self.store.delete(&path_of(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// `object_store` stages a local upload as `<name>#<number>` and renames it at the end.
    async fn remove_staged(&self, name: &str) {
        let Some(folder) = &self.folder else { return };
        for number in 1..=2 {
            // Usually there is none.
            let _ = tokio::fs::remove_file(folder.join(format!("{name}#{number}"))).await;
        }
    }
}

/// Makes a folder, and those above it, that other accounts of the machine cannot look into. One that is there stays as
/// it is.
///
/// # Errors
/// When it cannot be made.
pub fn create_private_folder(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn path_of(id: FileId) -> Path {
    Path::from(id.as_str())
}

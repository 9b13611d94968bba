//! A document on its way in, on the disk: a slow sender holds no memory.

use std::{
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use tokio::{fs::File, io::AsyncWriteExt};

use crate::error::ApiError;

/// A file without a name, which is gone with this value, even when the process is killed.
pub(super) struct Spool {
    file: File,
    size: u64,
}

impl Spool {
    /// # Errors
    /// When `folder` cannot be written.
    pub(super) async fn new(folder: &Path) -> Result<Self, ApiError> {
        let folder = folder.to_owned();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder))
            .await
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)?;
        Ok(Self {
            file: File::from_std(file),
            size: 0,
        })
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// # Errors
    /// When the disk is full.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        self.file
            .write_all(bytes)
            .await
            .map_err(ApiError::internal)?;
        self.size = self
            .size
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) async fn finish(mut self) -> Result<Spooled, ApiError> {
        self.file.flush().await.map_err(ApiError::internal)?;
        Ok(Spooled {
            file: self.file.into_std().await,
            size: self.size,
        })
    }
}

/// A document that is there whole.
pub(super) struct Spooled {
    file: std::fs::File,
    size: u64,
}

impl Spooled {
    /// All of it. Blocks.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn read(mut self) -> Result<Vec<u8>, ApiError> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0));
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(ApiError::internal)?;
        self.file
            .read_to_end(&mut bytes)
            .map_err(ApiError::internal)?;
        Ok(bytes)
    }
}

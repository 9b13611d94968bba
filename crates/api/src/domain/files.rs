//! Files of a project: their names, and uploads that leave either all or nothing.

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use prompthub_dto::{
    Page,
    files::File,
    ids::{FileId, ProjectId, UserId},
    problem::{FieldCode, ProblemCode},
};
use prompthub_store::{
    files::{self, NewFile},
    now, projects,
};
use unicode_normalization::UnicodeNormalization;

use super::{paging::PageRequest, projects::no_project, to_the_end};
use crate::{
    error::ApiError,
    files::{BlobError, BlobWriter, PendingBlobs, sweep},
    state::App,
    wire,
};

/// What common file systems allow.
const NAME_MAX_BYTES: usize = 255;
/// Files of one upload.
const MAX_FILES: usize = 50;

/// A file's name: data that is shown, never a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The last part of what the client calls the file, NFC-normalised: some clients send paths.
    ///
    /// # Errors
    /// With a complaint about `file` when nothing usable is left.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let complaint =
            |code, message: &str| Err(ApiError::field("file", code, message.to_owned()));
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = last
            .trim()
            .nfc()
            .take(NAME_MAX_BYTES.saturating_add(1))
            .collect();
        if name.is_empty() || name == "." || name == ".." {
            return complaint(FieldCode::Required, "The file needs a name.");
        }
        if name.len() > NAME_MAX_BYTES {
            return complaint(FieldCode::TooLong, "Use a name of at most 255 bytes.");
        }
        if name.chars().any(is_invisible) {
            return complaint(
                FieldCode::Invalid,
                "The name must not have control or text direction characters.",
            );
        }
        Ok(Self(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and those that make a name look like another (`exe.txt` for `txt.exe`).
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// An upload under way. What it has written disappears unless [`Upload::commit`] succeeds.
pub struct Upload {
    app: App,
    owner: UserId,
    project: ProjectId,
    replace: bool,
    /// Written whole, not yet in the database.
    written: Vec<NewFile>,
    pending: PendingBlobs,
}

impl Upload {
    /// # Errors
    /// `not_found` when the project is not `owner`'s.
    pub async fn begin(
        app: &App,
        owner: UserId,
        project: ProjectId,
        replace: bool,
    ) -> Result<Self, ApiError> {
        super::projects::find(app, owner, project).await?;
        Ok(Self {
            app: app.clone(),
            owner,
            project,
            replace,
            written: Vec::new(),
            pending: PendingBlobs::new(app.store.clone(), app.blobs.clone()),
        })
    }

    /// Begins the next file.
    ///
    /// # Errors
    /// When there are too many, or the storage fails.
    pub async fn next_file(&mut self) -> Result<(FileId, BlobWriter), ApiError> {
        if self.pending.count() >= MAX_FILES {
            return Err(ApiError::field(
                "file",
                FieldCode::OutOfRange,
                format!("At most {MAX_FILES} files fit into one upload."),
            ));
        }
        self.pending.begin().await
    }

    /// Appends to a file, unless it becomes too large.
    ///
    /// # Errors
    /// `payload_too_large`, or the storage's failure.
    pub async fn write(&self, writer: &mut BlobWriter, chunk: Bytes) -> Result<(), ApiError> {
        let more = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        let limit = self.app.config.max_upload_bytes;
        if writer.size().saturating_add(more) > limit {
            return Err(ApiError::new(
                ProblemCode::PayloadTooLarge,
                format!("A file may have at most {limit} bytes."),
            ));
        }
        Ok(writer.write(chunk).await?)
    }

    /// Ends a file.
    ///
    /// # Errors
    /// `file_exists` when the upload has another of that name; the storage's failure.
    pub async fn end_file(
        &mut self,
        id: FileId,
        name: FileName,
        writer: BlobWriter,
    ) -> Result<(), ApiError> {
        if self.written.iter().any(|file| file.name == name.0) {
            return Err(ApiError::new(
                ProblemCode::FileExists,
                format!("Two parts of this upload have the name {:?}.", name.0),
            ));
        }
        let written = writer.finish().await?;
        let content_type = mime_guess::from_path(name.as_str()).first_or_octet_stream();
        self.written.push(NewFile {
            id,
            project_id: self.project,
            content_type: content_type.essence_str().to_owned(),
            name: name.0,
            size: i64::try_from(written.size).map_err(ApiError::internal)?,
            sha256: written.sha256,
            now: now(),
        });
        Ok(())
    }

    /// Makes all files of the upload appear at once.
    ///
    /// # Errors
    /// `file_exists`; a complaint when there was no file; `not_found` when the project was deleted
    /// meanwhile.
    pub async fn commit(self) -> Result<Vec<File>, ApiError> {
        // A client that goes away now must not make us clean up what is being committed.
        to_the_end(self.store()).await
    }

    async fn store(self) -> Result<Vec<File>, ApiError> {
        if self.written.is_empty() {
            return Err(ApiError::field(
                "file",
                FieldCode::Required,
                "Send at least one file.",
            ));
        }
        let (owner, project, replace) = (self.owner, self.project, self.replace);
        let rows = self.written.clone();
        let (stored, replaced) = self
            .app
            .store
            .write(move |conn| {
                projects::find(conn, owner, project)?.ok_or_else(no_project)?;
                let mut stored = Vec::with_capacity(rows.len());
                let mut replaced = Vec::new();
                for row in &rows {
                    let inserted = files::insert(conn, row, replace);
                    let (file, old) = inserted.map_err(|error| {
                        if error.is_unique("files.name") {
                            file_exists(&row.name)
                        } else {
                            error.into()
                        }
                    })?;
                    stored.push(wire::file(file));
                    replaced.extend(old);
                }
                projects::touch(conn, project, now())?;
                Ok::<_, ApiError>((stored, replaced))
            })
            .await?;
        self.pending.settle(replaced);
        Ok(stored)
    }
}

fn file_exists(name: &str) -> ApiError {
    ApiError::new(
        ProblemCode::FileExists,
        format!("There is a file {name:?}. Delete it first, or upload with replace=true."),
    )
}

/// Oldest first.
///
/// # Errors
/// `not_found` when the project is not `owner`'s.
pub async fn list(
    app: &App,
    owner: UserId,
    project: ProjectId,
    page: PageRequest<(chrono::NaiveDateTime, FileId)>,
) -> Result<Page<File>, ApiError> {
    let (after, fetch) = (page.after, page.fetch());
    let rows = app
        .store
        .read(move |conn| files::list(conn, owner, project, after, fetch))
        .await?
        .ok_or_else(no_project)?;
    Ok(page.page(rows, |row| (row.created_at, row.id), wire::file))
}

/// # Errors
/// `not_found`, also where the project is another's.
pub async fn find(
    app: &App,
    owner: UserId,
    project: ProjectId,
    name: String,
) -> Result<File, ApiError> {
    // No stored name has one, and PostgreSQL refuses to look for it.
    if name.contains('\0') {
        return Err(ApiError::not_found("file"));
    }
    let name: String = name.nfc().collect();
    let found = app
        .store
        .read(move |conn| files::find(conn, owner, project, &name))
        .await?;
    found
        .map(wire::file)
        .ok_or_else(|| ApiError::not_found("file"))
}

/// The bytes of a file, or of `range` of it; `None` when they are not there any more.
///
/// # Errors
/// When the storage fails.
pub async fn read(
    app: &App,
    id: FileId,
    range: Option<Range<u64>>,
) -> Result<Option<BoxStream<'static, Result<Bytes, BlobError>>>, ApiError> {
    match app.blobs.read(id, range).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is said of a file that has no bytes, also at a second look.
pub fn without_bytes(file: &File) -> ApiError {
    tracing::error!(file_id = %file.id, "the bytes of a file are not in the storage");
    ApiError::not_found("file")
}

/// # Errors
/// `not_found`, also where the project is another's.
pub async fn delete(
    app: &App,
    owner: UserId,
    project: ProjectId,
    name: String,
) -> Result<(), ApiError> {
    if name.contains('\0') {
        return Err(ApiError::not_found("file"));
    }
    let name: String = name.nfc().collect();
    let found = app
        .store
        .write(move |conn| files::delete(conn, owner, project, &name))
        .await?;
    let Some(row) = found else {
        return Err(ApiError::not_found("file"));
    };
    sweep::remove(&app.store, &app.blobs, vec![row.id]).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_paths() {
        let cases = [
            ("notes.md", "notes.md"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\plan.pdf", "plan.pdf"),
            ("  spaced name.txt ", "spaced name.txt"),
            ("cafe\u{301}.txt", "caf\u{e9}.txt"),
            ("quo\"te.txt", "quo\"te.txt"),
            ("...", "..."),
        ];
        for (text, name) in cases {
            assert_eq!(FileName::parse(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(256);
        for text in [
            "",
            " ",
            ".",
            "..",
            "a/..",
            "a/",
            "new\nline",
            "nul\0",
            "\u{202e}txt.exe",
            &long,
        ] {
            assert!(FileName::parse(text).is_err(), "{text:?}");
        }
    }
}

//! Blobs that no file refers to, so that nothing is left behind in blob storage.
//!
//! A blob is announced before its upload begins and is taken off the list when its file's row is
//! inserted; the rows of deleted files put theirs back. Whatever stays on the list is garbage.

use chrono::NaiveDateTime;
use diesel::{prelude::*, sql_types::Timestamp};
use prompthub_dto::ids::{FileId, ProjectId, UserId};

use crate::{
    Conn, StoreError,
    schema::{blob_garbage, files, projects},
};

/// Notes that a blob is about to be written. Commit this before the upload begins: then a crash
/// leaves a trace.
pub fn announce(conn: &mut Conn, id: FileId, now: NaiveDateTime) -> Result<(), StoreError> {
    diesel::insert_into(blob_garbage::table)
        .values((blob_garbage::blob_id.eq(id), blob_garbage::since.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// A blob's place on the list: since when it is there, and its id among those of the same moment.
pub type GarbagePlace = (NaiveDateTime, FileId);

/// Blobs that have been on the list since before `older_than`, the oldest first, those after the place `after`. Uploads
/// that are still running are on it too, so `older_than` must be further back than any of them.
pub fn garbage(
    conn: &mut Conn,
    older_than: NaiveDateTime,
    after: Option<GarbagePlace>,
    limit: i64,
) -> Result<Vec<GarbagePlace>, StoreError> {
    let oldest = blob_garbage::table
        .filter(blob_garbage::since.lt(older_than))
        .order((blob_garbage::since, blob_garbage::blob_id))
        .limit(limit)
        .select((blob_garbage::since, blob_garbage::blob_id));
    Ok(match after {
        None => oldest.load(conn)?,
        Some((since, id)) => oldest
            .filter(blob_garbage::since.ge(since))
            .filter(
                blob_garbage::since
                    .gt(since)
                    .or(blob_garbage::blob_id.gt(id)),
            )
            .load(conn)?,
    })
}

/// Those of `ids` that are on the list: no file refers to them.
///
/// # Errors
/// When the database fails.
pub fn unreferenced(conn: &mut Conn, ids: &[FileId]) -> Result<Vec<FileId>, StoreError> {
    let query = blob_garbage::table
        .filter(blob_garbage::blob_id.eq_any(ids))
        .select(blob_garbage::blob_id);
    Ok(query.load(conn)?)
}

/// Takes a blob off the list: it is gone from blob storage.
pub fn forget(conn: &mut Conn, id: FileId) -> Result<(), StoreError> {
    diesel::delete(blob_garbage::table.find(id)).execute(conn)?;
    Ok(())
}

/// Puts the blobs of all files of a person on the list.
pub(crate) fn discard_of_user(
    conn: &mut Conn,
    user: UserId,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    files::table
        .inner_join(projects::table)
        .filter(projects::owner_id.eq(user))
        .select((files::id, now.into_sql::<Timestamp>()))
        .insert_into(blob_garbage::table)
        .into_columns((blob_garbage::blob_id, blob_garbage::since))
        .execute(conn)?;
    Ok(())
}

/// Puts the blobs of all files of a project on the list.
pub(crate) fn discard_of_project(
    conn: &mut Conn,
    project: ProjectId,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    files::table
        .filter(files::project_id.eq(project))
        .select((files::id, now.into_sql::<Timestamp>()))
        .insert_into(blob_garbage::table)
        .into_columns((blob_garbage::blob_id, blob_garbage::since))
        .execute(conn)?;
    Ok(())
}

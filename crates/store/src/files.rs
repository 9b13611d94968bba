//! Files of projects: what is known of them. Their bytes are in blob storage, under the same ids.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use prompthub_dto::ids::{FileId, ProjectId, UserId};

use crate::{
    Conn, StoreError, blobs, projects,
    schema::{files, projects as projects_table},
    sql,
};

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = files)]
pub struct FileRow {
    pub id: FileId,
    pub project_id: ProjectId,
    /// Unique within the project.
    pub name: String,
    /// Bytes.
    pub size: i64,
    pub content_type: String,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub created_at: NaiveDateTime,
}

/// A file whose bytes are in blob storage already.
#[derive(Debug, Clone)]
pub struct NewFile {
    pub id: FileId,
    pub project_id: ProjectId,
    pub name: String,
    /// Bytes.
    pub size: i64,
    pub content_type: String,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub now: NaiveDateTime,
}

/// A file's place in the list: when it was added, and its id among those of the same moment.
pub type FilePlace = (NaiveDateTime, FileId);

/// Adds a file to a project, in place of the one of the same name if `replace`. Its blob is garbage
/// no longer; the replaced one's, whose id comes back, is.
///
/// # Errors
/// [`StoreError::Unique`] of `files.name` when the project has a file of that name;
/// [`StoreError::ForeignKey`] when the project is gone.
pub fn insert(
    conn: &mut Conn,
    new: &NewFile,
    replace: bool,
) -> Result<(FileRow, Option<FileId>), StoreError> {
    sql::lock_files(conn, new.project_id)?;
    let mut replaced = None;
    if replace {
        let old = files::table
            .filter(files::project_id.eq(new.project_id))
            .filter(files::name.eq(&new.name))
            .select(files::id)
            .get_result::<FileId>(conn)
            .optional()?;
        if let Some(old) = old {
            diesel::delete(files::table.find(old)).execute(conn)?;
            blobs::announce(conn, old, new.now)?;
            replaced = Some(old);
        }
    }
    let row = FileRow {
        id: new.id,
        project_id: new.project_id,
        name: new.name.clone(),
        size: new.size,
        content_type: new.content_type.clone(),
        sha256: new.sha256.clone(),
        created_at: new.now,
    };
    diesel::insert_into(files::table)
        .values(&row)
        .execute(conn)?;
    blobs::forget(conn, new.id)?;
    Ok((row, replaced))
}

/// The files of a person's project, the oldest first; `None` when the owner has no such project.
pub fn list(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
    after: Option<FilePlace>,
    limit: i64,
) -> Result<Option<Vec<FileRow>>, StoreError> {
    if !projects::exists(conn, owner, project)? {
        return Ok(None);
    }
    let page = files::table
        .filter(files::project_id.eq(project))
        .order((files::created_at, files::id))
        .limit(limit)
        .select(FileRow::as_select());
    let rows = match after {
        None => page.load(conn)?,
        Some((at, id)) => page
            .filter(files::created_at.ge(at))
            .filter(files::created_at.gt(at).or(files::id.gt(id)))
            .load(conn)?,
    };
    Ok(Some(rows))
}

/// Finds a file of a person's project by its name.
pub fn find(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
    name: &str,
) -> Result<Option<FileRow>, StoreError> {
    let query = files::table
        .inner_join(projects_table::table)
        .filter(files::project_id.eq(project))
        .filter(files::name.eq(name))
        .filter(projects_table::owner_id.eq(owner))
        .select(FileRow::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// The files of a project that have one of these ids or names. The caller has found the project for its owner.
///
/// # Errors
/// When the database fails.
pub fn find_all(
    conn: &mut Conn,
    project: ProjectId,
    ids: &[FileId],
    names: &[&str],
) -> Result<Vec<FileRow>, StoreError> {
    let query = files::table
        .filter(files::project_id.eq(project))
        .filter(files::id.eq_any(ids).or(files::name.eq_any(names)))
        .select(FileRow::as_select());
    Ok(query.load(conn)?)
}

/// Which of these files are there.
///
/// # Errors
/// When the database fails.
pub fn present(conn: &mut Conn, ids: &[FileId]) -> Result<Vec<FileId>, StoreError> {
    let query = files::table.filter(files::id.eq_any(ids)).select(files::id);
    Ok(query.load(conn)?)
}

/// Deletes a file of a person's project and says what it was. Its blob becomes garbage.
pub fn delete(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
    name: &str,
) -> Result<Option<FileRow>, StoreError> {
    sql::lock_files(conn, project)?;
    let Some(row) = find(conn, owner, project, name)? else {
        return Ok(None);
    };
    diesel::delete(files::table.find(row.id)).execute(conn)?;
    blobs::announce(conn, row.id, crate::now())?;
    Ok(Some(row))
}

/// The blobs of all files of a person.
pub fn owned_by(conn: &mut Conn, owner: UserId) -> Result<Vec<FileId>, StoreError> {
    let query = files::table
        .inner_join(projects_table::table)
        .filter(projects_table::owner_id.eq(owner))
        .select(files::id);
    Ok(query.load(conn)?)
}

/// The ids of all files of a person's project.
///
/// # Errors
/// When the database fails.
pub fn in_project(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
) -> Result<Vec<FileId>, StoreError> {
    let query = files::table
        .inner_join(projects_table::table)
        .filter(projects_table::owner_id.eq(owner))
        .filter(files::project_id.eq(project))
        .select(files::id);
    Ok(query.load(conn)?)
}

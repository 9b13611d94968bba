//! Projects and the versions of their prompts.
//!
//! A project holds the current prompt; `prompt_versions` holds that and every one before it.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use prompthub_dto::ids::{ProjectId, PromptVersionId, UserId};

use crate::{
    Conn, StoreError, blobs, now,
    schema::{files, projects, prompt_versions},
    sql::{self, changed, direct},
};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = projects)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub owner_id: UserId,
    pub name: String,
    pub description: String,
    pub system_prompt: String,
    pub model: String,
    /// JSON.
    pub parameters: String,
    /// The number of the current prompt version; the first is 1.
    pub prompt_version: i32,
    /// Counts the changes; the first is 1. Messages and files are no change.
    pub revision: i64,
    pub last_activity_at: NaiveDateTime,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A new project, with its first prompt version.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub id: ProjectId,
    pub owner_id: UserId,
    pub name: String,
    pub description: String,
    pub system_prompt: String,
    pub model: String,
    /// JSON.
    pub parameters: String,
    pub now: NaiveDateTime,
}

/// Changes to a project; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct ProjectPatch {
    pub name: Option<String>,
    pub description: Option<String>,
    pub system_prompt: Option<String>,
    pub model: Option<String>,
    /// JSON, the same text for the same parameters.
    pub parameters: Option<String>,
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart where it arrives, never kept"
)]
pub enum UpdateOutcome {
    /// The owner has no such project.
    NotFound,
    /// The project is not at the expected revision any more.
    Stale,
    /// The project as it is now, and how many files it has.
    Updated(ProjectRow, i64),
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// The owner has no such project.
    NotFound,
    /// The project is not at the expected revision any more.
    Stale,
    Deleted,
}

/// One numbered state of a project's prompt.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = prompt_versions, treat_none_as_default_value = false)]
pub struct PromptVersionRow {
    pub id: PromptVersionId,
    pub project_id: ProjectId,
    /// Counts up from 1 within the project.
    pub number: i32,
    pub system_prompt: String,
    pub model: String,
    /// JSON.
    pub parameters: String,
    /// `None` when the author's account is gone.
    pub author_id: Option<UserId>,
    pub created_at: NaiveDateTime,
}

/// A project's place in the list: its last activity, and its id among those of the same moment.
pub type ProjectPlace = (NaiveDateTime, ProjectId);

pub fn insert(conn: &mut Conn, new: &NewProject) -> Result<ProjectRow, StoreError> {
    let row = ProjectRow {
        id: new.id,
        owner_id: new.owner_id,
        name: new.name.clone(),
        description: new.description.clone(),
        system_prompt: new.system_prompt.clone(),
        model: new.model.clone(),
        parameters: new.parameters.clone(),
        prompt_version: 1,
        revision: 1,
        last_activity_at: new.now,
        created_at: new.now,
        updated_at: new.now,
    };
    diesel::insert_into(projects::table)
        .values(&row)
        .execute(conn)?;
    insert_version(conn, &row, new.owner_id, new.now)?;
    Ok(row)
}

/// How many files the project of the outer query has.
macro_rules! file_count {
    () => {
        files::table
            .filter(files::project_id.eq(projects::id))
            .count()
            .single_value()
            .assume_not_null()
    };
}

/// A person's projects with their numbers of files, the most recently active first.
pub fn list(
    conn: &mut Conn,
    owner: UserId,
    after: Option<ProjectPlace>,
    limit: i64,
) -> Result<Vec<(ProjectRow, i64)>, StoreError> {
    let page = projects::table
        .filter(projects::owner_id.eq(owner))
        .order((projects::last_activity_at.desc(), projects::id.desc()))
        .limit(limit);
    // Two queries, since each is prepared once only while its shape is known at compile time.
    Ok(match after {
        None => direct!(conn => page.select((ProjectRow::as_select(), file_count!())).load(conn))?,
        Some((at, id)) => page
            .filter(projects::last_activity_at.le(at))
            .filter(projects::last_activity_at.lt(at).or(projects::id.lt(id)))
            .select((ProjectRow::as_select(), file_count!()))
            .load(conn)?,
    })
}

/// Finds a person's project, with its number of files.
pub fn find(
    conn: &mut Conn,
    owner: UserId,
    id: ProjectId,
) -> Result<Option<(ProjectRow, i64)>, StoreError> {
    let query = projects::table
        .find(id)
        .filter(projects::owner_id.eq(owner));
    Ok(
        direct!(conn => query.select((ProjectRow::as_select(), file_count!())).get_result(conn))
            .optional()?,
    )
}

/// Changes a person's project. Another prompt, model or parameters append a prompt version by
/// `author`; what is the same already is no change and leaves the revision alone.
pub fn update(
    conn: &mut Conn,
    owner: UserId,
    id: ProjectId,
    expected_revision: Option<i64>,
    patch: &ProjectPatch,
    author: UserId,
    now: NaiveDateTime,
) -> Result<UpdateOutcome, StoreError> {
    let Some(mut row) = sql::lock_project(conn, owner, id)? else {
        return Ok(UpdateOutcome::NotFound);
    };
    if expected_revision.is_some_and(|expected| expected != row.revision) {
        return Ok(UpdateOutcome::Stale);
    }
    let described = replace(&mut row.name, patch.name.as_ref())
        | replace(&mut row.description, patch.description.as_ref());
    let prompted = replace(&mut row.system_prompt, patch.system_prompt.as_ref())
        | replace(&mut row.model, patch.model.as_ref())
        | replace(&mut row.parameters, patch.parameters.as_ref());
    if prompted {
        let next = row.prompt_version.checked_add(1);
        row.prompt_version = next.ok_or(StoreError::Exhausted("projects.prompt_version"))?;
        insert_version(conn, &row, author, now)?;
    }
    if described || prompted {
        row.revision += 1;
        row.updated_at = now;
        row.last_activity_at = row.last_activity_at.max(now);
        diesel::update(projects::table.find(id))
            .set((
                projects::name.eq(&row.name),
                projects::description.eq(&row.description),
                projects::system_prompt.eq(&row.system_prompt),
                projects::model.eq(&row.model),
                projects::parameters.eq(&row.parameters),
                projects::prompt_version.eq(row.prompt_version),
                projects::revision.eq(row.revision),
                projects::last_activity_at.eq(row.last_activity_at),
                projects::updated_at.eq(row.updated_at),
            ))
            .execute(conn)?;
    }
    let file_count = files::table
        .filter(files::project_id.eq(id))
        .count()
        .get_result(conn)?;
    Ok(UpdateOutcome::Updated(row, file_count))
}

/// Puts a new value in place of another; whether they differed.
fn replace(value: &mut String, new: Option<&String>) -> bool {
    match new {
        Some(new) if new != value => {
            value.clone_from(new);
            true
        }
        _ => false,
    }
}

fn insert_version(
    conn: &mut Conn,
    project: &ProjectRow,
    author: UserId,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    let version = PromptVersionRow {
        id: PromptVersionId::new(),
        project_id: project.id,
        number: project.prompt_version,
        system_prompt: project.system_prompt.clone(),
        model: project.model.clone(),
        parameters: project.parameters.clone(),
        author_id: Some(author),
        created_at: now,
    };
    diesel::insert_into(prompt_versions::table)
        .values(&version)
        .execute(conn)?;
    Ok(())
}

/// Notes that something happened in a project: it moves to the top of the list.
pub fn touch(conn: &mut Conn, id: ProjectId, now: NaiveDateTime) -> Result<(), StoreError> {
    let behind = projects::table
        .find(id)
        .filter(projects::last_activity_at.lt(now));
    let update = diesel::update(behind).set(projects::last_activity_at.eq(now));
    changed!(conn => update.returning(projects::id))?;
    Ok(())
}

/// Deletes a person's project with all that is in it. The blobs of its files become garbage.
pub fn delete(
    conn: &mut Conn,
    owner: UserId,
    id: ProjectId,
    expected_revision: Option<i64>,
) -> Result<DeleteOutcome, StoreError> {
    let Some(row) = sql::lock_project(conn, owner, id)? else {
        return Ok(DeleteOutcome::NotFound);
    };
    if expected_revision.is_some_and(|expected| expected != row.revision) {
        return Ok(DeleteOutcome::Stale);
    }
    blobs::discard_of_project(conn, id, now())?;
    diesel::delete(projects::table.find(id)).execute(conn)?;
    Ok(DeleteOutcome::Deleted)
}

/// The prompt versions of a person's project with numbers below `before`, the newest first; `None`
/// when the owner has no such project.
pub fn list_versions(
    conn: &mut Conn,
    owner: UserId,
    project: ProjectId,
    before: Option<i32>,
    limit: i64,
) -> Result<Option<Vec<PromptVersionRow>>, StoreError> {
    if !exists(conn, owner, project)? {
        return Ok(None);
    }
    let newest = prompt_versions::table
        .filter(prompt_versions::project_id.eq(project))
        .order(prompt_versions::number.desc())
        .limit(limit)
        .select(PromptVersionRow::as_select());
    Ok(Some(match before {
        None => newest.load(conn)?,
        Some(before) => newest
            .filter(prompt_versions::number.lt(before))
            .load(conn)?,
    }))
}

/// Whether the owner has this project.
pub(crate) fn exists(conn: &mut Conn, owner: UserId, id: ProjectId) -> Result<bool, StoreError> {
    let query = projects::table
        .find(id)
        .filter(projects::owner_id.eq(owner))
        .select(projects::id);
    Ok(query.get_result::<ProjectId>(conn).optional()?.is_some())
}

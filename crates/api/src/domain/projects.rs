//! Projects: what may be set, and how changes meet.

use prompthub_dto::{
    Page,
    ids::{ProjectId, UserId},
    problem::ProblemCode,
    projects::{CreateProject, Project, PromptVersion, UpdateProject},
};
use prompthub_store::{
    files,
    projects::{self, DeleteOutcome, NewProject, ProjectPatch, UpdateOutcome},
};

use super::{
    models::ModelName,
    paging::PageRequest,
    parameters,
    text::{Bounds, Complaints, bounded, name},
    to_the_end,
};
use crate::{error::ApiError, files::sweep, state::App, wire};

const NAME: Bounds = Bounds { min: 1, max: 100 };
const DESCRIPTION: Bounds = Bounds { min: 0, max: 1000 };
const SYSTEM_PROMPT: Bounds = Bounds {
    min: 0,
    max: 100_000,
};

/// A project and the number that grows with each change of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Revised {
    pub project: Project,
    pub revision: i64,
}

fn revised((row, file_count): (projects::ProjectRow, i64)) -> Revised {
    Revised {
        revision: row.revision,
        project: wire::project(row, file_count),
    }
}

/// # Errors
/// Complaints about the fields.
pub async fn create(app: &App, owner: UserId, request: CreateProject) -> Result<Revised, ApiError> {
    let model = match request.model {
        Some(model) => model,
        None => {
            let chosen = app.config.default_model();
            app.providers.default_model(owner, chosen).await?
        }
    };
    let fields = Fields::parse(UpdateProject {
        name: Some(request.name),
        description: request.description,
        system_prompt: request.system_prompt,
        model: Some(model),
        parameters: request.parameters,
    })?;
    let row = NewProject {
        id: ProjectId::new(),
        owner_id: owner,
        name: fields.name.unwrap_or_default(),
        description: fields.description.unwrap_or_default(),
        system_prompt: fields.system_prompt.unwrap_or_default(),
        model: fields.model.unwrap_or_default(),
        parameters: fields.parameters.unwrap_or_else(|| "{}".to_owned()),
        now: prompthub_store::now(),
    };
    let row = app
        .store
        .write(move |conn| projects::insert(conn, &row))
        .await?;
    Ok(revised((row, 0)))
}

/// Newest activity first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    app: &App,
    owner: UserId,
    page: PageRequest<(chrono::NaiveDateTime, ProjectId)>,
) -> Result<Page<Project>, ApiError> {
    let (after, fetch) = (page.after, page.fetch());
    let rows = app
        .store
        .read(move |conn| projects::list(conn, owner, after, fetch))
        .await?;
    Ok(page.page(
        rows,
        |(row, _)| (row.last_activity_at, row.id),
        |(row, file_count)| wire::project(row, file_count),
    ))
}

/// # Errors
/// `not_found`, also where it is another's.
pub async fn find(app: &App, owner: UserId, id: ProjectId) -> Result<Revised, ApiError> {
    let found = app
        .store
        .read(move |conn| projects::find(conn, owner, id))
        .await?;
    found.map(revised).ok_or_else(no_project)
}

/// Changes what `request` names, unless the project has another revision than `expected`.
///
/// # Errors
/// `not_found`, `stale_version`, complaints about the fields.
pub async fn update(
    app: &App,
    owner: UserId,
    id: ProjectId,
    expected: Option<i64>,
    request: UpdateProject,
) -> Result<Revised, ApiError> {
    let Fields {
        name,
        description,
        system_prompt,
        model,
        parameters,
    } = Fields::parse(request)?;
    let patch = ProjectPatch {
        name,
        description,
        system_prompt,
        model,
        parameters,
    };
    let outcome = app
        .store
        .write(move |conn| {
            projects::update(
                conn,
                owner,
                id,
                expected,
                &patch,
                owner,
                prompthub_store::now(),
            )
        })
        .await?;
    match outcome {
        UpdateOutcome::Updated(row, file_count) => Ok(revised((row, file_count))),
        UpdateOutcome::Stale => Err(stale()),
        UpdateOutcome::NotFound => Err(no_project()),
    }
}

/// Deletes the project with its conversations and files; its running answers stop.
///
/// # Errors
/// `not_found`, `stale_version`.
pub async fn delete(
    app: &App,
    owner: UserId,
    id: ProjectId,
    expected: Option<i64>,
) -> Result<(), ApiError> {
    let app = app.clone();
    to_the_end(async move {
        let (outcome, files) = app
            .store
            .write(move |conn| {
                let files = files::in_project(conn, owner, id)?;
                Ok::<_, ApiError>((projects::delete(conn, owner, id, expected)?, files))
            })
            .await?;
        match outcome {
            DeleteOutcome::Deleted => {}
            DeleteOutcome::Stale => return Err(stale()),
            DeleteOutcome::NotFound => return Err(no_project()),
        }
        app.hub.cancel_in_project(id);
        sweep::remove_later(&app.store, &app.blobs, files);
        Ok(())
    })
    .await
}

/// Newest first.
///
/// # Errors
/// `not_found`, also where the project is another's.
pub async fn list_versions(
    app: &App,
    owner: UserId,
    id: ProjectId,
    page: PageRequest<i32>,
) -> Result<Page<PromptVersion>, ApiError> {
    let (before, fetch) = (page.after, page.fetch());
    let rows = app
        .store
        .read(move |conn| projects::list_versions(conn, owner, id, before, fetch))
        .await?
        .ok_or_else(no_project)?;
    Ok(page.page(rows, |row| row.number, wire::prompt_version))
}

pub fn no_project() -> ApiError {
    ApiError::not_found("project")
}

fn stale() -> ApiError {
    ApiError::new(
        ProblemCode::StaleVersion,
        "Load it again, and repeat the change on what is there now.",
    )
}

/// The fields that are being set, each valid.
pub(super) struct Fields {
    pub name: Option<String>,
    pub description: Option<String>,
    pub system_prompt: Option<String>,
    pub model: Option<String>,
    /// JSON.
    pub parameters: Option<String>,
}

impl Fields {
    /// # Errors
    /// Complaints about the fields.
    pub fn parse(request: UpdateProject) -> Result<Self, ApiError> {
        let mut complaints = Complaints::default();
        let new_name = request.name.map(|text| name("name", &text, NAME));
        let description = request
            .description
            .map(|text| bounded("description", text, DESCRIPTION));
        let prompt = request
            .system_prompt
            .map(|text| bounded("system_prompt", text, SYSTEM_PROMPT));
        let model = request
            .model
            .map(|text| ModelName::parse(&text).map(ModelName::into_string));
        let parameters = request
            .parameters
            .map(|parameters| parameters::to_json(&parameters));
        let fields = Self {
            name: complaints.take(new_name.transpose())?.flatten(),
            description: complaints.take(description.transpose())?.flatten(),
            system_prompt: complaints.take(prompt.transpose())?.flatten(),
            model: complaints.take(model.transpose())?.flatten(),
            parameters: complaints.take(parameters.transpose())?.flatten(),
        };
        complaints.into_result()?;
        Ok(fields)
    }
}

//! Projects and their prompt versions.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, LOCATION},
    web::{Data, Json as Body, Path},
};
use prompthub_dto::{
    Page,
    ids::ProjectId,
    page::PageQuery,
    projects::{CreateProject, Project, PromptVersion, UpdateProject},
};

use super::{
    conditional::{etag, if_match},
    extract::{Json, NoQuery, Query},
    problem::{BodyErrors, PathErrors, QueryErrors, SignedIn, SignedInWrite, Stale},
};
use crate::{
    auth::CurrentUser,
    domain::{
        paging::PageRequest,
        projects::{self, Revised},
    },
    error::ApiError,
    state::App,
};

/// List one's own projects, newest activity first
#[utoipa::path(get, path = "/api/projects", operation_id = "list_projects", tag = "projects",
    params(PageQuery),
    responses((status = 200, description = "A page of projects.", body = Page<Project>), SignedIn, QueryErrors))]
pub async fn list_projects(
    app: Data<App>,
    user: CurrentUser,
    Query(query): Query<PageQuery>,
) -> Result<Body<Page<Project>>, ApiError> {
    let page = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    Ok(Body(projects::list(&app, user.id, page).await?))
}

/// Create a project
#[utoipa::path(post, path = "/api/projects", operation_id = "create_project", tag = "projects",
    request_body = CreateProject,
    responses((status = 201, description = "Created.", body = Project,
        headers(("Location" = String), ("ETag" = String))), SignedInWrite, BodyErrors))]
pub async fn create_project(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    Json(body): Json<CreateProject>,
) -> Result<HttpResponse, ApiError> {
    let created = projects::create(&app, user.id, body).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/projects/{}", created.project.id)))
        .insert_header((ETAG, etag(created.revision)))
        .json(created.project))
}

/// Get a project
///
/// The `ETag` is for `If-Match`: it changes with what a person sets, not with the files and the last activity.
#[utoipa::path(get, path = "/api/projects/{project_id}", operation_id = "get_project", tag = "projects",
    params(("project_id" = ProjectId, Path)),
    responses((status = 200, description = "The project.", body = Project, headers(("ETag" = String))), SignedIn, PathErrors))]
pub async fn get_project(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProjectId>,
) -> Result<HttpResponse, ApiError> {
    let found = projects::find(&app, user.id, path.into_inner()).await?;
    Ok(show(found))
}

/// Change a project; what is not sent stays
#[utoipa::path(patch, path = "/api/projects/{project_id}", operation_id = "update_project", tag = "projects",
    params(("project_id" = ProjectId, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on; 412 when it is no longer the current one.")),
    request_body = UpdateProject,
    responses((status = 200, description = "The project as it is now.", body = Project, headers(("ETag" = String))), SignedInWrite, PathErrors, BodyErrors, Stale))]
pub async fn update_project(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProjectId>,
    Json(body): Json<UpdateProject>,
) -> Result<HttpResponse, ApiError> {
    let expected = if_match(&request)?;
    Ok(show(
        projects::update(&app, user.id, path.into_inner(), expected, body).await?,
    ))
}

/// Delete a project with its conversations and files
#[utoipa::path(delete, path = "/api/projects/{project_id}", operation_id = "delete_project", tag = "projects",
    params(("project_id" = ProjectId, Path), ("If-Match" = Option<String>, Header, description = "An `ETag`; 412 when it is no longer the current one.")),
    responses((status = 204, description = "Gone."), SignedInWrite, PathErrors, Stale))]
pub async fn delete_project(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProjectId>,
) -> Result<HttpResponse, ApiError> {
    let expected = if_match(&request)?;
    projects::delete(&app, user.id, path.into_inner(), expected).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the versions of a project's prompt, newest first
#[utoipa::path(get, path = "/api/projects/{project_id}/versions", operation_id = "list_prompt_versions", tag = "projects",
    params(("project_id" = ProjectId, Path), PageQuery),
    responses((status = 200, description = "A page of versions.", body = Page<PromptVersion>), SignedIn, PathErrors, QueryErrors))]
pub async fn list_prompt_versions(
    app: Data<App>,
    user: CurrentUser,
    path: Path<ProjectId>,
    Query(query): Query<PageQuery>,
) -> Result<Body<Page<PromptVersion>>, ApiError> {
    let page = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    Ok(Body(
        projects::list_versions(&app, user.id, path.into_inner(), page).await?,
    ))
}

impl Revised {
    fn tag(&self) -> String {
        etag(self.revision)
    }
}

fn show(found: Revised) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ETAG, found.tag()))
        .json(found.project)
}

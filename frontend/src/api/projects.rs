//! Projects and the versions of their prompts.

use prompthub_dto::{
    Page,
    ids::ProjectId,
    projects::{CreateProject, Project, PromptVersion, UpdateProject},
};

use super::{
    ApiError,
    client::{
        Etag, NoContent, Versioned, delete, get, get_versioned, page_path, patch_versioned, post,
    },
};

/// One page of projects, the last active first.
pub async fn list(cursor: Option<&str>) -> Result<Page<Project>, ApiError> {
    get(&page_path("/api/projects", cursor)).await
}

pub async fn create(body: CreateProject) -> Result<Project, ApiError> {
    post("/api/projects", &body).await
}

pub async fn find(id: ProjectId) -> Result<Versioned<Project>, ApiError> {
    get_versioned(&format!("/api/projects/{id}")).await
}

/// Fails with `stale_version` when `etag` is given and no longer current.
pub async fn update(
    id: ProjectId,
    body: UpdateProject,
    etag: Option<Etag>,
) -> Result<Versioned<Project>, ApiError> {
    patch_versioned(&format!("/api/projects/{id}"), &body, etag.as_ref()).await
}

pub async fn remove(id: ProjectId) -> Result<NoContent, ApiError> {
    delete(&format!("/api/projects/{id}")).await
}

/// One page of prompt versions, the newest first.
pub async fn list_versions(
    id: ProjectId,
    cursor: Option<&str>,
) -> Result<Page<PromptVersion>, ApiError> {
    get(&page_path(&format!("/api/projects/{id}/versions"), cursor)).await
}

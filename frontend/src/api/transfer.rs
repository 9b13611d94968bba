//! Taking conversations out of the server, and into it.

use prompthub_dto::{
    ids::{ConversationId, ProjectId},
    transfer::{ExportFormat, ImportReport},
};

use super::{
    ApiError,
    client::parse,
    upload::{self, Body, Upload},
};

/// Where a conversation is downloaded from.
#[must_use]
pub fn conversation_path(id: ConversationId, format: ExportFormat) -> String {
    let format = match format {
        ExportFormat::Markdown => "markdown",
        ExportFormat::Json => "json",
    };
    format!("/api/conversations/{id}/export?format={format}")
}

/// Where a whole project is downloaded from.
#[must_use]
pub fn project_path(id: ProjectId) -> String {
    format!("/api/projects/{id}/export")
}

/// Starts the import of a document into `project`, or as a project of its own. `on_progress` hears
/// the share that is sent, 0 to 1; `on_end` is called once, unless the upload is dropped before.
///
/// # Errors
/// [`ApiError::Network`] when the browser refuses to start it.
pub fn import(
    project: Option<ProjectId>,
    document: &web_sys::File,
    on_progress: impl Fn(f64) + 'static,
    on_end: impl FnOnce(Result<ImportReport, ApiError>) + 'static,
) -> Result<Upload, ApiError> {
    let path = project.map_or_else(
        || "/api/projects/import".to_owned(),
        |project| format!("/api/projects/{project}/import"),
    );
    upload::send(
        &path,
        &Body::Json(document),
        Box::new(on_progress),
        Box::new(move |answer| on_end(answer.and_then(|(status, text)| parse(status, &text)))),
    )
}

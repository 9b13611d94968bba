//! Files of a project.

use prompthub_dto::{
    Page,
    files::{File, UploadedFiles},
    ids::ProjectId,
};
use web_sys::FormData;

use super::{
    ApiError,
    client::{NoContent, delete, encode, get, page_path, parse},
    upload::{self, Body, Upload},
};

/// One page of a project's files, the oldest first.
pub async fn list(project: ProjectId, cursor: Option<&str>) -> Result<Page<File>, ApiError> {
    get(&page_path(
        &format!("/api/projects/{project}/files"),
        cursor,
    ))
    .await
}

pub async fn remove(project: ProjectId, name: &str) -> Result<NoContent, ApiError> {
    delete(&download_path(project, name)).await
}

/// Where a file is downloaded from.
#[must_use]
pub fn download_path(project: ProjectId, name: &str) -> String {
    format!("/api/projects/{project}/files/{}", encode(name))
}

/// Starts an upload of one file under a name. `on_progress` hears the share that is sent, 0 to 1; `on_end` is
/// called once, unless the upload is dropped before.
///
/// # Errors
/// [`ApiError::Network`] when the browser refuses to start it.
pub fn upload(
    project: ProjectId,
    file: &web_sys::File,
    name: &str,
    replace: bool,
    on_progress: impl Fn(f64) + 'static,
    on_end: impl FnOnce(Result<File, ApiError>) + 'static,
) -> Result<Upload, ApiError> {
    let query = if replace { "?replace=true" } else { "" };
    let path = format!("/api/projects/{project}/files{query}");
    let form = FormData::new()
        .and_then(|form| {
            form.append_with_blob_and_filename("file", file, name)?;
            Ok(form)
        })
        .map_err(|_| ApiError::Network)?;
    upload::send(
        &path,
        &Body::Form(&form),
        Box::new(on_progress),
        Box::new(move |answer| on_end(answer.and_then(|(status, text)| first(status, &text)))),
    )
}

fn first(status: u16, text: &str) -> Result<File, ApiError> {
    let uploaded: UploadedFiles = parse(status, text)?;
    uploaded
        .items
        .into_iter()
        .next()
        .ok_or(ApiError::Unreadable { status })
}

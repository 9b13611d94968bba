//! Files of a project. Uploads go through `XMLHttpRequest`, because `fetch` tells nothing of how
//! far an upload is.

use std::{cell::RefCell, rc::Rc};

use prompthub_dto::{
    Page,
    files::{File, UploadedFiles},
    ids::ProjectId,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{FormData, ProgressEvent, XmlHttpRequest};

use super::{
    ApiError,
    client::{NoContent, delete, encode, failure, get, page_path, parse},
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

/// An upload under way. Dropping it stops it.
pub struct Upload {
    request: XmlHttpRequest,
    /// Held for as long as the browser may call them.
    _listeners: [Closure<dyn FnMut(ProgressEvent)>; 4],
}

impl Upload {
    /// Stops the upload; `on_end` hears [`ApiError::Cancelled`].
    pub fn cancel(&self) {
        // An upload that has ended cannot be stopped, which is as good.
        let _ = self.request.abort();
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // The listeners die with this value, so the browser must forget them first.
        if let Ok(upload) = self.request.upload() {
            upload.set_onprogress(None);
        }
        self.request.set_onload(None);
        self.request.set_onerror(None);
        self.request.set_onabort(None);
        self.cancel();
    }
}

/// Starts an upload of one file. `on_progress` hears the share that is sent, 0 to 1; `on_end` is
/// called once, unless the upload is dropped before.
///
/// # Errors
/// [`ApiError::Network`] when the browser refuses to start it.
pub fn upload(
    project: ProjectId,
    file: &web_sys::File,
    replace: bool,
    on_progress: impl Fn(f64) + 'static,
    on_end: impl FnOnce(Result<File, ApiError>) + 'static,
) -> Result<Upload, ApiError> {
    start(project, file, replace, on_progress, on_end).map_err(|_| ApiError::Network)
}

fn start(
    project: ProjectId,
    file: &web_sys::File,
    replace: bool,
    on_progress: impl Fn(f64) + 'static,
    on_end: impl FnOnce(Result<File, ApiError>) + 'static,
) -> Result<Upload, JsValue> {
    let query = if replace { "?replace=true" } else { "" };
    let request = XmlHttpRequest::new()?;
    request.open("POST", &format!("/api/projects/{project}/files{query}"))?;
    let body = FormData::new()?;
    body.append_with_blob_and_filename("file", file, &file.name())?;

    // The three ways to end share one callback, which is spent by the first.
    let end = Rc::new(RefCell::new(Some(on_end)));
    let finish = move |result| {
        if let Some(on_end) = end.borrow_mut().take() {
            on_end(result);
        }
    };
    let progress = listener(move |event| {
        if event.length_computable() && event.total() > 0.0 {
            on_progress(event.loaded() / event.total());
        }
    });
    let load = listener({
        let (finish, request) = (finish.clone(), request.clone());
        move |_| finish(read(&request))
    });
    let error = listener({
        let finish = finish.clone();
        move |_| finish(Err(ApiError::Network))
    });
    let abort = listener(move |_| finish(Err(ApiError::Cancelled)));

    request
        .upload()?
        .set_onprogress(Some(progress.as_ref().unchecked_ref()));
    request.set_onload(Some(load.as_ref().unchecked_ref()));
    request.set_onerror(Some(error.as_ref().unchecked_ref()));
    request.set_onabort(Some(abort.as_ref().unchecked_ref()));
    request.send_with_opt_form_data(Some(&body))?;
    Ok(Upload {
        request,
        _listeners: [progress, load, error, abort],
    })
}

fn listener(callback: impl FnMut(ProgressEvent) + 'static) -> Closure<dyn FnMut(ProgressEvent)> {
    Closure::new(callback)
}

fn read(request: &XmlHttpRequest) -> Result<File, ApiError> {
    let status = request.status().unwrap_or_default();
    let text = request.response_text().ok().flatten().unwrap_or_default();
    if !(200..300).contains(&status) {
        return Err(failure(status, &text));
    }
    let uploaded: UploadedFiles = parse(status, &text)?;
    uploaded
        .items
        .into_iter()
        .next()
        .ok_or(ApiError::Unreadable { status })
}

//! Sending what is large, through `XMLHttpRequest`: `fetch` tells nothing of how far an upload is.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{FormData, ProgressEvent, XmlHttpRequest};

use super::{ApiError, client::failure};

/// What is sent.
pub(super) enum Body<'a> {
    Form(&'a FormData),
    /// A file that holds JSON.
    Json(&'a web_sys::File),
}

/// The status and the body of a successful answer.
type Answer = Result<(u16, String), ApiError>;

thread_local! {
    static UNDER_WAY: Cell<u32> = const { Cell::new(0) };
}

/// Whether something is being sent, which would be lost with the page.
#[must_use]
pub fn is_any_under_way() -> bool {
    UNDER_WAY.get() > 0
}

/// Counts as one upload until it is dropped.
struct Counted;

impl Counted {
    fn new() -> Self {
        UNDER_WAY.set(UNDER_WAY.get().saturating_add(1));
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        UNDER_WAY.set(UNDER_WAY.get().saturating_sub(1));
    }
}

/// What is called at the end, and what is held until then.
type End = Option<(Box<dyn FnOnce(Answer)>, Counted)>;

/// An upload under way. Dropping it stops it.
pub struct Upload {
    request: XmlHttpRequest,
    /// Empty once it has ended.
    end: Rc<RefCell<End>>,
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
        self.end.take();
        self.cancel();
    }
}

/// Posts `body` to `path`. `on_progress` hears the share that is sent, 0 to 1; `on_end` is called
/// once, unless the upload is dropped before.
///
/// # Errors
/// [`ApiError::Network`] when the browser refuses to start it.
pub(super) fn send(
    path: &str,
    body: &Body<'_>,
    on_progress: Box<dyn Fn(f64)>,
    on_end: Box<dyn FnOnce(Answer)>,
) -> Result<Upload, ApiError> {
    start(path, body, on_progress, on_end).map_err(|_| ApiError::Network)
}

fn start(
    path: &str,
    body: &Body<'_>,
    on_progress: Box<dyn Fn(f64)>,
    on_end: Box<dyn FnOnce(Answer)>,
) -> Result<Upload, JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", path)?;

    // The three ways to end share one callback, which is spent by the first.
    let end = Rc::new(RefCell::new(Some((on_end, Counted::new()))));
    let finish = {
        let end = end.clone();
        move |result| {
            let on_end = end.borrow_mut().take();
            if let Some((on_end, counted)) = on_end {
                drop(counted);
                on_end(result);
            }
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
    match body {
        Body::Form(form) => request.send_with_opt_form_data(Some(form))?,
        Body::Json(file) => {
            request.set_request_header("Content-Type", "application/json")?;
            request.send_with_opt_blob(Some(file))?;
        }
    }
    Ok(Upload {
        request,
        end,
        _listeners: [progress, load, error, abort],
    })
}

fn listener(callback: impl FnMut(ProgressEvent) + 'static) -> Closure<dyn FnMut(ProgressEvent)> {
    Closure::new(callback)
}

fn read(request: &XmlHttpRequest) -> Answer {
    let status = request.status().unwrap_or_default();
    let text = request.response_text().ok().flatten().unwrap_or_default();
    if (200..300).contains(&status) {
        Ok((status, text))
    } else {
        Err(failure(status, &text))
    }
}

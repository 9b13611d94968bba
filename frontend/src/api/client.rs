//! One request and its answer: JSON in, JSON or a problem out.

use std::cell::RefCell;

use gloo_net::http::{Request, RequestBuilder, Response};
use prompthub_dto::problem::{Problem, ProblemCode};
use serde::{Serialize, de::DeserializeOwned};

use super::ApiError;

/// The state of a resource, as its `ETag` header has it; sent back in `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(pub String);

/// A resource together with the state that it was read in.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    pub value: T,
    /// `None` when the server sent none; writes are then unconditional.
    pub etag: Option<Etag>,
}

/// The answer of an operation that has no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoContent;

thread_local! {
    static ON_UNAUTHENTICATED: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Calls `callback` whenever the server says that nobody is signed in.
pub fn on_unauthenticated(callback: impl Fn() + 'static) {
    ON_UNAUTHENTICATED.with(|slot| *slot.borrow_mut() = Some(Box::new(callback)));
}

/// Sends a request that is complete and reads its JSON.
///
/// # Errors
/// [`ApiError`], also when the body is not what `T` expects.
pub(super) async fn send<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    let (status, _, text) = exchange(request).await?;
    parse(status, &text)
}

pub(super) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    send(build(Request::get(path))?).await
}

pub(super) async fn get_versioned<T: DeserializeOwned>(
    path: &str,
) -> Result<Versioned<T>, ApiError> {
    send_versioned(build(Request::get(path))?).await
}

pub(super) async fn post<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, ApiError> {
    send(json(Request::post(path), body)?).await
}

pub(super) async fn patch<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, ApiError> {
    send(json(Request::patch(path), body)?).await
}

/// A change that the server refuses with `stale_version` when the resource is no longer in the
/// state of `etag`. Without one, the change is made whatever the state is.
pub(super) async fn patch_versioned<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
    etag: Option<&Etag>,
) -> Result<Versioned<T>, ApiError> {
    let mut builder = Request::patch(path);
    if let Some(Etag(etag)) = etag {
        builder = builder.header("If-Match", etag);
    }
    send_versioned(json(builder, body)?).await
}

/// Sends what is answered with `204`.
pub(super) async fn send_for_nothing(request: Request) -> Result<NoContent, ApiError> {
    exchange(request).await.map(|_| NoContent)
}

pub(super) async fn delete(path: &str) -> Result<NoContent, ApiError> {
    send_for_nothing(build(Request::delete(path))?).await
}

pub(super) fn build(builder: RequestBuilder) -> Result<Request, ApiError> {
    builder.build().map_err(|_| ApiError::Network)
}

pub(super) fn json(builder: RequestBuilder, body: &impl Serialize) -> Result<Request, ApiError> {
    builder.json(body).map_err(|_| ApiError::Network)
}

/// A path segment or query value, percent-encoded.
pub(super) fn encode(text: &str) -> String {
    String::from(js_sys::encode_uri_component(text))
}

async fn send_versioned<T: DeserializeOwned>(request: Request) -> Result<Versioned<T>, ApiError> {
    let (status, etag, text) = exchange(request).await?;
    Ok(Versioned {
        value: parse(status, &text)?,
        etag: etag.map(Etag),
    })
}

/// What does not depend on the type of the answer, so that it is in the binary once.
async fn exchange(request: Request) -> Result<(u16, Option<String>, String), ApiError> {
    let response = request.send().await.map_err(|_| ApiError::Network)?;
    if !response.ok() {
        return Err(read_failure(&response).await);
    }
    let text = response.text().await.map_err(|_| ApiError::Network)?;
    Ok((response.status(), response.headers().get("etag"), text))
}

/// The error that an unsuccessful answer stands for.
pub async fn read_failure(response: &Response) -> ApiError {
    let text = response.text().await.unwrap_or_default();
    failure(response.status(), &text)
}

/// The error that an unsuccessful answer's status and body stand for. Tells the page when
/// nobody is signed in any more.
pub(super) fn failure(status: u16, text: &str) -> ApiError {
    let error = serde_json::from_str::<Problem>(text)
        .map_or(ApiError::Unreadable { status }, |problem| {
            ApiError::Problem(Box::new(problem))
        });
    if error.is(ProblemCode::Unauthenticated) {
        ON_UNAUTHENTICATED.with(|slot| {
            if let Some(callback) = slot.borrow().as_ref() {
                callback();
            }
        });
    }
    error
}

pub(super) fn parse<T: DeserializeOwned>(status: u16, text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|_| ApiError::Unreadable { status })
}

/// The path of a list's page, as long as the server allows.
pub(super) fn page_path(path: &str, cursor: Option<&str>) -> String {
    let limit = prompthub_dto::page::MAX_LIMIT;
    match cursor {
        Some(cursor) => format!("{path}?limit={limit}&cursor={}", encode(cursor)),
        None => format!("{path}?limit={limit}"),
    }
}

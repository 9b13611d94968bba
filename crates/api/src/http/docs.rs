//! The description of the API and the page that shows it, from this server alone.

use std::{
    fmt::Write,
    sync::{Arc, OnceLock},
};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION},
    web::{Bytes, Data, Path},
};
use prompthub_dto::problem::ProblemCode;
use utoipa_swagger_ui::Config;

use super::openapi;
use crate::{error::ApiError, state::App};

/// Swagger UI styles its elements inline and shows images from data URLs.
const DOCS_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The description as YAML.
pub async fn openapi_yaml() -> Result<HttpResponse, ApiError> {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = made_once(&TEXT, openapi::yaml)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/yaml"))
        .body(text))
}

/// The description as JSON.
pub async fn openapi_json() -> Result<HttpResponse, ApiError> {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = made_once(&TEXT, openapi::json)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(text))
}

/// Making a description takes milliseconds of a serving thread, and strangers may ask for it.
fn made_once(
    text: &OnceLock<Bytes>,
    make: fn() -> anyhow::Result<String>,
) -> Result<Bytes, ApiError> {
    if let Some(text) = text.get() {
        return Ok(text.clone());
    }
    let made = make().map_err(ApiError::internal)?;
    Ok(text.get_or_init(|| made.into()).clone())
}

/// `/docs`, whose files are found relative to `/docs/`.
pub async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((LOCATION, "/docs/"))
        .finish()
}

/// The interactive page and its files.
pub async fn page(path: Path<String>, _app: Data<App>) -> Result<HttpResponse, ApiError> {
    let config = Arc::new(Config::from("/openapi.json").try_it_out_enabled(true));
    let found = utoipa_swagger_ui::serve(&path, config)
        .map_err(|error| ApiError::internal(anyhow::anyhow!("the docs page: {error}")))?;
    let Some(file) = found else {
        return Err(ApiError::not_found("file"));
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, file.content_type))
        .insert_header((CONTENT_SECURITY_POLICY, DOCS_CSP))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(file.bytes.into_owned()))
}

/// What each problem code means; the `type` of a problem document points here.
pub async fn problems() -> HttpResponse {
    let mut rows = String::new();
    for code in ProblemCode::ALL {
        let (name, status, title) = (code.as_str(), code.status(), code.title());
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr id=\"{name}\"><td><code>{name}</code></td><td>{status}</td><td>{title}</td></tr>"
        );
    }
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Problem codes</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <h1>Problem codes</h1><p>Every error is <code>application/problem+json</code> with one of \
         these in <code>code</code>.</p><table><thead><tr><th>code<th>status<th>meaning</thead>\
         <tbody>{rows}</tbody></table></html>"
    );
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, DOCS_CSP))
        .body(html)
}

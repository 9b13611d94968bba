//! The page: built by trunk, carried in the binary, served precompressed.
//!
//! Debug builds read it from `frontend/dist` at each request, so that a rebuilt page shows at once.

use std::{borrow::Cow, ops::RangeInclusive};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, VARY,
        },
    },
    web::Data,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use super::{conditional::none_match, problem};
use crate::{error::ApiError, state::App};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../frontend/dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
/// One hash in a million has fewer, and no English word is as long.
const HASH_DIGITS: RangeInclusive<usize> = 12..=16;
/// Names with a hash of the content never change what they mean.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page; any other address is a place within the page.
pub async fn page(request: HttpRequest, _app: Data<App>) -> Result<HttpResponse, ApiError> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(problem::of_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    let path = request.path().trim_start_matches('/');
    let is_file =
        !path.is_empty() && path != INDEX && !is_compressed(path) && Dist::get(path).is_some();
    if is_file {
        return serve(&request, path);
    }
    // A missing script must not be answered with a page.
    if path
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'))
        && path != INDEX
    {
        return Err(ApiError::not_found("file"));
    }
    serve(&request, INDEX)
}

fn serve(request: &HttpRequest, path: &str) -> Result<HttpResponse, ApiError> {
    let Some(plain) = Dist::get(path) else {
        return Err(ApiError::not_found(
            "page: this server was built without it; `cargo xtask build` builds both",
        ));
    };
    let tag = format!("\"{}\"", STANDARD.encode(plain.metadata.sha256_hash()));
    let caching = if is_hashed(path) {
        IMMUTABLE
    } else {
        REVALIDATE
    };
    let mut head = HttpResponse::Ok();
    head.insert_header((CACHE_CONTROL, caching))
        .insert_header((VARY, "accept-encoding"))
        .insert_header((ETAG, tag.clone()))
        .insert_header((CONTENT_SECURITY_POLICY, policy(path, &plain.data)));
    if none_match(request, &tag) {
        return Ok(head.status(StatusCode::NOT_MODIFIED).finish());
    }
    head.insert_header((CONTENT_TYPE, content_type(path)));
    match compressed(request, path) {
        Some((encoding, file)) => Ok(head
            .insert_header((CONTENT_ENCODING, encoding))
            .body(body(file))),
        None => Ok(head.body(body(plain))),
    }
}

fn body(file: EmbeddedFile) -> actix_web::web::Bytes {
    match file.data {
        Cow::Borrowed(bytes) => actix_web::web::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

/// The smallest form that the browser takes.
fn compressed(request: &HttpRequest, path: &str) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = request.headers().get(ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |encoding: &str| {
        accepted.split(',').any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts.next() == Some(encoding) && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
        })
    };
    [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .find_map(|(encoding, extension)| {
            let file = takes(encoding).then(|| Dist::get(&format!("{path}.{extension}")))??;
            Some((encoding, file))
        })
}

fn is_compressed(path: &str) -> bool {
    path.ends_with(".br") || path.ends_with(".gz")
}

/// Whether trunk put a hash of the content into the name: 16 hexadecimal digits after a dash, less the zeros that they begin
/// with, which trunk leaves out.
fn is_hashed(path: &str) -> bool {
    path.split(['-', '.', '_']).any(|part| {
        HASH_DIGITS.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn content_type(path: &str) -> String {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    match guess.type_() {
        mime_guess::mime::TEXT => format!("{guess}; charset=utf-8"),
        _ => guess.to_string(),
    }
}

/// What a file of the page may do. A policy of its own matters to two kinds: the document may run our
/// own scripts and trunk's inline loader, and start our own workers; a worker, which is under the policy
/// that its script came with, may only compile its program. Neither may do anything of anybody else.
fn policy(path: &str, content: &[u8]) -> String {
    if path != INDEX {
        return WORKER_POLICY.to_owned();
    }
    let html = std::str::from_utf8(content).unwrap_or_default();
    let hashes: String = inline_scripts(html)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         img-src 'self' data: blob: https:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The contents of the scripts without `src` that trunk writes.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (content, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(content)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inline_scripts_are_hashed() {
        let html = "<script src=\"/a.js\"></script><script type=\"module\">\nrun()\n</script>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["\nrun()\n"]);
    }

    #[test]
    fn hashed_names_are_recognised() {
        assert!(is_hashed("prompthub-frontend-0123456789abcdef_bg.wasm"));
        assert!(is_hashed("style-0123456789abcdef.css"));
        assert!(is_hashed("prompthub-frontend-ac8f3b32a18c0ad_bg.wasm"));
        assert!(!is_hashed("style-0123456789abcdef0.css"));
        assert!(!is_hashed("facade-decade.css"));
        assert!(!is_hashed("favicon.svg"));
        assert!(!is_hashed("index.html"));
    }
}

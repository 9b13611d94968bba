//! Entity tags: `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1).

use actix_web::{HttpRequest, http::header::HeaderName};
use prompthub_dto::problem::ProblemCode;

use crate::error::ApiError;

/// The tag of a revision, for `If-Match` alone: what is shown of a project changes without one, too.
#[must_use]
pub fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// The revision that `If-Match` insists on; `None` without the header or with `*`.
///
/// # Errors
/// `bad_request` when it is no single entity tag.
pub fn if_match(request: &HttpRequest) -> Result<Option<i64>, ApiError> {
    let Some(value) = request.headers().get("if-match") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let Some(inner) = tag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Err(not_one_tag());
    };
    if inner.contains('"') {
        return Err(not_one_tag());
    }
    // A weak tag, or one that we never gave, matches nothing; revisions count from 1.
    let given = inner.parse().ok().filter(|given| etag(*given) == text);
    Ok(Some(given.unwrap_or(0)))
}

fn not_one_tag() -> ApiError {
    ApiError::new(
        ProblemCode::BadRequest,
        "If-Match: send one entity tag, as an ETag header gave it.",
    )
}

/// Whether the client has the state with `tag` already.
#[must_use]
pub fn none_match(request: &HttpRequest, tag: &str) -> bool {
    lists(request, &HeaderName::from_static("if-none-match"), tag)
}

fn lists(request: &HttpRequest, header: &HeaderName, tag: &str) -> bool {
    request
        .headers()
        .get_all(header)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn if_match_reads_one_tag() {
        let read = |value: &'static str| {
            if_match(
                &TestRequest::default()
                    .insert_header(("if-match", value))
                    .to_http_request(),
            )
        };
        assert_eq!(read("\"7\"").unwrap(), Some(7));
        assert_eq!(read("*").unwrap(), None);
        assert_eq!(read("W/\"7\"").unwrap(), Some(0));
        assert_eq!(read("\"abc\"").unwrap(), Some(0));
        assert_eq!(read("\"+7\"").unwrap(), Some(0));
        assert!(read("\"7\", \"8\"").is_err());
        assert!(read("7").is_err());
        assert!(read("\"").is_err());
        assert_eq!(
            if_match(&TestRequest::default().to_http_request()).unwrap(),
            None
        );
    }

    #[test]
    fn if_none_match_is_a_list() {
        let request = TestRequest::default()
            .insert_header(("if-none-match", "\"1\", W/\"2\""))
            .to_http_request();
        assert!(none_match(&request, "\"1\""));
        assert!(none_match(&request, "\"2\""));
        assert!(!none_match(&request, "\"3\""));
    }
}

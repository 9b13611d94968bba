//! Bodies, queries and paths as typed values, with a field-level complaint where they are wrong.

use std::{
    future::{Ready, ready},
    net::IpAddr,
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::CONTENT_LENGTH,
    web::{BytesMut, Data, PathConfig},
};
use futures_util::{StreamExt, future::LocalBoxFuture};
use prompthub_dto::{
    ids::ProjectId,
    problem::{FieldCode, ProblemCode},
};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::complaint::{complaint, is_infinite};
use crate::{
    error::{ApiError, field_error},
    state::App,
};

/// Bytes of a JSON body: room for the longest message with every character escaped, which takes up to 12 bytes.
const MAX_JSON_BYTES: usize = 3 * 1024 * 1024;
/// How much of a refused body is read and thrown away, so that the client comes to read the answer.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that sends nothing for so long is waiting for the answer.
const DRAIN_SILENCE: Duration = Duration::from_secs(1);

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refused = refuse_json(request);
        let app = request.app_data::<Data<App>>();
        let patience = app.map_or(Duration::ZERO, |app| app.config.body_timeout());
        let mut payload = payload.take();
        Box::pin(async move {
            if let Some(error) = refused {
                drain(&mut payload).await;
                return Err(error);
            }
            let body = in_time(patience, read(&mut payload)).await??;
            parse_json(&body).map(Self)
        })
    }
}

/// What `arriving` comes to, unless it takes longer than `patience`.
pub async fn in_time<F: Future>(patience: Duration, arriving: F) -> Result<F::Output, ApiError> {
    tokio::time::timeout(patience, arriving)
        .await
        .map_err(|_elapsed| {
            ApiError::new(
                ProblemCode::RequestTimeout,
                "The body took too long to arrive.",
            )
        })
}

/// What the head of the request says against its body.
fn refuse_json(request: &HttpRequest) -> Option<ApiError> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        return Some(ApiError::new(
            ProblemCode::UnsupportedMediaType,
            "Send the body as application/json.",
        ));
    }
    let length = request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse::<usize>()
        .ok()?;
    (length > MAX_JSON_BYTES).then(too_large)
}

fn too_large() -> ApiError {
    ApiError::new(
        ProblemCode::PayloadTooLarge,
        format!("A JSON body may have at most {MAX_JSON_BYTES} bytes."),
    )
}

async fn read(payload: &mut Payload) -> Result<BytesMut, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        if body.len().saturating_add(chunk.len()) > MAX_JSON_BYTES {
            drain(payload).await;
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads what is left of a refused body, within bounds. A client that is still sending would
/// otherwise see its connection break instead of the answer.
pub async fn drain<S, E>(body: &mut S)
where
    S: futures_util::Stream<Item = Result<bytes::Bytes, E>> + Unpin,
{
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, async {
        let mut left = MAX_DRAINED_BYTES;
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(DRAIN_SILENCE, body.next()).await {
            let Some(rest) = left.checked_sub(chunk.len()) else {
                return;
            };
            left = rest;
        }
    })
    .await;
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.trim_ascii().is_empty() {
        return Err(ApiError::new(
            ProblemCode::MalformedJson,
            "The body is empty.",
        ));
    }
    // serde would read an array as the fields in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::field(
            "body",
            FieldCode::WrongType,
            "Must be an object.",
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let message = without_position(&error.inner().to_string());
        if error.inner().is_data() || is_infinite(&message) {
            complaint(error.path(), &message)
        } else if message == "expected value" && is_json(body) {
            // What serde_json says of anything but a text in the place of one of a few words.
            complaint(error.path(), "invalid type, expected string")
        } else {
            malformed(error.inner())
        }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(
        ProblemCode::MalformedJson,
        format!(
            "At line {}, column {}: it is not valid JSON.",
            error.line(),
            error.column()
        ),
    )
}

fn without_position(message: &str) -> String {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text)
        .to_owned()
}

/// The query of the address.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        let query = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(
            query
                .map(Self)
                .map_err(|error| complaint(error.path(), &error.inner().to_string())),
        )
    }
}

/// For what takes no query: a caller who writes `?stream=true` is told, instead of being answered as if nothing were there.
pub struct NoQuery;

impl FromRequest for NoQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = Query::<Nothing>::from_request(request, payload).into_inner();
        ready(query.map(|_| Self))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Complains about each id in the path that is none.
#[must_use]
pub fn path_config() -> PathConfig {
    PathConfig::default().error_handler(|_, request| {
        let errors = request
            .match_info()
            .iter()
            // Every id is of the same form.
            .filter(|(name, value)| name.ends_with("_id") && value.parse::<ProjectId>().is_err())
            .map(|(name, _)| field_error(name, FieldCode::Invalid, "Is not an id."))
            .collect::<Vec<_>>();
        if errors.is_empty() {
            ApiError::field("path", FieldCode::Invalid, "Is not valid UTF-8.").into()
        } else {
            ApiError::Validation(errors).into()
        }
    })
}

/// The id under which the request is logged.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl FromRequest for RequestId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().cloned();
        ready(id.ok_or_else(|| ApiError::internal(anyhow::anyhow!("a request without an id"))))
    }
}

/// Where the request comes from, behind the proxies that the operator trusts.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);

impl FromRequest for ClientAddress {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(super::shell::client_address(request))))
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::projects::CreateProject;

    use super::*;

    fn fields(body: &str) -> Vec<(String, FieldCode)> {
        match parse_json::<CreateProject>(body.as_bytes()) {
            Err(ApiError::Validation(errors)) => errors
                .into_iter()
                .map(|error| (error.field, error.code))
                .collect(),
            Err(other) => vec![(other.code().as_str().to_owned(), FieldCode::Other)],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn complaints_name_the_field() {
        let cases = [
            (r#"{"name":"x"}"#, None),
            (r"{}", Some(("name", FieldCode::Required))),
            (r#"{"name":1}"#, Some(("name", FieldCode::WrongType))),
            (
                r#"{"name":"x","owner_id":"y"}"#,
                Some(("owner_id", FieldCode::Unknown)),
            ),
            (
                r#"{"name":"x","name":"y"}"#,
                Some(("name", FieldCode::Invalid)),
            ),
            (
                r#"{"name":"x","parameters":{"temperature":"hot"}}"#,
                Some(("parameters.temperature", FieldCode::WrongType)),
            ),
            (
                r#"{"name":"x","parameters":{"heat":1}}"#,
                Some(("parameters.heat", FieldCode::Unknown)),
            ),
            (r"[]", Some(("body", FieldCode::WrongType))),
            (r#" ["x"]"#, Some(("body", FieldCode::WrongType))),
            (
                r#"{"name":"x","parameters":[0.5]}"#,
                Some(("parameters", FieldCode::WrongType)),
            ),
            (
                r#"{"name":"x","parameters":{"reasoning_effort":5}}"#,
                Some(("parameters.reasoning_effort", FieldCode::WrongType)),
            ),
            (
                r#"{"name":"x","parameters":{"response_format":{"type":[]}}}"#,
                Some(("parameters.response_format.type", FieldCode::WrongType)),
            ),
            (
                r#"{"name":"x","parameters":{"response_format":[]}}"#,
                Some(("parameters.response_format", FieldCode::WrongType)),
            ),
            (
                r#"{"name":"x","parameters":{"reasoning_effort":5}"#,
                Some(("malformed_json", FieldCode::Other)),
            ),
            (r"null", Some(("body", FieldCode::WrongType))),
            (
                r#"{"name":"x"} x"#,
                Some(("malformed_json", FieldCode::Other)),
            ),
            ("", Some(("malformed_json", FieldCode::Other))),
            (
                "{\"name\":\"\u{7f}",
                Some(("malformed_json", FieldCode::Other)),
            ),
        ];
        for (body, expected) in cases {
            let expected: Vec<_> = expected
                .map(|(field, code)| (field.to_owned(), code))
                .into_iter()
                .collect();
            assert_eq!(fields(body), expected, "{body}");
        }
    }

    #[test]
    fn a_querys_complaints_are_in_plain_words() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only whether they can be read matters")]
        struct Asked {
            limit: Option<u32>,
            archived: Option<bool>,
        }
        let complaint = |query: &str| {
            let request = actix_web::test::TestRequest::with_uri(&format!("/?{query}"));
            let read = Query::<Asked>::extract(&request.to_http_request()).into_inner();
            match read.map(|Query(asked)| asked) {
                Err(ApiError::Validation(errors)) => errors[0].message.clone(),
                other => panic!("{query}: {other:?}"),
            }
        };
        assert_eq!(complaint("limit=ten"), "Must be a whole number.");
        assert_eq!(complaint("limit="), "Must be a whole number.");
        assert_eq!(complaint("limit=-1"), "Must be a whole number.");
        assert_eq!(complaint("limit=99999999999"), "Is out of range.");
        assert_eq!(complaint("archived=yes"), "Must be true or false.");
    }

    #[test]
    fn deep_nesting_is_refused_at_the_first_level() {
        let deep = "[".repeat(100_000);
        assert_eq!(fields(&deep), [("body".to_owned(), FieldCode::WrongType)]);
        let deep = format!(r#"{{"name":{deep}"#);
        assert_eq!(fields(&deep), [("name".to_owned(), FieldCode::WrongType)]);
    }
}

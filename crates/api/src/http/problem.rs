//! Errors as answers: problem documents (RFC 9457), whatever went wrong and wherever.

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    error::{JsonPayloadError, PayloadError},
    http::{
        StatusCode,
        header::{CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    },
};
use prompthub_dto::problem::{Problem, ProblemCode};
use utoipa::{IntoResponses, openapi};

use crate::error::ApiError;

pub const PROBLEM_JSON: &str = "application/problem+json";

/// The body is added by the outermost middleware, which alone knows the request's id.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.code())
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

/// The whole answer to `error`.
pub fn response(error: &ApiError, request_id: &str) -> HttpResponse {
    let mut response = document(&error.to_problem(request_id));
    if let ApiError::RangeNotSatisfiable { size } = error
        && let Ok(range) = HeaderValue::try_from(format!("bytes */{size}"))
    {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    if let Some(wait) = error.wait() {
        // Whole seconds, rounded up: a client that waits so long is not too early.
        let seconds = wait
            .as_secs()
            .saturating_add(u64::from(wait.subsec_nanos() > 0))
            .max(1);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn document(problem: &Problem) -> HttpResponse {
    HttpResponse::build(status(problem.code))
        .insert_header((CONTENT_TYPE, PROBLEM_JSON))
        .body(serde_json::to_vec(problem).unwrap_or_default())
}

fn status(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What an error of the framework's own means, from the status it would have answered with.
pub fn of_status(status: StatusCode) -> ApiError {
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => return ApiError::not_found("address"),
        StatusCode::METHOD_NOT_ALLOWED => (
            ProblemCode::MethodNotAllowed,
            "/docs lists the methods of each address.",
        ),
        StatusCode::REQUEST_TIMEOUT => (ProblemCode::RequestTimeout, "Send it again."),
        StatusCode::PAYLOAD_TOO_LARGE => (ProblemCode::PayloadTooLarge, "Send less at a time."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            ProblemCode::HeadersTooLarge,
            "A request may have 96 headers, and 128 KiB of them all together.",
        ),
        StatusCode::URI_TOO_LONG => (ProblemCode::UriTooLong, "Send less in the address."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            ProblemCode::UnsupportedMediaType,
            "/docs lists the types that are taken.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (ProblemCode::Unavailable, "Try again in a moment."),
        status if status.is_client_error() => {
            (ProblemCode::BadRequest, "The request cannot be read.")
        }
        _ => (ProblemCode::Internal, "It is logged under the request id."),
    };
    ApiError::new(code, detail)
}

impl From<PayloadError> for ApiError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => {
                Self::new(ProblemCode::PayloadTooLarge, "The body is too large.")
            }
            _ => Self::new(ProblemCode::BadRequest, "The body broke off."),
        }
    }
}

impl From<JsonPayloadError> for ApiError {
    fn from(_: JsonPayloadError) -> Self {
        Self::new(ProblemCode::MalformedJson, "The body is not valid JSON.")
    }
}

/// The statuses that operations share, as the description of the API names them.
const SHARED: &[(u16, &str, &str)] = &[
    (400, "BadRequest", "The request or its body cannot be read."),
    (
        401,
        "Unauthenticated",
        "Nobody is signed in, or the password is wrong.",
    ),
    (
        403,
        "Forbidden",
        "Not allowed, or a browser sent it from another site.",
    ),
    (
        404,
        "NotFound",
        "There is no such thing, or it is another's.",
    ),
    (408, "RequestTimeout", "The body took too long to arrive."),
    (409, "Conflict", "It does not go with what is there."),
    (
        412,
        "StaleVersion",
        "`If-Match` names a state that is no longer the current one.",
    ),
    (413, "PayloadTooLarge", "The body is larger than allowed."),
    (
        415,
        "UnsupportedMediaType",
        "The body has a type that is not taken here.",
    ),
    (
        416,
        "RangeNotSatisfiable",
        "The range lies outside the file.",
    ),
    (
        422,
        "ValidationFailed",
        "Fields need another value; `errors` names them.",
    ),
    (
        429,
        "RateLimited",
        "Too many requests; `Retry-After` says how many seconds to wait.",
    ),
    (500, "Internal", "A fault of the server."),
    (
        502,
        "ProviderFailed",
        "The model's provider refused or failed.",
    ),
    (
        503,
        "Unavailable",
        "The server or the provider cannot serve at this moment.",
    ),
    (
        504,
        "ProviderTimeout",
        "The model's provider took too long.",
    ),
];

/// The statuses that may say when to come back.
const WITH_WAIT: [u16; 4] = [429, 502, 503, 504];

fn wait() -> openapi::Header {
    let seconds = openapi::ObjectBuilder::new()
        .schema_type(openapi::schema::Type::Integer)
        .minimum(Some(1));
    openapi::HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("How many seconds to wait, where that is known."))
        .build()
}

/// The shared problem answers, for the description's components.
pub struct ProblemResponses;

impl ProblemResponses {
    pub fn components() -> impl Iterator<Item = (String, openapi::Response)> {
        SHARED.iter().map(|(code, name, description)| {
            let example = ProblemCode::ALL
                .iter()
                .find(|candidate| candidate.status() == *code)
                .map(|code| {
                    crate::error::problem(
                        *code,
                        code.title().to_owned(),
                        Vec::new(),
                        "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f",
                    )
                })
                .and_then(|problem| serde_json::to_value(problem).ok());
            let content = openapi::ContentBuilder::new()
                .schema(Some(openapi::Ref::from_schema_name("Problem")))
                .example(example)
                .build();
            let mut response = openapi::ResponseBuilder::new()
                .description(*description)
                .content(PROBLEM_JSON, content);
            if WITH_WAIT.contains(code) {
                response = response.header("Retry-After", wait());
            }
            ((*name).to_owned(), response.build())
        })
    }
}

fn refs(codes: &[u16]) -> std::collections::BTreeMap<String, openapi::RefOr<openapi::Response>> {
    SHARED
        .iter()
        .filter(|(code, ..)| codes.contains(code))
        .map(|(code, name, _)| {
            (
                code.to_string(),
                openapi::RefOr::Ref(openapi::Ref::from_response_name(*name)),
            )
        })
        .collect()
}

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = [$($code:literal),*];)*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, openapi::RefOr<openapi::Response>> {
                refs(&[$($code),*])
            }
        }
    )*};
}

groups! {
    /// Of anything that asks the database.
    ServerErrors = [500, 503];
    /// Of reading what is one's own.
    SignedIn = [401, 422, 500, 503];
    /// Of changing what is one's own.
    SignedInWrite = [401, 403, 422, 500, 503];
    /// Of what an id in the path names.
    PathErrors = [404, 422];
    /// Of what the query says.
    QueryErrors = [422];
    /// Of a JSON body or a form.
    BodyErrors = [400, 408, 413, 415, 422];
    /// Of a change that may not go with what is there.
    Conflict = [409];
    /// Of `If-Match`.
    Stale = [400, 412];
    /// Of a range of a file.
    RangeNotSatisfiable = [416];
    /// Of what has a limit of attempts.
    RateLimited = [429];
    /// Of a server that is not well.
    Unavailable = [503];
    /// Of asking a model.
    ProviderErrors = [429, 502, 503, 504];
}

//! Errors as the wire has them: RFC 9457 problem documents with codes that clients match.

use serde::{Deserialize, Serialize};

/// The body of every answer that is not a success, sent as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind of problem, `/docs/problems#<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words; the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    pub code: ProblemCode,
    /// What went wrong this time, in words for a person.
    pub detail: String,
    /// What is wrong with which field; empty unless `code` is `validation_failed`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub errors: Vec<FieldError>,
    /// The id of the request, as in the `X-Request-Id` header and the server's log.
    pub request_id: String,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The path of the field in the body, dotted, e.g. `parameters.stop.0`; in a document that is imported
    /// its JSON Pointer; or the name of a path or query parameter.
    pub field: String,
    pub code: FieldCode,
    pub message: String,
}

/// Why a field is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FieldCode {
    Required,
    Unknown,
    WrongType,
    Invalid,
    TooShort,
    TooLong,
    OutOfRange,
    Taken,
    /// A code that a newer server knows.
    #[serde(other)]
    Other,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $text:literal, $title:literal;)*) => {
        /// The kind of a problem. Clients match on this, never on the words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ProblemCode {
            $($(#[$doc])* $name,)*
            /// A code that a newer server knows.
            #[serde(other)]
            Other,
        }

        impl ProblemCode {
            /// Every code that this server can answer with.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HTTP status that goes with the code.
            #[must_use]
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    Self::Other => 500,
                }
            }

            /// The code as the wire has it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other => "other",
                }
            }

            /// The kind of problem in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                    Self::Other => "Unknown problem",
                }
            }
        }
    };
}

problem_codes! {
    /// The request is not HTTP as this server speaks it.
    BadRequest = 400, "bad_request", "Bad request";
    /// The body is no JSON.
    MalformedJson = 400, "malformed_json", "The body is not valid JSON";
    /// Nobody is signed in.
    Unauthenticated = 401, "unauthenticated", "Sign in first";
    /// E-mail and password do not belong together.
    InvalidCredentials = 401, "invalid_credentials", "Email or password is wrong";
    /// The one signed in may not do this.
    Forbidden = 403, "forbidden", "Not allowed";
    /// A browser sent this from another site.
    CrossOrigin = 403, "cross_origin", "Cross-origin request refused";
    /// The operator does not take new accounts.
    RegistrationClosed = 403, "registration_closed", "Registration is closed";
    /// There is no such thing, or it is another's.
    NotFound = 404, "not_found", "Not found";
    /// The path exists, but not with this method.
    MethodNotAllowed = 405, "method_not_allowed", "Method not allowed";
    /// The body took too long to arrive.
    RequestTimeout = 408, "request_timeout", "The request took too long";
    /// An account with this e-mail exists.
    EmailTaken = 409, "email_taken", "An account with this email exists";
    /// The project has a file of this name.
    FileExists = 409, "file_exists", "A file with this name exists";
    /// The conversation is being answered at this moment.
    AnswerRunning = 409, "answer_running", "An answer is still running";
    /// The account has as many providers as it may have.
    TooManyProviders = 409, "too_many_providers", "Too many providers";
    /// The provider's stored key was sealed under another secret key of the server; enter it again.
    ProviderKeyUnreadable = 409, "provider_key_unreadable", "The provider's key must be entered again";
    /// `If-Match` names a state that is no longer the current one.
    StaleVersion = 412, "stale_version", "Changed by somebody else";
    /// The body is larger than allowed.
    PayloadTooLarge = 413, "payload_too_large", "Too large";
    /// The path and query are longer than allowed.
    UriTooLong = 414, "uri_too_long", "The address is too long";
    /// The body's type is not one that this operation takes.
    UnsupportedMediaType = 415, "unsupported_media_type", "Unsupported media type";
    /// The range asked for lies outside the file.
    RangeNotSatisfiable = 416, "range_not_satisfiable", "Range not satisfiable";
    /// Fields of the request are wrong; see `errors`.
    ValidationFailed = 422, "validation_failed", "Some fields need another value";
    /// The model's provider or the model is not known here.
    UnknownModel = 422, "unknown_model", "Unknown model";
    /// The model takes no images.
    ImagesUnsupported = 422, "images_unsupported", "The model takes no images";
    /// The question does not fit the model's context, even without the history.
    ContextTooLong = 422, "context_too_long", "Too long for the model";
    /// Too many attempts; see `Retry-After`.
    RateLimited = 429, "rate_limited", "Too many requests";
    /// More answers are running for this account than allowed.
    TooManyGenerations = 429, "too_many_generations", "Too many answers are running";
    /// There are too many headers, or they are too long.
    HeadersTooLarge = 431, "headers_too_large", "The headers are too large";
    /// A fault of ours; the log has it under the request id.
    Internal = 500, "internal", "Something went wrong on the server";
    /// The provider did not accept the API key.
    ProviderAuth = 502, "provider_auth", "The provider refused the API key";
    /// The provider's account has no credit left.
    ProviderCredit = 502, "provider_credit", "The provider's account has no credit left";
    /// The provider refused what it was asked (unknown model, content, parameters).
    ProviderRefused = 502, "provider_refused", "The provider refused the request";
    /// The provider answered with what is no answer.
    ProviderProtocol = 502, "provider_protocol", "The provider's answer could not be read";
    /// The server, its database or its storage cannot serve at this moment.
    Unavailable = 503, "unavailable", "Temporarily unavailable";
    /// The provider asks to slow down; see `Retry-After`.
    ProviderRateLimited = 503, "provider_rate_limited", "The provider is limiting requests";
    /// The provider cannot be reached, or is overloaded; or it is skipped for a while, since it failed too often.
    ProviderUnavailable = 503, "provider_unavailable", "The provider is unavailable";
    /// The provider itself says that it ran out of time.
    ProviderTimeout = 504, "provider_timeout", "The provider took too long";
    /// No connection to the provider came about in time.
    ProviderConnectTimeout = 504, "provider_connect_timeout", "The provider could not be connected to in time";
    /// The provider was connected to, and did not begin to answer in time.
    ProviderFirstByteTimeout = 504, "provider_first_byte_timeout", "The provider did not begin to answer in time";
    /// The provider fell silent in its answer, or after no more than signs of life.
    ProviderSilenceTimeout = 504, "provider_silence_timeout", "The provider fell silent";
    /// The answer took longer than any may.
    ProviderTotalTimeout = 504, "provider_total_timeout", "The answer took too long";
}

//! The one error of the application.
//!
//! Every [`ApiError`] has two messages: what a stranger may read (its code, detail and field
//! errors) and the chain of sources, which only the log gets, once, under the request's id.
//! Knows no web framework: `http::problem` turns it into an answer.

use std::{borrow::Cow, time::Duration};

use prompthub_dto::problem::{FieldCode, FieldError, Problem, ProblemCode};
use prompthub_llm::{Deadline, ErrorKind, ProviderError};
use prompthub_store::StoreError;

use crate::{files::BlobError, providers::Audience};

/// Providers have been seen to ask for years.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// About as long as what cannot be used at the moment takes to come back.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Fields of the request need another value.
    #[error("{} field(s) need another value", .0.len())]
    Validation(Vec<FieldError>),
    /// No provider that is set up has the model.
    #[error("no provider has the model {0}")]
    UnknownModel(String),
    /// A range outside a file of so many bytes.
    #[error("the file has {size} bytes")]
    RangeNotSatisfiable { size: u64 },
    /// A refusal that the code explains.
    #[error("{detail}")]
    Refused {
        code: ProblemCode,
        detail: Cow<'static, str>,
        retry_after: Option<Duration>,
    },
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the provider failed")]
    Provider {
        source: ProviderError,
        /// Who is told of it.
        audience: Audience,
    },
    #[error("the file storage failed")]
    Blob(#[from] BlobError),
    /// A fault of ours.
    #[error("internal fault")]
    Internal(#[source] anyhow::Error),
}

impl From<ProviderError> for ApiError {
    /// A failure of which only what is anybody's business is told.
    fn from(source: ProviderError) -> Self {
        Self::of_provider(source, Audience::Everybody)
    }
}

impl ApiError {
    pub fn of_provider(source: ProviderError, audience: Audience) -> Self {
        Self::Provider { source, audience }
    }

    pub fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused {
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    pub fn retry_after(code: ProblemCode, wait: Duration) -> Self {
        Self::Refused {
            code,
            detail: "Wait a little, then try again.".into(),
            retry_after: Some(wait),
        }
    }

    pub fn field(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self::Validation(vec![field_error(field, code, message)])
    }

    /// There is no such thing, or it is another's: the two cannot be told apart.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ProblemCode::NotFound, format!("There is no such {what}."))
    }

    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// The code that clients match.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Validation(_) => ProblemCode::ValidationFailed,
            Self::UnknownModel(_) => ProblemCode::UnknownModel,
            Self::RangeNotSatisfiable { .. } => ProblemCode::RangeNotSatisfiable,
            Self::Refused { code, .. } => *code,
            Self::Store(StoreError::Unavailable(_)) => ProblemCode::Unavailable,
            // What it belongs to was deleted in the meantime.
            Self::Store(StoreError::ForeignKey(_)) => ProblemCode::NotFound,
            Self::Store(_) | Self::Internal(_) => ProblemCode::Internal,
            Self::Blob(_) => ProblemCode::Unavailable,
            Self::Provider { source, .. } => match source.kind {
                ErrorKind::Auth => ProblemCode::ProviderAuth,
                ErrorKind::Credit => ProblemCode::ProviderCredit,
                ErrorKind::RateLimited => ProblemCode::ProviderRateLimited,
                ErrorKind::Refused => ProblemCode::ProviderRefused,
                ErrorKind::Timeout => match source.deadline {
                    None => ProblemCode::ProviderTimeout,
                    Some(Deadline::Connect) => ProblemCode::ProviderConnectTimeout,
                    Some(Deadline::FirstByte) => ProblemCode::ProviderFirstByteTimeout,
                    Some(Deadline::Silence) => ProblemCode::ProviderSilenceTimeout,
                    Some(Deadline::Total) => ProblemCode::ProviderTotalTimeout,
                },
                ErrorKind::Unavailable => ProblemCode::ProviderUnavailable,
                ErrorKind::Protocol => ProblemCode::ProviderProtocol,
            },
        }
    }

    /// How long the caller is asked to wait.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let wait = match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Provider { source, .. } => source.retry_after,
            Self::Store(StoreError::Unavailable(_)) | Self::Blob(_) => Some(SHORT_WAIT),
            _ => None,
        };
        wait.map(|wait| wait.min(LONGEST_WAIT))
    }

    /// What a stranger may read.
    #[must_use]
    pub fn to_problem(&self, request_id: &str) -> Problem {
        let code = self.code();
        let detail = match self {
            Self::Validation(errors) => match errors.as_slice() {
                [only] => format!("{}: {}", only.field, only.message),
                more => format!("{} fields need another value.", more.len()),
            },
            Self::UnknownModel(model) => {
                format!("No provider that is set up here has the model {model}.")
            }
            Self::RangeNotSatisfiable { size } => format!("The file has {size} bytes."),
            Self::Refused { detail, .. } => detail.clone().into_owned(),
            Self::Provider { source, audience } => provider_detail(source, *audience),
            Self::Store(StoreError::ForeignKey(_)) => {
                "What this belongs to has just been deleted.".to_owned()
            }
            Self::Store(_) | Self::Blob(_) | Self::Internal(_) => {
                "It is logged under the request id. Try again in a moment.".to_owned()
            }
        };
        let errors = match self {
            Self::Validation(errors) => errors.clone(),
            Self::UnknownModel(_) => {
                vec![field_error(
                    "model",
                    FieldCode::Invalid,
                    "Is not a model of this server.",
                )]
            }
            _ => Vec::new(),
        };
        problem(code, detail, errors, request_id)
    }

    /// Whether the operator should look.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            // Two requests have met, which is nobody's fault.
            Self::Store(StoreError::ForeignKey(_)) => false,
            Self::Store(_) | Self::Blob(_) | Self::Internal(_) => true,
            _ => false,
        }
    }
}

/// What to tell a person of a provider's failure. Its own words are passed on where it refuses the request,
/// since then the person can do something about them, and where an answer had begun, since then nothing
/// else says why there is no more of it. What comes with a status instead may speak of its account, and is for
/// whoever owns that.
fn provider_detail(error: &ProviderError, audience: Audience) -> String {
    let advice = provider_advice(error);
    let is_told = audience == Audience::Owner || error.status.is_none();
    match (error.kind, &error.reason) {
        (ErrorKind::Refused, _) | (_, None) => advice,
        (_, Some(reason)) if is_told => format!("{advice} The provider says: {reason}"),
        (_, Some(_)) => advice,
    }
}

fn provider_advice(error: &ProviderError) -> String {
    match error.kind {
        ErrorKind::Auth => "Check the provider's API key.".to_owned(),
        ErrorKind::Credit => "Add credit at the provider, or choose another model.".to_owned(),
        ErrorKind::RateLimited => "Wait a little, or choose another model.".to_owned(),
        ErrorKind::Refused => error.message.clone(),
        ErrorKind::Timeout => match error.deadline {
            Some(Deadline::Connect) => {
                "No connection came about in time. Try again, or choose another model."
            }
            Some(Deadline::FirstByte) => {
                "No answer came in time. Try again, or choose another model."
            }
            Some(Deadline::Silence) if error.wordless => {
                "It fell silent before the first word. Try again, or choose another model."
            }
            Some(Deadline::Silence) => "It fell silent in the middle of its answer. Try again.",
            Some(Deadline::Total) => "The answer took longer than any may. Ask for less at a time.",
            None => "It ran out of time. Try again.",
        }
        .to_owned(),
        ErrorKind::Unavailable if error.skipped_after.is_some() => skipped(error),
        ErrorKind::Unavailable if error.reason.is_some() || error.status.is_some() => {
            "It failed, or is overloaded. Try again, or choose another model.".to_owned()
        }
        ErrorKind::Unavailable => {
            "It could not be reached, or broke off. Try again, or choose another model.".to_owned()
        }
        ErrorKind::Protocol => "What it sent is not an answer. Try another model.".to_owned(),
    }
}

/// Why nobody was asked, and for how long nobody will be.
fn skipped(error: &ProviderError) -> String {
    let times = error.skipped_after.unwrap_or_default();
    let seconds = error.retry_after.unwrap_or_default().as_secs_f64().ceil();
    let what = match error.unreached {
        true => "It could not be connected to",
        false => "This model of it failed",
    };
    format!(
        "{what} {times} times in a row and is skipped for another {seconds} s. Try again then, or choose another model."
    )
}

/// A problem document of `code`.
#[must_use]
pub fn problem(
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldError>,
    request_id: &str,
) -> Problem {
    Problem {
        kind: format!("/docs/problems#{}", code.as_str()),
        title: code.title().to_owned(),
        status: code.status(),
        code,
        detail,
        errors,
        request_id: request_id.to_owned(),
    }
}

pub fn field_error(
    field: impl Into<String>,
    code: FieldCode,
    message: impl Into<String>,
) -> FieldError {
    FieldError {
        field: field.into(),
        code,
        message: message.into(),
    }
}

/// Writes a fault and its sources to the log.
pub fn log_fault(error: &ApiError, request_id: &str) {
    let chain = std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    if error.is_fault() {
        tracing::error!(request_id, cause = %chain, "{error}");
    } else if let ApiError::Provider {
        source: failure, ..
    } = error
    {
        tracing::warn!(request_id, kind = ?failure.kind, reason = %failure.message, cause = %chain, "{error}");
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::ids::{FileId, ProjectId};
    use prompthub_store::{
        DatabaseUrl, Store,
        files::{self, NewFile},
        now,
    };

    use super::*;

    #[tokio::test]
    async fn what_belongs_to_something_deleted_is_not_found_and_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let store = Store::connect(&DatabaseUrl::parse(&url).unwrap())
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let orphan = NewFile {
            id: FileId::new(),
            project_id: ProjectId::new(),
            name: "a.txt".to_owned(),
            size: 1,
            content_type: "text/plain".to_owned(),
            sha256: String::new(),
            now: now(),
        };
        let stored = store
            .write(move |conn| Ok::<_, ApiError>(files::insert(conn, &orphan, false)?))
            .await;
        let error = stored.unwrap_err();
        assert_eq!(error.code(), ProblemCode::NotFound);
        assert!(!error.is_fault());
        let detail = error.to_problem("r").detail;
        assert!(
            detail.contains("deleted") && !detail.contains("Try again"),
            "{detail}"
        );
    }
}

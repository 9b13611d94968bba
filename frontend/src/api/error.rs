//! Why a call of the API did not succeed, in a form that views can show.

use prompthub_dto::problem::{Problem, ProblemCode};

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The server refused, and said why.
    Problem(Box<Problem>),
    /// No answer came: the network or the server is down.
    Network,
    /// An answer came that is not one of this API, for instance from a proxy; its HTTP status.
    Unreadable { status: u16 },
    /// The person cancelled the call.
    Cancelled,
}

impl ApiError {
    /// The kind of problem, where the server named one.
    #[must_use]
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            Self::Network | Self::Unreadable { .. } | Self::Cancelled => None,
        }
    }

    /// Whether the server named this kind of problem.
    #[must_use]
    pub fn is(&self, code: ProblemCode) -> bool {
        self.code() == Some(code)
    }

    /// Whether the same may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        !matches!(
            self.code(),
            Some(
                ProblemCode::MalformedJson
                    | ProblemCode::NotFound
                    | ProblemCode::PayloadTooLarge
                    | ProblemCode::ValidationFailed
            )
        )
    }

    /// What is wrong with one field of the request or with a part of that field. Parameters go by
    /// their own names, without `parameters.`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let Self::Problem(problem) = self else {
            return None;
        };
        // Some kinds of problem are about one field without naming it.
        let about = match problem.code {
            ProblemCode::EmailTaken => "email",
            ProblemCode::UnknownModel => "model",
            _ => "",
        };
        if about == name {
            return Some(self.message());
        }
        let error = problem.errors.iter().find(|error| {
            let field = error.field.strip_prefix("parameters.");
            field.unwrap_or(&error.field).split('.').next() == Some(name)
        })?;
        Some(error.message.clone())
    }

    /// What to tell about the whole, when none of the `fields` has something of its own to tell.
    #[must_use]
    pub fn beside(&self, fields: &[&str]) -> Option<String> {
        let told = fields.iter().any(|name| self.field(name).is_some());
        (!told).then(|| self.message())
    }

    /// What happened and what to do, as a sentence for a person.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Problem(problem) => problem_message(problem),
            Self::Network => {
                "The server cannot be reached. Check the connection, then try again.".to_owned()
            }
            Self::Unreadable { status } => {
                format!("The server's answer could not be read (HTTP {status}). Try again.")
            }
            Self::Cancelled => "Cancelled.".to_owned(),
        }
    }
}

fn problem_message(problem: &Problem) -> String {
    let detail = if problem.detail.is_empty() {
        &problem.title
    } else {
        &problem.detail
    };
    match problem.errors.as_slice() {
        // Advice alone does not say whose failure it was.
        [] if problem.code.as_str().starts_with("provider_") => {
            [&problem.title, ". ", detail].concat()
        }
        [] => detail.clone(),
        errors => errors
            .iter()
            .map(|error| error.message.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::problem::{FieldCode, FieldError};

    use super::*;

    fn problem(errors: Vec<FieldError>) -> ApiError {
        ApiError::Problem(Box::new(Problem {
            kind: "/docs/problems#validation_failed".to_owned(),
            title: "Some fields need another value".to_owned(),
            status: 422,
            code: ProblemCode::ValidationFailed,
            detail: String::new(),
            errors,
            request_id: "r".to_owned(),
        }))
    }

    #[test]
    fn a_problem_without_detail_is_told_by_its_title() {
        assert_eq!(
            problem(Vec::new()).message(),
            "Some fields need another value"
        );
    }

    #[test]
    fn a_providers_problem_says_what_happened_and_what_to_do() {
        let mut problem = problem(Vec::new());
        if let ApiError::Problem(problem) = &mut problem {
            problem.code = ProblemCode::ProviderAuth;
            problem.title = "The provider refused the API key".to_owned();
            problem.detail = "Check the provider's API key.".to_owned();
        }
        assert_eq!(
            problem.message(),
            "The provider refused the API key. Check the provider's API key."
        );
    }

    #[test]
    fn a_field_finds_its_own_message() {
        let error = problem(vec![FieldError {
            field: "email".to_owned(),
            code: FieldCode::Invalid,
            message: "This is no email address.".to_owned(),
        }]);
        assert_eq!(
            error.field("email").as_deref(),
            Some("This is no email address.")
        );
        assert_eq!(error.field("password"), None);
        let error = problem(vec![FieldError {
            field: "parameters.stop.0".to_owned(),
            code: FieldCode::TooLong,
            message: "At most 200 characters.".to_owned(),
        }]);
        assert!(error.field("stop").is_some());
        assert_eq!(error.field("0"), None);
    }
}

//! An answer of the server, whole, and what a test may say about it.

use bytes::Bytes;
use prompthub_dto::problem::{FieldCode, Problem, ProblemCode};
use reqwest::{StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer with its body read to the end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, for the message of a failed assertion.
    pub asked: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("a header in ASCII"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as one of the wire types.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{self}");
        match serde_json::from_slice(&self.body) {
            Ok(body) => body,
            Err(error) => panic!("{error} in {self}"),
        }
    }

    /// The answer, when it has this status.
    #[track_caller]
    pub fn expect_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// The answer when it is the problem `code`, as every problem must look: its type, its status
    /// in both places, its title, and the id of the request in both places.
    #[track_caller]
    pub fn assert_problem(&self, code: ProblemCode) -> Problem {
        assert_eq!(
            self.status.as_u16(),
            code.status(),
            "expected {} but got {self}",
            code.as_str()
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self}"
        );
        let problem: Problem =
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self}"));
        assert_eq!(problem.code, code, "{self}");
        assert_eq!(problem.status, code.status(), "{self}");
        assert_eq!(problem.title, code.title(), "{self}");
        assert_eq!(
            problem.kind,
            format!("/docs/problems#{}", code.as_str()),
            "{self}"
        );
        assert!(!problem.detail.is_empty(), "{self}");
        assert_eq!(
            Some(problem.request_id.as_str()),
            self.header("x-request-id"),
            "{self}"
        );
        problem
    }

    /// The answer when it is `validation_failed` with exactly these fields and codes, in any order.
    #[track_caller]
    pub fn assert_invalid(&self, fields: &[(&str, FieldCode)]) -> Problem {
        let problem = self.assert_problem(ProblemCode::ValidationFailed);
        let sorted = |mut list: Vec<(String, String)>| {
            list.sort();
            list
        };
        let found = problem
            .errors
            .iter()
            .map(|error| (error.field.clone(), format!("{:?}", error.code)));
        let wanted = fields
            .iter()
            .map(|(field, code)| ((*field).to_owned(), format!("{code:?}")));
        assert_eq!(sorted(found.collect()), sorted(wanted.collect()), "{self}");
        for error in &problem.errors {
            assert!(!error.message.is_empty(), "{self}");
        }
        problem
    }

    /// The JSON body for a snapshot: keys in order, and what differs from run to run replaced.
    #[must_use]
    #[track_caller]
    pub fn redacted(&self) -> Value {
        redact(
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self}")),
        )
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text();
        let shown: String = text.chars().take(1_000).collect();
        write!(f, "{} → {} {shown}", self.asked, self.status)
    }
}

/// `value` with sorted keys, ids as `[id]`, times as `[time]`, milliseconds as `[ms]` and file hashes as `[sha256]`.
#[must_use]
pub fn redact(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(redact).collect(),
        Value::Object(fields) => {
            let sorted: std::collections::BTreeMap<_, _> = fields.into_iter().collect();
            let fields = sorted.into_iter().map(|(key, value)| {
                let value = match (key.as_str(), redact(value)) {
                    ("request_id", Value::String(_)) => Value::from("[request id]"),
                    ("first_token_ms" | "duration_ms", Value::Number(_)) => Value::from("[ms]"),
                    (_, value) => value,
                };
                (key, value)
            });
            Value::Object(fields.collect())
        }
        Value::String(text) if is_uuid(&text) => "[id]".into(),
        Value::String(text) if is_time(&text) => "[time]".into(),
        Value::String(text) if is_sha256(&text) => "[sha256]".into(),
        other => other,
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && !text.contains(char::is_whitespace)
}

/// Microseconds and `Z`, as the wire has them: another form is not redacted, and so is noticed.
fn is_time(text: &str) -> bool {
    text.len() == 27
        && text.as_bytes()[10] == b'T'
        && text.as_bytes()[19] == b'.'
        && text.ends_with('Z')
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

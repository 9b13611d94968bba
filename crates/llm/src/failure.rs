//! What a provider's error means.
//!
//! Owns the mapping from statuses, codes and error objects to [`ErrorKind`] and to words. The
//! shapes differ by provider, by age and by the stage at which it failed, so nothing is required of
//! them. Must not pass on a raw body or a key.

use std::time::{Duration, SystemTime};

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use crate::{ErrorKind, ProviderError, Secret};

/// An error's body beyond this is not read.
pub(crate) const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The error of a response whose status is not a success.
pub(crate) fn from_response(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    key: Option<&Secret>,
) -> ProviderError {
    if status.is_redirection() {
        let message = format!(
            "the provider redirects elsewhere (HTTP {})",
            status.as_u16()
        );
        return ProviderError::new(ErrorKind::Protocol, message).with_status(status.as_u16());
    }
    // A body that is no JSON (a proxy's HTML page, say) tells nothing beyond the status.
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let error =
        describe(error_object(&body), Some(status.as_u16()), key).with_status(status.as_u16());
    match retry_after(headers) {
        None => error,
        wait => error.with_retry_after(wait),
    }
}

/// The error in an answer that had begun, or that came with a status of success.
pub(crate) fn from_chunk(error: &Value, key: Option<&Secret>) -> ProviderError {
    describe(error, None, key)
}

/// The same, as the data of an event that is called an error: in whatever shape, or in plain words.
pub(crate) fn from_event(data: &str, key: Option<&Secret>) -> ProviderError {
    let error = serde_json::from_str(data).unwrap_or_else(|_| Value::from(data));
    describe(error_object(&error), None, key)
}

/// Where in a body the error is: under `error`; the whole, as Mistral has it; or either of them as
/// the one element of a list, as Google has it.
fn error_object(body: &Value) -> &Value {
    let body = body.get(0).unwrap_or(body);
    body.get("error").unwrap_or(body)
}

fn describe(error: &Value, status: Option<u16>, key: Option<&Secret>) -> ProviderError {
    let status = code_status(&error["code"]).or(status);
    let kind = kind(error, status);
    let mut reason = match kind {
        // Providers quote the key that they do not accept.
        ErrorKind::Auth => None,
        _ => reason(error),
    };
    if let Some(key) = key.map(Secret::expose).filter(|key| !key.is_empty()) {
        reason = reason.map(|reason| reason.replace(key, "…"));
    }
    let mut message = reason
        .clone()
        .unwrap_or_else(|| default_reason(kind).to_owned());
    if let (false, Some(status)) = (kind == ErrorKind::Refused, status) {
        message = format!("{message} (HTTP {status})");
    }
    let failure = ProviderError::new(kind, message).with_retry_after(wait_in_body(error));
    match reason {
        None => failure,
        Some(reason) => failure.with_reason(reason),
    }
}

/// The most telling sign counts: OpenRouter's `error_type`, then a code in words, then the status.
fn kind(error: &Value, status: Option<u16>) -> ErrorKind {
    let metadata = &error["metadata"];
    let named = |name: &Value| name.as_str().and_then(kind_of_name);
    named(&metadata["error_type"])
        .or_else(|| named(&error["code"]))
        // A spent budget of a key or a workspace is a 403 like any other but for this.
        .or_else(|| {
            (status == Some(403) && metadata["limit_source"].is_string())
                .then_some(ErrorKind::Credit)
        })
        .or_else(|| status.and_then(kind_of_status))
        .or_else(|| named(&error["type"]))
        .unwrap_or(ErrorKind::Unavailable)
}

/// Names that OpenRouter, OpenAI, Anthropic and llama.cpp have for kinds of errors.
fn kind_of_name(name: &str) -> Option<ErrorKind> {
    Some(match name {
        "authentication" | "authentication_error" | "invalid_api_key" | "unauthorized" => {
            ErrorKind::Auth
        }
        "billing_error" | "insufficient_credits" | "insufficient_quota" | "payment_required" => {
            ErrorKind::Credit
        }
        "rate_limit_error" | "rate_limit_exceeded" => ErrorKind::RateLimited,
        "content_filter"
        | "content_policy_violation"
        | "context_length_exceeded"
        | "exceed_context_size_error"
        | "invalid_request"
        | "invalid_request_error"
        | "model_not_found"
        | "not_found"
        | "not_found_error"
        | "permission_denied"
        | "permission_error"
        | "refusal"
        | "request_too_large" => ErrorKind::Refused,
        "timeout" | "timeout_error" => ErrorKind::Timeout,
        "api_error"
        | "conflict_error"
        | "overloaded_error"
        | "provider_overloaded"
        | "provider_unavailable"
        | "server_error" => ErrorKind::Unavailable,
        _ => return None,
    })
}

fn kind_of_status(status: u16) -> Option<ErrorKind> {
    Some(match status {
        401 => ErrorKind::Auth,
        402 => ErrorKind::Credit,
        408 | 504 | 524 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::Refused,
        500..=599 => ErrorKind::Unavailable,
        _ => return None,
    })
}

/// The status in a `code`, which may be a number, a text or missing.
fn code_status(code: &Value) -> Option<u16> {
    let status = match code {
        Value::Number(number) => number
            .as_u64()
            .and_then(|status| u16::try_from(status).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    status.filter(|status| (400..=599).contains(status))
}

/// The provider's own words, with what it adds to them elsewhere.
fn reason(error: &Value) -> Option<String> {
    let metadata = &error["metadata"];
    let text = upstream_message(&metadata["raw"])
        .or_else(|| message(error))
        .filter(|text| !text.trim().is_empty());
    let mut details = Vec::new();
    for (label, list) in [
        ("flagged", &metadata["reasons"]),
        ("matched", &metadata["patterns"]),
    ] {
        let words = words(list);
        if !words.is_empty() {
            details.push(format!("{label}: {}", words.join(", ")));
        }
    }
    let details = details.join("; ");
    let reason = match (text, details.is_empty()) {
        (None, true) => return None,
        (None, false) => details,
        (Some(text), true) => text,
        (Some(text), false) => format!("{text} ({details})"),
    };
    Some(match metadata["provider_name"].as_str() {
        Some(name) if !name.is_empty() => format!("{name}: {reason}"),
        _ => reason,
    })
}

/// `error` as text, its `message`, or FastAPI's `detail`.
fn message(error: &Value) -> Option<String> {
    [error, &error["message"], &error["detail"]]
        .into_iter()
        .find_map(Value::as_str)
        .map(str::to_owned)
}

/// What a provider behind the provider said. OpenRouter has passed it on as JSON within text.
fn upstream_message(raw: &Value) -> Option<String> {
    let raw: Value = serde_json::from_str(raw.as_str()?).ok()?;
    let error = error_object(&raw);
    error.is_object().then(|| message(error)).flatten()
}

/// The texts of a list, or the names of its objects.
fn words(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().or_else(|| item["name"].as_str()))
        .collect()
}

fn default_reason(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Auth => "the API key was not accepted",
        ErrorKind::Credit => "no credit is left",
        ErrorKind::RateLimited => "too many requests",
        ErrorKind::Refused => "The provider refused the request and gave no reason.",
        ErrorKind::Timeout => "the provider ran out of time",
        ErrorKind::Unavailable => "the provider failed",
        ErrorKind::Protocol => "the provider's answer cannot be read",
    }
}

/// `Retry-After`: seconds, or the date of a moment to come.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let moment = httpdate::parse_http_date(text).ok()?;
            Some(moment.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

/// The wait that is in the error itself, in seconds: OpenRouter's when no endpoint is available,
/// or Google's, such as `37s`, in one of its details.
fn wait_in_body(error: &Value) -> Option<Duration> {
    let openrouters = error.pointer("/availability/retry_after");
    let seconds = openrouters.and_then(Value::as_f64).or_else(|| {
        let details = error["details"].as_array()?;
        let delay = details
            .iter()
            .find_map(|detail| detail["retryDelay"].as_str())?;
        delay.strip_suffix('s')?.parse().ok()
    })?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;

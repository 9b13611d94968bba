//! Errors as providers send them, and what they are taken for.

use proptest::prelude::*;
use reqwest::header::HeaderValue;
use serde_json::json;

use super::*;
use ErrorKind::{Auth, Credit, Protocol, RateLimited, Refused, Timeout, Unavailable};

fn response(status: u16, body: &str) -> ProviderError {
    let status = StatusCode::from_u16(status).unwrap();
    from_response(status, &HeaderMap::new(), body.as_bytes(), None)
}

#[test]
fn statuses_tell_the_kind() {
    for (status, kind) in [
        (302, Protocol),
        (400, Refused),
        (401, Auth),
        (402, Credit),
        (403, Refused),
        (404, Refused),
        (408, Timeout),
        (413, Refused),
        (422, Refused),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Timeout),
        (524, Timeout),
        (529, Unavailable),
    ] {
        for body in [
            "",
            "<html>Bad Gateway</html>",
            r#"{"error":{"message":"m"}}"#,
            r#"{"error":{"code":null}}"#,
        ] {
            let error = response(status, body);
            assert_eq!(error.kind, kind, "{status} {body}");
            assert!(!error.message.contains('<'), "{}", error.message);
        }
    }
}

#[test]
fn bodies_tell_more_than_the_status() {
    for (status, error, kind, message) in [
        (
            403,
            json!({"code": 403, "message": "Input was flagged", "metadata": {"reasons": ["violence", "hate"], "flagged_input": "kill …", "provider_name": "Acme", "model_slug": "acme/m1"}}),
            Refused,
            "Acme: Input was flagged (flagged: violence, hate)",
        ),
        (
            403,
            json!({"code": 403, "message": "Blocked by a guardrail", "metadata": {"patterns": ["credit card", {"name": "email"}]}}),
            Refused,
            "Blocked by a guardrail (matched: credit card, email)",
        ),
        (
            403,
            json!({"code": 403, "message": "Budget spent", "metadata": {"limit_source": "key"}}),
            Credit,
            "Budget spent (HTTP 403)",
        ),
        (
            502,
            json!({"code": 502, "message": "Slow down", "metadata": {"error_type": "rate_limit_exceeded"}}),
            RateLimited,
            "Slow down (HTTP 502)",
        ),
        (
            400,
            json!({"code": 400, "message": "Too long", "metadata": {"error_type": "context_length_exceeded"}}),
            Refused,
            "Too long",
        ),
        (
            400,
            json!({"code": 400, "message": "x", "metadata": {"error_type": "provider_overloaded"}}),
            Unavailable,
            "x (HTTP 400)",
        ),
        (
            400,
            json!({"message": "x", "metadata": {"error_type": "new_type"}}),
            Refused,
            "x",
        ),
        (
            400,
            json!({"code": 400, "message": "Provider returned error", "metadata": {"provider_name": "Acme", "raw": "{\"error\":{\"message\":\"temperature too high\"}}"}}),
            Refused,
            "Acme: temperature too high",
        ),
        (
            400,
            json!({"code": 400, "message": "Provider returned error", "metadata": {"raw": "<html>secret</html>"}}),
            Refused,
            "Provider returned error",
        ),
        (
            429,
            json!({"message": "You exceeded your quota", "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}),
            Credit,
            "You exceeded your quota (HTTP 429)",
        ),
        (
            401,
            json!({"message": "Incorrect API key provided: sk-ab***yz", "type": "invalid_request_error", "code": "invalid_api_key"}),
            Auth,
            "the API key was not accepted (HTTP 401)",
        ),
        (
            400,
            json!({"code": 400, "type": "exceed_context_size_error", "message": "too big", "n_ctx": 4096}),
            Refused,
            "too big",
        ),
        (
            404,
            json!({"message": "No endpoint", "availability": {"code": "x", "retry_after": 1.5}}),
            Refused,
            "No endpoint",
        ),
        (
            400,
            json!("model is required"),
            Refused,
            "model is required",
        ),
        (
            400,
            json!({}),
            Refused,
            "The provider refused the request and gave no reason.",
        ),
        (
            400,
            json!({"message": " "}),
            Refused,
            "The provider refused the request and gave no reason.",
        ),
        (
            400,
            json!([1]),
            Refused,
            "The provider refused the request and gave no reason.",
        ),
    ] {
        let found = response(status, &json!({"error": error}).to_string());
        assert_eq!(
            (found.kind, found.message.as_str()),
            (kind, message),
            "{status} {error}"
        );
    }
}

#[test]
fn errors_are_found_where_other_servers_put_them() {
    for (body, message) in [
        (
            r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#,
            "m",
        ),
        (
            r#"{"object":"error","message":"m","type":"invalid_request_error"}"#,
            "m",
        ),
        (r#"{"detail":"m"}"#, "m"),
        (r#""m""#, "m"),
    ] {
        assert_eq!(response(400, body).message, message, "{body}");
    }
}

#[test]
fn an_error_in_mid_stream_is_told_by_its_code() {
    for (error, kind) in [
        (
            json!({"code": 502, "message": "Upstream closed", "metadata": {"error_type": "provider_unavailable"}}),
            Unavailable,
        ),
        (json!({"code": "429", "message": "m"}), RateLimited),
        (json!({"code": 429, "message": "m"}), RateLimited),
        (
            json!({"code": "rate_limit_exceeded", "message": "m"}),
            RateLimited,
        ),
        (
            json!({"message": "m", "type": "overloaded_error"}),
            Unavailable,
        ),
        (
            json!({"message": "m", "type": "invalid_request_error"}),
            Refused,
        ),
        (json!({"code": 403, "message": "m"}), Refused),
        (json!({"code": 200, "message": "m"}), Unavailable),
        (json!({"code": -1, "message": "m"}), Unavailable),
        (json!({"message": "m"}), Unavailable),
        (json!("llama runner stopped"), Unavailable),
        (json!(true), Unavailable),
    ] {
        assert_eq!(from_chunk(&error, None).kind, kind, "{error}");
    }
}

#[test]
fn the_wait_is_read_from_header_or_body() {
    let wait = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        from_response(StatusCode::TOO_MANY_REQUESTS, &headers, b"", None).retry_after
    };
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(wait(" 0 "), Some(Duration::ZERO));
    assert_eq!(
        wait("18446744073709551615"),
        Some(Duration::from_secs(u64::MAX))
    );
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
    assert!(wait("Fri, 06 Nov 2893 08:49:37 GMT").unwrap() > Duration::from_secs(1_000_000));
    assert_eq!(wait("-1"), None);
    assert_eq!(wait("soon"), None);

    let body = r#"{"error":{"message":"m","availability":{"retry_after":1.5}}}"#;
    assert_eq!(
        response(503, body).retry_after,
        Some(Duration::from_millis(1500))
    );
    let body = r#"{"error":{"message":"m","availability":{"retry_after":-1}}}"#;
    assert_eq!(response(503, body).retry_after, None);
    let body = r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"retryDelay":"37s"}]}}]"#;
    let wait = Some(Duration::from_secs(37));
    assert_eq!(response(429, body).retry_after, wait);
}

#[test]
fn the_key_is_never_passed_on() {
    let key = Secret::new("sk-or-v1-0123");
    let error = from_chunk(
        &json!({"code": 400, "message": "bad key sk-or-v1-0123!"}),
        Some(&key),
    );
    assert_eq!(error.message, "bad key …!");
    assert_eq!(error.reason.as_deref(), Some("bad key …!"));
}

proptest! {
    #[test]
    fn no_body_brings_the_key_or_a_panic(
        status in 300_u16..600,
        before in ".{0,500}",
        field in prop::sample::select(vec!["message", "detail", "code", "type"]),
    ) {
        // No part of it can be taken for the escape of a character, as digits can.
        let key = Secret::new("sk-or-v1-zqxjk");
        let status = StatusCode::from_u16(status).unwrap();
        let text = format!("{before}sk-or-v1-zqxjk");
        for body in [
            json!({"error": {field: text}}),
            json!({"error": {"message": "m", "metadata": {"provider_name": text, "raw": text, "reasons": [text]}}}),
            json!({"error": {"metadata": {"raw": json!({"error": {"message": text}}).to_string()}}}),
            json!([text]),
            json!({field: text}),
        ] {
            let error = from_response(status, &HeaderMap::new(), body.to_string().as_bytes(), Some(&key));
            let shown = format!("{error:?} {error}");
            prop_assert!(!shown.contains("sk-or") && !shown.contains("zqxjk"), "{}", shown);
            prop_assert!(error.message.chars().count() < 450 && !error.message.contains('\n'));
        }
        let _ = from_response(status, &HeaderMap::new(), before.as_bytes(), Some(&key));
    }
}

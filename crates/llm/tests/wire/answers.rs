//! What is made of every answer that can come: whole, in pieces, broken off, or none at all.

use prompthub_llm::{ErrorKind, Timeouts, Usage};

use crate::{
    Outcome, outcome, provider, request,
    upstream::{CHUNKED, DONE, HEAD, STOP, USAGE, Upstream, chunk, text, whole},
};

/// What comes of a response of these bytes, after which the connection closes.
async fn answer(response: &str, piece: usize) -> Outcome {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    let _serving = upstream.answer(response, piece);
    outcome(provider.stream(request()).await).await
}

#[tokio::test]
async fn streams_end_as_they_truly_ended() {
    let (a, b) = (text("Grüße "), text("🦀"));
    let error = r#"data: {"error":{"code":502,"message":"Upstream closed","metadata":{"error_type":"provider_unavailable"}},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#;
    let interrupted = Outcome {
        text: "Grüße 🦀".to_owned(),
        ..Outcome::default()
    };
    let failed = |kind| Outcome::failed("Grüße 🦀", kind);
    let finished = Outcome::finished("Grüße 🦀");
    let usage = Usage {
        prompt_tokens: Some(2),
        completion_tokens: Some(1),
        cost_usd: Some("0.00001".to_owned()),
        ..Usage::default()
    };
    let used = Outcome {
        usage: Some(usage),
        ..Outcome::finished("Grüße 🦀")
    };
    for (name, body, expected) in [
        ("plain", format!("{a}{b}{STOP}{USAGE}{DONE}"), &used),
        (
            "comments",
            format!(": OPENROUTER PROCESSING\n\n{a}: x\n\n{b}{STOP}{USAGE}:\n\n{DONE}"),
            &used,
        ),
        (
            "byte order mark",
            format!("\u{feff}{a}{b}{STOP}{DONE}"),
            &finished,
        ),
        (
            "CRLF",
            format!("{a}{b}{STOP}{DONE}").replace('\n', "\r\n"),
            &finished,
        ),
        (
            "CR",
            format!("{a}{b}{STOP}{DONE}").replace('\n', "\r"),
            &finished,
        ),
        (
            "data over many lines",
            format!("{a}{b}{STOP}").replace(":[", ":\ndata: ["),
            &finished,
        ),
        ("no [DONE]", format!("{a}{b}{STOP}"), &finished),
        ("two [DONE]", format!("{a}{b}{STOP}{DONE}{DONE}"), &finished),
        (
            "data after [DONE]",
            format!("{a}{b}{STOP}{DONE}{a}data: x\n\n"),
            &finished,
        ),
        (
            "no last blank line",
            format!("{a}{b}{}", STOP.trim_end()) + "\n",
            &finished,
        ),
        ("empty data", format!("{a}data:\n\n{b}{STOP}"), &finished),
        (
            "broken JSON after the reason",
            format!("{a}{b}{STOP}data: {{\n\n"),
            &finished,
        ),
        ("no reason", format!("{a}{b}"), &interrupted),
        (
            "[DONE] without a reason",
            format!("{a}{b}{DONE}"),
            &interrupted,
        ),
        (
            "cut in an event",
            format!("{a}{b}data: {{\"choi"),
            &interrupted,
        ),
        (
            "cut in an event of two lines",
            format!("{a}{b}data: {{\"choices\":\n"),
            &interrupted,
        ),
        (
            "error in mid-stream",
            format!("{a}{b}{error}\n\n"),
            &failed(ErrorKind::Unavailable),
        ),
        (
            "error and [DONE]",
            format!("{a}{b}{error}\n\n{DONE}"),
            &failed(ErrorKind::Unavailable),
        ),
        (
            "error, no blank line",
            format!("{a}{b}{error}\n"),
            &failed(ErrorKind::Unavailable),
        ),
        (
            "error in text",
            format!("{a}{b}data: {{\"error\":\"died\"}}\n\n"),
            &failed(ErrorKind::Unavailable),
        ),
        (
            "an error of vLLM's",
            format!("{a}{b}data: {{\"object\":\"error\",\"message\":\"m\",\"code\":400}}\n\n"),
            &failed(ErrorKind::Refused),
        ),
        (
            "an error of llama.cpp's",
            format!(
                "{a}{b}error: {{\"code\":500,\"message\":\"m\",\"type\":\"server_error\"}}\n\n"
            ),
            &failed(ErrorKind::Unavailable),
        ),
        (
            "an event called error",
            format!("{a}{b}event: error\ndata: {{\"message\":\"m\",\"code\":429}}\n\n"),
            &failed(ErrorKind::RateLimited),
        ),
        (
            "an event called error, in words",
            format!("{a}{b}event: error\ndata: out of memory\n\n"),
            &failed(ErrorKind::Unavailable),
        ),
        (
            "side fields of any shape",
            format!("{a}data: {{\"choices\":[null],\"usage\":\"none\"}}\n\n{b}{STOP}"),
            &finished,
        ),
        (
            "broken JSON",
            format!("{a}{b}data: {{\n\n{a}"),
            &failed(ErrorKind::Protocol),
        ),
        (
            "endless line",
            format!("{a}{b}data: {}", "x".repeat(3_000_000)),
            &failed(ErrorKind::Protocol),
        ),
    ] {
        let pieces: &[usize] = if body.len() > 100_000 {
            &[65536]
        } else {
            &[1, 7, 100_000]
        };
        for piece in pieces {
            assert_eq!(
                answer(&format!("{HEAD}{body}"), *piece).await,
                *expected,
                "{name}, {piece}"
            );
        }
    }
}

#[tokio::test]
async fn a_cut_connection_is_no_end() {
    let sent = format!("{CHUNKED}{}", chunk(&text("a")));
    assert_eq!(
        answer(&sent, 1000).await,
        Outcome::failed("a", ErrorKind::Unavailable)
    );
    // All the text had come: only the end of the transfer is missing.
    let sent = format!("{CHUNKED}{}{}", chunk(&text("a")), chunk(STOP));
    assert_eq!(answer(&sent, 1000).await, Outcome::finished("a"));
    assert_eq!(
        answer("", 1).await,
        Outcome::failed("", ErrorKind::Unavailable)
    );
    assert_eq!(
        answer("HTTP/1.1 200 OK\r\ncont", 9).await,
        Outcome::failed("", ErrorKind::Unavailable)
    );
}

#[tokio::test]
async fn answers_that_come_whole_are_judged_at_once() {
    let json = "content-type: application/json; charset=utf-8\r\n";
    let html = "content-type: text/html\r\n";
    for (name, response, expected) in [
        (
            "completion",
            whole(
                "200 OK",
                json,
                r#"{"choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"usage":null}"#,
            ),
            Outcome::finished("a"),
        ),
        (
            "error with 200",
            whole("200 OK", json, r#"{"error":{"code":402,"message":"m"}}"#),
            Outcome::failed("", ErrorKind::Credit),
        ),
        (
            "error in the choice",
            whole(
                "200 OK",
                json,
                r#"{"choices":[{"error":{"code":"429","message":"m"},"finish_reason":"error"}]}"#,
            ),
            Outcome::failed("", ErrorKind::RateLimited),
        ),
        (
            "other JSON",
            whole("200 OK", json, r#"{"ok":true}"#),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            "broken JSON",
            whole("200 OK", json, "{"),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            "empty JSON",
            whole("200 OK", json, ""),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            "HTML",
            whole("200 OK", html, "<p>x"),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            "HTML as a stream",
            format!("{HEAD}\n<html>x"),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            "an error as a stream",
            format!("{HEAD}\n{{\"error\":{{\"code\":429,\"message\":\"m\"}}}}"),
            Outcome::failed("", ErrorKind::RateLimited),
        ),
        (
            "a completion as a stream",
            format!(
                "{HEAD}{{\"choices\":[{{\"message\":{{\"content\":\"a\"}},\"finish_reason\":\"stop\"}}]}}"
            ),
            Outcome::finished("a"),
        ),
        (
            "other JSON as a stream",
            format!("{HEAD}{{\"ok\":true}}\n{{\"ok\":true}}"),
            Outcome::failed("", ErrorKind::Protocol),
        ),
        (
            "an HTML error",
            whole("502 Bad Gateway", html, "<p>x"),
            Outcome::failed("", ErrorKind::Unavailable),
        ),
        (
            "a cut error",
            "HTTP/1.1 401 No\r\ncontent-length: 99\r\n\r\n{".to_owned(),
            Outcome::failed("", ErrorKind::Auth),
        ),
    ] {
        assert_eq!(answer(&response, 100_000).await, expected, "{name}");
    }
}

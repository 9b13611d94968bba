//! Trying again up to the first token, never after it, and not at all where nobody answers.

use std::time::Duration;

use futures_util::StreamExt;
use prompthub_llm::{
    CompletionEvent, CompletionRequest, Deadline, ErrorKind, Pause, Provider, ProviderError,
    Resilient, Retry, Timeouts,
};
use url::Url;

use crate::{
    Outcome, outcome, provider, request,
    upstream::{CHUNKED, HEAD, STOP, Upstream, chunk, text, whole},
};

/// For how long what is silent is waited for: longer than anything takes that is not.
const SHORT: Duration = Duration::from_millis(300);

/// Retries without a noticeable wait.
const QUICK: Retry = Retry {
    attempts: 3,
    first_wait: Duration::from_millis(2),
    longest_wait: Duration::from_millis(2),
    longest_retry_after: Duration::from_millis(2),
    total: Duration::from_secs(30),
};

fn resilient(base_url: &Url, retry: Retry, timeouts: Timeouts, pause: Pause) -> Resilient {
    Resilient::new(provider(base_url, timeouts), retry, pause)
}

fn quick(base_url: &Url) -> Resilient {
    resilient(base_url, QUICK, Timeouts::default(), Pause::default())
}

fn error(status: &str, headers: &str) -> String {
    let headers = format!("{headers}connection: close\r\n");
    whole(status, &headers, r#"{"error":{"message":"m"}}"#)
}

fn good() -> String {
    format!("{HEAD}{}{STOP}", text("a"))
}

#[tokio::test]
async fn what_may_pass_is_tried_again_before_the_first_token() {
    let in_stream = r#"data: {"error":{"code":503,"message":"busy"},"choices":[]}"#;
    for (name, first) in [
        ("408", error("408 Timeout", "")),
        ("429", error("429 Too Many", "")),
        ("500", error("500 Error", "")),
        ("502", error("502 Bad", "")),
        ("503", error("503 No", "")),
        ("529", error("529 Busy", "")),
        ("seconds", error("429 Too Many", "retry-after: 0\r\n")),
        (
            "absurd",
            error("429 Too Many", "retry-after: 999999999\r\n"),
        ),
        (
            "date",
            error("503 No", "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n"),
        ),
        ("credit for now", error("402 Pay", "retry-after: 1\r\n")),
        ("no answer", String::new()),
        ("half a head", "HTTP/1.1 200 OK\r\ncont".to_owned()),
        ("error in the stream", format!("{HEAD}{in_stream}\n\n")),
        ("empty stream", HEAD.to_owned()),
        ("comments alone", format!("{HEAD}: x\n\n")),
        (
            "cut before the first token",
            format!("{CHUNKED}{}", chunk(": x\n\n")),
        ),
        (
            "failed at once",
            format!("{HEAD}{}", STOP.replace("stop", "error")),
        ),
    ] {
        let upstream = Upstream::bind().await;
        let provider = quick(&upstream.base_url);
        let serving = upstream.answer_each(vec![first.clone(), first, good()]);
        assert_eq!(
            outcome(provider.stream(request()).await).await,
            Outcome::finished("a"),
            "{name}"
        );
        let sent = serving.await.unwrap();
        let body = |request: &String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(body(&sent[0]), body(&sent[2]), "{name}: the same is asked");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    for (status, body, kind) in [
        ("400 Bad", "{}", ErrorKind::Refused),
        ("401 No", "{}", ErrorKind::Auth),
        ("402 Pay", "{}", ErrorKind::Credit),
        ("403 No", "{}", ErrorKind::Refused),
        ("404 No", "{}", ErrorKind::Refused),
        ("302 Found", "{}", ErrorKind::Protocol),
        ("200 OK", "<html>", ErrorKind::Protocol),
        (
            "429 Spent",
            r#"{"error":{"code":"insufficient_quota"}}"#,
            ErrorKind::Credit,
        ),
    ] {
        let upstream = Upstream::bind().await;
        let provider = quick(&upstream.base_url);
        let answer = whole(status, "connection: close\r\n", body);
        tokio::select! {
            result = provider.stream(request()) => assert_eq!(result.err().unwrap().kind, kind, "{status}"),
            () = async {
                upstream.accept().await.send(&answer).await;
                upstream.accept().await;
            } => panic!("{status} was tried again"),
        }
    }
}

#[tokio::test]
async fn after_the_first_token_nothing_is_tried_again() {
    for first in [
        text("a"),
        text("a").replace("content\":\"a", "reasoning\":\"a"),
    ] {
        let upstream = Upstream::bind().await;
        let provider = quick(&upstream.base_url);
        let broken = format!("{CHUNKED}{}", chunk(&first));
        let answered = async {
            let mut stream = provider.stream(request()).await.unwrap();
            let mut events = Vec::new();
            while let Some(event) = stream.next().await {
                events.push(event.map_err(|error| error.kind));
            }
            assert_eq!(events.len(), 2, "{events:?}");
            assert!(events[0].is_ok());
            assert_eq!(events[1], Err(ErrorKind::Unavailable));
        };
        tokio::select! {
            () = answered => {}
            () = async {
                upstream.accept().await.send(&broken).await;
                upstream.accept().await;
            } => panic!("it was tried again"),
        }
    }
}

#[tokio::test]
async fn attempts_and_time_are_bounded() {
    let upstream = Upstream::bind().await;
    let provider = quick(&upstream.base_url);
    let serving = upstream.answer_each(vec![error("503 No", ""); 3]);
    let failure = provider.stream(request()).await.err().unwrap();
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.reason.as_deref(), Some("m"));
    assert_eq!(serving.await.unwrap().len(), 3);

    // A wait that would end too late is not begun.
    let upstream = Upstream::bind().await;
    let retry = Retry {
        first_wait: Duration::from_secs(50),
        longest_wait: Duration::from_secs(50),
        total: Duration::from_secs(20),
        ..QUICK
    };
    let provider = resilient(
        &upstream.base_url,
        retry,
        Timeouts::default(),
        Pause::default(),
    );
    let serving = upstream.answer_each(vec![error("503 No", "")]);
    assert!(provider.stream(request()).await.is_err());
    assert_eq!(serving.await.unwrap().len(), 1);
}

#[tokio::test]
async fn giving_up_reaches_a_provider_that_is_silent() {
    let upstream = Upstream::bind().await;
    let provider = quick(&upstream.base_url);
    let connection = tokio::select! {
        _ = provider.stream(request()) => panic!("nothing was answered"),
        mut connection = upstream.accept() => {
            connection.send(HEAD).await;
            connection
        }
    };
    connection.closed().await;
}

/// Once, without a second attempt.
const ONCE: Retry = Retry {
    attempts: 1,
    ..QUICK
};

fn pause(after: u32, length: Duration) -> Pause {
    Pause { after, length }
}

const MINUTE: Duration = Duration::from_secs(60);

async fn refused(provider: &Resilient, request: CompletionRequest) -> ProviderError {
    provider.stream(request).await.err().unwrap()
}

/// However it fails before the first word, it is not asked for a while; and each other model is asked all the same.
#[tokio::test]
async fn a_model_that_does_not_answer_is_asked_once_in_a_while() {
    for (name, answer, deadline) in [
        ("mute", None, Some(Deadline::FirstByte)),
        (
            "a sign of life",
            Some(format!("{CHUNKED}{}", chunk(": x\n\n"))),
            Some(Deadline::Silence),
        ),
        ("503", Some(error("503 No", "")), None),
        ("no answer", Some(String::new()), None),
    ] {
        let upstream = Upstream::bind().await;
        let timeouts = Timeouts {
            first_byte: SHORT,
            silence: SHORT,
            ..Timeouts::default()
        };
        let provider = resilient(&upstream.base_url, ONCE, timeouts, pause(2, MINUTE));
        let mut kept = Vec::new();
        for _ in 0..2 {
            let answering = async {
                let mut connection = upstream.accept().await;
                if let Some(answer) = &answer {
                    connection.send(answer).await;
                }
                // What is to be closed is dropped, and what is silent stays open.
                deadline.map(|_| connection)
            };
            let (failure, connection) = tokio::join!(refused(&provider, request()), answering);
            kept.push(connection);
            assert_eq!(failure.deadline, deadline, "{name}");
            assert!(failure.wordless && !failure.unreached, "{name}");
            assert_eq!(failure.skipped_after, None);
        }
        for _ in 0..100 {
            let skipped = refused(&provider, request()).await;
            assert_eq!(skipped.kind, ErrorKind::Unavailable);
            assert_eq!(skipped.deadline, None, "it did not wait");
            assert_eq!((skipped.skipped_after, skipped.unreached), (Some(2), false));
            assert!(skipped.retry_after.is_some_and(|wait| wait <= MINUTE));
        }
        let other = CompletionRequest {
            model: "acme/other".to_owned(),
            ..request()
        };
        let serving = upstream.answer_each(vec![good()]);
        let answered = outcome(provider.stream(other).await).await;
        assert_eq!(answered, Outcome::finished("a"), "{name}");
        serving.await.unwrap();
    }
}

/// What cannot be connected to is so for each of its models.
#[tokio::test]
async fn a_provider_that_cannot_be_connected_to_is_asked_once_in_a_while() {
    let base_url = Upstream::bind().await.base_url;
    let provider = resilient(&base_url, ONCE, Timeouts::default(), pause(2, MINUTE));
    for (model, skipped_after) in [("a", None), ("b", None), ("c", Some(2)), ("a", Some(2))] {
        let request = CompletionRequest {
            model: model.to_owned(),
            ..request()
        };
        let failure = refused(&provider, request).await;
        assert_eq!(failure.kind, ErrorKind::Unavailable);
        assert!(failure.unreached);
        assert_eq!(failure.skipped_after, skipped_after, "{model}");
    }
}

#[tokio::test]
async fn what_tells_nothing_of_the_model_keeps_it_asked() {
    let upstream = Upstream::bind().await;
    let provider = resilient(
        &upstream.base_url,
        ONCE,
        Timeouts::default(),
        pause(2, MINUTE),
    );
    let mut answers = Vec::new();
    for status in ["400 Bad", "401 No", "402 Pay", "404 No", "429 Too Many"] {
        answers.extend([error("503 No", ""), error(status, "")]);
    }
    let failures = answers.len();
    answers.push(good());
    let _serving = upstream.answer_each(answers);
    for _ in 0..failures {
        assert_eq!(refused(&provider, request()).await.skipped_after, None);
    }
    assert_eq!(
        outcome(provider.stream(request()).await).await,
        Outcome::finished("a")
    );
}

#[tokio::test]
async fn a_dead_model_is_back_with_its_first_answer() {
    let upstream = Upstream::bind().await;
    // Half-open at once.
    let at_once = pause(1, Duration::ZERO);
    let provider = resilient(&upstream.base_url, ONCE, Timeouts::default(), at_once);
    let serving = upstream.answer_each(vec![String::new(), good(), good()]);
    let failure = refused(&provider, request()).await;
    assert!(failure.wordless);
    for _ in 0..2 {
        assert_eq!(
            outcome(provider.stream(request()).await).await,
            Outcome::finished("a")
        );
    }
    assert_eq!(serving.await.unwrap().len(), 3);
}

/// A long wait that is asked for is waited for only where nobody else can be asked.
#[tokio::test]
async fn another_model_is_not_kept_waiting() {
    let years = "retry-after: 99999999999999\r\n";
    for (header, has_alternative, attempts) in [
        (years, true, 1),
        (years, false, 3),
        ("retry-after: 0\r\n", true, 3),
        ("", true, 3),
    ] {
        let upstream = Upstream::bind().await;
        let provider = quick(&upstream.base_url);
        // Further attempts would find nobody.
        let serving = upstream.answer_each(vec![error("429 Too Many", header); attempts]);
        let request = CompletionRequest {
            has_alternative,
            ..request()
        };
        let failure = refused(&provider, request).await;
        assert_eq!(failure.kind, ErrorKind::RateLimited, "{header}");
        assert_eq!(serving.await.unwrap().len(), attempts);
    }
}

#[tokio::test]
async fn events_before_the_first_token_are_kept() {
    let upstream = Upstream::bind().await;
    let provider = quick(&upstream.base_url);
    let named = text("a").replacen('{', r#"{"model":"acme/m1-real","#, 1);
    let _serving = upstream.answer(format!("{HEAD}{named}{STOP}"), 1000);
    let events: Vec<_> = provider.stream(request()).await.unwrap().collect().await;
    let events: Vec<_> = events.into_iter().map(Result::unwrap).collect();
    assert_eq!(events[0], CompletionEvent::Model("acme/m1-real".to_owned()));
    assert_eq!(events[1], CompletionEvent::Text("a".to_owned()));
    assert_eq!(events.len(), 3);
}

//! Trying again and knowing when not to: before the first word, and never after it.

use std::time::{Duration, Instant};

use prompthub_api::ProviderCalls;
use prompthub_dto::{
    chat::{Generation, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{
    TestApp,
    events::{assert_whole, text_of},
    upstream::{Connection, MessagesScript, Script, StreamScript, messages_error},
};
use serde_json::json;

use crate::stream::started;

/// For how long something that hangs is waited for: longer than anything takes that does not.
pub(crate) const SHORT: Duration = Duration::from_millis(700);

/// A server that tries three times and does not wait long in between. Both of its accounts are at one
/// upstream, which tells the formats apart.
pub(crate) async fn patient_app(configure: impl FnOnce(&mut ProviderCalls)) -> TestApp {
    TestApp::with(|config| {
        config.anthropic_api_key = Some("sk-ant-test".parse().unwrap());
        config.anthropic_base_url = config.openrouter_base_url.clone();
        config.provider_calls.attempts = 3;
        config.provider_calls.retry_wait = Duration::from_millis(1);
        configure(&mut config.provider_calls);
    })
    .await
}

#[tokio::test]
async fn what_may_pass_is_tried_again_before_the_first_word() {
    let app = patient_app(|_| {}).await;
    let ada = app.register("ada@example.com").await;
    let passing = [
        Script::error(408, "slow"),
        Script::error(429, "slow down"),
        Script::error(500, "oops"),
        Script::error(502, "bad gateway"),
        Script::error(503, "nobody there"),
        Script::error(504, "slow"),
        Script::error(529, "overloaded"),
        Script::hang_up(),
        StreamScript::new()
            .comment("PROCESSING")
            .error(502, "died", "provider_unavailable")
            .into(),
        StreamScript::new().comment("PROCESSING").cut().into(),
        StreamScript::new().comment("nothing comes").into(),
        // An error that is labelled as the stream it should have been.
        Script::status(200)
            .header("Content-Type", "text/event-stream")
            .bytes(r#"{"error":{"code":429,"message":"slow down"}}"#),
    ];
    for script in passing {
        let name = format!("{script:?}");
        let project = ada.create_project("Notes").await;
        app.upstream.next(script.clone());
        app.upstream.next(script);
        app.upstream.next(Script::answer("At last."));
        let before = app.upstream.requests().len();
        assert_eq!(
            ada.chat(&project, "Hello").await.reply,
            "At last.",
            "{name}"
        );
        assert_eq!(app.upstream.requests().len(), before + 3, "{name}");
    }
}

#[tokio::test]
async fn there_is_an_end_to_trying() {
    let app = patient_app(|_| {}).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for _ in 0..3 {
        app.upstream.next(Script::error(503, "nobody there"));
    }
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.assert_problem(ProblemCode::ProviderUnavailable);
    assert_eq!(app.upstream.requests().len(), 3);
}

#[tokio::test]
async fn what_would_not_pass_is_not_tried_again() {
    let app = patient_app(|calls| calls.timeout = SHORT).await;
    let ada = app.register("ada@example.com").await;
    let lasting = [
        (Script::error(400, "no"), ProblemCode::ProviderRefused),
        (Script::error(401, "no"), ProblemCode::ProviderAuth),
        (Script::error(402, "no"), ProblemCode::ProviderCredit),
        (Script::error(404, "no"), ProblemCode::ProviderRefused),
        (
            Script::status(302).header("Location", "/"),
            ProblemCode::ProviderProtocol,
        ),
        (
            Script::status(200)
                .header("Content-Type", "application/json")
                .bytes("{"),
            ProblemCode::ProviderProtocol,
        ),
        // It has cost its time once.
        (Script::mute(), ProblemCode::ProviderFirstByteTimeout),
    ];
    for (script, code) in lasting {
        let project = ada.create_project("Notes").await;
        app.upstream.next(script);
        let before = app.upstream.requests().len();
        let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
        answer.assert_problem(code);
        assert_eq!(app.upstream.requests().len(), before + 1, "{code:?}");
    }
}

#[tokio::test]
async fn after_the_first_word_nothing_is_tried_again() {
    let app = patient_app(|calls| calls.timeout = SHORT).await;
    let ada = app.register("ada@example.com").await;
    let openrouter = || StreamScript::new().delta("So far");
    let anthropic = || MessagesScript::begin().text("So far");
    let broken: [(&str, Script); 7] = [
        ("openrouter/acme/m1", openrouter().cut().into()),
        (
            "openrouter/acme/m1",
            openrouter()
                .error(503, "down", "provider_unavailable")
                .into(),
        ),
        ("openrouter/acme/m1", openrouter().silence().into()),
        (
            "openrouter/acme/m1",
            StreamScript::new().reasoning("Hm").cut().into(),
        ),
        ("anthropic/claude-x", anthropic().cut().into()),
        (
            "anthropic/claude-x",
            anthropic().error("overloaded_error", "Overloaded").into(),
        ),
        ("anthropic/claude-x", anthropic().silence().into()),
    ];
    for (index, (model, script)) in broken.into_iter().enumerate() {
        let project = ada
            .create_project_with(json!({"name": "Notes", "model": model}))
            .await;
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        assert!(
            matches!(assert_whole(&events), StreamEvent::Error { .. }),
            "{events:?}"
        );
        assert!(
            ["So far", ""].contains(&text_of(&events).as_str()),
            "{events:?}"
        );
        assert_eq!(app.upstream.requests().len(), index + 1, "{model}");
    }
}

/// Between two attempts nothing is under way that could be cancelled, and it is cancelled all the same.
#[tokio::test]
async fn a_wait_for_the_next_attempt_can_be_cancelled() {
    let app = patient_app(|calls| calls.retry_wait = Duration::from_secs(40)).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(Script::error(503, "down"));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let (_, first) = stream.next().await.expect("an event");
    let (generation, _) = started(&first);
    app.upstream.request().await.closed().await;
    let cancel = ada.post(&format!("/api/generations/{generation}/cancel"));
    let cancelled: Generation = cancel.send().await.expect_status(200).json();
    assert_eq!(cancelled.status, MessageStatus::Cancelled);
    assert_eq!(app.upstream.requests().len(), 1);
}

/// `Retry-After` is waited for, and an absurd one is cut.
#[tokio::test]
async fn a_wait_that_is_asked_for_is_waited_for() {
    let wait = Duration::from_millis(1500);
    let app = patient_app(|calls| calls.longest_retry_after = wait).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    // A second is honoured, a year is cut to what the server waits at most.
    for (asked, least) in [("1", Duration::from_secs(1)), ("31536000", wait)] {
        app.upstream
            .next(Script::error(429, "slow down").header("Retry-After", asked));
        let began = Instant::now();
        ada.chat(&project, "Hello").await;
        assert!(began.elapsed() >= least, "{asked}: {:?}", began.elapsed());
    }
    assert_eq!(app.upstream.requests().len(), 4);
}

#[tokio::test]
async fn each_deadline_has_its_code() {
    let app = patient_app(|calls| {
        calls.first_byte_timeout = Some(SHORT);
        calls.silence_timeout = Some(SHORT);
        calls.total_timeout = SHORT * 4;
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let drip = StreamScript::new().delta("So far").drip("x", SHORT / 6);
    let late: [(Script, &str, ProblemCode); 3] = [
        (Script::mute(), "", ProblemCode::ProviderFirstByteTimeout),
        (
            StreamScript::new().delta("So far").silence().into(),
            "So far",
            ProblemCode::ProviderSilenceTimeout,
        ),
        (drip.into(), "So farx", ProblemCode::ProviderTotalTimeout),
    ];
    for (script, text, code) in late {
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        let StreamEvent::Error { problem } = assert_whole(&events) else {
            panic!("{events:?}")
        };
        assert_eq!(problem.code, code);
        assert_eq!(problem.status, 504);
        assert!(
            text_of(&events).starts_with(text),
            "{code:?}: {}",
            text_of(&events)
        );
        let request = app.upstream.request().await;
        assert_eq!(request.closed().await, Connection::Abandoned, "{code:?}");
    }
}

/// A machine that takes no connection: its queue is full, and nobody accepts.
#[tokio::test]
async fn a_connection_that_does_not_come_about_has_its_code() {
    let listener = crowded_listener().await;
    let url = format!("http://{}/api/v1", listener.address);
    let app = TestApp::with(|config| {
        config.openrouter_base_url = url.parse().unwrap();
        config.provider_calls.connect_timeout = SHORT;
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.assert_problem(ProblemCode::ProviderConnectTimeout);
}

struct Crowded {
    address: std::net::SocketAddr,
    _listener: tokio::net::TcpListener,
    _queue: Vec<tokio::net::TcpStream>,
}

/// A listener whose queue is full of connections that nobody takes.
async fn crowded_listener() -> Crowded {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    // The kernel takes a few more than it was told; then it answers no more.
    while let Ok(Ok(stream)) =
        tokio::time::timeout(SHORT, tokio::net::TcpStream::connect(address)).await
    {
        queue.push(stream);
    }
    Crowded {
        address,
        _listener: listener,
        _queue: queue,
    }
}

/// Anthropic's overload is an error of the status 529, or of a stream before its first word.
#[tokio::test]
async fn an_overloaded_anthropic_is_tried_again() {
    let app = patient_app(|_| {}).await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "anthropic/claude-x"}))
        .await;
    app.upstream
        .next(Script::status(529).json(&messages_error("overloaded_error", "Overloaded")));
    app.upstream
        .next(MessagesScript::begin().error("overloaded_error", "Overloaded"));
    app.upstream.next(MessagesScript::answer("At last."));
    assert_eq!(ada.chat(&project, "Hello").await.reply, "At last.");
    assert_eq!(app.upstream.requests().len(), 3);
}

//! What becomes of the connection: deadlines, giving up, reuse, redirects.

use std::time::Duration;

use futures_util::StreamExt;
use prompthub_llm::{CompletionEvent, Deadline, ErrorKind, Timeouts};
use tokio::io::AsyncWriteExt;

use crate::{
    Outcome, outcome, provider, request,
    upstream::{CHUNKED, DONE, HEAD, STOP, Upstream, chunk, read_request, text, whole},
};

#[tokio::test]
async fn redirects_are_not_followed() {
    let (upstream, elsewhere) = (Upstream::bind().await, Upstream::bind().await);
    let provider = provider(&upstream.base_url, Timeouts::default());
    let location = format!("location: {}\r\n", elsewhere.base_url);
    let _serving = upstream.answer(whole("307 Temporary Redirect", &location, ""), 1000);
    tokio::select! {
        outcome = async { outcome(provider.stream(request()).await).await } => {
            assert_eq!(outcome, Outcome::failed("", ErrorKind::Protocol));
        }
        _ = elsewhere.accept() => panic!("the redirect was followed"),
    }
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let base_url = Upstream::bind().await.base_url;
    let provider = provider(&base_url, Timeouts::default());
    let error = provider.stream(request()).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(!format!("{error:?}").contains("api/v1"), "{error:?}");
}

#[tokio::test]
async fn each_timeout_counts() {
    const SHORT: Duration = Duration::from_millis(50);
    let first_byte = Timeouts {
        first_byte: SHORT,
        ..Timeouts::default()
    };
    let silence = Timeouts {
        silence: SHORT,
        ..Timeouts::default()
    };
    let total = Timeouts {
        total: SHORT * 4,
        ..Timeouts::default()
    };
    let trailer = Timeouts {
        trailer: SHORT,
        ..Timeouts::default()
    };
    let a = text("a");
    // `: drip` comes again and again until the client hangs up.
    for (name, timeouts, sent, drips, expected) in [
        (
            "no head",
            first_byte,
            String::new(),
            false,
            Outcome::timed_out("", Deadline::FirstByte),
        ),
        (
            "no body",
            first_byte,
            HEAD.to_owned(),
            false,
            Outcome::timed_out("", Deadline::FirstByte),
        ),
        (
            "silence",
            silence,
            format!("{HEAD}{a}"),
            false,
            Outcome::timed_out("a", Deadline::Silence),
        ),
        (
            "drip",
            total,
            format!("{HEAD}{a}"),
            true,
            Outcome::timed_out("a", Deadline::Total),
        ),
        (
            "no end",
            trailer,
            format!("{HEAD}{a}{STOP}"),
            true,
            Outcome::finished("a"),
        ),
        (
            "open after [DONE]",
            Timeouts::default(),
            format!("{HEAD}{a}{STOP}{DONE}"),
            true,
            Outcome::finished("a"),
        ),
    ] {
        let upstream = Upstream::bind().await;
        let provider = provider(&upstream.base_url, timeouts);
        let serving = tokio::spawn(async move {
            let mut connection = upstream.accept().await;
            connection.send(sent).await;
            while drips && connection.socket.write_all(b": drip\n\n").await.is_ok() {
                tokio::time::sleep(SHORT / 5).await;
            }
            connection.closed().await;
        });
        assert_eq!(
            outcome(provider.stream(request()).await).await,
            expected,
            "{name}"
        );
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn giving_up_closes_the_connection() {
    // Before the head of the response.
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    let connection = tokio::select! {
        _ = provider.stream(request()) => panic!("nothing was answered"),
        connection = upstream.accept() => connection,
    };
    connection.closed().await;

    // In the middle of the stream, while it is silent.
    let (stream, connection) = tokio::join!(provider.stream(request()), async {
        let mut connection = upstream.accept().await;
        connection
            .send(format!("{CHUNKED}{}", chunk(&text("a"))))
            .await;
        connection
    });
    let mut stream = stream.unwrap();
    assert_eq!(
        stream.next().await.unwrap().unwrap(),
        CompletionEvent::Text("a".to_owned())
    );
    tokio::select! {
        biased;
        event = stream.next() => panic!("{event:?}"),
        () = async {} => {}
    }
    drop(stream);
    connection.closed().await;
}

#[tokio::test]
async fn a_connection_serves_one_answer_after_the_other() {
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    let answers = async {
        for _ in 0..3 {
            let outcome = outcome(provider.stream(request()).await).await;
            assert_eq!(outcome, Outcome::finished("a"));
        }
    };
    let serving = async {
        let mut connection = upstream.accept().await;
        let body = [text("a"), format!("{STOP}{DONE}"), String::new()];
        let response = format!("{CHUNKED}{}", body.map(|piece| chunk(&piece)).concat());
        loop {
            connection.send(&response).await;
            tokio::select! {
                next = read_request(&mut connection.socket) => assert!(next.is_some()),
                _ = upstream.accept() => panic!("a second connection"),
            }
        }
    };
    tokio::select! {
        () = answers => {}
        () = serving => {}
    }
}

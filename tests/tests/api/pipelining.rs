//! Connections that carry more than one request.

use std::time::Duration;

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{
    raw::{self, LIVE},
    spawn_app,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const READY: &str = "GET /api/health/ready HTTP/1.1\r\nHost: x\r\n\r\n";
const CHUNKED: &str = "GET /api/health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
    3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n";
const LAST: &str = "GET /api/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// The second is asked for while the first, which asks the database, is still being answered.
#[tokio::test]
async fn each_answer_has_the_form_of_its_own_request() {
    let app = spawn_app().await;
    let head = "HEAD /api/health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let old = "GET /api/health/ready HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";
    let sent = format!("{READY}{head}{old}{CHUNKED}{head}{LAST}");
    let text = raw::exchange(app.address(), sent.as_bytes()).await;
    let bodies: Vec<&str> = text.split("HTTP/1.").skip(1).collect();
    let [first, second, third, fourth, fifth, sixth] = bodies.as_slice() else {
        panic!("{text}");
    };
    assert!(first.starts_with("1 200") && first.ends_with('}'), "{text}");
    assert!(
        second.starts_with("1 200") && second.ends_with("\r\n\r\n"),
        "{text}"
    );
    assert!(third.starts_with("0 200") && third.ends_with('}'), "{text}");
    assert!(
        fourth.starts_with("1 200") && fourth.ends_with('}'),
        "{text}"
    );
    assert!(
        fifth.starts_with("1 200") && fifth.ends_with("\r\n\r\n"),
        "{text}"
    );
    assert!(sixth.starts_with("1 200") && sixth.ends_with('}'), "{text}");
}

#[tokio::test]
async fn nothing_is_served_after_the_last_request() {
    let app = spawn_app().await;
    let answers = raw::answers(app.address(), format!("{LAST}{LIVE}").as_bytes()).await;
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_malformed_request_behind_others_is_told_like_any() {
    let app = spawn_app().await;
    for before in [LIVE, READY, CHUNKED] {
        let sent = format!("{before}{before}nonsense\r\n\r\n{before}");
        let answers = raw::answers(app.address(), sent.as_bytes()).await;
        let [first, second, third] = answers.as_slice() else {
            panic!("{answers:?}");
        };
        first.expect_status(200);
        second.expect_status(200);
        third.assert_problem(ProblemCode::BadRequest);
    }
}

/// Such a client is not heard any more until it reads; then everything is answered.
#[tokio::test]
async fn answers_that_nobody_reads_hold_the_questions_back() {
    const MOST: usize = 64 * 1024 * 1024;
    let app = spawn_app().await;
    for request in [LIVE, CHUNKED] {
        let mut socket = TcpStream::connect(app.address()).await.unwrap();
        let (mut sent, mut asked) = (0, 0_usize);
        let many = request.repeat(100);
        loop {
            let sending = socket.write_all(many.as_bytes());
            if tokio::time::timeout(Duration::from_secs(1), sending)
                .await
                .is_err()
            {
                break;
            }
            asked += 100;
            sent += many.len();
            assert!(sent < MOST, "{sent} bytes and still taken");
        }
        assert!(asked > 0);
        app.client()
            .get("/api/health/live")
            .send()
            .await
            .expect_status(200);
        // All answers are of one length.
        let reading = async {
            let mut piece = vec![0; 1 << 16];
            let first = socket.read(&mut piece).await.unwrap();
            let text = String::from_utf8_lossy(&piece[..first]).into_owned();
            let length = text.find("}HTTP/1.1 200 OK").expect("two answers") + 1;
            let mut read = first;
            while read < asked * length {
                let more = socket.read(&mut piece).await.unwrap();
                assert!(more > 0, "{} of {asked} answered", read / length);
                read += more;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), reading)
            .await
            .expect("all are answered");
    }
}

#[tokio::test]
async fn no_websocket_is_begun() {
    let app = spawn_app().await;
    let request = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let answers = raw::answers(app.address(), format!("{request}{LIVE}").as_bytes()).await;
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    answer.assert_problem(ProblemCode::BadRequest);
    // Another protocol may be offered, and is passed over.
    let offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk";
    let offered = LAST.replace("Connection: close", offer);
    let answers = raw::answers(app.address(), offered.as_bytes()).await;
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(
        answer.expect_status(200).text(),
        r#"{"status":"ok","checks":[]}"#
    );
}

/// How long a body that nobody wants may take has nothing to do with the request behind it.
#[tokio::test]
async fn a_connection_lasts_behind_a_body_that_nobody_reads() {
    let app = spawn_app().await;
    let mut socket = TcpStream::connect(app.address()).await.unwrap();
    for request in [CHUNKED, LIVE] {
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 4096];
        let read = socket.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
}

/// On a connection that has served, too.
#[tokio::test]
async fn a_head_that_does_not_come_is_waited_for_only_so_long() {
    let app = spawn_app().await;
    let begun = &LIVE[..LIVE.len() - 4];
    let waiting = [("", begun), (LIVE, begun), (LIVE, "\r\n")].map(async |(served, begun)| {
        let sent = format!("{served}{begun}");
        let text = raw::exchange(app.address(), sent.as_bytes()).await;
        let last = text.rsplit("HTTP/1.1 ").next().unwrap_or_default();
        assert!(last.starts_with("408 "), "{begun:?}: {text}");
        assert!(
            last.contains(ProblemCode::RequestTimeout.as_str()),
            "{text}"
        );
    });
    futures_util::future::join_all(waiting).await;
}

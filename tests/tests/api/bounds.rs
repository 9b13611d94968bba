//! What the server process takes from the machine when readers do not read and providers do not
//! stop: memory stays bounded, and nobody waits for anybody else.

use std::time::Duration;

use prompthub_dto::{
    chat::MessageStatus, problem::ProblemCode, projects::Project, stream::StreamEvent,
};
use prompthub_tests::{
    Client, EventStream, Installation, Upstream,
    app::PASSWORD,
    binary::Served,
    events::{assert_whole, text_of},
    upstream::{Connection, Gate, PATIENCE, StreamScript},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::{exchange::stored_answer, stream::started};

/// How much more a process may have resident than at rest. A large answer is there a few times: as
/// text, as events, on its way to the database. A copy for each of fifty readers would be far more.
const GROWTH: u64 = 100 * 1024 * 1024;
/// Readers that are dead.
const DEAD: usize = 50;
/// The pieces of a large answer, which is near the largest that is taken (8 MiB).
const PIECES: usize = 230;
const PIECE_BYTES: usize = 32 * 1024;

/// A server in a process of its own, somebody who is signed in, and a project.
struct Scene {
    installation: Installation,
    served: Served,
    ada: Client,
    cookie: String,
    project: Project,
    at_rest: u64,
}

impl Scene {
    async fn set() -> Self {
        // A title would be one more request than the scripts are for.
        let settings = [("PROMPTHUB_TITLES", "words")];
        let installation = Installation::new(Upstream::start().await, &settings).await;
        let served = installation.start().await;
        let ada = served.client();
        let registered = ada.register("ada@example.com", PASSWORD).await;
        let cookie = registered.header("set-cookie").expect("a cookie");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let project = ada.create_project("Notes").await;
        // What any first answer takes is not counted.
        ada.chat(&project, "Hello").await;
        let _ = installation.upstream.request().await;
        Self {
            at_rest: served.resident_bytes(),
            installation,
            served,
            ada,
            cookie,
            project,
        }
    }

    #[track_caller]
    fn assert_bounded(&self) {
        let growth = self.served.resident_bytes().saturating_sub(self.at_rest);
        assert!(growth < GROWTH, "grew by {} MiB", growth / 1024 / 1024);
    }

    /// Begins an answer whose text comes when the gate is opened: the reader who asked, the
    /// generation, and the text.
    async fn begin_large_answer(&self, gate: &Gate) -> (EventStream, String, String) {
        let mut script = StreamScript::new().wait(gate);
        let mut text = String::new();
        for number in 0..PIECES {
            let piece = format!("{number} {} ", "x".repeat(PIECE_BYTES));
            script = script.delta(&piece);
            text.push_str(&piece);
        }
        self.installation
            .upstream
            .next(script.finish("stop").done());
        let mut reader = self.ada.open_stream(&self.project, "Hello").await;
        let (_, first) = reader.next().await.expect("an event");
        let (generation, _) = started(&first);
        (reader, generation, text)
    }

    /// Subscribes to an answer and takes no more than the first event; the window stays full from
    /// then on.
    async fn subscribe_and_stop_reading(&self, generation: &str) -> TcpStream {
        let address = self.served.base_url.trim_start_matches("http://");
        let address = address.trim_end_matches('/').parse().expect("an address");
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut socket = socket.connect(address).await.unwrap();
        let request = format!(
            "GET /api/generations/{generation}/events HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
            self.cookie
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        while !String::from_utf8_lossy(&received).contains("started") {
            let read = socket.read_buf(&mut received);
            let count = tokio::time::timeout(PATIENCE, read)
                .await
                .expect("an event");
            assert!(count.unwrap() > 0, "{}", String::from_utf8_lossy(&received));
        }
        socket
    }
}

#[tokio::test]
async fn readers_who_read_nothing_or_vanish_slow_nobody_and_cost_little() {
    let scene = Scene::set().await;
    let gate = Gate::new();
    let (mut reader, generation, text) = scene.begin_large_answer(&gate).await;
    let mut dead = Vec::new();
    for _ in 0..DEAD {
        dead.push(scene.subscribe_and_stop_reading(&generation).await);
    }
    // Half of them are gone altogether, without a goodbye.
    for gone in dead.drain(DEAD / 2..) {
        gone.set_zero_linger().unwrap();
    }
    gate.open();
    // The one who reads gets all of it, and so does the database, while the dead hold on.
    let events = reader.rest().await;
    assert_eq!(text_of(&events), text);
    let StreamEvent::Done {
        assistant_message, ..
    } = &events.last().expect("events").1
    else {
        panic!("the answer did not end well")
    };
    assert_eq!(assistant_message.status, MessageStatus::Complete);
    assert_eq!(assistant_message.content, text);
    let upstream = scene.installation.upstream.request().await;
    assert_eq!(upstream.closed().await, Connection::Played);
    scene.assert_bounded();
    // Nor does anybody else notice.
    scene.ada.chat(&scene.project, "And now?").await;
    drop(dead);
}

#[tokio::test]
async fn a_slow_reader_gets_everything_in_the_end() {
    let scene = Scene::set().await;
    let gate = Gate::new();
    let (mut fast, generation, text) = scene.begin_large_answer(&gate).await;
    let mut slow = scene
        .ada
        .get(&format!("/api/generations/{generation}/events"))
        .stream()
        .await;
    let mut events = vec![slow.next().await.expect("an event")];
    gate.open();
    // It reads the rest only when the other has everything.
    let fast = fast.rest().await;
    assert_eq!(text_of(&fast), text);
    events.extend(slow.rest().await);
    let _ = assert_whole(&events);
    assert_eq!(text_of(&events), text);
    scene.assert_bounded();
}

#[tokio::test]
async fn a_provider_that_never_ends_is_cut_off_within_bounds() {
    let scene = Scene::set().await;
    let said = || StreamScript::new().delta("So far");
    let piece = "x".repeat(500_000);
    let endless = [
        ("a line", said().endless_line(), false),
        ("an event", said().endless_data(), false),
        ("an answer", said().drip(&piece, Duration::ZERO), true),
    ];
    for (what, script, has_text) in endless {
        scene.installation.upstream.next(script);
        let events = scene.ada.chat_stream(&scene.project, "Hello").await;
        let StreamEvent::Error { problem } = assert_whole(&events) else {
            panic!("{what} ended well")
        };
        assert_eq!(problem.code, ProblemCode::ProviderProtocol, "{what}");
        let upstream = scene.installation.upstream.request().await;
        assert_eq!(upstream.closed().await, Connection::Abandoned, "{what}");
        let stored = stored_answer(&scene.ada, &events).await;
        assert_eq!(stored.status, MessageStatus::Failed, "{what}");
        assert_eq!(stored.content, text_of(&events), "{what}");
        let more = stored
            .content
            .strip_prefix("So far")
            .expect("what was said");
        assert_eq!(!more.is_empty(), has_text, "{what}");
        if has_text {
            // As much as an import takes, to the byte.
            assert_eq!(stored.content.len(), 8 * 1024 * 1024, "{what}");
        }
        assert!(more.bytes().all(|byte| byte == b'x'), "{what}");
        scene.assert_bounded();
    }
}

/// Two hundred megabytes that are no text: none of it is kept.
#[tokio::test]
async fn a_flood_of_comments_is_not_kept() {
    let scene = Scene::set().await;
    let comment = format!(": {}\n\n", "x".repeat(64 * 1024));
    let script = StreamScript::new()
        .delta("So far")
        .repeat(comment, 3_000)
        .delta(", so good")
        .finish("stop")
        .done();
    scene.installation.upstream.next(script);
    let events = scene.ada.chat_stream(&scene.project, "Hello").await;
    assert_eq!(text_of(&events), "So far, so good");
    let stored = stored_answer(&scene.ada, &events).await;
    assert_eq!(stored.status, MessageStatus::Complete);
    scene.assert_bounded();
}

//! Two servers on one database: where it is a server itself, either shows what the other answers; an
//! SQLite file has one process.

use prompthub_api::{Application, Config};
use prompthub_dto::{
    chat::{Generation, MessageStatus},
    stream::StreamEvent,
};
use prompthub_tests::{
    TestApp,
    client::path,
    events::text_of,
    spawn_app,
    upstream::{Connection, Gate, StreamScript},
};

use crate::stream::started;

/// A second server on the same database; `None` where that is a file, which has one process: there the
/// same is expected of the one server.
async fn second(app: &TestApp) -> Option<TestApp> {
    let database = app.database_url()?;
    Some(TestApp::with(|config| config.database_url = Some(database)).await)
}

#[tokio::test]
async fn an_sqlite_file_has_one_server() {
    let app = spawn_app().await;
    let mut config = Config::local(app.data_dir.clone());
    config.database_url = app.database_url();
    let outcome = Application::build(config).await;
    match (app.database_url(), outcome) {
        (None, Err(refused)) => {
            let text = format!("{refused:#}");
            assert!(text.contains("another server is using it"), "{text}");
        }
        (Some(_), Ok(_)) => {}
        (_, outcome) => panic!("{:?}", outcome.err()),
    }
}

#[tokio::test]
async fn a_second_server_follows_the_first_ones_answer() {
    let app = spawn_app().await;
    let second = second(&app).await;
    let other = second.as_ref().unwrap_or(&app);
    let ada = app.register("ada@example.com").await;
    let ada_there = other.sign_in("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    let script = StreamScript::in_two("One ", &gate, "two");
    app.upstream.next(script);
    let mut here = ada.open_stream(&project, "Hello").await;
    let seen = here
        .until(|event| matches!(event, StreamEvent::Delta { .. }))
        .await;
    let (generation, conversation) = started(&seen[0].1);
    let mut there = ada_there
        .get(&format!("/api/generations/{generation}/events"))
        .stream()
        .await;
    let half = there
        .until(|event| {
            matches!(event, StreamEvent::Snapshot { text, .. } | StreamEvent::Delta { text } if text == "One ")
        })
        .await;
    gate.open();
    let rest = there.rest().await;
    let all: Vec<_> = half.into_iter().chain(rest.clone()).collect();
    assert_eq!(text_of(&all), "One two");
    let ids: Vec<u64> = all.iter().map(|(id, _)| *id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let Some((
        _,
        StreamEvent::Done {
            assistant_message, ..
        },
    )) = rest.last()
    else {
        panic!("{rest:?}")
    };
    here.rest().await;
    assert_eq!(assistant_message.status, MessageStatus::Complete);
    assert_eq!(ada.messages(&conversation).await[1], **assistant_message);
}

#[tokio::test]
async fn any_server_can_stop_or_delete_what_another_answers() {
    let app = spawn_app().await;
    let second = second(&app).await;
    let other = second.as_ref().unwrap_or(&app);
    let ada = app.register("ada@example.com").await;
    let ada_there = other.sign_in("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let silent = || StreamScript::new().delta("So far").silence();

    app.upstream.next(silent());
    let mut here = ada.open_stream(&project, "Hello").await;
    let (_, first) = here.next().await.expect("an event");
    let (generation, conversation) = started(&first);
    let upstream = app.upstream.request().await;
    let cancelled: Generation = ada_there
        .post(&format!("/api/generations/{generation}/cancel"))
        .send()
        .await
        .expect_status(200)
        .json();
    assert_eq!(cancelled.status, MessageStatus::Cancelled);
    assert_eq!(upstream.closed().await, Connection::Abandoned);
    let answer = ada.messages(&conversation).await.remove(1);
    assert_eq!(answer.status, MessageStatus::Cancelled);

    app.upstream.next(silent());
    let _here = ada.open_stream(&project, "Hello").await;
    let upstream = app.upstream.request().await;
    ada_there
        .delete(&path(&project))
        .send()
        .await
        .expect_status(204);
    assert_eq!(upstream.closed().await, Connection::Abandoned);
}

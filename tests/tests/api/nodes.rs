//! Two servers on one database: where it is a server itself, either shows what the other answers; an
//! SQLite file has one process.

use prompthub_api::{Application, Config};
use prompthub_dto::{chat::MessageStatus, stream::StreamEvent};
use prompthub_tests::{
    TestApp,
    events::text_of,
    spawn_app,
    upstream::{Gate, StreamScript},
};

use crate::stream::started;

#[tokio::test]
async fn a_second_server_follows_the_first_ones_answer_or_does_not_start() {
    let app = spawn_app().await;
    let Some(database) = app.database_url() else {
        let mut config = Config::local(app.data_dir.clone());
        config.database_url = Some(format!(
            "sqlite://{}",
            app.data_dir.join("prompthub.db").display()
        ));
        let refused = Application::build(config).await.err().expect("a refusal");
        let text = format!("{refused:#}");
        assert!(text.contains("another server is using it"), "{text}");
        return;
    };
    let other = TestApp::with(|config| config.database_url = Some(database)).await;
    let ada = app.register("ada@example.com").await;
    let ada_there = other.sign_in("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    let script = StreamScript::new()
        .delta("One ")
        .wait(&gate)
        .delta("two")
        .finish("stop")
        .done();
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
        .until(|event| matches!(event, StreamEvent::Snapshot { text, .. } if text == "One "))
        .await;
    gate.open();
    let rest = there.rest().await;
    assert_eq!(text_of(&rest), "One two");
    let ids: Vec<u64> = half.iter().chain(&rest).map(|(id, _)| *id).collect();
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

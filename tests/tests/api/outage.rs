//! The database goes away while an answer is given, and comes back.

use std::time::Duration;

use prompthub_dto::{chat::MessageStatus, problem::ProblemCode, stream::StreamEvent};
use prompthub_tests::{
    app::PASSWORD,
    client::path,
    events::{assert_whole, text_of},
    spawn_app,
    upstream::{Gate, StreamScript},
};
use serde_json::json;

use crate::exchange::stored_answer;

/// About as long as a database server takes to start again.
const OUTAGE: Duration = Duration::from_secs(6);

#[tokio::test]
async fn an_answer_waits_for_the_database_to_come_back() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream
        .next(StreamScript::in_two("One ", &gate, "two"));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let is_text = |event: &StreamEvent| matches!(event, StreamEvent::Delta { .. });
    let mut events = stream.until(is_text).await;

    let outage = app.begin_outage().await;
    gate.open();
    events.extend(stream.until(is_text).await);
    assert_eq!(text_of(&events), "One two");
    tokio::time::sleep(OUTAGE).await;
    outage.end().await;

    events.extend(stream.rest().await);
    let last = assert_whole(&events);
    assert!(matches!(last, StreamEvent::Done { .. }), "{last:?}");
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.status, MessageStatus::Complete);
    assert_eq!(stored.content, "One two");
    // Nothing is left that would keep the next question waiting.
    ada.chat(&project, "And now?").await;
}

#[tokio::test]
async fn requests_are_told_to_come_back_while_the_database_is_away() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let outage = app.begin_outage().await;
    // A session is to begin, another to end, and a row to be written by one who is signed in.
    let stranger = app.client();
    let renaming = ada.patch(&path(&project)).json(&json!({"name": "Other"}));
    let refusals = [
        stranger.sign_in("ada@example.com", PASSWORD).await,
        ada.post("/api/auth/logout").send().await,
        renaming.send().await,
    ];
    for refusal in refusals {
        refusal.assert_problem(ProblemCode::Unavailable);
        let wait = refusal.header("retry-after").expect("how long to wait");
        assert!(wait.parse::<u64>().unwrap() > 0);
    }
    if app.database_url().is_some() {
        // SQLite can still be read; of PostgreSQL nothing is there, sessions included.
        let refusal = ada.get("/api/projects").send().await;
        refusal.assert_problem(ProblemCode::Unavailable);
    }
    outage.end().await;
    stranger
        .sign_in("ada@example.com", PASSWORD)
        .await
        .expect_status(200);
    assert_eq!(ada.projects().await[0].name, "Notes");
}

//! What a model thinks is told apart from what it says, and never sent back.

use prompthub_dto::chat::ChatReply;
use prompthub_tests::{
    spawn_app,
    upstream::{MessagesScript, StreamScript},
};
use serde_json::json;

use crate::knowing::app_with_anthropic;

const THOUGHT: &str = "The capital is Rome, surely.";

#[tokio::test]
async fn openrouter_does_not_get_it_back() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    let script = StreamScript::new().reasoning(THOUGHT).delta("Rome.");
    app.upstream.next(script.finish("stop").done());
    let first = ada.chat(&project, "Which is it?").await;
    assert_eq!(first.reply, "Rome.");
    assert_eq!(first.assistant_message.reasoning.as_deref(), Some(THOUGHT));
    ada.reply(&project, &first, "Sure?").await;
    let _first = app.upstream.request().await;
    let sent = app.upstream.request().await;
    assert_eq!(
        sent.messages()[1],
        ("assistant".to_owned(), "Rome.".to_owned())
    );
    assert!(!sent.body.to_string().contains("surely"), "{}", sent.body);
}

#[tokio::test]
async fn anthropic_does_not_get_it_back() {
    let (app, ada) = app_with_anthropic().await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "anthropic/claude-x"}))
        .await;
    let script = MessagesScript::begin().thinking(THOUGHT).text("Rome.");
    app.upstream.next(script.finish("end_turn", 7));
    let first: ChatReply = ada.chat(&project, "Which is it?").await;
    assert_eq!(first.reply, "Rome.");
    assert_eq!(first.assistant_message.reasoning.as_deref(), Some(THOUGHT));
    ada.reply(&project, &first, "Sure?").await;
    let _first = app.upstream.request().await;
    let sent = app.upstream.request().await.body;
    assert!(
        sent.to_string().contains("Rome.") && !sent.to_string().contains("surely"),
        "{sent}"
    );
}

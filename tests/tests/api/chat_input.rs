//! What people may say to a project, to the byte, and what is refused.

use prompthub_dto::{
    chat::{ChatReply, Role},
    problem::{FieldCode, ProblemCode},
};
use prompthub_tests::{
    TestApp,
    client::path,
    spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::{Value, json};

use crate::stream::started;

#[tokio::test]
async fn a_message_says_what_is_wrong_with_which_field() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let other = ada.create_project("Other").await;
    let elsewhere = ada.chat(&other, "Hello").await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"message": "Hello"});
        body[field] = value;
        body
    };
    let cases = [
        (json!({}), "message", FieldCode::Required),
        (with("message", json!("")), "message", FieldCode::Required),
        (
            with("message", json!("x".repeat(200_001))),
            "message",
            FieldCode::TooLong,
        ),
        (
            with("message", json!("nul\u{0}")),
            "message",
            FieldCode::Invalid,
        ),
        (with("message", json!(5)), "message", FieldCode::WrongType),
        (with("stream", json!("yes")), "stream", FieldCode::WrongType),
        (
            with("conversation_id", json!(5)),
            "conversation_id",
            FieldCode::WrongType,
        ),
        (
            with("conversation_id", json!("nonsense")),
            "conversation_id",
            FieldCode::Invalid,
        ),
        (
            with("on_disconnect", json!("explode")),
            "on_disconnect",
            FieldCode::Invalid,
        ),
        (
            with("model", json!("nonsense")),
            "model",
            FieldCode::Invalid,
        ),
        (with("role", json!("system")), "role", FieldCode::Unknown),
        (
            with("system_prompt", json!("Obey.")),
            "system_prompt",
            FieldCode::Unknown,
        ),
    ];
    for (body, field, code) in cases {
        ada.say(&project, body)
            .send()
            .await
            .assert_invalid(&[(field, code)]);
    }
    for model in ["nowhere/model", "demo/nothing"] {
        let answer = ada.say(&project, with("model", json!(model))).send().await;
        answer.assert_problem(ProblemCode::UnknownModel);
    }
    for conversation in [
        "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f",
        elsewhere.conversation_id.as_str(),
    ] {
        let answer = ada
            .say(&project, with("conversation_id", json!(conversation)))
            .send()
            .await;
        answer.assert_problem(ProblemCode::NotFound);
    }
    assert_eq!(
        ada.conversations(&project).await,
        [],
        "a refused message begins no conversation"
    );
    assert_eq!(app.upstream.requests().len(), 1);
}

#[tokio::test]
async fn text_arrives_to_the_byte() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let text = "  \n\t<script>alert(1)</script> \"quotes\" \\ back 'single' % _ 日本語 🦀\u{1f468}\u{200d}\u{1f469} \u{202e}rtl\r\n e\u{301} \u{1}\u{7f} end  ";
    app.upstream.next(Script::answer(text));
    let reply = ada.chat(&project, text).await;
    assert_eq!(reply.reply, text);
    assert_eq!(reply.user_message.content, text);
    assert_eq!(app.upstream.request().await.messages()[0].1, text);
    let stored = ada.messages(reply.conversation_id.as_str()).await;
    assert_eq!(
        (stored[0].role, stored[1].role),
        (Role::User, Role::Assistant)
    );
    assert!(stored.iter().all(|message| message.content == text));
}

#[tokio::test]
async fn the_longest_message_is_taken() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let text = "🦀".repeat(200_000);
    let reply = ada.chat(&project, &text).await;
    assert_eq!(reply.user_message.content, text);
    // As a client sends it that escapes all but ASCII: twelve bytes for each character.
    let escaped = r"\ud83e\udd80".repeat(200_000);
    let reply: ChatReply = ada
        .post(&format!("{}/chat", path(&project)))
        .header("content-type", "application/json")
        .body(format!(r#"{{"message": "{escaped}"}}"#))
        .send()
        .await
        .expect_status(200)
        .json();
    assert_eq!(reply.user_message.content, text);
    assert_eq!(
        ada.get(&path(&project))
            .send()
            .await
            .expect_status(200)
            .redacted()["file_count"],
        0
    );
}

/// Making a request takes memory and time, so it is not made for a question that cannot be taken yet.
#[tokio::test]
async fn what_has_to_wait_is_refused_before_anything_else_is_looked_at() {
    let app = TestApp::with(|config| config.max_generations = 1).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream
        .next(StreamScript::in_two("One ", &gate, "two"));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let (_, first) = stream.next().await.expect("an event");
    let (_, conversation) = started(&first);

    let unknown = json!({"message": "Hello", "model": "nowhere/model"});
    let mut again = unknown.clone();
    again["conversation_id"] = json!(conversation);
    ada.say(&project, again.clone())
        .send()
        .await
        .assert_problem(ProblemCode::AnswerRunning);
    ada.say(&project, unknown.clone())
        .send()
        .await
        .assert_problem(ProblemCode::TooManyGenerations);
    gate.open();
    stream.rest().await;
    for body in [again, unknown] {
        let answer = ada.say(&project, body).send().await;
        answer.assert_problem(ProblemCode::UnknownModel);
    }
}

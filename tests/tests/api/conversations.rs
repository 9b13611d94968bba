//! Conversations and their messages as resources of their own.

use prompthub_dto::{
    Page,
    chat::{Conversation, Message},
    ids::MessageId,
    problem::{FieldCode, ProblemCode},
    transfer::ImportReport,
};
use prompthub_tests::{client::path, spawn_app};
use serde_json::json;

use crate::transfer::{export_conversation, import};

#[tokio::test]
async fn a_conversation_can_be_made_renamed_pinned_and_deleted() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let made = ada
        .post(&format!("{}/conversations", path(&project)))
        .json(&json!({"title": "Notes for 2.4"}))
        .send()
        .await;
    made.expect_status(201);
    insta::assert_json_snapshot!(made.redacted(), @r#"
    {
      "active_message_id": null,
      "archived": false,
      "created_at": "[time]",
      "id": "[id]",
      "last_activity_at": "[time]",
      "pinned": false,
      "project_id": "[id]",
      "title": "Notes for 2.4",
      "updated_at": "[time]"
    }
    "#);
    let conversation: Conversation = made.json();
    let place = format!("/api/conversations/{}", conversation.id);
    assert_eq!(made.header("location"), Some(place.as_str()));
    let changes = json!({"title": "Renamed", "pinned": true});
    let changed: Conversation = ada
        .patch(&place)
        .json(&changes)
        .send()
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (changed.title.as_str(), changed.pinned, changed.archived),
        ("Renamed", true, false)
    );
    assert_eq!(ada.get(&place).send().await.json::<Conversation>(), changed);
    ada.delete(&place).send().await.expect_status(204);
    ada.get(&place)
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn conversations_say_what_is_wrong_with_which_field() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let list = format!("{}/conversations", path(&project));
    let conversation: Conversation = ada
        .post(&list)
        .json(&json!({}))
        .send()
        .await
        .expect_status(201)
        .json();
    let place = format!("/api/conversations/{}", conversation.id);
    let long = "x".repeat(201);
    ada.post(&list)
        .json(&json!({"title": long}))
        .send()
        .await
        .assert_invalid(&[("title", FieldCode::TooLong)]);
    ada.post(&list)
        .json(&json!({"id": "x"}))
        .send()
        .await
        .assert_invalid(&[("id", FieldCode::Unknown)]);
    let change = async |body| ada.patch(&place).json(&body).send().await;
    change(json!({"title": ""}))
        .await
        .assert_invalid(&[("title", FieldCode::Required)]);
    change(json!({"title": long}))
        .await
        .assert_invalid(&[("title", FieldCode::TooLong)]);
    change(json!({"pinned": "yes"}))
        .await
        .assert_invalid(&[("pinned", FieldCode::WrongType)]);
    change(json!({"project_id": "x"}))
        .await
        .assert_invalid(&[("project_id", FieldCode::Unknown)]);
}

#[tokio::test]
async fn the_path_that_is_shown_ends_in_an_answer_of_the_conversation() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let first = ada.chat(&project, "Hello").await;
    let second = ada.reply(&project, &first, "And?").await;
    let elsewhere = ada.chat(&project, "Other").await;
    let place = format!("/api/conversations/{}", first.conversation_id);
    let show = async |message: MessageId| {
        let body = json!({"active_message_id": message});
        ada.patch(&place).json(&body).send().await
    };
    for wrong in [
        second.user_message.id,
        elsewhere.assistant_message.id,
        MessageId::new(),
    ] {
        show(wrong)
            .await
            .assert_invalid(&[("active_message_id", FieldCode::Invalid)]);
    }
    let shown: Conversation = show(first.assistant_message.id)
        .await
        .expect_status(200)
        .json();
    assert_eq!(shown.active_message_id, Some(first.assistant_message.id));
}

#[tokio::test]
async fn a_message_can_be_added_to_a_conversation() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let first = ada.chat(&project, "First").await;
    let messages = format!("/api/conversations/{}/messages", first.conversation_id);
    let answer = ada
        .post(&messages)
        .json(&json!({"content": "Second"}))
        .send()
        .await;
    answer.expect_status(200);
    let all = ada.messages(first.conversation_id.as_str()).await;
    assert_eq!(all.len(), 4);
    assert_eq!(all[2].parent_id, Some(all[1].id));
    // Another question after the same answer is a sibling, and loses nothing.
    let sibling = json!({"content": "Instead", "parent_id": all[1].id});
    ada.post(&messages)
        .json(&sibling)
        .send()
        .await
        .expect_status(200);
    let all = ada.messages(first.conversation_id.as_str()).await;
    assert_eq!(all.len(), 6);
    assert_eq!(
        (all[2].content.as_str(), all[4].content.as_str()),
        ("Second", "Instead")
    );
    assert_eq!(all[4].parent_id, Some(all[1].id));
    let sent = app
        .upstream
        .requests()
        .last()
        .expect("a request")
        .messages();
    assert!(
        !sent.iter().any(|(_, content)| content == "Second"),
        "a sibling is not part of the path: {sent:?}"
    );
}

#[tokio::test]
async fn an_answer_can_be_made_again() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let first = ada.chat(&project, "First").await;
    let again = ada
        .post(&format!(
            "/api/messages/{}/regenerate",
            first.assistant_message.id
        ))
        .json(&json!({}))
        .send()
        .await;
    again.expect_status(200);
    let all = ada.messages(first.conversation_id.as_str()).await;
    assert_eq!(all.len(), 3);
    assert_eq!(
        (all[1].parent_id, all[2].parent_id),
        (Some(all[0].id), Some(all[0].id))
    );
}

#[tokio::test]
async fn messages_are_listed_page_by_page() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "demo/echo"}))
        .await;
    let first = ada.chat(&project, "0").await;
    for number in 1..3 {
        ada.reply(&project, &first, &number.to_string()).await;
    }
    let list = format!("/api/conversations/{}/messages", first.conversation_id);
    let pages = async |order: &str| {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut request = ada.get(&list).query(&[("limit", "4"), ("order", order)]);
            if !cursor.is_empty() {
                request = request.query(&[("cursor", &cursor)]);
            }
            let page: Page<Message> = request.send().await.json();
            ids.extend(page.items.into_iter().map(|message| message.id));
            let Some(next) = page.next_cursor else { break };
            cursor = next;
        }
        ids
    };
    let mut all: Vec<_> = ada
        .messages(first.conversation_id.as_str())
        .await
        .into_iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(all.len(), 6);
    assert_eq!(pages("asc").await, all);
    all.reverse();
    assert_eq!(pages("desc").await, all);
    ada.get(&list)
        .query(&[("order", "sideways")])
        .send()
        .await
        .assert_invalid(&[("order", FieldCode::Invalid)]);
}

/// However many messages are asked for, and whichever way they are read: nothing is left out.
#[tokio::test]
async fn a_page_ends_where_its_messages_are_long() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let id = |number: usize| format!("019aa9f5-8c00-7cc3-98c4-{number:012x}");
    let messages: Vec<_> = (0..4)
        .map(|number| {
            json!({
                "id": id(number), "parent_id": number.checked_sub(1).map(id), "status": "complete",
                "role": if number % 2 == 0 { "user" } else { "assistant" },
                "content": "x".repeat(if number % 2 == 0 { 10 } else { 3_000_000 }),
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            })
        })
        .collect();
    let document = json!({
        "format": "prompthub.conversation", "version": 2, "id": id(9), "title": "Long",
        "last_activity_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "messages": messages,
    });
    let imported = import(&ada, &project, &document).await;
    let report: ImportReport = imported.expect_status(201).json();
    let place = format!(
        "/api/conversations/{}/messages?limit=200",
        report.conversations[0].id
    );
    for (order, expected) in [("asc", [3, 1]), ("desc", [2, 2])] {
        let first = ada.get(&place).query(&[("order", order)]).send().await;
        let first: Page<Message> = first.expect_status(200).json();
        let cursor = first.next_cursor.expect("there is more");
        let query = [("order", order), ("cursor", cursor.as_str())];
        let rest: Page<Message> = ada.get(&place).query(&query).send().await.json();
        assert_eq!([first.items.len(), rest.items.len()], expected, "{order}");
        assert_eq!(rest.next_cursor, None);
    }
}

/// Another machine's clock may be ahead.
#[tokio::test]
async fn a_question_comes_after_messages_of_the_future() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let asked = ada.chat(&project, "First").await;
    let mut document = export_conversation(&ada, asked.conversation_id.as_str()).await;
    let later = (chrono::Utc::now() + chrono::TimeDelta::hours(20)).to_rfc3339();
    for message in document["messages"].as_array_mut().unwrap() {
        message["created_at"] = json!(later);
        message["updated_at"] = json!(later);
    }
    let imported = import(&ada, &project, &document).await;
    let report: ImportReport = imported.expect_status(201).json();
    let conversation = report.conversations[0].id;

    let question = json!({"message": "Second", "conversation_id": conversation});
    let reply = ada.ask(&project, question).await;
    let listed = ada.messages(conversation.as_str()).await;
    assert_eq!(listed[0].content, "First");
    assert_eq!(listed[2..], [reply.user_message, reply.assistant_message]);
}

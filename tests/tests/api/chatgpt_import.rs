//! ChatGPT's `conversations.json`: what it holds comes in, whatever state it is in.

use prompthub_dto::{
    chat::{Message, MessageStatus, Role},
    problem::{FieldCode, ProblemCode},
    transfer::{ImportReport, ImportSource},
};
use prompthub_tests::{client::path, spawn_app};
use serde_json::{Map, Value, json};

use crate::transfer::import;

#[expect(
    clippy::needless_pass_by_value,
    reason = "values are written where they are used"
)]
fn message(role: &str, parts: Value, time: Value) -> Value {
    json!({
        "id": "m", "author": {"role": role, "name": null, "metadata": {}}, "create_time": time,
        "update_time": null, "content": {"content_type": "text", "parts": parts},
        "status": "finished_successfully", "end_turn": true, "weight": 1.0,
        "metadata": {"model_slug": "gpt-4o", "is_visually_hidden_from_conversation": false},
        "recipient": "all", "channel": null,
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "values are written where they are used"
)]
fn node(id: &str, parent: Value, children: &[&str], message: Value) -> Value {
    json!({"id": id, "parent": parent, "children": children, "message": message})
}

/// As an export has it: a hidden system message, a picture, a tool's call and result, a regenerated answer.
fn exported() -> Value {
    let mut hidden = message("system", json!([""]), json!(null));
    hidden["metadata"] = json!({"is_visually_hidden_from_conversation": true});
    let mut picture = message("user", json!([]), json!(1_700_000_001.25));
    picture["content"] = json!({"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1", "width": 1},
        "How many *cats*?",
    ]});
    let mut call = message("assistant", json!([]), json!(1_700_000_002.0));
    call["content"] = json!({"content_type": "code", "language": "python", "text": "count()"});
    call["recipient"] = json!("python");
    let mut result = message("tool", json!([]), json!(1_700_000_003.0));
    result["content"] = json!({"content_type": "execution_output", "text": "2"});
    json!([{
        "title": "Cats", "create_time": 1_700_000_000.5, "update_time": 1_700_000_009.0,
        "conversation_id": "c", "moderation_results": [], "gizmo_id": null, "is_archived": false,
        "current_node": "done",
        "mapping": {
            "root": node("root", json!(null), &["sys"], json!(null)),
            "sys": node("sys", json!("root"), &["q"], hidden),
            "q": node("q", json!("sys"), &["call", "again"], picture),
            "call": node("call", json!("q"), &["result"], call),
            "result": node("result", json!("call"), &["answer"], result),
            "answer": node("answer", json!("result"), &["thanks"],
                message("assistant", json!(["Two cats."]), json!(1_700_000_004.0))),
            "again": node("again", json!("q"), &[],
                message("assistant", json!(["Three?"]), json!(1_700_000_008.0))),
            "thanks": node("thanks", json!("answer"), &["done"],
                message("user", json!(["Thanks"]), json!(1_700_000_005.0))),
            "done": node("done", json!("thanks"), &[],
                message("assistant", json!(["At your service."]), json!(1_700_000_006.0))),
        },
    }])
}

#[tokio::test]
async fn a_conversation_becomes_one_of_ours() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let report: ImportReport = import(&ada, &project, &exported())
        .await
        .expect_status(201)
        .json();
    assert_eq!((report.source, report.messages), (ImportSource::Chatgpt, 5));
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|skip| (skip.pointer.as_str(), skip.reason.as_str()))
        .collect();
    assert_eq!(
        skipped,
        [
            (
                "/0/mapping/q/message/content/parts/0",
                "an image; only text is taken"
            ),
            (
                "/0/mapping/result/message",
                "a message of the role \"tool\""
            ),
        ]
    );
    let conversation = ada.conversations(&project).await.remove(0);
    assert_eq!(conversation.id, report.conversations[0].id);
    assert_eq!(conversation.title, "Cats");
    assert_eq!(
        conversation.created_at.as_str(),
        "2023-11-14T22:13:20.500000Z"
    );
    assert_eq!(
        conversation.last_activity_at.as_str(),
        "2023-11-14T22:13:29.000000Z"
    );
    let messages = ada.messages(conversation.id.as_str()).await;
    let shown: Vec<_> = messages
        .iter()
        .map(|one| {
            let parent = messages
                .iter()
                .position(|other| Some(other.id) == one.parent_id);
            (one.role, one.content.as_str(), parent)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Role::User, "How many *cats*?", None),
            (
                Role::Assistant,
                "```python\ncount()\n```\n\nTwo cats.",
                Some(0)
            ),
            (Role::User, "Thanks", Some(1)),
            (Role::Assistant, "At your service.", Some(2)),
            (Role::Assistant, "Three?", Some(0)),
        ]
    );
    assert_eq!(conversation.active_message_id, Some(messages[3].id));
    assert_eq!(messages[1].model.as_deref(), Some("chatgpt/gpt-4o"));
    assert_eq!(messages[0].model, None);
    assert!(
        messages
            .iter()
            .all(|one| one.status == MessageStatus::Complete)
    );
    // No model has been asked, and now one can be: from the old answers on, or for another one.
    assert!(app.upstream.requests().is_empty());
    let again = format!("/api/messages/{}/regenerate", messages[1].id);
    ada.post(&again)
        .json(&json!({}))
        .send()
        .await
        .expect_status(200);
    assert_eq!(app.upstream.requests()[0].messages().len(), 1);
}

#[tokio::test]
async fn ten_thousand_messages_deep_is_not_too_deep() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let mut mapping = Map::new();
    for number in 0..10_000_u32 {
        let parent = number.checked_sub(1).map(|parent| parent.to_string());
        let role = if number % 2 == 0 { "user" } else { "assistant" };
        let text = message(role, json!([number.to_string()]), json!(null));
        // The deepest comes first.
        let id = number.to_string();
        mapping.shift_insert(0, id.clone(), node(&id, json!(parent), &[], text));
    }
    let document = json!([{"title": "Deep", "create_time": 5, "mapping": mapping}]);
    let report: ImportReport = import(&ada, &project, &document)
        .await
        .expect_status(201)
        .json();
    assert_eq!((report.messages, report.skipped_count), (10_000, 0));
    let id = report.conversations[0].id;
    let markdown = format!("/api/conversations/{id}/export?format=markdown");
    let markdown = ada.get(&markdown).send().await.text();
    let numbers: Vec<u32> = markdown
        .lines()
        .filter_map(|line| line.strip_prefix("> ")?.parse().ok())
        .collect();
    assert_eq!(numbers, (0..10_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn trees_that_are_none_come_in_as_far_as_they_go() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let user = |text: &str| message("user", json!([text]), json!(1e300));
    let assistant = |text: &str| message("assistant", json!([text]), json!(-5));
    // `json!` cannot say the same key twice, nor half a surrogate pair.
    let document = format!(
        r#"[
            {{"title": "Circle \ud83d", "mapping": {{
                "a": {}, "b": {}, "b": {}, "lost": {}
            }}}},
            {{"title": 5, "create_time": "then", "current_node": [], "mapping": {{
                "x": 1, "y": {{"message": {{"author": 5, "content": {{"parts": "z"}}}}}},
                "~/": {{"parent": {{}}, "children": ["k", 7], "message": {}}},
                "k": {{"message": {}}}
            }}}},
            {{"title": "Empty", "mapping": {{}}}},
            "no conversation",
            {{"title": "No mapping", "mapping": null}}
        ]"#,
        node("a", json!("b"), &[], user("one \u{0}")),
        node("b", json!("a"), &[], assistant("two")),
        node("b", json!("a"), &[], assistant("never")),
        node("lost", json!("nowhere"), &[], user("three")),
        user("four"),
        assistant("five"),
    );
    let answer = ada
        .post(&format!("{}/import", path(&project)))
        .header("content-type", "application/json")
        .body(document)
        .send()
        .await;
    let report: ImportReport = answer.expect_status(201).json();
    let pointers: Vec<_> = report
        .skipped
        .iter()
        .map(|skip| skip.pointer.as_str())
        .collect();
    assert_eq!(
        pointers,
        [
            "",
            "/0/mapping/b",
            "/0/mapping/a/message",
            "/0/mapping/lost/parent",
            "/0/mapping/a/parent",
            "/2",
            "/3",
            "/4",
        ]
    );
    let titles: Vec<_> = report
        .conversations
        .iter()
        .map(|one| one.title.as_str())
        .collect();
    assert_eq!(titles, ["Circle \u{fffd}", "four"]);
    let mut contents: Vec<String> = Vec::new();
    for conversation in &report.conversations {
        let messages: Vec<Message> = ada.messages(conversation.id.as_str()).await;
        contents.extend(messages.into_iter().map(|one| one.content));
    }
    contents.sort_unstable();
    assert_eq!(
        contents,
        ["", "five", "four", "one \u{fffd}", "three", "two"]
    );
}

#[tokio::test]
async fn what_is_no_export_of_chatgpts_is_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for document in [
        json!([1]),
        json!([{"role": "user", "content": "Hello"}]),
        json!([{"mapping": []}]),
        json!([[[[]]]]),
        json!("text"),
        json!(null),
    ] {
        let problem = import(&ada, &project, &document)
            .await
            .assert_invalid(&[("body", FieldCode::Invalid)]);
        assert!(problem.errors[0].message.contains("conversations.json"));
    }
    for body in ["[{\"mapping\":{}},", "[\"\\x\"]", "[\"\u{8}\"]"] {
        let answer = ada
            .post(&format!("{}/import", path(&project)))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        answer.assert_problem(ProblemCode::MalformedJson);
    }
    let huge = r#"[{"mapping": {"a": {"message": {"create_time": 1e999}}}}]"#;
    ada.post(&format!("{}/import", path(&project)))
        .header("content-type", "application/json")
        .body(huge)
        .send()
        .await
        .assert_invalid(&[("body", FieldCode::OutOfRange)]);
    // A new project is made only from a project.
    ada.post("/api/projects/import")
        .json(&exported())
        .send()
        .await
        .assert_invalid(&[("/format", FieldCode::Invalid)]);
    assert!(ada.conversations(&project).await.is_empty());
}

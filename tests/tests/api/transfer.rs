//! Exports and imports of our own documents: what comes out goes in again, and nothing else does.

use std::collections::HashMap;

use prompthub_dto::{
    Page,
    chat::{Message, MessageStatus},
    documents::ProjectDocument,
    projects::Project,
    search::SearchHit,
    stream::StreamEvent,
    transfer::{ImportReport, ImportSource},
};
use prompthub_tests::{
    Answer, Client, TestApp,
    client::path,
    spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::{Value, json};

/// Imports a document into a project.
pub(crate) async fn import(client: &Client, project: &Project, document: &Value) -> Answer {
    client
        .post(&format!("{}/import", path(project)))
        .json(document)
        .send()
        .await
}

/// A project's document.
pub(crate) async fn export(client: &Client, project: &str) -> Value {
    let place = format!("/api/projects/{project}/export?files=true");
    client.get(&place).send().await.json()
}

pub(crate) async fn export_conversation(client: &Client, id: &str) -> Value {
    let place = format!("/api/conversations/{id}/export");
    client.get(&place).send().await.json()
}

/// The document with its ids numbered in the order in which they come.
fn without_ids(document: &Value) -> Value {
    fn walk(value: &mut Value, seen: &mut HashMap<String, usize>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, seen)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(id) if name == "id" || name.ends_with("_id") => {
                            // A problem keeps the id of the request that it came from.
                            if name != "request_id" {
                                let next = seen.len();
                                let number = *seen.entry(id.clone()).or_insert(next);
                                *value = number.into();
                            }
                        }
                        value => walk(value, seen),
                    }
                }
            }
            _ => {}
        }
    }
    let mut document = document.clone();
    walk(&mut document, &mut HashMap::new());
    document
}

/// A project with siblings, reasoning, costs, a failure, a stopped answer, and an answer under an older prompt.
pub(crate) async fn rich_project(app: &TestApp, ada: &Client) -> Project {
    let project = ada
        .create_project_with(json!({
            "name": "Notes", "description": "All of it", "system_prompt": "Be brief. ☕",
            "parameters": {"temperature": 0.7, "stop": ["\n\n"]},
        }))
        .await;
    app.upstream.next(
        StreamScript::new()
            .reasoning("Let me see…")
            .delta("Grüße, 世界 👩‍👩‍👧\r\n```\nopen")
            .finish("length")
            .usage(22, 7, "0.000171")
            .done(),
    );
    let first = ada.chat(&project, "Say hello\tto the world\n").await;
    app.upstream.next(Script::error(400, "No such thing"));
    let regenerate = format!("/api/messages/{}/regenerate", first.assistant_message.id);
    ada.post(&regenerate).json(&json!({})).send().await;
    ada.update_project(&project, json!({"system_prompt": "Be long."}))
        .await;
    ada.reply(&project, &first, "And again").await;
    let messages = format!("/api/conversations/{}/messages", first.conversation_id);
    let anew = json!({"content": "From the beginning", "parent_id": null});
    ada.post(&messages)
        .json(&anew)
        .send()
        .await
        .expect_status(200);
    ada.patch(&format!("/api/conversations/{}", first.conversation_id))
        .json(&json!({"title": "Zwölf", "pinned": true,
            "active_message_id": first.assistant_message.id}))
        .send()
        .await
        .expect_status(200);
    let second = ada.chat(&project, "Another").await;
    ada.patch(&format!("/api/conversations/{}", second.conversation_id))
        .json(&json!({"archived": true}))
        .send()
        .await
        .expect_status(200);
    ada.post(&format!("{}/conversations", path(&project)))
        .json(&json!({}))
        .send()
        .await
        .expect_status(201);
    let bytes: Vec<u8> = (0..=255).cycle().take(700_001).collect();
    ada.upload(&project, "data.bin", &bytes).await;
    ada.upload(&project, "empty ☕.txt", b"").await;
    project
}

#[tokio::test]
async fn a_project_comes_back_as_it_went() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let document = export(&ada, project.id.as_str()).await;
    let typed: ProjectDocument = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(
        (
            typed.version,
            typed.prompt_version,
            typed.prompt_versions.len()
        ),
        (2, 2, 2)
    );
    assert_eq!(typed.files.len(), 2);
    let sizes: Vec<_> = typed
        .conversations
        .iter()
        .map(|one| one.messages.len())
        .collect();
    assert_eq!(sizes, [7, 2, 0]);
    let problem = typed.conversations[0].messages[2].problem.as_ref();
    assert!(problem.is_some(), "{document}");
    let usage = typed.conversations[0].messages[1].usage.as_ref();
    assert_eq!(
        usage.and_then(|usage| usage.cost_usd.as_deref()),
        Some("0.000171")
    );

    // Twice, and by another person too: copies, never a conflict.
    let bob = app.register("bob@example.com").await;
    for client in [&ada, &ada, &bob] {
        let imported = client
            .post("/api/projects/import")
            .json(&document)
            .send()
            .await;
        let report: ImportReport = imported.expect_status(201).json();
        assert_eq!(
            (report.source, report.messages, report.skipped_count),
            (ImportSource::Project, 9, 0)
        );
        assert_eq!(
            imported.header("location"),
            Some(format!("/api/projects/{}", report.project_id).as_str())
        );
        let copy = export(client, report.project_id.as_str()).await;
        assert_ne!(copy, document, "new ids");
        assert_eq!(without_ids(&copy), without_ids(&document));
    }
    // Importing asks no model.
    assert_eq!(app.upstream.requests().len(), 5);
    app.expect_blobs(8).await;
}

#[tokio::test]
async fn a_conversation_goes_into_another_project() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let all = ada.conversations(&project).await;
    let conversation = all.iter().find(|one| one.title == "Zwölf").unwrap();
    let document = export_conversation(&ada, conversation.id.as_str()).await;

    // Where the prompts are the same, the numbers are, too.
    let report: ImportReport = import(&ada, &project, &document).await.json();
    assert_eq!(report.source, ImportSource::Conversation);
    let copy = export_conversation(&ada, report.conversations[0].id.as_str()).await;
    assert_eq!(without_ids(&copy), without_ids(&document));

    // Where only the newer prompt is, and under another number, the answers have that number or none.
    let settings = json!({"name": "Other", "system_prompt": "Be long.",
        "parameters": {"temperature": 0.7, "stop": ["\n\n"]}});
    let other = ada.create_project_with(settings).await;
    let report: ImportReport = import(&ada, &other, &document)
        .await
        .expect_status(201)
        .json();
    let numbers = |document: &Value| -> Vec<Value> {
        let messages = document["messages"].as_array().unwrap();
        messages
            .iter()
            .map(|one| one["prompt_version"].clone())
            .collect()
    };
    let copy = export_conversation(&ada, report.conversations[0].id.as_str()).await;
    let mapped: Vec<Value> = numbers(&document)
        .into_iter()
        .map(|number| if number == 2 { json!(1) } else { Value::Null })
        .collect();
    assert_eq!(numbers(&copy), mapped);
    assert!(mapped.contains(&json!(1)), "{mapped:?}");

    // It is one's own in every way: the path goes on where it was left.
    let imported = ada.conversations(&other).await.remove(0);
    assert_eq!(imported.title, "Zwölf");
    assert_eq!(imported.last_activity_at, conversation.last_activity_at);
    let messages = format!("/api/conversations/{}/messages", imported.id);
    let more = json!({"content": "Go on"});
    ada.post(&messages)
        .json(&more)
        .send()
        .await
        .expect_status(200);
    let sent = app.upstream.requests().pop().unwrap().messages();
    let sent: Vec<_> = sent.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(sent, ["system", "user", "assistant", "user"]);
}

#[tokio::test]
async fn a_project_document_gives_a_project_its_conversations() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let document = export(&ada, project.id.as_str()).await;
    let other = ada.create_project("Other").await;
    let report: ImportReport = import(&ada, &other, &document)
        .await
        .expect_status(201)
        .json();
    assert_eq!(report.project_id, other.id);
    let counts: Vec<_> = report
        .conversations
        .iter()
        .map(|one| one.messages)
        .collect();
    assert_eq!(counts, [7, 2, 0]);
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|skip| skip.pointer.as_str())
        .collect();
    assert_eq!(skipped, ["/files/0", "/files/1"]);
    let after: Project = ada.get(&path(&other)).send().await.json();
    assert_eq!((after.name.as_str(), after.prompt_version), ("Other", 1));
    assert!(ada.files(&other).await.is_empty());
}

#[tokio::test]
async fn two_thousand_messages_keep_their_order() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    // All of the same moment, so that only the ids can tell their order; every third beside the one before.
    let id = |number: usize| format!("019aa9f5-8c00-7cc3-98c4-{:012x}", 2_000 - number);
    let messages: Vec<Value> = (0..2_000)
        .map(|number| {
            let (parent, role) = match (number, number % 3) {
                (0, _) => (None, "user"),
                (_, 0) => (Some(number - 1), "user"),
                (_, 1) => (Some(number - 1), "assistant"),
                _ => (Some(number - 2), "assistant"),
            };
            json!({
                "id": id(number), "parent_id": parent.map(id), "role": role,
                "content": format!("{number} {}", "text ".repeat(number % 50)),
                "status": "complete", "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:01+01:00",
            })
        })
        .collect();
    let document = json!({
        "format": "prompthub.conversation", "version": 1, "id": id(2_000), "title": "Long",
        "active_message_id": id(1_999), "last_activity_at": "2026-01-01T00:00:00.123456789Z",
        "created_at": "1814-01-01T00:00:00Z", "updated_at": "9999-12-31T23:59:59Z",
        "messages": messages,
    });
    let report: ImportReport = import(&ada, &project, &document)
        .await
        .expect_status(201)
        .json();
    assert_eq!(report.messages, 2_000);
    let first = export_conversation(&ada, report.conversations[0].id.as_str()).await;
    assert_eq!(first["created_at"], "1970-01-01T00:00:00.000000Z");
    assert_eq!(first["last_activity_at"], "2026-01-01T00:00:00.123456Z");
    assert!(
        first["updated_at"].as_str().unwrap().starts_with("20"),
        "{}",
        first["updated_at"]
    );
    assert_eq!(
        first["messages"][7]["updated_at"],
        "2025-12-31T23:00:01.000000Z"
    );
    let contents = |document: &Value| -> Vec<Value> {
        let messages = document["messages"].as_array().unwrap();
        messages.iter().map(|one| one["content"].clone()).collect()
    };
    assert_eq!(contents(&first), contents(&document));
    let report: ImportReport = import(&ada, &project, &first)
        .await
        .expect_status(201)
        .json();
    let second = export_conversation(&ada, report.conversations[0].id.as_str()).await;
    assert_eq!(without_ids(&second), without_ids(&first));
}

#[tokio::test]
async fn a_running_answer_is_exported_as_it_is() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    let script = StreamScript::new().delta("Half").wait(&gate);
    app.upstream
        .next(script.delta(" more").finish("stop").done());
    let mut stream = ada.open_stream(&project, "Hello").await;
    stream
        .until(|event| matches!(event, StreamEvent::Delta { .. }))
        .await;
    let conversation = ada.conversations(&project).await.remove(0);
    let document = export_conversation(&ada, conversation.id.as_str()).await;
    assert_eq!(document["messages"][1]["status"], "running");
    let markdown = format!(
        "/api/conversations/{}/export?format=markdown",
        conversation.id
    );
    let markdown = ada.get(&markdown).send().await.text();
    assert!(
        markdown.contains("*Unfinished: it was being written"),
        "{markdown}"
    );
    gate.open();
    let report: ImportReport = import(&ada, &project, &document).await.json();
    let copy: Vec<Message> = ada.messages(report.conversations[0].id.as_str()).await;
    assert_eq!(copy[1].status, MessageStatus::Interrupted);
    assert_eq!(copy[1].generation_id, None);
    stream.rest().await;
    assert_eq!(app.upstream.requests().len(), 1);
}

#[tokio::test]
async fn what_comes_in_is_found_by_a_search() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let hits = async || -> Page<SearchHit> {
        let found = ada.get("/api/search").query(&[("q", "grusse welt 世界")]);
        let found = found
            .send()
            .await
            .expect_status(200)
            .json::<Page<SearchHit>>();
        assert_eq!(found.items, [], "all words must occur");
        let found = ada.get("/api/search").query(&[("q", "grusse 世界")]);
        found.send().await.expect_status(200).json()
    };
    let before = hits().await.items.len();
    assert!(before > 0);
    let document = export(&ada, project.id.as_str()).await;
    let report: ImportReport = import(&ada, &project, &document)
        .await
        .expect_status(201)
        .json();
    assert!(report.messages > 0);
    assert_eq!(hits().await.items.len(), 2 * before);
}

//! Exports and imports of our own documents: what comes out goes in again, and nothing else does.

use std::collections::HashMap;

use prompthub_dto::{
    Page,
    chat::{Message, MessageStatus},
    documents::{ConversationDocument, ProjectDocument},
    problem::{FieldCode, ProblemCode},
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
async fn export(client: &Client, project: &str) -> Value {
    let place = format!("/api/projects/{project}/export?files=true");
    client.get(&place).send().await.json()
}

async fn export_conversation(client: &Client, id: &str) -> Value {
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
async fn rich_project(app: &TestApp, ada: &Client) -> Project {
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
        (1, 2, 2)
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
async fn exports_are_attachments_named_by_their_titles() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Pläne: \"2027\"").await;
    let chat = ada.chat(&project, "a/b?").await;
    let place = format!("/api/conversations/{}/export", chat.conversation_id);
    for (place, kind, name) in [
        (
            place.clone(),
            "application/json",
            "filename=\"a-b-.json\"; filename*=UTF-8''a-b-.json",
        ),
        (
            format!("{place}?format=markdown"),
            "text/markdown; charset=utf-8",
            "filename=\"a-b-.md\"; filename*=UTF-8''a-b-.md",
        ),
        (
            format!("{}/export", path(&project)),
            "application/json",
            "filename=\"Pl_ne- -2027-.json\"; filename*=UTF-8''Pl%C3%A4ne-%20-2027-.json",
        ),
    ] {
        let answer = ada.get(&place).send().await;
        answer.expect_status(200);
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(
            answer.header("content-disposition"),
            Some(format!("attachment; {name}").as_str())
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    ada.get(&format!("{place}?format=pdf"))
        .send()
        .await
        .assert_invalid(&[("format", FieldCode::Invalid)]);
}

#[tokio::test]
async fn markdown_reads_well_whatever_the_texts_are() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream
        .next(Script::answer("# Not a title\n\n```rust\nfn main() {}\n"));
    let first = ada.chat(&project, "Show me *code*").await;
    ada.post(&format!(
        "/api/messages/{}/regenerate",
        first.assistant_message.id
    ))
    .json(&json!({}))
    .send()
    .await
    .expect_status(200);
    ada.patch(&format!("/api/conversations/{}", first.conversation_id))
        .json(&json!({"title": "# <Code> & more", "active_message_id": first.assistant_message.id}))
        .send()
        .await
        .expect_status(200);
    let place = format!(
        "/api/conversations/{}/export?format=markdown",
        first.conversation_id
    );
    let markdown = ada.get(&place).send().await.text();
    // Times differ from run to run.
    let day = first.user_message.created_at.as_str().replace('T', " ");
    let markdown = markdown.replace(&format!("{} UTC", &day[..16]), "[time]");
    insta::assert_snapshot!(markdown, @r"
    # \# \<Code\> \& more

    Begun [time], last active [time].

    ## User, [time]

    > Show me *code*

    ## Assistant (openrouter/openrouter/auto), [time]

    > # Not a title
    >
    > ```rust
    > fn main() {}
    ");
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_pointed_at() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.chat(&project, "Hello").await;
    let conversation = ada.conversations(&project).await.remove(0);
    let whole = export_conversation(&ada, conversation.id.as_str()).await;
    let changed = |pointer: &str, value: Value| {
        let mut document = whole.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    let (question, answer) = (
        whole["messages"][0]["id"].clone(),
        whole["messages"][1]["id"].clone(),
    );
    let stranger = json!("019aa9f5-8c00-7cc3-98c4-dc0c0c07398f");
    for (pointer, value, code) in [
        ("/title", json!(""), FieldCode::Required),
        ("/title", json!("x".repeat(201)), FieldCode::TooLong),
        ("/title", json!(null), FieldCode::WrongType),
        ("/pinned", json!("yes"), FieldCode::WrongType),
        ("/version", json!(2), FieldCode::Invalid),
        ("/format", json!("prompthub.song"), FieldCode::Invalid),
        ("/created_at", json!("yesterday"), FieldCode::Invalid),
        ("/active_message_id", stranger.clone(), FieldCode::Invalid),
        ("/messages", json!({}), FieldCode::WrongType),
        ("/messages/1/id", question.clone(), FieldCode::Invalid),
        ("/messages/1/id", json!("1"), FieldCode::Invalid),
        ("/messages/1/parent_id", stranger, FieldCode::Invalid),
        ("/messages/1/parent_id", answer.clone(), FieldCode::Invalid),
        ("/messages/0/parent_id", answer, FieldCode::Invalid),
        ("/messages/1/role", json!("system"), FieldCode::Invalid),
        ("/messages/1/status", json!("fine"), FieldCode::Invalid),
        ("/messages/1/model", json!("a\nb"), FieldCode::Invalid),
        ("/messages/1/content", json!(1), FieldCode::WrongType),
        (
            "/messages/1/content",
            json!("x".repeat(9_000_000)),
            FieldCode::TooLong,
        ),
        ("/messages/1/created_at", json!(0), FieldCode::WrongType),
        (
            "/messages/1/prompt_version",
            json!(1e300),
            FieldCode::WrongType,
        ),
        (
            "/messages/1/usage/cost_usd",
            json!("1e5"),
            FieldCode::Invalid,
        ),
        (
            "/messages/1/usage/cost_usd",
            json!("-1"),
            FieldCode::Invalid,
        ),
        (
            "/messages/1/usage/prompt_tokens",
            json!(-1),
            FieldCode::OutOfRange,
        ),
    ] {
        let answer = import(&ada, &project, &changed(pointer, value)).await;
        answer.assert_invalid(&[(pointer, code)]);
    }
    let mut unknown = whole.clone();
    unknown["messages"][0]["stars"] = json!(5);
    import(&ada, &project, &unknown)
        .await
        .assert_invalid(&[("/messages/0/stars", FieldCode::Unknown)]);
    for body in [
        "",
        "{",
        "[1,",
        "{} {}",
        "\"\\ud800",
        "{\"format\":\"\u{1}\"}",
    ] {
        ada.post(&format!("{}/import", path(&project)))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .assert_problem(ProblemCode::MalformedJson);
    }
    ada.post(&format!("{}/import", path(&project)))
        .body("{}")
        .send()
        .await
        .assert_problem(ProblemCode::UnsupportedMediaType);
    // Nothing of all that has been stored.
    assert_eq!(ada.conversations(&project).await.len(), 1);
    // A second answer, with NUL in it, is taken and mended.
    let mended = import(
        &ada,
        &project,
        &changed("/messages/1/content", json!("a\u{0}b")),
    )
    .await;
    let report: ImportReport = mended.expect_status(201).json();
    assert_eq!(report.skipped[0].pointer, "/messages/1/content");
    let copy = ada.messages(report.conversations[0].id.as_str()).await;
    assert_eq!(copy[1].content, "a\u{fffd}b");
}

#[tokio::test]
async fn a_project_that_is_wrong_anywhere_leaves_nothing() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let whole = export(&ada, project.id.as_str()).await;
    let count = ada.get("/api/projects").send().await.json::<Value>()["items"].clone();
    for (pointer, value) in [
        ("/name", json!("")),
        ("/model", json!("nobody")),
        ("/parameters/temperature", json!(3)),
        ("/prompt_version", json!(3)),
        ("/system_prompt", json!("Something else")),
        ("/prompt_versions/1/number", json!(2)),
        ("/prompt_versions/1/number", json!(0)),
        (
            "/prompt_versions/1/system_prompt",
            json!("x".repeat(100_001)),
        ),
        (
            "/conversations/1/messages/1/parent_id",
            json!("019aa9f5-8c00-7cc3-98c4-dc0c0c07398f"),
        ),
        ("/files/1/name", json!("data.bin")),
        ("/files/1/name", json!("../x")),
        ("/files/1/data", json!("not base64!")),
        ("/files/1/data", json!("QQ==")),
        ("/files/0/data", json!("")),
    ] {
        let mut document = whole.clone();
        *document.pointer_mut(pointer).unwrap() = value.clone();
        let answer = ada
            .post("/api/projects/import")
            .json(&document)
            .send()
            .await;
        let problem = answer.assert_problem(ProblemCode::ValidationFailed);
        let field = problem.errors[0].field.as_str();
        let expected = match pointer {
            // The two must agree, and which of them is wrong nobody can tell.
            "/system_prompt" => "/prompt_version",
            pointer => pointer,
        };
        assert_eq!(field, expected, "{value}");
    }
    assert_eq!(
        ada.get("/api/projects").send().await.json::<Value>()["items"],
        count
    );
    app.expect_blobs(2).await;
    // A conversation makes no project.
    let conversation = whole["conversations"][0].clone();
    let answer = ada
        .post("/api/projects/import")
        .json(&conversation)
        .send()
        .await;
    answer.assert_invalid(&[("/format", FieldCode::Invalid)]);
}

#[tokio::test]
async fn a_document_may_be_only_so_large() {
    let app = TestApp::with(|config| config.max_import_bytes = 10_000).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let small = json!([]);
    import(&ada, &project, &small).await.expect_status(201);
    let place = format!("{}/import", path(&project));
    let large = format!("[{}]", " ".repeat(10_000));
    ada.post(&place)
        .header("content-type", "application/json")
        .body(large.clone())
        .send()
        .await
        .assert_problem(ProblemCode::PayloadTooLarge);
    // Nor does it help not to say how much it is.
    let pieces = large.into_bytes();
    let pieces = pieces
        .chunks(1_000)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
    let pieces: Vec<_> = pieces.collect();
    ada.post(&place)
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(futures_util::stream::iter(
            pieces,
        )))
        .send()
        .await
        .assert_problem(ProblemCode::PayloadTooLarge);
    // The refusals hold up nobody.
    import(&ada, &project, &small).await.expect_status(201);
}

/// A body of `[`, and of `]` once the gate is open; the channel says when the first has been taken.
fn slow_body(gate: &Gate, taken: tokio::sync::mpsc::UnboundedSender<()>) -> reqwest::Body {
    let gate = gate.clone();
    reqwest::Body::wrap_stream(futures_util::stream::unfold(0, move |step| {
        let (gate, taken) = (gate.clone(), taken.clone());
        async move {
            match step {
                0 => Some((Ok::<_, std::io::Error>("["), 1)),
                1 => {
                    // Nobody listens any more only when the test is over.
                    let _ = taken.send(());
                    gate.passed().await;
                    Some((Ok("]"), 2))
                }
                _ => None,
            }
        }
    }))
}

#[tokio::test]
async fn a_person_imports_one_document_at_a_time() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let project = ada.create_project("Notes").await;
    let (gate, (taken, mut takings)) = (Gate::new(), tokio::sync::mpsc::unbounded_channel());
    let begin = || {
        let slow = ada
            .post(&format!("{}/import", path(&project)))
            .header("content-type", "application/json")
            .body(slow_body(&gate, taken.clone()));
        tokio::spawn(slow.send())
    };
    let mut slow = begin();
    takings.recv().await.unwrap();
    // It may not have begun yet, and may even find one of these in its way; then it begins anew.
    let refused = loop {
        let answer = import(&ada, &project, &json!([])).await;
        if answer.status != 201 {
            break answer;
        }
        if slow.is_finished() {
            slow = begin();
        }
    };
    refused.assert_problem(ProblemCode::RateLimited);
    assert!(refused.header("retry-after").is_some());
    let theirs = bob.create_project("Theirs").await;
    import(&bob, &theirs, &json!([])).await.expect_status(201);
    gate.open();
    slow.await.unwrap().expect_status(201);
    import(&ada, &project, &json!([])).await.expect_status(201);
}

#[tokio::test]
async fn nothing_secret_is_in_a_document() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let document = export(&ada, project.id.as_str()).await.to_string();
    for secret in ["sk-or-v1-test", "ada@example.com", "password"] {
        assert!(!document.contains(secret), "{secret}");
    }
    let conversation: ConversationDocument =
        serde_json::from_value(export(&ada, project.id.as_str()).await["conversations"][0].clone())
            .unwrap();
    // The digest names the prompt without its text.
    assert_eq!(conversation.prompt_versions.len(), 2);
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
        .expect_status(200)
        .json();
    assert!(report.messages > 0);
    assert_eq!(hits().await.items.len(), 2 * before);
}

//! Images in messages: files of the project, sent to models that take them.

use prompthub_dto::{
    chat::{Attachment, ChatReply},
    problem::{FieldCode, ProblemCode},
};
use prompthub_tests::{Client, TestApp, spawn_app, upstream::Script};
use serde_json::{Value, json};

use crate::knowing::{app_knowing, model};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const GIF: &[u8] = b"GIF89a";

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn image(file: &str) -> Value {
    json!({"type": "image", "file": file})
}

/// The parts of the last message that the provider was sent, images by the beginning of their URL.
fn parts(body: &Value, message: usize) -> Vec<String> {
    let parts = body["messages"][message]["content"].as_array();
    let parts = parts.unwrap_or_else(|| panic!("no parts in {body}"));
    parts
        .iter()
        .map(|part| match part["type"].as_str() {
            Some("text") => part["text"].as_str().expect("text").to_owned(),
            Some("image_url") => {
                let url = part["image_url"]["url"].as_str().expect("a URL");
                url.split(',').next().unwrap_or_default().to_owned()
            }
            _ => panic!("{part}"),
        })
        .collect()
}

#[tokio::test]
async fn images_are_sent_in_their_place_and_again_with_the_history() {
    let (app, ada) = app_knowing(&[model("acme/m1", json!({}))]).await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "openrouter/acme/m1"}))
        .await;
    let file = ada.upload(&project, "cat.png", PNG).await;
    ada.upload(&project, "dog.gif", GIF).await;
    let content = json!([
        text("Is this:"),
        image("cat.png"),
        text("bigger than this?"),
        image("dog.gif")
    ]);
    let reply = ada.ask(&project, json!({"message": content})).await;
    let said = &reply.user_message;
    assert_eq!(said.content, "Is this:\n\nbigger than this?");
    let first = Attachment {
        file: "cat.png".to_owned(),
        file_id: Some(file.id),
        offset: 8,
    };
    assert_eq!(said.attachments[0], first);
    assert_eq!(
        (
            said.attachments[1].file.as_str(),
            said.attachments[1].offset
        ),
        ("dog.gif", 27)
    );
    let sent = app.upstream.request().await.body;
    let expected = [
        "Is this:",
        "data:image/png;base64",
        "bigger than this?",
        "data:image/gif;base64",
    ];
    assert_eq!(parts(&sent, 0), expected);

    ada.reply(&project, &reply, "Are you sure?").await;
    let sent = app.upstream.request().await.body;
    assert_eq!(parts(&sent, 0), expected);
    assert_eq!(sent["messages"][2]["content"], "Are you sure?");
    let stored = ada.messages(reply.conversation_id.as_str()).await;
    assert_eq!(stored[0], reply.user_message);
}

#[tokio::test]
async fn an_image_alone_is_a_message() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    ada.upload(&project, "cat.png", PNG).await;
    let reply = ada
        .ask(&project, json!({"message": [image("cat.png")]}))
        .await;
    assert_eq!(reply.user_message.content, "");
    assert_eq!(
        parts(&app.upstream.request().await.body, 0),
        ["data:image/png;base64"]
    );
    assert_eq!(ada.conversations(&project).await[0].title, "cat.png");
}

#[tokio::test]
async fn what_is_no_image_of_the_project_is_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    let other = ada.create_project("B").await;
    ada.upload(&project, "notes.png", b"only called so").await;
    ada.upload(&other, "cat.png", PNG).await;
    let mut large = PNG.to_vec();
    large.resize(5 * 1024 * 1024 + 1, 0);
    ada.upload(&project, "large.png", &large).await;
    for (content, field, code) in [
        (
            json!([image("cat.png")]),
            "message.0.file",
            FieldCode::Invalid,
        ),
        (
            json!([text("a"), image("notes.png")]),
            "message.1.file",
            FieldCode::Invalid,
        ),
        (
            json!([image("large.png")]),
            "message.0.file",
            FieldCode::TooLong,
        ),
        (
            json!(vec![image("cat.png"); 21]),
            "message",
            FieldCode::TooLong,
        ),
        (json!([]), "message", FieldCode::Required),
        (json!([text(" ")]), "message", FieldCode::Required),
        (json!(5), "message", FieldCode::WrongType),
    ] {
        let answer = ada.say(&project, json!({"message": content})).send().await;
        answer.assert_invalid(&[(field, code)]);
    }
    for part in [
        json!({"type": "song"}),
        json!({"type": "text"}),
        json!({"type": "image", "file": "a", "url": "b"}),
    ] {
        let answer = ada.say(&project, json!({"message": [part]})).send().await;
        assert_eq!(answer.status, 422, "{answer}");
    }
    assert_eq!(app.upstream.requests().len(), 0);
    assert_eq!(ada.conversations(&project).await.len(), 0);
}

#[tokio::test]
async fn a_model_that_reads_text_alone_refuses_images() {
    let blind =
        json!({"architecture": {"input_modalities": ["text"], "output_modalities": ["text"]}});
    let (app, ada) = app_knowing(&[model("acme/blind", blind), model("acme/m1", json!({}))]).await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "openrouter/acme/blind"}))
        .await;
    ada.upload(&project, "cat.png", PNG).await;
    let body = json!({"message": [text("Look"), image("cat.png")]});
    let refused = ada.say(&project, body.clone()).send().await;
    let problem = refused.assert_problem(ProblemCode::ImagesUnsupported);
    assert!(problem.detail.contains("openrouter/acme/blind"));
    assert_eq!(ada.conversations(&project).await.len(), 0);

    // As a fallback it is passed over.
    let mut with_fallbacks = body;
    with_fallbacks["model"] = json!("openrouter/acme/m1");
    with_fallbacks["parameters"] =
        json!({"fallback_models": ["openrouter/acme/blind", "demo/echo"]});
    app.upstream.next(Script::error(503, "down"));
    let reply = ada.ask(&project, with_fallbacks).await;
    let failed = &reply.assistant_message.fallbacks;
    assert_eq!(failed[1].problem_code, ProblemCode::ImagesUnsupported);
    assert!(reply.reply.contains("With an image."), "{}", reply.reply);

    // Nor may images be in what was said before.
    let body = json!({"message": "And now?", "conversation_id": reply.conversation_id});
    ada.say(&project, body)
        .send()
        .await
        .assert_problem(ProblemCode::ImagesUnsupported);
}

async fn attachments(client: &Client, conversation: &str) -> Vec<Attachment> {
    client.messages(conversation).await.remove(0).attachments
}

#[tokio::test]
async fn a_deleted_file_leaves_a_note() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    ada.upload(&project, "cat.png", PNG).await;
    let body = json!({"message": [text("Look"), image("cat.png")]});
    let reply = ada.ask(&project, body).await;
    let conversation = reply.conversation_id.to_string();
    assert!(attachments(&ada, &conversation).await[0].file_id.is_some());
    let path = format!("/api/projects/{}/files/cat.png", project.id);
    ada.delete(&path).send().await.expect_status(204);
    let kept = attachments(&ada, &conversation).await;
    assert_eq!((kept[0].file.as_str(), kept[0].file_id), ("cat.png", None));

    // Another file of that name is another picture.
    ada.upload(&project, "cat.png", PNG).await;
    assert_eq!(attachments(&ada, &conversation).await[0].file_id, None);
    let again = ada.reply(&project, &reply, "What was it?").await;
    let _first = app.upstream.request().await;
    let sent = parts(&app.upstream.request().await.body, 0);
    assert_eq!(sent[0], "Look");
    assert!(
        sent[1].contains("cat.png") && sent[1].contains("deleted"),
        "{sent:?}"
    );
    assert_eq!(again.user_message.attachments, []);
    let path = format!("/api/messages/{}/regenerate", reply.assistant_message.id);
    let answer = ada.post(&path).json(&json!({})).send().await;
    let reply: ChatReply = answer.expect_status(200).json();
    assert_eq!(reply.user_message.attachments[0].file_id, None);
}

async fn export(client: &Client, path: String) -> Value {
    client.get(&path).send().await.expect_status(200).json()
}

/// Imports a document; says into which project, and the images of its first message.
async fn import(client: &Client, path: String, document: Value) -> (Value, Vec<Attachment>) {
    let answer = client.post(&path).json(&document).send().await;
    let report: Value = answer.expect_status(201).json();
    let id = report["conversations"][0]["id"].as_str().expect("an id");
    (report["project_id"].clone(), attachments(client, id).await)
}

#[tokio::test]
async fn exports_and_imports_keep_the_names() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    ada.upload(&project, "cat.png", PNG).await;
    let body = json!({"message": [text("Look"), image("cat.png")]});
    let reply = ada.ask(&project, body).await;
    let conversation = reply.conversation_id;
    let markdown = ada
        .get(&format!(
            "/api/conversations/{conversation}/export?format=markdown"
        ))
        .send()
        .await
        .text();
    assert!(markdown.contains("cat.png"), "{markdown}");

    let whole = export(
        &ada,
        format!("/api/projects/{}/export?files=true", project.id),
    )
    .await;
    let one = export(&ada, format!("/api/conversations/{conversation}/export")).await;
    assert_eq!(
        one["messages"][0]["attachments"],
        json!([{"file": "cat.png", "offset": 4}])
    );
    // With the project come its files.
    let (copy, kept) = import(&ada, "/api/projects/import".to_owned(), whole).await;
    let copied = export(
        &ada,
        format!("/api/projects/{}/files", copy.as_str().unwrap()),
    )
    .await;
    assert_eq!(json!(kept[0].file_id), copied["items"][0]["id"]);
    // Elsewhere a file of that name is taken for it, and none where there is none.
    let other = ada.create_project("B").await;
    let (_, kept) = import(
        &ada,
        format!("/api/projects/{}/import", other.id),
        one.clone(),
    )
    .await;
    assert_eq!((kept[0].file.as_str(), kept[0].file_id), ("cat.png", None));
    let file = ada.upload(&other, "cat.png", PNG).await;
    let (_, kept) = import(&ada, format!("/api/projects/{}/import", other.id), one).await;
    assert_eq!((kept[0].file_id, kept[0].offset), (Some(file.id), 4));
}

/// Anthropic bounds an image as base64, so that one of 4 MB is too much for it.
#[tokio::test]
async fn an_image_that_is_too_large_for_the_provider_is_refused_in_words() {
    let app = TestApp::with(|config| {
        config.anthropic_api_key = Some("sk-ant-test".parse().unwrap());
        config.anthropic_base_url = config.openrouter_base_url.clone();
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    for (name, length) in [("large.png", 3_932_161), ("small.png", 3_932_160)] {
        let mut bytes = PNG.to_vec();
        bytes.resize(length, 0);
        ada.upload(&project, name, &bytes).await;
    }
    let ask = async |name: &str, model: &str| {
        let body = json!({"message": [image(name)], "model": model});
        ada.say(&project, body).send().await
    };
    let refused = ask("large.png", "anthropic/claude-x").await;
    let problem = refused.assert_problem(ProblemCode::ImagesUnsupported);
    assert!(
        problem.detail.contains("3932160") && problem.detail.contains("large.png"),
        "{refused}"
    );
    assert_eq!(ada.conversations(&project).await.len(), 0);
    assert_eq!(app.upstream.requests().len(), 0);
    ask("small.png", "anthropic/claude-x")
        .await
        .expect_status(200);
    ask("large.png", "openrouter/acme/m1")
        .await
        .expect_status(200);
}

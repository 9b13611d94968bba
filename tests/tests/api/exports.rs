//! Exports as people get them: attachments, Markdown that reads well, and nothing that is secret.

use prompthub_dto::{documents::ConversationDocument, problem::FieldCode};
use prompthub_tests::{client::path, spawn_app, upstream::Script};
use serde_json::json;

use crate::transfer::{export, rich_project};

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

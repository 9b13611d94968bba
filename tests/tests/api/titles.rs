//! What a conversation is called: by its first words, by the model, by a person.

use prompthub_api::Titles;
use prompthub_dto::chat::Conversation;
use prompthub_tests::{
    Client, TestApp, eventually,
    upstream::{Connection, Gate, Script, StreamScript},
};
use serde_json::json;

const QUESTION: &str = "How do I bake a bread with a good crust?";

/// A server that asks the model for titles, as it does unless told otherwise.
async fn naming_app() -> TestApp {
    TestApp::with(|config| config.titles = Titles::Model).await
}

async fn conversation(client: &Client, id: &str) -> Conversation {
    let found = client.get(&format!("/api/conversations/{id}")).send().await;
    found.expect_status(200).json()
}

/// Waits until the conversation is called so.
async fn expect_title(client: &Client, id: &str, title: &str) {
    eventually(async || match conversation(client, id).await.title {
        found if found == title => Ok(()),
        found => Err(found),
    })
    .await;
}

#[tokio::test]
async fn the_model_names_a_conversation_after_its_first_exchange() {
    let app = naming_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Kitchen").await;
    app.upstream.next(Script::answer("Use steam."));
    app.upstream.next(Script::answer("**\"Crusty bread.\"**\n"));
    let reply = ada.chat(&project, QUESTION).await;
    let id = reply.conversation_id.to_string();
    expect_title(&ada, &id, "Crusty bread").await;

    let _answer = app.upstream.request().await;
    let naming = app.upstream.request().await;
    let [(role, system), (_, excerpt)] = naming.messages().try_into().expect("two messages");
    assert_eq!(role, "system");
    assert!(system.contains("title"), "{system}");
    assert!(excerpt.contains(QUESTION) && excerpt.contains("Use steam."));

    // Later exchanges name nothing: their answer is the only thing that is asked for.
    app.upstream.next(Script::answer("An oven."));
    ada.reply(&project, &reply, "With what?").await;
    app.upstream.next(Script::answer("A hot one."));
    ada.reply(&project, &reply, "Which?").await;
    assert_eq!(app.upstream.requests().len(), 4);
    assert_eq!(conversation(&ada, &id).await.title, "Crusty bread");
}

#[tokio::test]
async fn a_persons_title_stays() {
    let app = naming_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Kitchen").await;
    let gate = Gate::new();
    app.upstream.next(Script::answer("Use steam."));
    app.upstream
        .next(Script::answer("Crusty bread").after(&gate));
    let reply = ada.chat(&project, QUESTION).await;
    let id = reply.conversation_id.to_string();
    let _answer = app.upstream.request().await;
    let naming = app.upstream.request().await;
    let renamed = ada
        .patch(&format!("/api/conversations/{id}"))
        .json(&json!({"title": "Mine"}))
        .send()
        .await;
    renamed.expect_status(200);
    gate.open();
    naming.closed().await;
    // Whatever is stored after the model has spoken is stored before the next write is.
    app.upstream.next(Script::answer("An oven."));
    ada.reply(&project, &reply, "With what?").await;
    assert_eq!(conversation(&ada, &id).await.title, "Mine");

    // One that had a name from the beginning is not named at all.
    let made = ada
        .post(&format!("/api/projects/{}/conversations", project.id))
        .json(&json!({"title": "Mine too"}))
        .send()
        .await;
    let made: Conversation = made.expect_status(201).json();
    app.upstream.next(Script::answer("Use steam."));
    let said = ada.say(
        &project,
        json!({"message": QUESTION, "conversation_id": made.id}),
    );
    said.send().await.expect_status(200);
    assert_eq!(app.upstream.requests().len(), 4);
}

#[tokio::test]
async fn without_a_title_from_the_model_the_first_words_stay() {
    let app = naming_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Kitchen").await;
    for fault in [
        Script::error(500, "no"),
        Script::answer("***"),
        Script::hang_up(),
    ] {
        app.upstream.next(Script::answer("Use steam."));
        app.upstream.next(fault);
        let reply = ada.chat(&project, QUESTION).await;
        let id = reply.conversation_id.to_string();
        let _answer = app.upstream.request().await;
        app.upstream.request().await.closed().await;
        // What fails is not tried again with the next exchange.
        app.upstream.next(Script::answer("An oven."));
        ada.reply(&project, &reply, "With what?").await;
        let _answer = app.upstream.request().await;
        assert_eq!(conversation(&ada, &id).await.title, QUESTION);
    }
    assert_eq!(app.upstream.requests().len(), 9);
}

/// Within what the harness waits for, which is less than a title may take.
#[tokio::test]
async fn a_model_that_thinks_without_end_gives_no_title_and_is_hung_up_on() {
    let app = naming_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Kitchen").await;
    app.upstream.next(Script::answer("Use steam."));
    let thought = "x".repeat(10_000);
    let mut endless = StreamScript::new();
    for _ in 0..20 {
        endless = endless.reasoning(&thought);
    }
    app.upstream.next(endless.silence());
    let reply = ada.chat(&project, QUESTION).await;
    let _answer = app.upstream.request().await;
    let naming = app.upstream.request().await;
    assert_eq!(naming.closed().await, Connection::Abandoned);
    let id = reply.conversation_id.to_string();
    assert_eq!(conversation(&ada, &id).await.title, QUESTION);
}

#[tokio::test]
async fn a_failed_answer_names_nothing_and_the_next_one_does() {
    let app = naming_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Kitchen").await;
    app.upstream.next(Script::error(400, "no"));
    let failed = ada.say(&project, json!({"message": QUESTION})).send().await;
    assert!(!failed.status.is_success());
    let id = ada.conversations(&project).await[0].id.to_string();
    app.upstream.next(Script::answer("Use steam."));
    app.upstream.next(Script::answer("Crusty bread"));
    let failed_answer = ada.messages(&id).await[1].id;
    let again = ada
        .post(&format!("/api/messages/{failed_answer}/regenerate"))
        .json(&json!({}))
        .send()
        .await;
    again.expect_status(200);
    expect_title(&ada, &id, "Crusty bread").await;
}

#[tokio::test]
async fn nothing_is_asked_of_the_demo_model_or_against_the_operators_will() {
    let app = naming_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Kitchen").await;
    let said = ada.say(&project, json!({"message": QUESTION, "model": "demo/echo"}));
    said.send().await.expect_status(200);
    assert_eq!(ada.conversations(&project).await[0].title, QUESTION);

    let thrifty = TestApp::with(|config| config.titles = Titles::Words).await;
    let bob = thrifty.register("bob@example.com").await;
    let project = bob.create_project("Kitchen").await;
    let reply = bob.chat(&project, QUESTION).await;
    bob.reply(&project, &reply, "With what?").await;
    assert_eq!(thrifty.upstream.requests().len(), 2);
    assert_eq!(bob.conversations(&project).await[0].title, QUESTION);
}

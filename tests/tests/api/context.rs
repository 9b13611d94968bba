//! Conversations that are longer than a model's context.

use prompthub_dto::{chat::Omitted, problem::ProblemCode, stream::StreamEvent};
use prompthub_tests::{
    spawn_app,
    upstream::{MessagesScript, Script},
};
use serde_json::{Value, json};

use crate::knowing::{app_knowing, app_with_anthropic_knowing, model};

/// About 400 tokens.
fn long(word: &str) -> String {
    format!("{word} ").repeat(200)
}

#[tokio::test]
async fn the_oldest_turns_are_left_out_and_it_is_said() {
    let (app, ada) = app_knowing(&[model("acme/m1", json!({"context_length": 1400}))]).await;
    let project = ada
        .create_project_with(json!({
            "name": "A", "model": "openrouter/acme/m1", "system_prompt": "Be patient.",
            "parameters": {"max_tokens": 300},
        }))
        .await;
    app.upstream.next(Script::answer("The first answer."));
    let first = ada.chat(&project, &long("first")).await;
    assert_eq!(first.assistant_message.omitted, None);
    for number in ["second", "third"] {
        app.upstream.next(Script::answer("An answer."));
        ada.reply(&project, &first, &long(number)).await;
    }
    let body = json!({"message": long("fourth"), "conversation_id": first.conversation_id, "stream": true});
    let events = ada.say(&project, body).stream().await.rest().await;
    let StreamEvent::Started {
        omitted: Some(told),
        ..
    } = &events[0].1
    else {
        panic!("{events:?}")
    };
    let sent = app.upstream.requests().pop().expect("a request").messages();
    assert_eq!(sent[0], ("system".to_owned(), "Be patient.".to_owned()));
    let kept: Vec<&str> = sent[1..]
        .iter()
        .map(|(_, text)| text.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(sent[1].0, "user", "whole turns: {kept:?}");
    assert_eq!(kept.last(), Some(&"fourth"));
    assert!(!kept.contains(&"first"), "{kept:?}");
    let Omitted {
        turns,
        messages,
        tokens,
    } = *told;
    assert_eq!(usize::try_from(messages).unwrap(), 7 - kept.len());
    assert_eq!(turns * 2, messages);
    assert!((250 * turns..600 * turns).contains(&tokens), "{told:?}");

    // Whoever comes later reads the same.
    let stored = ada.messages(first.conversation_id.as_str()).await;
    assert_eq!(stored[7].omitted.as_ref(), Some(told));
    let path = format!("/api/conversations/{}/export", first.conversation_id);
    let export: Value = ada.get(&path).send().await.json();
    assert_eq!(
        export["messages"][7]["omitted"],
        serde_json::to_value(told).unwrap()
    );

    // All goes along to a model of which nothing is known.
    let body = json!({"message": "Fifth", "conversation_id": first.conversation_id, "model": "openrouter/acme/other"});
    let reply = ada.ask(&project, body).await;
    assert_eq!(reply.assistant_message.omitted, None);
    let sent = app.upstream.requests().pop().expect("a request").messages();
    assert_eq!(sent.len(), 10);
}

#[tokio::test]
async fn a_question_that_alone_is_too_long_is_refused_in_figures() {
    let (app, ada) = app_knowing(&[
        model("acme/m1", json!({"context_length": 1000})),
        // Of this one the vocabulary is known, so that its tokens are counted.
        model("openai/gpt-5", json!({"context_length": 1000})),
    ])
    .await;
    for name in ["acme/m1", "openai/gpt-5"] {
        let project = ada
            .create_project_with(json!({
                "name": "A", "model": format!("openrouter/{name}"), "parameters": {"max_tokens": 250},
            }))
            .await;
        let body = json!({"message": "word ".repeat(1200)});
        let problem = ada
            .say(&project, body)
            .send()
            .await
            .assert_problem(ProblemCode::ContextTooLong);
        assert!(
            problem.detail.contains("1000") && problem.detail.contains("250"),
            "{}",
            problem.detail
        );
        assert_eq!(ada.conversations(&project).await.len(), 0);
        ada.chat(&project, &"word ".repeat(100)).await;
    }
    assert_eq!(app.upstream.requests().len(), 2);
}

#[tokio::test]
async fn what_the_provider_says_of_its_context_is_passed_on() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    let words =
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000.";
    app.upstream.next(Script::error(400, words));
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    let problem = answer.assert_problem(ProblemCode::ProviderRefused);
    assert!(problem.detail.contains("8192"), "{}", problem.detail);
}

/// Anthropic has to be told how long the answer may be; with the question it must fit the context.
#[tokio::test]
async fn the_longest_answer_fits_beside_the_question() {
    let (app, ada) = app_with_anthropic_knowing(&[
        json!({"type": "model", "id": "claude-x", "max_input_tokens": 20_000, "max_tokens": 64_000}),
        json!({"type": "model", "id": "claude-long", "max_input_tokens": 200_000, "max_tokens": 64_000}),
        json!({"type": "model", "id": "claude-short", "max_input_tokens": 200_000, "max_tokens": 8192}),
    ])
    .await;
    let project = ada.create_project("A").await;
    // About 5,500 to 6,600 tokens.
    let question = "word ".repeat(5500);
    for (model, parameters, least, most) in [
        ("claude-x", json!({}), 12_000, 14_500),
        ("claude-x", json!({"max_tokens": 9000}), 9000, 9000),
        ("claude-long", json!({}), 32_000, 32_000),
        ("claude-short", json!({}), 8192, 8192),
    ] {
        app.upstream.next(MessagesScript::answer("Well."));
        let body = json!({"message": question, "model": format!("anthropic/{model}"), "parameters": parameters});
        ada.say(&project, body).send().await.expect_status(200);
        let sent = app.upstream.request().await.body["max_tokens"].as_u64();
        assert!(
            sent.is_some_and(|sent| (least..=most).contains(&sent)),
            "{model}: {sent:?}"
        );
    }
}

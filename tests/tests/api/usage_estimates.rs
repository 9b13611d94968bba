//! What answers used that their provider did not count: estimated, marked, and never more than is unknown.

use prompthub_dto::{
    chat::{Message, MessageStatus},
    stream::StreamEvent,
};
use prompthub_tests::{
    Client, spawn_app,
    upstream::{MessagesScript, StreamScript},
};
use serde_json::{Value, json};

use crate::{
    exchange::stored_answer,
    knowing::{app_knowing, app_with_anthropic, model},
    stream::started,
    usage::report,
};

/// Asks a project with this model and stops the answer once its first text is there.
async fn stopped(ada: &Client, model: &str, question: &str) -> Message {
    let project = ada
        .create_project_with(json!({"name": "A", "model": model}))
        .await;
    let mut stream = ada.open_stream(&project, question).await;
    let mut events = stream
        .until(|event| matches!(event, StreamEvent::Delta { .. }))
        .await;
    let (generation, _) = started(&events[0].1);
    ada.post(&format!("/api/generations/{generation}/cancel"))
        .send()
        .await
        .expect_status(200);
    events.extend(stream.rest().await);
    let stored = stored_answer(ada, &events).await;
    assert_eq!(stored.status, MessageStatus::Cancelled);
    stored
}

/// Who stops an answer pays for what was said, so that is estimated, and marked.
#[tokio::test]
async fn what_an_answer_used_before_it_was_stopped_is_estimated() {
    let (app, ada) = app_knowing(&[model("acme/m1", json!({}))]).await;
    let words = "word ".repeat(100);
    app.upstream.next(
        StreamScript::new()
            .reasoning("Hm, hm.")
            .delta(&words)
            .silence(),
    );
    let stored = stopped(&ada, "openrouter/acme/m1", &words).await;
    let usage = stored.usage.expect("an estimate");
    assert!(
        usage.tokens_are_estimate && usage.cost_is_estimate,
        "{usage:?}"
    );
    let (prompt, completion) = (
        usage.prompt_tokens.unwrap(),
        usage.completion_tokens.unwrap(),
    );
    assert!(
        (90..=200).contains(&prompt) && (90..=200).contains(&completion),
        "{usage:?}"
    );
    assert!(usage.reasoning_tokens.is_some_and(|tokens| tokens > 0));
    // By the model's prices of a millionth and two.
    let millionths = prompt + 2 * completion;
    let cost: f64 = usage.cost_usd.unwrap().parse().unwrap();
    assert!((cost * 1e6 - f64::from(u32::try_from(millionths).unwrap())).abs() < 1e-6);
    let sum = report(&ada, &[]).await.total;
    assert_eq!((sum.answers, sum.completion_tokens), (1, completion));
    assert!(sum.tokens_are_estimate);
}

/// Anthropic's messages begin with a count of the request, and of the answer's first token or so.
#[tokio::test]
async fn of_a_message_without_its_end_the_request_is_counted_and_the_answer_estimated() {
    let (app, ada) = app_with_anthropic().await;
    let words = "word ".repeat(1000);
    let begun = || MessagesScript::begin().text(&words);
    let project = ada
        .create_project_with(json!({"name": "A", "model": "anthropic/claude-x"}))
        .await;
    let mut answers = Vec::new();
    for script in [
        begun().error("overloaded_error", "Overloaded"),
        begun().cut(),
        begun().event(&json!({"type": "message_stop"})),
    ] {
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        assert!(
            !events
                .iter()
                .any(|(_, event)| matches!(event, StreamEvent::Usage(_))),
            "nothing is counted: {events:?}"
        );
        answers.push(stored_answer(&ada, &events).await);
    }
    app.upstream.next(begun().silence());
    answers.push(stopped(&ada, "anthropic/claude-x", "Hello").await);
    let mut sum = 0;
    for answer in &answers {
        let usage = answer.usage.as_ref().expect("an estimate");
        let completion = usage.completion_tokens.unwrap();
        assert_eq!(usage.prompt_tokens, Some(22), "{usage:?}");
        assert_eq!(usage.cached_tokens, Some(0), "{usage:?}");
        assert!((900..=2000).contains(&completion), "{usage:?}");
        assert!(usage.tokens_are_estimate, "{usage:?}");
        sum += completion;
    }
    let report = report(&ada, &[]).await.total;
    assert_eq!((report.answers, report.prompt_tokens), (4, 88));
    assert_eq!(report.completion_tokens, sum);
    assert!(report.tokens_are_estimate);
}

#[tokio::test]
async fn counts_are_taken_in_whatever_shape_and_no_count_is_none() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    for (told, counted) in [
        (
            json!({"prompt_tokens": 10.0, "completion_tokens": 5.0}),
            true,
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": [], "completion_tokens_details": 0}),
            true,
        ),
        (json!({}), false),
        (json!("none"), false),
        (Value::Null, false),
    ] {
        let chunk = json!({"choices": [null], "usage": told});
        let script = StreamScript::new().delta("Well.").chunk(&chunk);
        app.upstream.next(script.finish("stop").done());
        let usage = ada.chat(&project, "Hello").await.assistant_message.usage;
        let usage = usage.expect("a count or an estimate");
        assert_eq!(usage.tokens_are_estimate, !counted, "{told}: {usage:?}");
        let tokens = (usage.prompt_tokens, usage.completion_tokens);
        match counted {
            true => assert_eq!(tokens, (Some(10), Some(5)), "{told}"),
            false => assert!(
                tokens.0 > Some(0) && tokens.1 > Some(0),
                "{told}: {usage:?}"
            ),
        }
    }
}

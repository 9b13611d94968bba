//! Streamed answers: which events come, in which order, and how they travel.

use prompthub_dto::{
    chat::{FinishReason, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{
    events::{assert_whole, text_of},
    spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::{Value, json};

/// The generation and the conversation that a stream's first event names.
pub(crate) fn started(event: &StreamEvent) -> (String, String) {
    match event {
        StreamEvent::Started {
            generation_id,
            conversation_id,
            ..
        } => (generation_id.to_string(), conversation_id.to_string()),
        other => panic!("a stream begins with `started`, not {other:?}"),
    }
}

#[tokio::test]
async fn events_come_in_order_and_end_once() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let stream = StreamScript::new()
        .comment("OPENROUTER PROCESSING")
        .reasoning("Hm.")
        .delta("Hello ")
        .delta("Ada")
        .finish("stop")
        .usage(22, 7, "0.000171")
        .done();
    app.upstream.next(stream);
    let events = ada.chat_stream(&project, "Hello").await;
    let last = assert_whole(&events);
    let kinds: Vec<Value> = events
        .iter()
        .map(|(_, event)| serde_json::to_value(event).unwrap()["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["started", "reasoning", "delta", "delta", "usage", "done"]
    );
    assert_eq!(text_of(&events), "Hello Ada");

    let StreamEvent::Done {
        finish_reason,
        assistant_message,
    } = last
    else {
        panic!("{last:?}")
    };
    assert_eq!(finish_reason, FinishReason::Stop);
    assert_eq!(assistant_message.content, "Hello Ada");
    let usage = assistant_message.usage.clone().expect("usage");
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (Some(22), Some(7))
    );
    assert_eq!(usage.cost_usd.as_deref(), Some("0.000171"));
    // What was announced is what is stored.
    let (_, conversation) = started(&events[0].1);
    assert_eq!(ada.messages(&conversation).await[1], *assistant_message);
}

#[tokio::test]
async fn a_stream_is_sent_as_it_comes() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream
        .next(StreamScript::in_two("first", &gate, " second"));
    let request = ada.say(&project, json!({"message": "Hello", "stream": true}));
    let mut stream = request.stream().await;
    // The provider has not sent more than this yet.
    stream
        .until(|event| matches!(event, StreamEvent::Delta { text } if text == "first"))
        .await;
    gate.open();
    let rest = stream.rest().await;
    assert_eq!(text_of(&rest), " second");
}

#[tokio::test]
async fn the_first_event_does_not_wait_for_the_provider() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream.next(Script::answer("At last.").after(&gate));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let (_, first) = stream.next().await.expect("an event");
    let (_, conversation) = started(&first);
    // The question is stored by then, and its answer is known to be under way.
    let stored = ada.messages(&conversation).await;
    assert_eq!(stored[0].content, "Hello");
    assert_eq!(stored[1].status, MessageStatus::Running);
    gate.open();
    assert_eq!(text_of(&stream.rest().await), "At last.");
}

#[tokio::test]
async fn streams_are_not_stored_or_transformed_on_the_way() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let answer = ada
        .say(&project, json!({"message": "Hello", "stream": true}))
        .send()
        .await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let cache = answer.header("cache-control").expect("a cache control");
    assert!(
        cache.contains("no-store") || cache.contains("no-cache"),
        "{cache}"
    );
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(answer.header("content-encoding"), None);
}

#[tokio::test]
async fn the_demo_streams_word_by_word() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "demo/echo"}))
        .await;
    let events = ada.chat_stream(&project, "Hello there").await;
    let StreamEvent::Done {
        assistant_message, ..
    } = assert_whole(&events)
    else {
        panic!("{events:?}")
    };
    assert_eq!(assistant_message.content, text_of(&events));
    let deltas = events
        .iter()
        .filter(|(_, event)| matches!(event, StreamEvent::Delta { .. }))
        .count();
    assert!(deltas > 5, "{events:?}");
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_a_problem_and_no_stream() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let answer = ada
        .say(&project, json!({"message": "", "stream": true}))
        .send()
        .await;
    answer.assert_problem(ProblemCode::ValidationFailed);
    let answer = ada
        .say(
            &project,
            json!({"message": "Hello", "model": "no/model", "stream": true}),
        )
        .send()
        .await;
    answer.assert_problem(ProblemCode::UnknownModel);
}

#[tokio::test]
async fn a_nul_in_an_answer_costs_no_word_of_it() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let script = StreamScript::new()
        .reasoning("H\0m")
        .delta("One\0")
        .delta(" two")
        .finish("stop")
        .done();
    app.upstream.next(script);
    let events = ada.chat_stream(&project, "Hello").await;
    let StreamEvent::Done {
        assistant_message, ..
    } = assert_whole(&events)
    else {
        panic!("{events:?}")
    };
    assert_eq!(assistant_message.content, "One\u{fffd} two");
    assert_eq!(assistant_message.content, text_of(&events));
    assert_eq!(assistant_message.reasoning.as_deref(), Some("H\u{fffd}m"));
}

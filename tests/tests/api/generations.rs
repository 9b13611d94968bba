//! Running answers: stopping them, readers who leave, readers who come back, and how many may run.

use std::time::{Duration, Instant};

use prompthub_dto::{
    chat::{FinishReason, Generation, Message, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{
    Client, EventStream, TestApp,
    events::{assert_whole, text_of},
    eventually, spawn_app,
    upstream::{Connection, Gate, Script, StreamScript},
};
use serde_json::json;

use crate::stream::started;

/// How soon the provider's connection is closed after an answer was cancelled.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);

/// The stored answer of a conversation with one exchange, once it is no longer running.
async fn settled(client: &Client, conversation: &str) -> Message {
    eventually(async || {
        let answer = client.messages(conversation).await.remove(1);
        match answer.status {
            MessageStatus::Running => Err(answer.content),
            _ => Ok(answer),
        }
    })
    .await
}

async fn cancel(client: &Client, generation: &str) {
    let answer = client
        .post(&format!("/api/generations/{generation}/cancel"))
        .send()
        .await;
    assert!(answer.status.is_success(), "{answer}");
}

#[tokio::test]
async fn cancelling_closes_the_providers_connection_and_keeps_the_text() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let faults = [
        (
            "in the middle",
            StreamScript::new()
                .delta("So far")
                .drip(" and on", Duration::from_millis(20)),
        ),
        ("in silence", StreamScript::new().delta("So far").silence()),
    ];
    for (when, script) in faults {
        app.upstream.next(script);
        let mut stream = ada.open_stream(&project, "Hello").await;
        let seen = stream
            .until(|event| matches!(event, StreamEvent::Delta { .. }))
            .await;
        let (generation, conversation) = started(&seen[0].1);
        let upstream = app.upstream.request().await;
        let asked = Instant::now();
        cancel(&ada, &generation).await;
        assert_eq!(upstream.closed().await, Connection::Abandoned, "{when}");
        assert!(
            asked.elapsed() < CANCEL_LIMIT,
            "{when}: {:?}",
            asked.elapsed()
        );

        let mut events = seen;
        events.extend(stream.rest().await);
        let StreamEvent::Done {
            finish_reason,
            assistant_message,
        } = assert_whole(&events)
        else {
            panic!("{when}: {events:?}")
        };
        assert_eq!(finish_reason, FinishReason::Cancelled, "{when}");
        assert_eq!(assistant_message.status, MessageStatus::Cancelled, "{when}");
        assert!(assistant_message.content.starts_with("So far"), "{when}");
        assert_eq!(assistant_message.content, text_of(&events), "{when}");
        assert_eq!(ada.messages(&conversation).await[1], *assistant_message);
    }
}

#[tokio::test]
async fn cancelling_before_the_first_token_closes_the_connection_too() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for script in [Script::mute(), StreamScript::new().silence().into()] {
        app.upstream.next(script);
        let mut stream = ada.open_stream(&project, "Hello").await;
        let (_, first) = stream.next().await.expect("an event");
        let (generation, _) = started(&first);
        let upstream = app.upstream.request().await;
        let asked = Instant::now();
        cancel(&ada, &generation).await;
        assert_eq!(upstream.closed().await, Connection::Abandoned);
        assert!(asked.elapsed() < CANCEL_LIMIT, "{:?}", asked.elapsed());
        let rest = stream.rest().await;
        assert!(matches!(
            rest.last(),
            Some((
                _,
                StreamEvent::Done {
                    finish_reason: FinishReason::Cancelled,
                    ..
                }
            ))
        ));
    }
}

#[tokio::test]
async fn cancelling_what_has_ended_changes_nothing() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let reply = ada.chat(&project, "Hello").await;
    let generation = reply
        .assistant_message
        .generation_id
        .expect("a generation")
        .to_string();
    cancel(&ada, &generation).await;
    let stored = ada.messages(reply.conversation_id.as_str()).await;
    assert_eq!(stored[1], reply.assistant_message);
}

#[tokio::test]
async fn an_answer_goes_on_without_its_reader() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream
        .next(StreamScript::in_two("One", &gate, " two"));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let seen = stream
        .until(|event| matches!(event, StreamEvent::Delta { .. }))
        .await;
    let (_, conversation) = started(&seen[0].1);
    drop(stream);
    gate.open();
    let answer = settled(&ada, &conversation).await;
    assert_eq!(
        (answer.content.as_str(), answer.status),
        ("One two", MessageStatus::Complete)
    );
    assert_eq!(
        app.upstream.request().await.closed().await,
        Connection::Played
    );
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_is_stored_all_the_same() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream
        .next(StreamScript::in_two("One", &gate, " two"));
    let call = tokio::spawn({
        let (ada, project) = (ada.clone(), project.clone());
        async move { ada.chat(&project, "Hello").await }
    });
    let upstream = app.upstream.request().await;
    call.abort();
    let _ = call.await;
    gate.open();
    assert_eq!(upstream.closed().await, Connection::Played);
    let conversation = ada.conversations(&project).await.remove(0);
    let answer = settled(&ada, conversation.id.as_str()).await;
    assert_eq!(
        (answer.content.as_str(), answer.status),
        ("One two", MessageStatus::Complete)
    );
}

#[tokio::test]
async fn a_reader_may_ask_that_its_leaving_cancels() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(
        StreamScript::new()
            .delta("One")
            .drip(" more", Duration::from_millis(10)),
    );
    let body = json!({"message": "Hello", "stream": true, "on_disconnect": "cancel"});
    let mut stream = ada.say(&project, body).stream().await;
    let seen = stream
        .until(|event| matches!(event, StreamEvent::Delta { .. }))
        .await;
    let (_, conversation) = started(&seen[0].1);
    drop(stream);
    assert_eq!(
        app.upstream.request().await.closed().await,
        Connection::Abandoned
    );
    let answer = settled(&ada, &conversation).await;
    assert_eq!(answer.status, MessageStatus::Cancelled);
    assert!(answer.content.starts_with("One"), "{}", answer.content);
}

#[tokio::test]
async fn a_second_reader_sees_the_same_answer() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream.next(
        StreamScript::new()
            .delta("One ")
            .delta("two ")
            .wait(&gate)
            .delta("three")
            .finish("stop")
            .done(),
    );
    let mut first = ada.open_stream(&project, "Hello").await;
    let mut seen = first
        .until(|event| matches!(event, StreamEvent::Delta { text } if text == "two "))
        .await;
    let (generation, _) = started(&seen[0].1);

    let mut from_start = follow(&ada, &generation, None).await;
    let mut resumed = follow(&ada, &generation, Some(seen[1].0)).await;
    gate.open();
    seen.extend(first.rest().await);
    let _ = assert_whole(&seen);
    let all = from_start.rest().await;
    assert_eq!(text_of(&all), "One two three");
    assert_eq!(
        resumed.rest().await,
        seen[2..],
        "a resumed reader gets exactly what it missed"
    );
}

#[tokio::test]
async fn an_answer_that_has_ended_can_still_be_read() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(Script::answer("One two three"));
    let reply = ada.chat(&project, "Hello").await;
    let generation = reply
        .assistant_message
        .generation_id
        .expect("a generation")
        .to_string();
    let events = follow(&ada, &generation, None).await.rest().await;
    assert_eq!(text_of(&events), "One two three");
    assert!(
        matches!(events.last(), Some((_, StreamEvent::Done { .. }))),
        "{events:?}"
    );
    let found: Generation = ada
        .get(&format!("/api/generations/{generation}"))
        .send()
        .await
        .json();
    assert_eq!(found.status, MessageStatus::Complete);
    assert_eq!(found.assistant_message_id, reply.assistant_message.id);
    assert!(found.finished_at.is_some());
}

#[tokio::test]
async fn a_reader_who_has_it_all_is_told_the_end_again() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(Script::answer("One two"));
    let events = ada.chat_stream(&project, "Hello").await;
    let (generation, _) = started(&events[0].1);
    let last = events.last().expect("a terminal event");
    let again = follow(&ada, &generation, Some(last.0)).await.rest().await;
    assert_eq!(text_of(&again), "One two");
    assert_eq!(again.last().map(|(_, event)| event), Some(&last.1));
    assert!(again.iter().all(|(id, _)| *id > last.0), "{again:?}");
}

#[tokio::test]
async fn a_reader_who_counted_elsewhere_gets_all_of_it_at_once() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream
        .next(StreamScript::in_two("One ", &gate, "two"));
    let mut stream = ada.open_stream(&project, "Hello").await;
    let (_, first) = stream.next().await.expect("an event");
    let (generation, _) = started(&first);
    let mut lost = follow(&ada, &generation, Some(4_000_000)).await;
    gate.open();
    let all = lost.rest().await;
    let (first, StreamEvent::Snapshot { .. }) = &all[0] else {
        panic!("{all:?}")
    };
    // From then on it counts as everybody does who reads here.
    let here = stream.rest().await;
    let ids: Vec<u64> = all.iter().map(|(id, _)| *id).collect();
    let last = here.last().expect("a terminal event");
    assert_eq!(ids, (*first..=last.0).collect::<Vec<_>>());
    assert_eq!(all.last(), Some(last));
    assert_eq!(text_of(&all), "One two");
}

#[tokio::test]
async fn a_conversation_is_answered_once_at_a_time() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    app.upstream.next(
        StreamScript::new()
            .delta("One")
            .wait(&gate)
            .finish("stop")
            .done(),
    );
    let mut stream = ada.open_stream(&project, "Hello").await;
    let (_, first) = stream.next().await.expect("an event");
    let (_, conversation) = started(&first);
    let body = json!({"message": "Again", "conversation_id": conversation});
    ada.say(&project, body.clone())
        .send()
        .await
        .assert_problem(ProblemCode::AnswerRunning);
    gate.open();
    stream.rest().await;
    ada.say(&project, body).send().await.expect_status(200);
}

#[tokio::test]
async fn an_account_has_only_so_many_answers_running() {
    let app = TestApp::with(|config| config.max_generations = 2).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let gate = Gate::new();
    let mut running: Vec<EventStream> = Vec::new();
    for _ in 0..2 {
        app.upstream.next(
            StreamScript::new()
                .delta("One")
                .wait(&gate)
                .finish("stop")
                .done(),
        );
        let mut stream = ada.open_stream(&project, "Hello").await;
        stream.next().await.expect("an event");
        running.push(stream);
    }
    let third = ada.say(&project, json!({"message": "Hello"})).send().await;
    third.assert_problem(ProblemCode::TooManyGenerations);
    let bob = app.register("bob@example.com").await;
    let other = bob.create_project("Notes").await;
    bob.chat(&other, "Hello").await;
    gate.open();
    for mut stream in running {
        stream.rest().await;
    }
    ada.chat(&project, "Hello").await;
}

async fn follow(client: &Client, generation: &str, after: Option<u64>) -> EventStream {
    let request = client.get(&format!("/api/generations/{generation}/events"));
    match after {
        Some(id) => {
            request
                .header("last-event-id", &id.to_string())
                .stream()
                .await
        }
        None => request.stream().await,
    }
}

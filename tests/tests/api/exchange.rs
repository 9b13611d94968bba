//! One streamed answer by a script, and what must hold of it afterwards: the stored text is what was
//! streamed, the state is truthful, one terminal event went out, and the connection to the provider
//! is closed.

use prompthub_dto::{
    chat::{FinishReason, Message, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{
    Client, TestApp,
    events::{assert_whole, text_of},
    spawn_app,
    upstream::Script,
};

use crate::stream::started;

/// Streams one answer by `script` and returns what is stored, after checking that it is what the
/// reader was told.
pub(crate) async fn answer_by(app: &TestApp, script: impl Into<Script>) -> (Message, StreamEvent) {
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(script);
    let events = ada.chat_stream(&project, "Hello").await;
    let last = assert_whole(&events);
    app.upstream.request().await.closed().await;
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(
        stored.content,
        text_of(&events),
        "what was stored is not what was streamed"
    );
    (stored, last)
}

/// The answer that these events are of, as it is stored.
pub(crate) async fn stored_answer(client: &Client, events: &[(u64, StreamEvent)]) -> Message {
    let (_, conversation) = started(&events[0].1);
    client.messages(&conversation).await.remove(1)
}

pub(crate) async fn assert_complete(script: impl Into<Script>, text: &str) {
    let app = spawn_app().await;
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, text);
    assert_eq!(
        (stored.status, stored.finish_reason),
        (MessageStatus::Complete, Some(FinishReason::Stop))
    );
    assert!(
        matches!(
            last,
            StreamEvent::Done {
                finish_reason: FinishReason::Stop,
                ..
            }
        ),
        "{last:?}"
    );
}

pub(crate) async fn assert_interrupted(script: impl Into<Script>, text: &str) {
    let app = spawn_app().await;
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, text);
    assert_eq!(stored.status, MessageStatus::Interrupted);
    assert_eq!(stored.finish_reason, Some(FinishReason::Interrupted));
    assert!(
        matches!(
            last,
            StreamEvent::Done {
                finish_reason: FinishReason::Interrupted,
                ..
            }
        ),
        "{last:?}"
    );
}

pub(crate) async fn assert_failed(script: impl Into<Script>, text: &str, code: ProblemCode) {
    let app = spawn_app().await;
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, text);
    assert_eq!(
        (stored.status, stored.finish_reason),
        (MessageStatus::Failed, Some(FinishReason::Error))
    );
    let StreamEvent::Error { problem } = last else {
        panic!("{last:?}")
    };
    assert_eq!(problem.code, code);
    assert_eq!(stored.problem.map(|problem| problem.code), Some(code));
}

/// A text in which every kind of character can be cut in two.
pub(crate) const TEXT: &str = "Grüße 日本 🦀 e\u{301}";

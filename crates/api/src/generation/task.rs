//! The task of one answer: asks the provider, publishes what comes, writes it through to the
//! database, and stores how it ended before it says so.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use prompthub_dto::{
    chat::Usage,
    ids::MessageId,
    problem::{Problem, ProblemCode},
    stream::StreamEvent,
};
use prompthub_llm::{self as llm, CompletionEvent, CompletionStream};
use prompthub_store::{
    FinishReason, MessageStatus, Store, StoreError, conversations, generations,
    messages::{self, MessageFinish, MessageRow, TextSoFar},
    now, projects,
};
use tokio::time::Instant;

use super::{
    Assignment,
    live::{Ended, Live, StopReason},
    scribe::Scribe,
    subscribe::terminal_event,
};
use crate::{
    error::{ApiError, log_fault},
    wire,
};

/// How often the text so far is written to the database while it grows.
const WRITE_INTERVAL: Duration = Duration::from_millis(250);
/// More text than any model gives; an answer that passes it is a fault.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// The same for its events, which weigh about fifty bytes each besides their text.
const MAX_LOG_BYTES: usize = 4 * MAX_ANSWER_BYTES;
/// How often storing the end of an answer is tried before it is given up.
const FINISH_ATTEMPTS: u32 = 5;

/// What has come of the answer.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    reasoning: String,
    usage: Option<llm::Usage>,
    finish_reason: Option<llm::FinishReason>,
    /// Whether the text has grown since it was last written.
    dirty: bool,
}

/// How the provider's part ended.
enum End {
    /// The stream ended by itself.
    Stream,
    Stopped(StopReason),
    Failed(ApiError),
}

/// Runs an answer to its end.
pub(super) async fn run(store: &Store, scribe: &Scribe, live: &Arc<Live>, assignment: &Assignment) {
    live.publish(&StreamEvent::Started {
        generation_id: assignment.generation_id,
        conversation_id: assignment.conversation_id,
        user_message: Box::new(assignment.user_message.clone()),
        assistant_message_id: assignment.assistant_message_id,
        model: assignment.model.clone(),
        omitted: None,
    });
    let mut draft = Draft::default();
    let end = answer(scribe, live, assignment, &mut draft).await;
    // Boxed, so that answers under way have no room set aside for their ends.
    Box::pin(store_end(store, live, assignment, draft, end)).await;
}

async fn answer(scribe: &Scribe, live: &Live, assignment: &Assignment, draft: &mut Draft) -> End {
    let asked = tokio::select! {
        biased;
        reason = live.stopped() => return End::Stopped(reason),
        asked = assignment.provider.stream(assignment.request.clone()) => asked,
    };
    // Leaving this function drops the stream, which closes the provider's connection.
    let mut stream = match asked {
        Ok(stream) => stream,
        Err(error) => return End::Failed(error.into()),
    };
    read(
        scribe,
        live,
        assignment.assistant_message_id,
        &mut stream,
        draft,
    )
    .await
}

async fn read(
    scribe: &Scribe,
    live: &Live,
    message_id: MessageId,
    stream: &mut CompletionStream,
    draft: &mut Draft,
) -> End {
    let write_due = tokio::time::sleep(WRITE_INTERVAL);
    let stopped = live.stopped();
    tokio::pin!(stopped, write_due);
    loop {
        tokio::select! {
            biased;
            reason = &mut stopped => return End::Stopped(reason),
            event = stream.next() => match event {
                None => return End::Stream,
                Some(Err(error)) => return End::Failed(error.into()),
                Some(Ok(event)) => {
                    if let Err(error) = take(live, draft, event) {
                        return End::Failed(error);
                    }
                }
            },
            () = &mut write_due, if draft.dirty => {}
        }
        // Also where the provider is so fast that there is always a next event.
        if draft.dirty && write_due.deadline() <= Instant::now() {
            draft.dirty = false;
            write_due.as_mut().reset(Instant::now() + WRITE_INTERVAL);
            scribe.hand_in(TextSoFar {
                id: message_id,
                content: draft.text.clone(),
                reasoning: reasoning(draft),
            });
        }
    }
}

fn take(live: &Live, draft: &mut Draft, event: CompletionEvent) -> Result<(), ApiError> {
    let logged = match event {
        CompletionEvent::Text(text) => {
            let text = storable(text);
            draft.text.push_str(&text);
            draft.dirty = true;
            live.publish(&StreamEvent::Delta { text })
        }
        CompletionEvent::Reasoning(text) => {
            let text = storable(text);
            draft.reasoning.push_str(&text);
            draft.dirty = true;
            live.publish(&StreamEvent::Reasoning { text })
        }
        CompletionEvent::Usage(usage) => {
            let logged = live.publish(&StreamEvent::Usage(wire_usage(&usage)));
            draft.usage = Some(usage);
            logged
        }
        CompletionEvent::Finished(reason) => {
            draft.finish_reason = Some(reason);
            0
        }
        // Shown with the catalogue; the answer keeps the name under which it was asked for.
        CompletionEvent::Model(_) => 0,
    };
    let answered = draft.text.len().saturating_add(draft.reasoning.len());
    if answered > MAX_ANSWER_BYTES || logged > MAX_LOG_BYTES {
        return Err(ApiError::new(
            ProblemCode::ProviderProtocol,
            "The answer is longer than any model's and was cut off.",
        ));
    }
    Ok(())
}

/// The text as every database can store it: PostgreSQL takes no NUL, and what readers are shown is what
/// is stored.
fn storable(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

fn reasoning(draft: &Draft) -> Option<String> {
    (!draft.reasoning.is_empty()).then(|| draft.reasoning.clone())
}

/// Stores how the answer ended, then tells the subscribers.
async fn store_end(store: &Store, live: &Live, assignment: &Assignment, draft: Draft, end: End) {
    let (status, finish_reason, error) = judge(&draft, end);
    let retry_after = error.as_ref().and_then(ApiError::wait);
    let problem = error.map(|error| {
        log_fault(&error, &assignment.request_id);
        error.to_problem(&assignment.request_id)
    });
    let usage = draft.usage.as_ref().map(wire_usage).unwrap_or_default();
    let finish = MessageFinish {
        reasoning: reasoning(&draft),
        content: draft.text,
        status,
        finish_reason: Some(finish_reason),
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        cost_usd: usage.cost_usd,
        problem: problem
            .as_ref()
            .and_then(|problem| serde_json::to_string(problem).ok()),
    };
    match store_patiently(store, assignment, finish).await {
        Ok(Some(row)) => {
            let message = wire::message(row);
            let event = terminal_event(&message);
            live.set_ended(Ended::Stored {
                message: Box::new(message),
                retry_after,
            });
            if let Some(event) = event {
                live.publish(&event);
            }
        }
        // The conversation was deleted meanwhile.
        Ok(None) => live.end_without_message(gone(&assignment.request_id)),
        Err(error) => {
            let error = ApiError::from(error);
            log_fault(&error, &assignment.request_id);
            live.end_without_message(error.to_problem(&assignment.request_id));
        }
    }
}

fn gone(request_id: &str) -> Problem {
    ApiError::not_found("conversation").to_problem(request_id)
}

/// The state that is stored, and the error where there was one.
fn judge(draft: &Draft, end: End) -> (MessageStatus, FinishReason, Option<ApiError>) {
    match (end, &draft.finish_reason) {
        (End::Stopped(StopReason::Cancelled), _) => {
            (MessageStatus::Cancelled, FinishReason::Cancelled, None)
        }
        (End::Stopped(StopReason::Shutdown), _) | (End::Stream, None) => {
            (MessageStatus::Interrupted, FinishReason::Interrupted, None)
        }
        // The provider had said that it was finished; what breaks afterwards loses nothing.
        (End::Stream | End::Failed(ApiError::Provider(_)), Some(reason))
            if *reason != llm::FinishReason::Error =>
        {
            (MessageStatus::Complete, stored_reason(reason), None)
        }
        (End::Stream, Some(_)) => {
            let error = ApiError::new(
                ProblemCode::ProviderUnavailable,
                "It broke off in the middle of the answer.",
            );
            (MessageStatus::Failed, FinishReason::Error, Some(error))
        }
        (End::Failed(error), _) => (MessageStatus::Failed, FinishReason::Error, Some(error)),
    }
}

fn stored_reason(reason: &llm::FinishReason) -> FinishReason {
    match reason {
        llm::FinishReason::Stop => FinishReason::Stop,
        llm::FinishReason::Length => FinishReason::Length,
        llm::FinishReason::ToolCalls => FinishReason::ToolCalls,
        llm::FinishReason::ContentFilter => FinishReason::ContentFilter,
        llm::FinishReason::Error => FinishReason::Error,
        llm::FinishReason::Other(_) => FinishReason::Other,
    }
}

fn wire_usage(usage: &llm::Usage) -> Usage {
    let count = |tokens: Option<u64>| tokens.and_then(|tokens| i64::try_from(tokens).ok());
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        completion_tokens: count(usage.completion_tokens),
        cost_usd: usage.cost_usd.clone(),
        ..Usage::default()
    }
}

/// Stores the end, again after a moment when the database does not answer. `None` when the message
/// is gone.
async fn store_patiently(
    store: &Store,
    assignment: &Assignment,
    finish: MessageFinish,
) -> Result<Option<MessageRow>, StoreError> {
    let mut wait = WRITE_INTERVAL;
    for attempt in 1.. {
        let finish = finish.clone();
        let Assignment {
            generation_id,
            conversation_id,
            project_id,
            assistant_message_id,
            ..
        } = *assignment;
        let stored = store
            .write(move |conn| {
                let at = now();
                // From the outside in, the order in which a deletion takes its locks.
                projects::touch(conn, project_id, at)?;
                conversations::touch(conn, conversation_id, at)?;
                generations::finish(conn, generation_id, finish.status, at)?;
                messages::finish(conn, assistant_message_id, &finish, at)
            })
            .await;
        match stored {
            Err(error) if attempt < FINISH_ATTEMPTS => {
                tracing::warn!(%generation_id, %error, "the end of an answer could not be stored");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2);
            }
            outcome => return outcome,
        }
    }
    Ok(None)
}

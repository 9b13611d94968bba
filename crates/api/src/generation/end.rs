//! The end of an answer: judged, stored with what it used and cost, and only then said.

use std::{sync::Arc, time::Duration};

use prompthub_dto::problem::{Problem, ProblemCode};
use prompthub_llm as llm;
use prompthub_store::{
    Conn, FinishReason, MessageStatus, StoreError, conversations, generations,
    messages::{self, MessageFinish, MessageRow},
    now, projects,
    usage::{self, Purpose, UsageFigures, UsageRecord},
};
use tokio::time::Instant;

use super::{
    live::{Ended, StopReason},
    models::Asked,
    subscribe::terminal_event,
    task::{Draft, End, Ids, Task},
    usage::{figures, used},
};
use crate::{error::ApiError, wire};

/// How often storing the end of an answer is tried where the database refuses it.
const FINISH_ATTEMPTS: u32 = 5;
/// How long it is tried where the database is away, or its disk full: the text is nowhere else.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long the first attempt waits for the second, and the longest that any waits for the next.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Stores how the answer ended, then tells the subscribers.
pub(super) async fn store_end(task: &Task<'_>, asked: &Asked, draft: Draft, end: End) {
    let live = task.live;
    let (status, finish_reason, error) = judge(&draft, end);
    let retry_after = error.as_ref().and_then(ApiError::wait);
    let problem = error.map(|error| task.problem(&error));
    let used = used(
        draft.usage.as_ref(),
        &asked.now.request,
        &draft.text,
        &draft.reasoning,
        asked.now.pricing.as_ref(),
    );
    let is_used = used.is_some();
    let figures = UsageFigures {
        first_token_ms: draft.first_token.and_then(millis),
        duration_ms: millis(draft.began.elapsed()),
        ..figures(used.unwrap_or_default())
    };
    let response_model = draft.response_model.clone();
    let response_model = response_model.filter(|model| *model != asked.now.request.model);
    let finish = wire::json(problem.as_ref()).and_then(|problem| {
        Ok(MessageFinish {
            reasoning: Some(draft.reasoning).filter(|text| !text.is_empty()),
            content: draft.text,
            status,
            finish_reason: Some(finish_reason),
            problem,
            response_model,
            answerer: asked.answerer()?,
            usage: figures,
        })
    });
    let stored = match finish {
        Ok(finish) => store_patiently(task, finish, is_used)
            .await
            .map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match stored {
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
        Ok(None) => live.end_without_message(gone(task.request_id)),
        Err(error) => {
            live.end_without_message(task.problem(&error));
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
        (End::Stream | End::Failed(ApiError::Provider { .. }), Some(reason))
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

fn millis(duration: Duration) -> Option<i64> {
    i64::try_from(duration.as_millis()).ok()
}

/// Stores the end, again after a moment when the database does not answer. `None` when the message
/// is gone. What was used is in the ledger even then.
async fn store_patiently(
    task: &Task<'_>,
    finish: MessageFinish,
    is_used: bool,
) -> Result<Option<MessageRow>, StoreError> {
    let ids = task.ids;
    let record = is_used.then(|| UsageRecord {
        owner_id: ids.owner,
        id: ids.generation,
        purpose: Purpose::Answer,
        model: finish.answerer.model.clone(),
        project_id: ids.project,
        conversation_id: ids.conversation,
        figures: finish.usage.clone(),
        now: now(),
    });
    // Shared by the attempts: an answer may be of megabytes.
    let finish = Arc::new(finish);
    let began = Instant::now();
    let (mut attempt, mut wait) = (1, FIRST_WAIT);
    loop {
        let (finish, record) = (Arc::clone(&finish), record.clone());
        let stored = task
            .store
            .write(move |conn| store_once(conn, ids, &finish, record.as_ref()))
            .await;
        let error = match stored {
            // The account was deleted meanwhile, and everything with it.
            Err(StoreError::ForeignKey(_)) => return Ok(None),
            Err(error @ StoreError::Unavailable(_)) if began.elapsed() < OUTAGE_PATIENCE => error,
            Err(error) if attempt < FINISH_ATTEMPTS => error,
            outcome => return outcome,
        };
        // Thousands of answers may wait for the same database.
        if attempt <= FINISH_ATTEMPTS {
            let generation = ids.generation;
            tracing::warn!(%generation, %error, "the end of an answer could not be stored");
        }
        tokio::time::sleep(wait).await;
        // A connection that breaks off does not tell whether its last transaction stands.
        let ended = task.store.read(move |conn| find_ended(conn, ids)).await;
        if let Ok(Some(row)) = ended {
            return Ok(Some(row));
        }
        (attempt, wait) = (attempt + 1, LONGEST_WAIT.min(wait * 2));
    }
}

/// One attempt. What another process has ended, since the lease had run out, stays as that one left it.
fn store_once(
    conn: &mut Conn,
    ids: Ids,
    finish: &MessageFinish,
    record: Option<&UsageRecord>,
) -> Result<Option<MessageRow>, StoreError> {
    let at = now();
    // From the outside in, the order in which a deletion takes its locks: the record locks the account.
    if let Some(record) = record {
        usage::insert(conn, record)?;
    }
    projects::touch(conn, ids.project, at)?;
    conversations::touch(conn, ids.conversation, at)?;
    match generations::finish(conn, ids.generation, finish.status, at)? {
        true => messages::finish(conn, ids.message, finish, at),
        false => messages::find(conn, ids.owner, ids.message),
    }
}

/// The answer, where its end is stored already.
fn find_ended(conn: &mut Conn, ids: Ids) -> Result<Option<MessageRow>, StoreError> {
    let generation = generations::find(conn, ids.owner, ids.generation)?;
    match generation {
        Some(row) if row.status != MessageStatus::Running => {
            messages::find(conn, ids.owner, ids.message)
        }
        _ => Ok(None),
    }
}

//! The task of one answer: asks the provider, or the next one where it gives none, publishes what comes, and writes it
//! through to the database. How the answer ended is `end`'s to store.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use prompthub_dto::{
    chat::Message,
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
    problem::{Problem, ProblemCode},
    stream::StreamEvent,
};
use prompthub_llm::{self as llm, CompletionEvent, CompletionStream, Pricing};
use prompthub_store::{
    Store,
    messages::{self, TextSoFar},
    now,
};
use tokio::time::Instant;

use super::{
    Assignment,
    end::store_end,
    live::{Live, StopReason},
    models::{Alternatives, Asked, Prepared},
    scribe::Scribe,
    usage::counted,
};
use crate::error::{ApiError, log_fault};

/// How often the text so far is written to the database while it grows.
const WRITE_INTERVAL: Duration = Duration::from_millis(250);
/// The most bytes of a text that are written in a millisecond: all of it is written each time, so long ones
/// have to wait longer.
const WRITE_RATE: usize = 1_000;
/// More text than any model gives; an answer that passes it is a fault.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// The same for its events, which weigh eight bytes each besides their text.
const MAX_LOG_BYTES: usize = 4 * MAX_ANSWER_BYTES;
/// More than the name of any model.
const MAX_MODEL_CHARS: usize = 200;

/// What has come of the answer.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) usage: Option<llm::Usage>,
    pub(super) finish_reason: Option<llm::FinishReason>,
    /// In the provider's word.
    pub(super) response_model: Option<String>,
    pub(super) began: Instant,
    pub(super) first_token: Option<Duration>,
    /// Whether the text has grown since it was last written.
    dirty: bool,
}

impl Draft {
    fn new() -> Self {
        Self {
            text: String::new(),
            reasoning: String::new(),
            usage: None,
            finish_reason: None,
            response_model: None,
            began: Instant::now(),
            first_token: None,
            dirty: false,
        }
    }

    fn reasoning(&self) -> Option<String> {
        (!self.reasoning.is_empty()).then(|| self.reasoning.clone())
    }

    /// How many bytes there are.
    fn len(&self) -> usize {
        self.text.len().saturating_add(self.reasoning.len())
    }

    /// As much of `more` as there is room for: what is stored can be exported and imported again.
    fn fitting(&self, mut more: String, is_cut: &mut bool) -> String {
        let room = MAX_ANSWER_BYTES.saturating_sub(self.len());
        if more.len() > room {
            more.truncate(more.floor_char_boundary(room));
            *is_cut = true;
        }
        more
    }

    /// How long to wait before the text is written again.
    fn write_interval(&self) -> Duration {
        let millis = self.len() / WRITE_RATE;
        WRITE_INTERVAL.max(Duration::from_millis(millis.try_into().unwrap_or(u64::MAX)))
    }

    fn grow(&mut self) {
        self.dirty = true;
        if self.first_token.is_none() {
            self.first_token = Some(self.began.elapsed());
        }
    }
}

/// How the provider's part ended.
pub(super) enum End {
    /// The stream ended by itself.
    Stream,
    Stopped(StopReason),
    Failed(ApiError),
}

/// What an answer is, whoever gives it.
pub(super) struct Task<'a> {
    pub(super) store: &'a Store,
    pub(super) live: &'a Live,
    pub(super) ids: Ids,
    pub(super) request_id: &'a str,
    scribe: &'a Scribe,
}

/// Where the answer is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) generation: GenerationId,
    pub(super) message: MessageId,
    pub(super) conversation: ConversationId,
    pub(super) project: ProjectId,
    pub(super) owner: UserId,
}

/// Runs an answer to its end.
pub(super) async fn run(
    store: &Store,
    scribe: &Scribe,
    live: &Arc<Live>,
    assignment: &mut Assignment,
) {
    live.publish(&StreamEvent::Started {
        generation_id: assignment.generation_id,
        conversation_id: assignment.conversation_id,
        user_message: Box::new(Message::clone(&assignment.user_message)),
        assistant_message_id: assignment.assistant_message_id,
        model: assignment.asked.requested().to_owned(),
        omitted: assignment.asked.now.omitted,
    });
    // Those that could not be asked.
    publish_fallbacks(live, &assignment.asked.now, &assignment.asked.failed);
    let task = Task {
        store,
        live,
        scribe,
        ids: Ids {
            generation: assignment.generation_id,
            message: assignment.assistant_message_id,
            conversation: assignment.conversation_id,
            project: assignment.project_id,
            owner: assignment.owner_id,
        },
        request_id: &assignment.request_id,
    };
    let (asked, alternatives) = (&mut assignment.asked, &mut assignment.alternatives);
    let mut draft = Draft::new();
    let end = answer(&task, asked, alternatives.as_deref_mut(), &mut draft).await;
    // The end stores all of the text.
    scribe.forget(task.ids.message);
    // Boxed, so that answers under way have no room set aside for their ends.
    Box::pin(store_end(&task, asked, draft, end)).await;
}

/// Asks one model after the other until one begins to answer.
async fn answer(
    task: &Task<'_>,
    asked: &mut Asked,
    mut alternatives: Option<&mut (dyn Alternatives + 'static)>,
    draft: &mut Draft,
) -> End {
    loop {
        let error = match ask(task, &asked.now, draft).await {
            End::Failed(error) if draft.first_token.is_none() => error,
            end => return end,
        };
        let Some(alternatives) = alternatives.as_deref_mut() else {
            return End::Failed(error);
        };
        let next = tokio::select! {
            biased;
            reason = task.live.stopped() => return End::Stopped(reason),
            // Boxed, so that answers that need no other model have no room set aside for it.
            next = Box::pin(go_on(task, asked, alternatives, &error)) => next,
        };
        if !next {
            return End::Failed(error);
        }
        draft.usage = None;
        draft.finish_reason = None;
        draft.response_model = None;
    }
}

async fn ask(task: &Task<'_>, model: &Prepared, draft: &mut Draft) -> End {
    let stream = tokio::select! {
        biased;
        reason = task.live.stopped() => return End::Stopped(reason),
        stream = model.provider.stream(model.request.clone()) => stream,
    };
    // Leaving this function drops the stream, which closes the provider's connection.
    match stream {
        Ok(mut stream) => read(task, &mut stream, model, draft).await,
        Err(error) => End::Failed(ApiError::of_provider(error, model.audience)),
    }
}

/// Goes on to the next model that can be asked, after `error` of the one before. `false` where there is none.
///
/// Every kind of failure is a reason to: a key, a credit and a limit are one provider's, and what one model refuses,
/// because it does not exist any more, is too small or too strict, another may take.
async fn go_on(
    task: &Task<'_>,
    asked: &mut Asked,
    alternatives: &mut dyn Alternatives,
    error: &ApiError,
) -> bool {
    let mut failed = vec![(asked.now.model.clone(), error.to_problem(task.request_id))];
    while let Some(alternative) = alternatives.next().await {
        match alternative.prepared {
            Ok(next) => {
                log_fault(error, task.request_id);
                publish_fallbacks(task.live, &next, &failed);
                asked.go_on(next, failed);
                task.store_answerer(asked).await;
                return true;
            }
            Err(error) => failed.push((alternative.model, task.problem(&error))),
        }
    }
    // The problem of the one that was asked last is the answer's own.
    asked.failed.extend(failed.into_iter().skip(1));
    false
}

/// Says that `next` is asked after those that failed.
fn publish_fallbacks(live: &Live, next: &Prepared, failed: &[(String, Problem)]) {
    for (failed_model, problem) in failed {
        live.publish(&StreamEvent::Fallback {
            model: next.model.clone(),
            failed_model: failed_model.clone(),
            problem: problem.clone(),
            omitted: next.omitted,
        });
    }
}

impl Task<'_> {
    /// What is said of a failure. It is logged.
    pub(super) fn problem(&self, error: &ApiError) -> Problem {
        log_fault(error, self.request_id);
        error.to_problem(self.request_id)
    }

    /// Lets those who look at the stored message, now or after a crash, know who answers. The end says it once more,
    /// so a failure is not worth more than a line in the log.
    async fn store_answerer(&self, asked: &Asked) {
        let message = self.ids.message;
        let answerer = match asked.answerer() {
            Ok(answerer) => answerer,
            Err(error) => return log_fault(&error, self.request_id),
        };
        let stored = self
            .store
            .write(move |conn| messages::set_answerer(conn, message, &answerer, now()))
            .await;
        if let Err(error) = stored {
            log_fault(&ApiError::from(error), self.request_id);
        }
    }
}

async fn read(
    task: &Task<'_>,
    stream: &mut CompletionStream,
    model: &Prepared,
    draft: &mut Draft,
) -> End {
    let write_due = tokio::time::sleep(WRITE_INTERVAL);
    tokio::pin!(write_due);
    loop {
        // Also where the provider is so fast that nothing is ever waited for.
        if let Some(reason) = task.live.stop_reason() {
            return End::Stopped(reason);
        }
        tokio::select! {
            biased;
            event = stream.next() => match event {
                None => return End::Stream,
                Some(Err(error)) => return End::Failed(ApiError::of_provider(error, model.audience)),
                Some(Ok(event)) => {
                    if let Err(error) = take(task.live, draft, event, model.pricing.as_ref()) {
                        return End::Failed(error);
                    }
                }
            },
            reason = task.live.stopped() => return End::Stopped(reason),
            () = &mut write_due, if draft.dirty => {}
        }
        if draft.dirty && write_due.deadline() <= Instant::now() {
            draft.dirty = false;
            write_due
                .as_mut()
                .reset(Instant::now() + draft.write_interval());
            task.scribe.hand_in(TextSoFar {
                id: task.ids.message,
                content: draft.text.clone(),
                reasoning: draft.reasoning(),
            });
        }
    }
}

fn take(
    live: &Live,
    draft: &mut Draft,
    event: CompletionEvent,
    pricing: Option<&Pricing>,
) -> Result<(), ApiError> {
    let mut is_cut = false;
    let logged = match event {
        CompletionEvent::Text(text) => {
            let text = draft.fitting(storable(text), &mut is_cut);
            draft.text.push_str(&text);
            draft.grow();
            live.publish(&StreamEvent::Delta { text })
        }
        CompletionEvent::Reasoning(text) => {
            let text = draft.fitting(storable(text), &mut is_cut);
            draft.reasoning.push_str(&text);
            draft.grow();
            live.publish(&StreamEvent::Reasoning { text })
        }
        CompletionEvent::Usage(usage) => {
            // What the request alone used is told with the estimate of the rest, if nothing more is heard.
            let logged = match usage.completion_tokens {
                Some(_) => live.publish(&StreamEvent::Usage(counted(&usage, pricing))),
                None => 0,
            };
            draft.usage = Some(usage);
            logged
        }
        CompletionEvent::Finished(reason) => {
            draft.finish_reason = Some(reason);
            0
        }
        CompletionEvent::Model(model) => {
            let model = model.chars().filter(|c| !c.is_control());
            let model: String = model.take(MAX_MODEL_CHARS).collect();
            draft.response_model = (!model.trim().is_empty()).then_some(model);
            0
        }
    };
    if is_cut || logged > MAX_LOG_BYTES {
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

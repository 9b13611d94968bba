//! Asking a project: the message, the history that goes with it, and the answer that begins.

use std::sync::Arc;

use chrono::TimeDelta;
use prompthub_dto::{
    chat::{Chat, CreateMessage, OnDisconnect, Regenerate},
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
    problem::ProblemCode,
};
use prompthub_store::{
    Conn, MessageRole, MessageStatus, StoreError, TitledBy,
    conversations::{self, ConversationRow},
    generations::{self, NewGeneration},
    messages::{self, NewMessage},
    now, users,
};

use super::{
    attachments,
    content::Said,
    conversations::no_conversation,
    models::ModelName,
    naming::{Naming, name_after},
    place::{Place, take_place},
    projects::no_project,
    question::{Question, Ready, prepare, take_turn},
    title::{UNTITLED, title_of},
    to_the_end,
};
use crate::{
    config::Titles,
    error::ApiError,
    generation::{Assignment, Live, StopOnDrop},
    state::App,
    wire,
};

/// How often a question is put again to a conversation that changes under it.
const ATTEMPTS: usize = 5;

/// Who asks, in which request.
#[derive(Debug, Clone)]
pub struct Asker {
    pub user: UserId,
    pub request_id: String,
}

/// Sends a message to a project and starts the answer.
///
/// # Errors
/// `not_found`, `unknown_model`, `answer_running`, `too_many_generations`, `images_unsupported`,
/// `context_too_long`, complaints about the fields. Once this is `Ok`, the message is stored, whatever becomes of the answer.
pub async fn ask_project(
    app: &App,
    asker: Asker,
    project: ProjectId,
    request: Chat,
) -> Result<Begun, ApiError> {
    let question = Question {
        place: Place::Project(project, request.conversation_id),
        said: Some(Said::parse("message", request.message)?),
        model: parse_model(request.model)?,
        parameters: request.parameters,
        on_disconnect: request.on_disconnect,
    };
    begin(app, asker, question).await
}

/// Sends a message into a conversation and starts the answer.
///
/// # Errors
/// As [`ask_project`]; `parent_id` must be an answer of the conversation.
pub async fn ask_conversation(
    app: &App,
    asker: Asker,
    conversation: ConversationId,
    request: CreateMessage,
) -> Result<Begun, ApiError> {
    let question = Question {
        place: Place::Below(conversation, request.parent_id),
        said: Some(Said::parse("content", request.content)?),
        model: parse_model(request.model)?,
        parameters: request.parameters,
        on_disconnect: request.on_disconnect,
    };
    begin(app, asker, question).await
}

/// Starts another answer to the question that `message` answers; the first one stays.
///
/// # Errors
/// As [`ask_project`]; `message` must be an answer.
pub async fn regenerate(
    app: &App,
    asker: Asker,
    message: MessageId,
    request: Regenerate,
) -> Result<Begun, ApiError> {
    let question = Question {
        place: Place::Beside(message),
        said: None,
        model: parse_model(request.model)?,
        parameters: request.parameters,
        on_disconnect: request.on_disconnect,
    };
    begin(app, asker, question).await
}

fn parse_model(text: Option<String>) -> Result<Option<ModelName>, ApiError> {
    text.map(|text| ModelName::parse(&text)).transpose()
}

/// An answer that has begun. Dropped before the end, the guard stops it.
pub struct Begun {
    pub live: Arc<Live>,
    pub guard: Option<StopOnDrop>,
}

/// What the question needs is read, its request made, and then one transaction stores the question, the empty answer
/// and the generation, and the task starts. Nothing comes between the last two, even when the caller goes away: an
/// answer that is stored as running does run.
async fn begin(app: &App, asker: Asker, question: Question) -> Result<Begun, ApiError> {
    let app = app.clone();
    let question = Arc::new(question);
    to_the_end(async move {
        let _turn = take_turn(&app, asker.user, &question).await?;
        for _ in 0..ATTEMPTS {
            let ready = prepare(&app, &asker, &question).await?;
            let Some((assignment, naming)) = store(&app, &asker, ready).await? else {
                continue;
            };
            let live = app.hub.start(assignment);
            if let Some(naming) = naming {
                let naming = name_after(app.clone(), Arc::clone(&live), naming);
                app.hub.spawn(naming);
            }
            let guard = match question.on_disconnect {
                OnDisconnect::Continue => None,
                OnDisconnect::Cancel => Some(StopOnDrop::new(Arc::clone(&live))),
            };
            return Ok(Begun { live, guard });
        }
        Err(ApiError::new(
            ProblemCode::AnswerRunning,
            "The conversation changed while the question came in. Send it again.",
        ))
    })
    .await
}

/// `None` where the conversation is not any more as the question found it.
async fn store(
    app: &App,
    asker: &Asker,
    ready: Ready,
) -> Result<Option<(Assignment, Option<Naming>)>, ApiError> {
    let (parts, asker) = (app.clone(), asker.clone());
    let is_new = ready.conversation.is_none();
    let stored = app
        .store
        .write(move |conn| store_question(conn, &parts, asker, ready))
        .await;
    match stored {
        Ok(begun) => Ok(Some(begun)),
        Err(Unstored::Moved) => Ok(None),
        Err(Unstored::Failed(ApiError::Store(StoreError::ForeignKey(_)))) => {
            // Deleted since it was found.
            Err(match is_new {
                true => no_project(),
                false => no_conversation(),
            })
        }
        Err(Unstored::Failed(error)) => Err(error),
    }
}

/// Why nothing was stored.
enum Unstored {
    /// The conversation is not as the question found it.
    Moved,
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Unstored {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn store_question(
    conn: &mut Conn,
    app: &App,
    asker: Asker,
    ready: Ready,
) -> Result<(Assignment, Option<Naming>), Unstored> {
    // After what it follows, even where that is of the future: of an import, or of a clock that was set back.
    let above = ready.last.as_ref().map(|last| last.created_at);
    let after = above.and_then(|above| above.checked_add_signed(TimeDelta::microseconds(1)));
    let at = after.map_or_else(now, |after| after.max(now()));
    // A person's questions take their turns, or two could begin where only one may.
    users::lock(conn, asker.user)?;
    let Ready {
        project,
        conversation,
        said,
        attachments,
        last,
        unanswered,
        model,
        asked,
        plan,
    } = ready;
    if let Some(conversation) = &conversation {
        refuse_second(conn, asker.user, conversation.id)?;
    }
    refuse_crowds(conn, app, asker.user)?;
    let before = conversation.as_ref().and_then(|row| row.active_message_id);
    let words = said.as_ref().and(unanswered.as_deref());
    let conversation = take_place(
        conn,
        asker.user,
        project.id,
        conversation,
        words.filter(|_| last.is_none()),
        at,
    )?;

    let generation_id = GenerationId::new();
    let user_message = match (said, last) {
        (Some(said), last) => {
            let row = NewMessage {
                id: MessageId::new(),
                conversation_id: conversation.id,
                parent_id: last.map(|row| row.id),
                role: MessageRole::User,
                content: said.text,
                status: MessageStatus::Complete,
                answerer: None,
                prompt_version: None,
                generation_id: None,
                attachments: attachments::to_json(&attachments)?,
                now: at,
            };
            wire::message(messages::insert(conn, &row)?)
        }
        (None, Some(last)) => plan.shown(last),
        (None, None) => return Err(ApiError::not_found("message").into()),
    };
    let answer = NewMessage {
        id: MessageId::new(),
        conversation_id: conversation.id,
        parent_id: Some(user_message.id),
        role: MessageRole::Assistant,
        content: String::new(),
        status: MessageStatus::Running,
        answerer: Some(asked.answerer()?),
        prompt_version: Some(project.prompt_version),
        generation_id: Some(generation_id),
        attachments: None,
        now: at,
    };
    let answer = messages::insert(conn, &answer)?;
    generations::insert(
        conn,
        &NewGeneration {
            id: generation_id,
            conversation_id: conversation.id,
            user_message_id: user_message.id,
            assistant_message_id: answer.id,
            owner_id: asker.user,
            model: model.into_string(),
            lease_owner: app.hub.node().to_owned(),
            lease_expires_at: app.hub.lease().end(),
            now: at,
        },
    )?;
    if !conversations::set_active(conn, conversation.id, before, answer.id, at)? {
        return Err(Unstored::Moved);
    }

    let wants_title = app.config.titles == Titles::Model
        && !asked.is_demo()
        && conversation.titled_by == TitledBy::Generated
        && unanswered.is_some_and(|words| is_called(&conversation, &words));
    let naming = wants_title.then_some(Naming {
        owner_id: asker.user,
        project_id: project.id,
        conversation_id: conversation.id,
    });
    let assignment = Assignment {
        generation_id,
        conversation_id: conversation.id,
        project_id: project.id,
        owner_id: asker.user,
        user_message: Arc::new(user_message),
        assistant_message_id: answer.id,
        asked,
        alternatives: plan.into_alternatives(),
        request_id: asker.request_id,
    };
    Ok((assignment, naming))
}

/// Whether the conversation is still called by its first words.
fn is_called(conversation: &ConversationRow, first_words: &str) -> bool {
    conversation.title == UNTITLED || conversation.title == title_of(first_words)
}

/// One answer at a time in a conversation.
pub(super) fn refuse_second(
    conn: &mut Conn,
    user: UserId,
    conversation: ConversationId,
) -> Result<(), ApiError> {
    if generations::running_in_conversation(conn, user, conversation)?.is_some() {
        return Err(ApiError::new(
            ProblemCode::AnswerRunning,
            "Wait for the answer that is being written, or stop it.",
        ));
    }
    Ok(())
}

/// So many answers at a time for a person.
pub(super) fn refuse_crowds(conn: &mut Conn, app: &App, user: UserId) -> Result<(), ApiError> {
    if generations::count_running(conn, user)? >= i64::from(app.config.max_generations) {
        return Err(ApiError::retry_after(
            ProblemCode::TooManyGenerations,
            std::time::Duration::from_secs(5),
        ));
    }
    Ok(())
}

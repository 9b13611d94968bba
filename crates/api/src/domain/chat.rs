//! Asking a project: the message, the history that goes with it, and the answer that begins.

use std::sync::Arc;

use prompthub_dto::{
    chat::{Chat, CreateMessage, OnDisconnect, Regenerate},
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
    problem::{FieldCode, ProblemCode},
};
use prompthub_store::{
    Conn, MessageRole, MessageStatus, TitledBy,
    conversations::{self, ConversationRow},
    generations::{self, NewGeneration},
    messages::{self, MessageRow, NewMessage},
    now, users,
};

use super::{
    completion::completion_request,
    models::ModelName,
    naming::{Naming, name_after},
    place::{Found, Place, find_model, find_place},
    text::{Bounds, bounded, is_blank},
    title::{UNTITLED, title_of},
    to_the_end,
};
use crate::{
    config::Titles,
    error::ApiError,
    generation::{Assignment, Live, StopOnDrop},
    providers::Resolved,
    state::App,
    wire,
};

const MESSAGE: Bounds = Bounds {
    min: 1,
    max: 200_000,
};

/// Who asks, in which request.
#[derive(Debug, Clone)]
pub struct Asker {
    pub user: UserId,
    pub request_id: String,
}

struct Question {
    place: Place,
    /// `None` where the question is there already.
    content: Option<String>,
    model: Option<ModelName>,
    on_disconnect: OnDisconnect,
}

/// Sends a message to a project and starts the answer.
///
/// # Errors
/// `not_found`, `unknown_model`, `answer_running`, `too_many_generations`, complaints about the
/// fields. Once this is `Ok`, the message is stored, whatever becomes of the answer.
pub async fn ask_project(
    app: &App,
    asker: Asker,
    project: ProjectId,
    request: Chat,
) -> Result<Begun, ApiError> {
    let question = Question {
        place: Place::Project(project, request.conversation_id),
        content: Some(content("message", request.message)?),
        model: parse_model(request.model)?,
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
        content: Some(content("content", request.content)?),
        model: parse_model(request.model)?,
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
        content: None,
        model: parse_model(request.model)?,
        on_disconnect: request.on_disconnect,
    };
    begin(app, asker, question).await
}

/// Who is to answer.
struct Answerer {
    model: ModelName,
    resolved: Resolved,
}

fn content(field: &str, text: String) -> Result<String, ApiError> {
    if is_blank(&text) {
        return Err(ApiError::field(
            field,
            FieldCode::Required,
            "Must not be empty.",
        ));
    }
    bounded(field, text, MESSAGE)
}

fn parse_model(text: Option<String>) -> Result<Option<ModelName>, ApiError> {
    text.map(|text| ModelName::parse(&text)).transpose()
}

/// An answer that has begun. Dropped before the end, the guard stops it.
pub struct Begun {
    pub live: Arc<Live>,
    pub guard: Option<StopOnDrop>,
}

/// One transaction stores the question, the empty answer and the generation; then the task starts.
/// Nothing comes between the two, even when the caller goes away: an answer that is stored as
/// running does run.
async fn begin(app: &App, asker: Asker, question: Question) -> Result<Begun, ApiError> {
    let app = app.clone();
    to_the_end(async move {
        let on_disconnect = question.on_disconnect;
        let model = match &question.model {
            Some(model) => model.clone(),
            None => {
                let (user, place) = (asker.user, question.place);
                let find = move |conn: &mut _| find_model(conn, user, &place);
                app.store.read(find).await?
            }
        };
        let answerer = Answerer {
            resolved: app.providers.resolve(asker.user, &model).await?,
            model,
        };
        let parts = app.clone();
        let (assignment, naming) = app
            .store
            .write(move |conn| store_question(conn, &parts, asker, question, answerer))
            .await?;
        let live = app.hub.start(assignment);
        if let Some(naming) = naming {
            let naming = name_after(app.store.clone(), Arc::clone(&live), naming);
            app.hub.spawn(naming);
        }
        let guard = match on_disconnect {
            OnDisconnect::Continue => None,
            OnDisconnect::Cancel => Some(StopOnDrop::new(Arc::clone(&live))),
        };
        Ok(Begun { live, guard })
    })
    .await
}

fn store_question(
    conn: &mut Conn,
    app: &App,
    asker: Asker,
    question: Question,
    answerer: Answerer,
) -> Result<(Assignment, Option<Naming>), ApiError> {
    let Answerer { model, resolved } = answerer;
    let at = now();
    // A person's questions take their turns, or two could begin where only one may.
    users::lock(conn, asker.user)?;
    let Found {
        project,
        conversation,
        mut path,
    } = find_place(
        conn,
        asker.user,
        &question.place,
        question.content.as_deref(),
        at,
    )?;
    refuse_crowds(conn, app, asker.user, conversation.id)?;

    let generation_id = GenerationId::new();
    let user_message = match question.content {
        Some(content) => {
            let row = NewMessage {
                id: MessageId::new(),
                conversation_id: conversation.id,
                parent_id: path.last().map(|row| row.id),
                role: MessageRole::User,
                content,
                status: MessageStatus::Complete,
                model: None,
                prompt_version: None,
                generation_id: None,
                now: at,
            };
            let row = messages::insert(conn, &row)?;
            path.push(row.clone());
            row
        }
        None => path
            .last()
            .cloned()
            .ok_or_else(|| ApiError::not_found("message"))?,
    };
    let answer = NewMessage {
        id: MessageId::new(),
        conversation_id: conversation.id,
        parent_id: Some(user_message.id),
        role: MessageRole::Assistant,
        content: String::new(),
        status: MessageStatus::Running,
        model: Some(model.as_str().to_owned()),
        prompt_version: Some(project.prompt_version),
        generation_id: Some(generation_id),
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
            model: model.as_str().to_owned(),
            lease_owner: app.hub.node().to_owned(),
            lease_expires_at: app.hub.lease().end(),
            now: at,
        },
    )?;
    conversations::set_active(conn, conversation.id, answer.id, at)?;

    let request = completion_request(&project, resolved.provider_model, &path, asker.user);
    let wants_title = app.config.titles == Titles::Model
        && !resolved.provider.is_demo()
        && is_first_exchange(&conversation, &path);
    let naming = wants_title.then(|| Naming {
        conversation_id: conversation.id,
        provider: Arc::clone(&resolved.provider),
        model: request.model.clone(),
        user: request.user.clone(),
    });
    let assignment = Assignment {
        generation_id,
        conversation_id: conversation.id,
        project_id: project.id,
        owner_id: asker.user,
        request,
        user_message: wire::message(user_message),
        assistant_message_id: answer.id,
        provider: resolved.provider,
        model: model.into_string(),
        request_id: asker.request_id,
    };
    Ok((assignment, naming))
}

/// Whether nothing has been answered yet on the path to the question, and the conversation is still
/// called by its first words.
fn is_first_exchange(conversation: &ConversationRow, path: &[MessageRow]) -> bool {
    let unanswered = path
        .iter()
        .all(|row| row.role == MessageRole::User || row.status != MessageStatus::Complete);
    let by_first_words = || {
        path.first()
            .is_some_and(|first| conversation.title == title_of(&first.content))
    };
    unanswered
        && conversation.titled_by == TitledBy::Generated
        && (conversation.title == UNTITLED || by_first_words())
}

fn refuse_crowds(
    conn: &mut Conn,
    app: &App,
    user: UserId,
    conversation: ConversationId,
) -> Result<(), ApiError> {
    if generations::running_in_conversation(conn, conversation)?.is_some() {
        return Err(ApiError::new(
            ProblemCode::AnswerRunning,
            "Wait for the answer that is being written, or stop it.",
        ));
    }
    if generations::count_running(conn, user)? >= i64::from(app.config.max_generations) {
        return Err(ApiError::retry_after(
            ProblemCode::TooManyGenerations,
            std::time::Duration::from_secs(5),
        ));
    }
    Ok(())
}

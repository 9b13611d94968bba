//! Asking a project: the message, the history that goes with it, and the answer that begins.

use std::sync::Arc;

use prompthub_dto::{
    chat::{Chat, CreateMessage, OnDisconnect, Regenerate},
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
    problem::{FieldCode, ProblemCode},
};
use prompthub_store::{
    Conn, MessageRole, MessageStatus, TitledBy,
    conversations::{self, ConversationRow, NewConversation},
    generations::{self, NewGeneration},
    messages::{self, MessageRow, NewMessage},
    now,
    projects::{self, ProjectRow},
    users,
};

use super::{
    completion::completion_request,
    conversations::no_conversation,
    models::ModelName,
    projects::no_project,
    text::{Bounds, bounded},
    title::{UNTITLED, title_of},
    to_the_end,
};
use crate::{
    error::ApiError,
    generation::{Assignment, Live, StopOnDrop},
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

/// Where a question goes.
enum Place {
    /// To a project, in a conversation of it or in a new one.
    Project(ProjectId, Option<ConversationId>),
    /// Into a conversation, below a message or at the end of what is shown.
    Below(ConversationId, Option<Option<MessageId>>),
    /// To the question of an answer that exists, as another answer.
    Beside(MessageId),
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

fn content(field: &str, text: String) -> Result<String, ApiError> {
    if text.trim().is_empty() {
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
        let parts = app.clone();
        let assignment = app
            .store
            .write(move |conn| store_question(conn, &parts, asker, question))
            .await?;
        let live = app.hub.start(assignment);
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
) -> Result<Assignment, ApiError> {
    let at = now();
    // A person's questions take their turns, or two could begin where only one may.
    users::lock(conn, asker.user)?;
    let Found {
        project,
        conversation,
        mut path,
    } = find_place(conn, asker.user, &question, at)?;
    let model = match question.model {
        Some(model) => model,
        None => ModelName::parse(&project.model)?,
    };
    let (provider, provider_model) = model.resolve(app)?;
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

    Ok(Assignment {
        generation_id,
        conversation_id: conversation.id,
        project_id: project.id,
        owner_id: asker.user,
        request: completion_request(&project, provider_model, &path, asker.user),
        user_message: wire::message(user_message),
        assistant_message_id: answer.id,
        provider,
        model: model.into_string(),
        request_id: asker.request_id,
    })
}

struct Found {
    project: ProjectRow,
    conversation: ConversationRow,
    /// The messages that the question follows; with no new question, up to and with the old one.
    path: Vec<MessageRow>,
}

fn find_place(
    conn: &mut Conn,
    user: UserId,
    question: &Question,
    at: chrono::NaiveDateTime,
) -> Result<Found, ApiError> {
    let (conversation, leaf) = match question.place {
        Place::Project(project_id, None) => {
            let (project, _) = projects::find(conn, user, project_id)?.ok_or_else(no_project)?;
            projects::touch(conn, project.id, at)?;
            let row = NewConversation {
                id: ConversationId::new(),
                project_id,
                owner_id: user,
                title: question
                    .content
                    .as_deref()
                    .map_or_else(|| UNTITLED.to_owned(), title_of),
                titled_by: TitledBy::Generated,
                now: at,
            };
            let conversation = conversations::insert(conn, &row)?;
            return Ok(Found {
                project,
                conversation,
                path: Vec::new(),
            });
        }
        Place::Project(project_id, Some(id)) => {
            projects::find(conn, user, project_id)?.ok_or_else(no_project)?;
            let conversation = conversations::find(conn, user, id)?
                .filter(|row| row.project_id == project_id)
                .ok_or_else(no_conversation)?;
            let leaf = conversation.active_message_id;
            (conversation, leaf)
        }
        Place::Below(id, parent) => {
            let conversation = conversations::find(conn, user, id)?.ok_or_else(no_conversation)?;
            let leaf = match parent {
                None => conversation.active_message_id,
                Some(None) => None,
                Some(Some(parent)) => Some(answer_of(conn, user, id, parent)?),
            };
            (conversation, leaf)
        }
        Place::Beside(answer) => {
            let row = messages::find(conn, user, answer)?
                .ok_or_else(|| ApiError::not_found("message"))?;
            let Some(parent) = row.parent_id.filter(|_| row.role == MessageRole::Assistant) else {
                return Err(ApiError::field(
                    "message_id",
                    FieldCode::Invalid,
                    "Only an answer can be made again.",
                ));
            };
            let conversation = conversations::find(conn, user, row.conversation_id)?
                .ok_or_else(no_conversation)?;
            (conversation, Some(parent))
        }
    };
    let (project, _) =
        projects::find(conn, user, conversation.project_id)?.ok_or_else(no_project)?;
    projects::touch(conn, project.id, at)?;
    let path = match leaf {
        Some(leaf) => messages::path(conn, conversation.id, leaf)?,
        None => Vec::new(),
    };
    // A conversation that was made empty is called by its first message.
    if path.is_empty()
        && conversation.titled_by == TitledBy::Generated
        && conversation.title == UNTITLED
        && let Some(content) = &question.content
    {
        conversations::set_generated_title(conn, conversation.id, &title_of(content), at)?;
    }
    Ok(Found {
        project,
        conversation,
        path,
    })
}

fn answer_of(
    conn: &mut Conn,
    user: UserId,
    conversation: ConversationId,
    parent: MessageId,
) -> Result<MessageId, ApiError> {
    let found = messages::find(conn, user, parent)?
        .filter(|row| row.conversation_id == conversation && row.role == MessageRole::Assistant);
    found.map(|row| row.id).ok_or_else(|| {
        ApiError::field(
            "parent_id",
            FieldCode::Invalid,
            "Is not an answer of this conversation.",
        )
    })
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

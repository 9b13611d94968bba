//! Asking a project: answered whole or as a stream of events.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::CONTENT_TYPE,
    web::{Data, Path},
};
use prompthub_dto::{
    chat::{Chat, ChatReply, CreateMessage, Message, MessageStatus, Regenerate},
    ids::{ConversationId, MessageId, ProjectId},
    problem::{Problem, ProblemCode},
    stream::StreamEvent,
};

use super::{
    extract::{Json, NoQuery, RequestId},
    problem::{BodyErrors, Conflict, PathErrors, ProviderErrors, SignedInWrite},
};
use crate::{
    auth::CurrentUser,
    domain::chat::{self, Asker, Begun},
    error::ApiError,
    generation::{Ended, follow},
    state::App,
};

/// Send a message to a project and get its answer
#[utoipa::path(post, path = "/api/projects/{project_id}/chat", operation_id = "chat", tag = "chat",
    params(("project_id" = ProjectId, Path)), request_body = Chat,
    responses((status = 200, description = "The answer; with `stream`, its events.",
        content((ChatReply = "application/json"), (StreamEvent = "text/event-stream"))), SignedInWrite, PathErrors, BodyErrors, Conflict, ProviderErrors))]
pub async fn chat(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    request_id: RequestId,
    path: Path<ProjectId>,
    Json(body): Json<Chat>,
) -> Result<HttpResponse, ApiError> {
    let stream = body.stream;
    let begun = chat::ask_project(&app, asker(user, request_id), path.into_inner(), body).await?;
    reply(begun, stream).await
}

/// Send a message into a conversation and get its answer
#[utoipa::path(post, path = "/api/conversations/{conversation_id}/messages", operation_id = "create_message", tag = "chat",
    params(("conversation_id" = ConversationId, Path)), request_body = CreateMessage,
    responses((status = 200, description = "The answer; with `stream`, its events.",
        content((ChatReply = "application/json"), (StreamEvent = "text/event-stream"))), SignedInWrite, PathErrors, BodyErrors, Conflict, ProviderErrors))]
pub async fn create_message(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    request_id: RequestId,
    path: Path<ConversationId>,
    Json(body): Json<CreateMessage>,
) -> Result<HttpResponse, ApiError> {
    let stream = body.stream;
    let begun =
        chat::ask_conversation(&app, asker(user, request_id), path.into_inner(), body).await?;
    reply(begun, stream).await
}

/// Answer a question once more; the answers that exist stay
#[utoipa::path(post, path = "/api/messages/{message_id}/regenerate", operation_id = "regenerate_message", tag = "chat",
    params(("message_id" = MessageId, Path, description = "The answer to make again.")), request_body = Regenerate,
    responses((status = 200, description = "The new answer; with `stream`, its events.",
        content((ChatReply = "application/json"), (StreamEvent = "text/event-stream"))), SignedInWrite, PathErrors, BodyErrors, Conflict, ProviderErrors))]
pub async fn regenerate_message(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    request_id: RequestId,
    path: Path<MessageId>,
    Json(body): Json<Regenerate>,
) -> Result<HttpResponse, ApiError> {
    let stream = body.stream;
    let begun = chat::regenerate(&app, asker(user, request_id), path.into_inner(), body).await?;
    reply(begun, stream).await
}

fn asker(user: CurrentUser, RequestId(request_id): RequestId) -> Asker {
    Asker {
        user: user.id,
        request_id,
    }
}

/// The answer as the caller wants it.
async fn reply(Begun { live, guard }: Begun, stream: bool) -> Result<HttpResponse, ApiError> {
    if stream {
        return Ok(event_stream().streaming(follow(live, 0, guard)));
    }
    let ended = live.wait().await;
    drop(guard);
    let (message, retry_after) = match ended {
        Some(Ended::Stored {
            message,
            retry_after,
        }) => (*message, retry_after),
        Some(Ended::Lost(problem)) => return Err(refused(&problem, None)),
        None => {
            return Err(ApiError::new(
                ProblemCode::Unavailable,
                "The answer is lost.",
            ));
        }
    };
    if let (MessageStatus::Failed, true, Some(problem)) =
        (message.status, message.content.is_empty(), &message.problem)
    {
        return Err(refused(problem, retry_after));
    }
    Ok(HttpResponse::Ok().json(ChatReply {
        reply: message.content.clone(),
        conversation_id: message.conversation_id,
        user_message: Message::clone(&live.user_message),
        assistant_message: message,
    }))
}

fn refused(problem: &Problem, retry_after: Option<Duration>) -> ApiError {
    ApiError::Refused {
        code: problem.code,
        detail: problem.detail.clone().into(),
        retry_after,
    }
}

/// The head of a stream of events that no proxy holds back.
pub fn event_stream() -> actix_web::HttpResponseBuilder {
    let mut head = HttpResponse::Ok();
    head.insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header(("x-accel-buffering", "no"));
    head
}

//! Asking a project: answered whole or as a stream of events.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_TYPE, LOCATION},
    web::{Data, Path},
};
use prompthub_dto::{
    chat::{Chat, ChatReply, CreateMessage, MessageStatus, OnDisconnect, Regenerate},
    ids::{ConversationId, MessageId, ProjectId},
    problem::ProblemCode,
    stream::StreamEvent,
};

use super::{
    extract::{Json, RequestId},
    problem::{BodyErrors, Conflict, PathErrors, ProviderErrors, SignedInWrite},
};
use crate::{
    auth::CurrentUser,
    domain::chat::{self, Asker},
    error::ApiError,
    generation::{Live, StopOnDrop, follow},
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
    request_id: RequestId,
    path: Path<ProjectId>,
    Json(body): Json<Chat>,
) -> Result<HttpResponse, ApiError> {
    let reply = Reply {
        stream: body.stream,
        on_disconnect: body.on_disconnect,
    };
    let live = chat::ask_project(&app, asker(user, request_id), path.into_inner(), body).await?;
    reply.with(live).await
}

/// Send a message into a conversation and get its answer
#[utoipa::path(post, path = "/api/conversations/{conversation_id}/messages", operation_id = "create_message", tag = "chat",
    params(("conversation_id" = ConversationId, Path)), request_body = CreateMessage,
    responses((status = 200, description = "The answer; with `stream`, its events.",
        content((ChatReply = "application/json"), (StreamEvent = "text/event-stream"))), SignedInWrite, PathErrors, BodyErrors, Conflict, ProviderErrors))]
pub async fn create_message(
    app: Data<App>,
    user: CurrentUser,
    request_id: RequestId,
    path: Path<ConversationId>,
    Json(body): Json<CreateMessage>,
) -> Result<HttpResponse, ApiError> {
    let reply = Reply {
        stream: body.stream,
        on_disconnect: body.on_disconnect,
    };
    let live =
        chat::ask_conversation(&app, asker(user, request_id), path.into_inner(), body).await?;
    reply.with(live).await
}

/// Answer a question once more; the answers that exist stay
#[utoipa::path(post, path = "/api/messages/{message_id}/regenerate", operation_id = "regenerate_message", tag = "chat",
    params(("message_id" = MessageId, Path, description = "The answer to make again.")), request_body = Regenerate,
    responses((status = 200, description = "The new answer; with `stream`, its events.",
        content((ChatReply = "application/json"), (StreamEvent = "text/event-stream"))), SignedInWrite, PathErrors, BodyErrors, Conflict, ProviderErrors))]
pub async fn regenerate_message(
    app: Data<App>,
    user: CurrentUser,
    request_id: RequestId,
    path: Path<MessageId>,
    Json(body): Json<Regenerate>,
) -> Result<HttpResponse, ApiError> {
    let reply = Reply {
        stream: body.stream,
        on_disconnect: body.on_disconnect,
    };
    let live = chat::regenerate(&app, asker(user, request_id), path.into_inner(), body).await?;
    reply.with(live).await
}

fn asker(user: CurrentUser, RequestId(request_id): RequestId) -> Asker {
    Asker {
        user: user.id,
        request_id,
    }
}

/// How the caller wants its answer.
struct Reply {
    stream: bool,
    on_disconnect: OnDisconnect,
}

impl Reply {
    async fn with(self, live: Arc<Live>) -> Result<HttpResponse, ApiError> {
        let guard = match self.on_disconnect {
            OnDisconnect::Continue => None,
            OnDisconnect::Cancel => Some(StopOnDrop::new(Arc::clone(&live))),
        };
        if self.stream {
            return Ok(event_stream().streaming(follow(live, 0, guard)));
        }
        let user_message = live.user_message.clone();
        let ended = live.wait().await.ok_or_else(|| {
            ApiError::new(ProblemCode::Unavailable, "The answer could not be stored.")
        })?;
        drop(guard);
        let message = ended.message;
        if let (MessageStatus::Failed, true, Some(problem)) =
            (message.status, message.content.is_empty(), &message.problem)
        {
            return Err(ApiError::Refused {
                code: problem.code,
                detail: problem.detail.clone().into(),
                retry_after: ended.retry_after,
            });
        }
        let location = format!("/api/conversations/{}/messages", message.conversation_id);
        Ok(HttpResponse::Ok()
            .insert_header((LOCATION, location))
            .json(ChatReply {
                reply: message.content.clone(),
                conversation_id: message.conversation_id,
                user_message,
                assistant_message: message,
            }))
    }
}

/// The head of a stream of events that no proxy holds back.
pub fn event_stream() -> actix_web::HttpResponseBuilder {
    let mut head = HttpResponse::Ok();
    head.insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header(("x-accel-buffering", "no"));
    head
}

//! Conversations and their messages.

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{Data, Json as Body, Path},
};
use prompthub_dto::{
    Page,
    chat::{
        Conversation, ConversationQuery, CreateConversation, Message, MessageQuery,
        UpdateConversation,
    },
    ids::{ConversationId, ProjectId},
};

use super::{
    extract::{Json, NoQuery, Query},
    problem::{BodyErrors, PathErrors, QueryErrors, SignedIn, SignedInWrite},
};
use crate::{
    auth::CurrentUser,
    domain::{conversations, paging::PageRequest},
    error::ApiError,
    state::App,
};

/// List a project's conversations, newest activity first
#[utoipa::path(get, path = "/api/projects/{project_id}/conversations", operation_id = "list_conversations", tag = "conversations",
    params(("project_id" = ProjectId, Path), ConversationQuery),
    responses((status = 200, description = "A page of conversations.", body = Page<Conversation>), SignedIn, PathErrors, QueryErrors))]
pub async fn list_conversations(
    app: Data<App>,
    user: CurrentUser,
    path: Path<ProjectId>,
    Query(query): Query<ConversationQuery>,
) -> Result<Body<Page<Conversation>>, ApiError> {
    let page = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    let project = path.into_inner();
    Ok(Body(
        conversations::list(&app, user.id, project, query.archived, page).await?,
    ))
}

/// Begin an empty conversation
#[utoipa::path(post, path = "/api/projects/{project_id}/conversations", operation_id = "create_conversation", tag = "conversations",
    params(("project_id" = ProjectId, Path)), request_body = CreateConversation,
    responses((status = 201, description = "Created.", body = Conversation, headers(("Location" = String))), SignedInWrite, PathErrors, BodyErrors))]
pub async fn create_conversation(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProjectId>,
    Json(body): Json<CreateConversation>,
) -> Result<HttpResponse, ApiError> {
    let created = conversations::create(&app, user.id, path.into_inner(), body).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/conversations/{}", created.id)))
        .json(created))
}

/// Get a conversation
#[utoipa::path(get, path = "/api/conversations/{conversation_id}", operation_id = "get_conversation", tag = "conversations",
    params(("conversation_id" = ConversationId, Path)),
    responses((status = 200, description = "The conversation.", body = Conversation), SignedIn, PathErrors))]
pub async fn get_conversation(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ConversationId>,
) -> Result<Body<Conversation>, ApiError> {
    Ok(Body(
        conversations::find(&app, user.id, path.into_inner()).await?,
    ))
}

/// Rename, pin or archive a conversation, or show another path of it
#[utoipa::path(patch, path = "/api/conversations/{conversation_id}", operation_id = "update_conversation", tag = "conversations",
    params(("conversation_id" = ConversationId, Path)), request_body = UpdateConversation,
    responses((status = 200, description = "The conversation as it is now.", body = Conversation), SignedInWrite, PathErrors, BodyErrors))]
pub async fn update_conversation(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ConversationId>,
    Json(body): Json<UpdateConversation>,
) -> Result<Body<Conversation>, ApiError> {
    Ok(Body(
        conversations::update(&app, user.id, path.into_inner(), body).await?,
    ))
}

/// Delete a conversation with its messages
#[utoipa::path(delete, path = "/api/conversations/{conversation_id}", operation_id = "delete_conversation", tag = "conversations",
    params(("conversation_id" = ConversationId, Path)),
    responses((status = 204, description = "Gone."), SignedInWrite, PathErrors))]
pub async fn delete_conversation(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ConversationId>,
) -> Result<HttpResponse, ApiError> {
    conversations::delete(&app, user.id, path.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the messages of a conversation, the whole tree
///
/// A page with more than about 4 MB of text ends early: only `next_cursor` tells whether it is the last.
#[utoipa::path(get, path = "/api/conversations/{conversation_id}/messages", operation_id = "list_messages", tag = "conversations",
    params(("conversation_id" = ConversationId, Path), MessageQuery),
    responses((status = 200, description = "A page of messages.", body = Page<Message>), SignedIn, PathErrors, QueryErrors))]
pub async fn list_messages(
    app: Data<App>,
    user: CurrentUser,
    path: Path<ConversationId>,
    Query(query): Query<MessageQuery>,
) -> Result<Body<Page<Message>>, ApiError> {
    let page = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    let id = path.into_inner();
    Ok(Body(
        conversations::list_messages(&app, user.id, id, query.order, page).await?,
    ))
}

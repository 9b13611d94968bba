//! Conversations, their messages, and the cancelling of a running answer.

use gloo_net::http::Request;
use prompthub_dto::{
    Page,
    chat::{Conversation, Message, UpdateConversation},
    ids::{ConversationId, GenerationId, ProjectId},
};

use super::{
    ApiError,
    client::{NoContent, build, delete, encode, get, page_path, patch, send_for_nothing},
};

/// One page of a project's conversations, the last active first: either the archived ones or the
/// others.
pub async fn list(
    project: ProjectId,
    archived: bool,
    cursor: Option<&str>,
) -> Result<Page<Conversation>, ApiError> {
    let path = page_path(&format!("/api/projects/{project}/conversations"), cursor);
    get(&format!("{path}&archived={archived}")).await
}

pub async fn find(id: ConversationId) -> Result<Conversation, ApiError> {
    get(&format!("/api/conversations/{id}")).await
}

pub async fn update(
    id: ConversationId,
    body: UpdateConversation,
) -> Result<Conversation, ApiError> {
    patch(&format!("/api/conversations/{id}"), &body).await
}

pub async fn remove(id: ConversationId) -> Result<NoContent, ApiError> {
    delete(&format!("/api/conversations/{id}")).await
}

/// At most `limit` of a conversation's messages, siblings included, the newest first.
pub async fn list_newest_messages(
    id: ConversationId,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Message>, ApiError> {
    let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={}", encode(cursor)));
    get(&format!(
        "/api/conversations/{id}/messages?order=desc&limit={limit}{cursor}"
    ))
    .await
}

/// Stops a running answer; its text so far is kept.
pub async fn cancel_generation(id: GenerationId) -> Result<NoContent, ApiError> {
    send_for_nothing(build(Request::post(&format!(
        "/api/generations/{id}/cancel"
    )))?)
    .await
}

//! Searching one's own conversations.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    chat::Role,
    ids::{ConversationId, MessageId, ProjectId},
};

/// The query of the search.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct SearchQuery {
    /// Words, 1 to 200 characters. All of them must occur; the last may be the beginning of one. No
    /// character has a meaning of its own.
    #[cfg_attr(feature = "openapi", param(min_length = 1, max_length = 200))]
    pub q: String,
    /// Searches this project alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// How many items to answer with, 1 to 200; 50 unless sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A conversation's title, or a message of it, that holds what was searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    pub project_id: ProjectId,
    pub conversation_id: ConversationId,
    pub title: String,
    /// The message found; `null` where the title was.
    pub message_id: Option<MessageId>,
    /// Who wrote the message; `null` where the title was found.
    pub role: Option<Role>,
    /// The text around what was found, in pieces, in order.
    pub snippet: Vec<SnippetPiece>,
    /// When the message was written, or the conversation begun.
    pub created_at: Timestamp,
}

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnippetPiece {
    /// Plain text.
    pub text: String,
    /// Whether it is what was searched for.
    pub matched: bool,
}

//! Taking conversations out of the server, and into it.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, ProjectId};

/// How a conversation is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ExportFormat {
    /// The path that is shown, for people.
    Markdown,
    /// All of it, siblings included, as import takes it.
    #[default]
    Json,
}

/// The query of a conversation's export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct ExportQuery {
    /// `json` unless sent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub format: ExportFormat,
}

/// The query of a project's export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct ProjectExportQuery {
    /// Whether the bytes of the files are in the document; otherwise only what is known of them.
    #[serde(default)]
    pub files: bool,
}

/// What kind of document an import was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImportSource {
    /// A conversation exported here.
    Conversation,
    /// A project exported here.
    Project,
    /// ChatGPT's `conversations.json`.
    Chatgpt,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReport {
    pub source: ImportSource,
    /// Where it is now.
    pub project_id: ProjectId,
    /// The conversations that came in, in the document's order.
    pub conversations: Vec<ImportedConversation>,
    /// Messages that came in, of all conversations together.
    pub messages: u64,
    /// What was left out, and why; at most 1,000 entries.
    pub skipped: Vec<ImportSkip>,
    /// How many parts were left out, listed or not.
    pub skipped_count: u64,
}

/// A conversation that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportedConversation {
    pub id: ConversationId,
    pub title: String,
    pub messages: u64,
}

/// A part of a document that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportSkip {
    /// Where in the document, as a JSON pointer.
    #[cfg_attr(feature = "openapi", schema(examples("/3/mapping/9a1e/message")))]
    pub pointer: String,
    /// In words.
    #[cfg_attr(feature = "openapi", schema(examples("an image; only text is taken")))]
    pub reason: String,
}

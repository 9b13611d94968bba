//! The documents that exports are and imports take: a conversation, and a project with all of them.
//!
//! Their form is a promise to files that lie on people's disks. Whatever changes its meaning, or
//! adds a field, raises [`DOCUMENT_VERSION`]; an import reads every version up to that one. Unknown fields
//! are refused, so that nothing is lost in silence. No key and no password is ever part of a document.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    chat::{Fallback, FinishReason, MessageStatus, Omitted, Role, Usage},
    ids::{ConversationId, MessageId},
    problem::Problem,
    projects::Parameters,
};

/// The version of the documents that this server writes, and the newest that it reads.
pub const DOCUMENT_VERSION: u32 = 2;

/// Says that a document is a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConversationFormat {
    #[default]
    #[serde(rename = "prompthub.conversation")]
    Conversation,
}

/// Says that a document is a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProjectFormat {
    #[default]
    #[serde(rename = "prompthub.project")]
    Project,
}

/// A conversation, the whole tree of its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationDocument {
    pub format: ConversationFormat,
    /// 2, or 1.
    pub version: u32,
    /// Where it comes from; an import gives it a new one, as it does to every message.
    pub id: ConversationId,
    /// 1 to 200 characters on one line.
    pub title: String,
    #[serde(default)]
    pub titled_by: TitleSource,
    #[serde(default)]
    pub pinned: bool,
    #[serde(default)]
    pub archived: bool,
    /// The answer at the end of the path that is shown; `null` while there is none. A question stands for its newest answer.
    #[serde(default)]
    pub active_message_id: Option<MessageId>,
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The prompt versions that answers were given under, without their text.
    #[serde(default)]
    pub prompt_versions: Vec<PromptDigest>,
    /// Oldest first.
    pub messages: Vec<MessageDocument>,
}

/// Where a title comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TitleSource {
    /// A person gave it; it is never overwritten.
    #[default]
    Person,
    Generated,
}

/// What a prompt version's number stands for, so that the same prompt is found in another project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptDigest {
    pub number: i32,
    /// SHA-256 of the version's system prompt, model and parameters, in lower-case hexadecimal.
    pub sha256: String,
}

/// A message of an exported conversation. A question is `complete`, and has nothing from `model` to `problem`. An import makes
/// none older than the one that it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageDocument {
    pub id: MessageId,
    /// The message before; `null` for a first one. An answer follows a question.
    #[serde(default)]
    pub parent_id: Option<MessageId>,
    pub role: Role,
    pub content: String,
    /// The images of a question, in their order.
    #[serde(default)]
    pub attachments: Vec<AttachmentDocument>,
    #[serde(default)]
    pub reasoning: Option<String>,
    /// An answer that was `running` at the export is `interrupted` after an import.
    pub status: MessageStatus,
    #[serde(default)]
    pub model: Option<String>,
    /// The model that was asked first, where `model` answered in its place.
    #[serde(default)]
    pub requested_model: Option<String>,
    /// The model that really answered, as the provider names it, where it is another than it was asked for.
    #[serde(default)]
    pub response_model: Option<String>,
    /// The other models that were to answer and did not.
    #[serde(default)]
    pub fallbacks: Vec<Fallback>,
    /// What of the history was left out for the answer.
    #[serde(default)]
    pub omitted: Option<Omitted>,
    /// The number of the prompt version; `null` where an import found no such version.
    #[serde(default)]
    pub prompt_version: Option<i32>,
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Milliseconds from the question to the first word, and to the end.
    #[serde(default)]
    pub first_token_ms: Option<i64>,
    #[serde(default)]
    pub duration_ms: Option<i64>,
    #[serde(default)]
    pub problem: Option<Problem>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An image of an exported message, which is a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttachmentDocument {
    /// The name of the file. An import finds it by that among the files of the project.
    pub file: String,
    /// After how many characters of `content` it stands; never before the image before it.
    pub offset: u64,
}

/// A project: its settings, the versions of its prompt, its conversations and its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectDocument {
    pub format: ProjectFormat,
    /// 2, or 1.
    pub version: u32,
    /// 1 to 100 characters.
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub system_prompt: String,
    pub model: String,
    #[serde(default)]
    pub parameters: Parameters,
    /// The number of the current one of `prompt_versions`.
    pub prompt_version: i32,
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Newest first; the newest holds what the project says now.
    pub prompt_versions: Vec<PromptVersionDocument>,
    /// In the order in which they were begun, archived ones too; each a document of its own.
    #[serde(default)]
    pub conversations: Vec<ConversationDocument>,
    /// Oldest first.
    #[serde(default)]
    pub files: Vec<FileDocument>,
}

/// One numbered state of an exported project's prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptVersionDocument {
    pub number: i32,
    pub system_prompt: String,
    pub model: String,
    #[serde(default)]
    pub parameters: Parameters,
    pub created_at: Timestamp,
}

/// A file of an exported project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileDocument {
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// As it was; an import makes it from the name anew.
    pub content_type: String,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub created_at: Timestamp,
    /// The bytes in base64, where the export was asked for them with `files=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What an import takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImportDocument {
    Conversation(Box<ConversationDocument>),
    Project(Box<ProjectDocument>),
    /// `conversations.json` of ChatGPT's own export.
    Chatgpt(Vec<ChatgptDocument>),
}

/// A conversation of ChatGPT's export, as far as it is read. Whatever else is there is passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatgptDocument {
    pub title: Option<String>,
    /// Seconds since 1970.
    pub create_time: Option<f64>,
    /// The key in `mapping` of the end of the path that is shown.
    pub current_node: Option<String>,
    /// The tree's nodes: `{id, parent, children, message}` each.
    pub mapping: std::collections::BTreeMap<String, serde_json::Value>,
}

//! Projects and the versions of their prompts.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{ProjectId, PromptVersionId, UserId},
};

pub use crate::parameters::{Parameters, ReasoningEffort, ResponseFormat};

/// A project (agent): a system prompt, a model and what belongs to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    pub id: ProjectId,
    #[cfg_attr(feature = "openapi", schema(examples("Release notes writer")))]
    pub name: String,
    /// Empty unless set.
    pub description: String,
    /// Empty unless set.
    pub system_prompt: String,
    /// `<provider slug>/<the provider's own id>`.
    #[cfg_attr(
        feature = "openapi",
        schema(examples("openrouter/anthropic/claude-sonnet-4"))
    )]
    pub model: String,
    pub parameters: Parameters,
    /// The number of the current prompt version; the first is 1.
    pub prompt_version: i32,
    pub file_count: i64,
    /// The last message or change.
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A new project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "Latin tutor", "system_prompt": "You are patient and Socratic."})))]
pub struct CreateProject {
    /// 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// At most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub description: Option<String>,
    /// At most 100,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100_000))]
    pub system_prompt: Option<String>,
    /// The server's default model unless sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
}

/// Changes to a project; what is not sent, or `null`, stays. `parameters` is replaced whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"system_prompt": "You answer in Latin."})))]
pub struct UpdateProject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100_000))]
    pub system_prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
}

/// One numbered state of what a project tells its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptVersion {
    pub id: PromptVersionId,
    /// Counts up from 1 within the project.
    pub number: i32,
    pub system_prompt: String,
    pub model: String,
    pub parameters: Parameters,
    /// Who made it; `null` when that account is gone.
    pub author_id: Option<UserId>,
    pub created_at: Timestamp,
}

//! Rows as the API shows them.

use chrono::{NaiveDateTime, SecondsFormat};
use prompthub_dto::{
    Timestamp,
    account::{Role as AccountRole, User},
    chat::{
        Attachment, Conversation, FinishReason, Generation, Message, MessageStatus, Role, Usage,
    },
    files::File,
    projects::{Parameters, Project, PromptVersion},
    providers::{BaseUrlRule, KeyRule, Provider, ProviderPreset, ProviderState, ProviderStatus},
};
use prompthub_llm::presets::{self, Preset};
use prompthub_store as store;

use crate::{
    error::ApiError,
    providers::{Catalogue, OwnAccount, SharedAccount},
};

/// A stored time: UTC, to the microsecond.
#[must_use]
pub fn timestamp(at: NaiveDateTime) -> Timestamp {
    Timestamp::from_rfc3339(at.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[must_use]
pub fn user(row: store::users::UserRow) -> User {
    User {
        id: row.id,
        email: row.email,
        name: row.name,
        role: match row.role {
            store::UserRole::Admin => AccountRole::Admin,
            store::UserRole::User => AccountRole::User,
        },
        created_at: timestamp(row.created_at),
    }
}

#[must_use]
pub fn project(row: store::projects::ProjectRow, file_count: i64) -> Project {
    Project {
        id: row.id,
        name: row.name,
        description: row.description,
        system_prompt: row.system_prompt,
        model: row.model,
        parameters: parameters(&row.parameters),
        prompt_version: row.prompt_version,
        file_count,
        last_activity_at: timestamp(row.last_activity_at),
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    }
}

#[must_use]
pub fn prompt_version(row: store::projects::PromptVersionRow) -> PromptVersion {
    PromptVersion {
        id: row.id,
        number: row.number,
        system_prompt: row.system_prompt,
        model: row.model,
        parameters: parameters(&row.parameters),
        author_id: row.author_id,
        created_at: timestamp(row.created_at),
    }
}

/// Stored parameters. We wrote them, so they can be read; a field that a newer version wrote and
/// this one does not know is as good as absent.
#[must_use]
pub fn parameters(json: &str) -> Parameters {
    serde_json::from_str(json).unwrap_or_else(|error| {
        tracing::error!(%error, "stored parameters cannot be read");
        Parameters::default()
    })
}

#[must_use]
pub fn file(row: store::files::FileRow) -> File {
    File {
        id: row.id,
        name: row.name,
        size: row.size,
        content_type: row.content_type,
        sha256: row.sha256,
        created_at: timestamp(row.created_at),
    }
}

#[must_use]
pub fn conversation(row: store::conversations::ConversationRow) -> Conversation {
    Conversation {
        id: row.id,
        project_id: row.project_id,
        title: row.title,
        pinned: row.pinned,
        archived: row.archived,
        active_message_id: row.active_message_id,
        last_activity_at: timestamp(row.last_activity_at),
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    }
}

#[must_use]
pub fn message(row: store::messages::MessageRow) -> Message {
    let usage = Usage {
        prompt_tokens: row.prompt_tokens,
        completion_tokens: row.completion_tokens,
        cost_usd: row.cost_usd,
        cached_tokens: row.cached_tokens,
        reasoning_tokens: row.reasoning_tokens,
        cost_is_estimate: row.cost_is_estimate,
        tokens_are_estimate: row.tokens_are_estimate,
    };
    Message {
        id: row.id,
        conversation_id: row.conversation_id,
        parent_id: row.parent_id,
        role: match row.role {
            store::MessageRole::User => Role::User,
            store::MessageRole::Assistant => Role::Assistant,
        },
        content: row.content,
        attachments: attachments(row.attachments.as_deref()),
        reasoning: row.reasoning,
        status: status(row.status),
        model: row.model,
        requested_model: row.requested_model,
        response_model: row.response_model,
        fallbacks: stored(row.fallbacks.as_deref()).unwrap_or_default(),
        omitted: stored(row.omitted.as_deref()),
        prompt_version: row.prompt_version,
        finish_reason: row.finish_reason.map(finish_reason),
        usage: (usage != Usage::default()).then_some(usage),
        first_token_ms: row.first_token_ms,
        duration_ms: row.duration_ms,
        problem: stored(row.problem.as_deref()),
        generation_id: row.generation_id,
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    }
}

/// The images of a message, as they are stored.
#[must_use]
pub fn attachments(json: Option<&str>) -> Vec<Attachment> {
    stored(json).unwrap_or_default()
}

/// As it is stored, where there is anything.
///
/// # Errors
/// When it cannot be written as JSON, which is a fault of ours.
pub fn json<T: serde::Serialize>(value: Option<&T>) -> Result<Option<String>, ApiError> {
    let text = value.map(serde_json::to_string).transpose();
    text.map_err(ApiError::internal)
}

/// What is stored as JSON. We wrote it, so it can be read.
fn stored<T: serde::de::DeserializeOwned>(json: Option<&str>) -> Option<T> {
    match serde_json::from_str(json?) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(%error, "what is stored of a message cannot be read");
            None
        }
    }
}

#[must_use]
pub fn generation(row: store::generations::GenerationRow) -> Generation {
    Generation {
        id: row.id,
        conversation_id: row.conversation_id,
        user_message_id: row.user_message_id,
        assistant_message_id: row.assistant_message_id,
        model: row.model,
        status: status(row.status),
        created_at: timestamp(row.created_at),
        finished_at: row.finished_at.map(timestamp),
    }
}

#[must_use]
pub fn status(status: store::MessageStatus) -> MessageStatus {
    match status {
        store::MessageStatus::Running => MessageStatus::Running,
        store::MessageStatus::Complete => MessageStatus::Complete,
        store::MessageStatus::Cancelled => MessageStatus::Cancelled,
        store::MessageStatus::Interrupted => MessageStatus::Interrupted,
        store::MessageStatus::Failed => MessageStatus::Failed,
    }
}

#[must_use]
pub fn finish_reason(reason: store::FinishReason) -> FinishReason {
    match reason {
        store::FinishReason::Stop => FinishReason::Stop,
        store::FinishReason::Length => FinishReason::Length,
        store::FinishReason::ToolCalls => FinishReason::ToolCalls,
        store::FinishReason::ContentFilter => FinishReason::ContentFilter,
        store::FinishReason::Error => FinishReason::Error,
        store::FinishReason::Cancelled => FinishReason::Cancelled,
        store::FinishReason::Interrupted => FinishReason::Interrupted,
        store::FinishReason::Other => FinishReason::Other,
    }
}

#[must_use]
pub fn preset(preset: &Preset) -> ProviderPreset {
    ProviderPreset {
        name: preset.name.to_owned(),
        title: preset.title.to_owned(),
        base_url: preset.base_url.to_owned(),
        base_url_rule: match preset.base_url_rule {
            presets::BaseUrlRule::Fixed => BaseUrlRule::Fixed,
            presets::BaseUrlRule::Changeable => BaseUrlRule::Changeable,
            presets::BaseUrlRule::Required => BaseUrlRule::Required,
        },
        key_rule: match preset.key {
            presets::KeyRule::Required => KeyRule::Required,
            presets::KeyRule::Optional => KeyRule::Optional,
        },
    }
}

#[must_use]
pub fn shared_provider(account: &SharedAccount) -> Provider {
    Provider {
        id: None,
        slug: account.slug.to_owned(),
        preset: account.slug.to_owned(),
        name: account.name.to_owned(),
        base_url: None,
        key_hint: None,
        shared: true,
        state: provider_state(account.catalogue().as_ref()),
        created_at: None,
        updated_at: None,
    }
}

/// `fault` is what keeps the account from being used at all.
#[must_use]
pub fn own_provider(account: OwnAccount, fault: Option<String>) -> Provider {
    let OwnAccount { row, catalogue, .. } = account;
    let mut state = provider_state(catalogue.as_ref());
    if fault.is_some() {
        state.status = ProviderStatus::Failed;
        state.problem = fault;
    }
    let own_url = || presets::find(&row.preset).map(|preset| preset.base_url.to_owned());
    Provider {
        id: Some(row.id),
        base_url: row.base_url.or_else(own_url),
        slug: row.slug,
        preset: row.preset,
        name: row.name,
        key_hint: row.key_hint,
        shared: false,
        state,
        created_at: Some(timestamp(row.created_at)),
        updated_at: Some(timestamp(row.updated_at)),
    }
}

fn provider_state(catalogue: Option<&Catalogue>) -> ProviderState {
    let status = match catalogue.map(|catalogue| catalogue.status) {
        None => ProviderStatus::Loading,
        Some(store::CatalogueStatus::Ready) => ProviderStatus::Ready,
        Some(store::CatalogueStatus::Failed) => ProviderStatus::Failed,
        Some(store::CatalogueStatus::Unreachable) => ProviderStatus::Unreachable,
    };
    ProviderState {
        status,
        model_count: catalogue.map_or(0, |catalogue| catalogue.model_count),
        checked_at: catalogue.map(|catalogue| timestamp(catalogue.checked_at)),
        problem: catalogue.and_then(|catalogue| catalogue.problem.clone()),
    }
}

//! What answers used and cost, summed.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, ProjectId};

/// The query of the usage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct UsageQuery {
    /// The first day, UTC; the 30 days that end with `to` unless sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(format = Date, example = "2026-11-01"))]
    pub from: Option<String>,
    /// The last day, UTC; today unless sent. At most 366 days, the first and the last included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(format = Date, example = "2026-11-30"))]
    pub to: Option<String>,
    /// Only what was used in this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// Only what was used in this conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// Only what this model used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// By what to group: some of `day`, `model`, `project` and `conversation`, separated by commas;
    /// `day,model` unless sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(example = "day,model"))]
    pub group_by: Option<String>,
}

/// What a person's answers used and cost within some days.
///
/// It is a ledger: deleting a conversation or a project does not lower what was spent in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageReport {
    /// The first day, UTC.
    #[cfg_attr(feature = "openapi", schema(format = Date, examples("2026-11-01")))]
    pub from: String,
    /// The last day, UTC.
    #[cfg_attr(feature = "openapi", schema(format = Date, examples("2026-11-30")))]
    pub to: String,
    pub total: UsageSum,
    /// A group for each combination of what it is grouped by, where there is anything; in the order of the day,
    /// then of the cost, the dearest first.
    pub items: Vec<UsageGroup>,
}

/// The usage of one group. Fields that it is not grouped by are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageGroup {
    /// UTC.
    #[cfg_attr(feature = "openapi", schema(format = Date, examples("2026-11-22")))]
    pub day: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    pub project_id: Option<ProjectId>,
    /// `null` once the project is deleted.
    pub project_name: Option<String>,
    pub conversation_id: Option<ConversationId>,
    /// `null` once the conversation is deleted.
    pub conversation_title: Option<String>,
    pub sum: UsageSum,
}

/// Usage added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageSum {
    /// How many answers there are. Titles that models made are in the other figures, but not here.
    pub answers: i64,
    pub prompt_tokens: i64,
    pub cached_tokens: i64,
    pub completion_tokens: i64,
    pub reasoning_tokens: i64,
    /// US dollars as decimal text, exact.
    #[cfg_attr(feature = "openapi", schema(examples("0.071325")))]
    pub cost_usd: String,
    /// Whether any part of the cost is computed from prices rather than billed.
    pub cost_is_estimate: bool,
    /// Whether any part of the tokens is estimated from texts rather than counted by a provider.
    pub tokens_are_estimate: bool,
    /// Answers whose cost is not known, and not in `cost_usd`.
    pub answers_without_cost: i64,
    /// The median of the milliseconds to the first word; `null` where no answer has one.
    pub first_token_ms_p50: Option<i64>,
    /// The median of the milliseconds to the end.
    pub duration_ms_p50: Option<i64>,
}

//! The ledger of what calls of models used and cost.
//!
//! A record is written once and never changed; deleting what it was for leaves it. Integers are summed here; costs
//! are decimals of any length, which no two databases add alike, so they are handed out for the caller to add.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use prompthub_dto::ids::{ConversationId, GenerationId, ProjectId, UserId};

use crate::{
    Conn, StoreError,
    schema::{messages, usage_records},
    sql::direct,
    text_enum::text_enum,
};

text_enum! {
    /// What a model was called for. Only answers have a duration.
    Purpose {
        Answer = "answer",
        /// A conversation's title.
        Title = "title",
    }
}

/// What one call used. `None` is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = messages, treat_none_as_null = true)]
pub struct UsageFigures {
    pub prompt_tokens: Option<i64>,
    /// Those of `prompt_tokens` that were in the provider's cache.
    pub cached_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    /// Those of `completion_tokens` that went into reasoning.
    pub reasoning_tokens: Option<i64>,
    /// US dollars as decimal text.
    pub cost_usd: Option<String>,
    /// Whether the cost is computed rather than billed.
    pub cost_is_estimate: bool,
    /// Whether the tokens are estimated rather than counted by the provider.
    pub tokens_are_estimate: bool,
    /// Milliseconds from the question to the first word.
    pub first_token_ms: Option<i64>,
    /// Milliseconds from the question to the end.
    pub duration_ms: Option<i64>,
}

/// One call of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    pub owner_id: UserId,
    /// The answer's generation; an id of its own for what is no answer.
    pub id: GenerationId,
    pub purpose: Purpose,
    /// As the API names it.
    pub model: String,
    pub project_id: ProjectId,
    pub conversation_id: ConversationId,
    pub figures: UsageFigures,
    pub now: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = usage_records, treat_none_as_default_value = false)]
struct UsageRow<'a> {
    owner_id: UserId,
    day: String,
    model: &'a str,
    id: GenerationId,
    purpose: Purpose,
    project_id: ProjectId,
    conversation_id: ConversationId,
    prompt_tokens: Option<i64>,
    cached_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    reasoning_tokens: Option<i64>,
    cost_usd: Option<&'a str>,
    cost_is_estimate: bool,
    tokens_are_estimate: bool,
    first_token_ms: Option<i64>,
    duration_ms: Option<i64>,
    created_at: NaiveDateTime,
}

/// Adds a record to the ledger.
///
/// # Errors
/// [`StoreError::ForeignKey`] when the account is gone.
pub fn insert(conn: &mut Conn, record: &UsageRecord) -> Result<(), StoreError> {
    let figures = &record.figures;
    let row = UsageRow {
        owner_id: record.owner_id,
        day: record.now.date().to_string(),
        model: &record.model,
        id: record.id,
        purpose: record.purpose,
        project_id: record.project_id,
        conversation_id: record.conversation_id,
        prompt_tokens: figures.prompt_tokens,
        cached_tokens: figures.cached_tokens,
        completion_tokens: figures.completion_tokens,
        reasoning_tokens: figures.reasoning_tokens,
        cost_usd: figures.cost_usd.as_deref(),
        cost_is_estimate: figures.cost_is_estimate,
        tokens_are_estimate: figures.tokens_are_estimate,
        first_token_ms: figures.first_token_ms,
        duration_ms: figures.duration_ms,
        created_at: record.now,
    };
    let insert = diesel::insert_into(usage_records::table).values(&row);
    direct!(conn => insert.execute(conn))?;
    Ok(())
}

/// Which records to sum up.
#[derive(Debug, Clone)]
pub struct UsageFilter {
    pub owner: UserId,
    /// The first day and the last, `YYYY-MM-DD`.
    pub days: (String, String),
    pub project: Option<ProjectId>,
    pub conversation: Option<ConversationId>,
    pub model: Option<String>,
}

/// By what to group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageKey {
    Day,
    Model,
    Project,
    Conversation,
}

impl UsageKey {
    const ALL: [Self; 4] = [Self::Day, Self::Model, Self::Project, Self::Conversation];

    fn column(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Model => "model",
            Self::Project => "project_id",
            Self::Conversation => "conversation_id",
        }
    }
}

/// The records of one group, summed. Keys that it is not grouped by are `None`.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct UsageGroupRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub day: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub model: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub project_id: Option<ProjectId>,
    /// `None` too when the project is gone.
    #[diesel(sql_type = Nullable<Text>)]
    pub project_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub conversation_id: Option<ConversationId>,
    /// `None` too when the conversation is gone.
    #[diesel(sql_type = Nullable<Text>)]
    pub conversation_title: Option<String>,
    /// Records of answers; the figures are of titles, too.
    #[diesel(sql_type = BigInt)]
    pub answers: i64,
    #[diesel(sql_type = BigInt)]
    pub prompt_tokens: i64,
    #[diesel(sql_type = BigInt)]
    pub cached_tokens: i64,
    #[diesel(sql_type = BigInt)]
    pub completion_tokens: i64,
    #[diesel(sql_type = BigInt)]
    pub reasoning_tokens: i64,
    /// Every known cost, separated by commas.
    #[diesel(sql_type = Nullable<Text>)]
    pub costs: Option<String>,
    /// Records whose cost is an estimate, and those whose tokens are.
    #[diesel(sql_type = BigInt)]
    pub estimated_costs: i64,
    #[diesel(sql_type = BigInt)]
    pub estimated_tokens: i64,
    #[diesel(sql_type = BigInt)]
    pub answers_without_cost: i64,
    /// Every known time of an answer in milliseconds, separated by commas.
    #[diesel(sql_type = Nullable<Text>)]
    pub first_token_ms: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub duration_ms: Option<String>,
}

/// The sums of a person's records, a row for each combination of `keys` that there is.
///
/// # Errors
/// When the database fails.
pub fn summarise(
    conn: &mut Conn,
    filter: &UsageFilter,
    keys: &[UsageKey],
) -> Result<Vec<UsageGroupRow>, StoreError> {
    let (statement, values) = statement(filter, keys);
    Ok(direct!(conn => {
        let mut query = sql_query(statement).into_boxed();
        for value in values {
            query = query.bind::<Text, _>(value);
        }
        query.load(conn)
    })?)
}

/// The statement and the values of its parameters. A parameter that is not there costs nothing for each record, which
/// of a hundred thousand can be felt; nor is `purpose` looked at, since only answers have a duration.
fn statement(filter: &UsageFilter, keys: &[UsageKey]) -> (String, Vec<String>) {
    let mut values = vec![
        filter.owner.to_string(),
        filter.days.0.clone(),
        filter.days.1.clone(),
    ];
    let mut conditions = String::new();
    for (column, value) in [
        ("project_id", filter.project.map(|id| id.to_string())),
        (
            "conversation_id",
            filter.conversation.map(|id| id.to_string()),
        ),
        ("model", filter.model.clone()),
    ] {
        if let Some(value) = value {
            values.push(value);
            conditions.push_str(&format!("AND {column} = ${} ", values.len()));
        }
    }
    let mut columns = String::new();
    let mut grouping = Vec::new();
    for key in UsageKey::ALL {
        let column = key.column();
        if keys.contains(&key) {
            columns.push_str(&format!("{column}, "));
            grouping.push(column);
        } else {
            columns.push_str(&format!("CAST(NULL AS TEXT) AS {column}, "));
        }
    }
    let grouping = match grouping.is_empty() {
        true => String::new(),
        false => format!("GROUP BY {}", grouping.join(", ")),
    };
    // Parameters are numbered in the order in which they first stand there, as SQLite does it.
    let statement = format!(
        "SELECT sums.*, projects.name AS project_name, conversations.title AS conversation_title FROM ( \
         SELECT {columns} \
         COUNT(duration_ms) AS answers, \
         CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT) AS prompt_tokens, \
         CAST(COALESCE(SUM(cached_tokens), 0) AS BIGINT) AS cached_tokens, \
         CAST(COALESCE(SUM(completion_tokens), 0) AS BIGINT) AS completion_tokens, \
         CAST(COALESCE(SUM(reasoning_tokens), 0) AS BIGINT) AS reasoning_tokens, \
         string_agg(cost_usd, ',') AS costs, \
         COUNT(CASE WHEN cost_is_estimate THEN 1 END) AS estimated_costs, \
         COUNT(CASE WHEN tokens_are_estimate THEN 1 END) AS estimated_tokens, \
         COUNT(CASE WHEN cost_usd IS NULL THEN duration_ms END) AS answers_without_cost, \
         string_agg(CAST(first_token_ms AS TEXT), ',') AS first_token_ms, \
         string_agg(CAST(duration_ms AS TEXT), ',') AS duration_ms \
         FROM usage_records \
         WHERE owner_id = $1 AND day >= $2 AND day <= $3 {conditions} {grouping} \
         ) AS sums \
         LEFT JOIN projects ON projects.id = sums.project_id AND projects.owner_id = $1 \
         LEFT JOIN conversations ON conversations.id = sums.conversation_id AND conversations.owner_id = $1"
    );
    (statement, values)
}

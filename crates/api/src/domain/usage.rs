//! What a person's answers used and cost, summed from the ledger.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use prompthub_dto::{
    ids::UserId,
    problem::FieldCode,
    usage::{UsageGroup, UsageQuery, UsageReport, UsageSum},
};
use prompthub_llm::sum_costs;
use prompthub_store::{
    now,
    usage::{self, UsageFilter, UsageGroupRow, UsageKey},
};

use super::models::ModelName;
use crate::{error::ApiError, state::App};

/// Days of a report unless asked otherwise, and at most.
const DEFAULT_DAYS: u64 = 30;
const MAX_DAYS: i64 = 366;

/// # Errors
/// Complaints about the query.
pub async fn report(app: &App, owner: UserId, query: UsageQuery) -> Result<UsageReport, ApiError> {
    let (from, to) = days(query.from.as_deref(), query.to.as_deref(), now().date())?;
    let keys = keys(query.group_by.as_deref().unwrap_or("day,model"))?;
    let model = query.model.as_deref().map(ModelName::parse).transpose()?;
    let filter = UsageFilter {
        owner,
        days: (from.to_string(), to.to_string()),
        project: query.project_id,
        conversation: query.conversation_id,
        model: model.map(ModelName::into_string),
    };
    let fetched = fetched(&keys);
    let rows = app
        .store
        .read(move |conn| usage::summarise(conn, &filter, &fetched))
        .await?;
    Ok(UsageReport {
        from: from.to_string(),
        to: to.to_string(),
        total: sum(&rows),
        items: groups(rows, &keys),
    })
}

/// By what the database groups. By day and model the records lie side by side, which makes it the quickest by far; what
/// is coarser is put together from that.
fn fetched(keys: &[UsageKey]) -> Vec<UsageKey> {
    const NATURAL: [UsageKey; 2] = [UsageKey::Day, UsageKey::Model];
    match keys.iter().all(|key| NATURAL.contains(key)) {
        true => NATURAL.to_vec(),
        false => keys.to_vec(),
    }
}

fn groups(rows: Vec<UsageGroupRow>, keys: &[UsageKey]) -> Vec<UsageGroup> {
    let mut groups: HashMap<_, Vec<UsageGroupRow>> = HashMap::new();
    for row in rows {
        let day = row.day.clone().filter(|_| keys.contains(&UsageKey::Day));
        let model = row.model.clone();
        let model = model.filter(|_| keys.contains(&UsageKey::Model));
        let key = (day, model, row.project_id, row.conversation_id);
        groups.entry(key).or_default().push(row);
    }
    let mut items: Vec<_> = groups
        .into_iter()
        .map(
            |((day, model, project_id, conversation_id), rows)| UsageGroup {
                sum: sum(&rows),
                day,
                model,
                project_id,
                project_name: rows.iter().find_map(|row| row.project_name.clone()),
                conversation_id,
                conversation_title: rows.iter().find_map(|row| row.conversation_title.clone()),
            },
        )
        .collect();
    items.sort_by(|a, b| {
        let by_cost = || order_of_amount(&b.sum.cost_usd).cmp(&order_of_amount(&a.sum.cost_usd));
        let by_name = || {
            (&a.model, a.project_id, a.conversation_id).cmp(&(
                &b.model,
                b.project_id,
                b.conversation_id,
            ))
        };
        a.day.cmp(&b.day).then_with(by_cost).then_with(by_name)
    });
    items
}

fn sum(rows: &[UsageGroupRow]) -> UsageSum {
    let total = |count: fn(&UsageGroupRow) -> i64| {
        rows.iter()
            .fold(0_i64, |sum, row| sum.saturating_add(count(row)))
    };
    let costs = rows.iter().filter_map(|row| row.costs.as_deref());
    let cost = sum_costs(costs.flat_map(|costs| costs.split(',')));
    UsageSum {
        answers: total(|row| row.answers),
        prompt_tokens: total(|row| row.prompt_tokens),
        cached_tokens: total(|row| row.cached_tokens),
        completion_tokens: total(|row| row.completion_tokens),
        reasoning_tokens: total(|row| row.reasoning_tokens),
        cost_usd: cost.usd,
        cost_is_estimate: total(|row| row.estimated_costs) > 0,
        tokens_are_estimate: total(|row| row.estimated_tokens) > 0,
        answers_without_cost: total(|row| row.answers_without_cost).saturating_add(cost.unknown),
        first_token_ms_p50: median(rows.iter().filter_map(|row| row.first_token_ms.as_deref())),
        duration_ms_p50: median(rows.iter().filter_map(|row| row.duration_ms.as_deref())),
    }
}

/// The middle one of the numbers in lists with commas; of two in the middle the smaller one.
fn median<'a>(lists: impl Iterator<Item = &'a str>) -> Option<i64> {
    let mut numbers: Vec<i64> = lists
        .flat_map(|list| list.split(','))
        .filter_map(|number| number.parse().ok())
        .collect();
    let middle = numbers.len().checked_sub(1)? / 2;
    let (_, median, _) = numbers.select_nth_unstable(middle);
    Some(*median)
}

/// Something whose order is that of amounts in plain decimal text without zeros in front.
fn order_of_amount(amount: &str) -> (usize, &str) {
    (amount.find('.').unwrap_or(amount.len()), amount)
}

/// The first day and the last.
fn days(
    from: Option<&str>,
    to: Option<&str>,
    today: NaiveDate,
) -> Result<(NaiveDate, NaiveDate), ApiError> {
    let to = to.map_or(Ok(today), |text| day("to", text))?;
    let from = match from {
        Some(text) => day("from", text)?,
        None => to
            .checked_sub_days(Days::new(DEFAULT_DAYS - 1))
            .unwrap_or(to),
    };
    let days = (to - from).num_days().saturating_add(1);
    if days < 1 {
        return Err(ApiError::field(
            "to",
            FieldCode::OutOfRange,
            "Must not be before `from`.",
        ));
    }
    if days > MAX_DAYS {
        return Err(ApiError::field(
            "from",
            FieldCode::OutOfRange,
            format!("A report is of at most {MAX_DAYS} days."),
        ));
    }
    Ok((from, to))
}

fn day(field: &str, text: &str) -> Result<NaiveDate, ApiError> {
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    // One way to write each day, which is the one that compares as text.
    let is_so_written = |day: &NaiveDate| text.len() == 10 && day.to_string() == text;
    parsed.filter(is_so_written).ok_or_else(|| {
        ApiError::field(
            field,
            FieldCode::Invalid,
            "Must be a day, such as 2026-11-22.",
        )
    })
}

fn keys(text: &str) -> Result<Vec<UsageKey>, ApiError> {
    let key = |name: &str| match name.trim() {
        "day" => Some(UsageKey::Day),
        "model" => Some(UsageKey::Model),
        "project" => Some(UsageKey::Project),
        "conversation" => Some(UsageKey::Conversation),
        _ => None,
    };
    let keys: Option<Vec<_>> = text.split(',').map(key).collect();
    keys.ok_or_else(|| {
        ApiError::field(
            "group_by",
            FieldCode::Invalid,
            "Must be some of day, model, project and conversation, separated by commas.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_the_numbers() {
        for (lists, expected) in [
            (&[][..], None),
            (&["5"], Some(5)),
            (&["9,1", "5"], Some(5)),
            (&["4,1,3,2"], Some(2)),
        ] {
            assert_eq!(median(lists.iter().copied()), expected, "{lists:?}");
        }
    }

    #[test]
    fn amounts_are_ordered_as_numbers() {
        let mut amounts = ["10", "9.5", "0.171", "9.45", "0", "0.0171", "100.1"];
        amounts.sort_by(|a, b| order_of_amount(a).cmp(&order_of_amount(b)));
        assert_eq!(
            amounts,
            ["0", "0.0171", "0.171", "9.45", "9.5", "10", "100.1"]
        );
    }

    #[test]
    fn days_are_plausible() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let found = |from, to| {
            days(from, to, today)
                .ok()
                .map(|(from, to)| format!("{from} {to}"))
        };
        for (from, to, expected) in [
            (None, None, Some("2026-10-24 2026-11-22")),
            (None, Some("2024-03-01"), Some("2024-02-01 2024-03-01")),
            (Some("2026-11-22"), None, Some("2026-11-22 2026-11-22")),
            (
                Some("2024-01-01"),
                Some("2024-12-31"),
                Some("2024-01-01 2024-12-31"),
            ),
            (Some("2023-12-31"), Some("2024-12-31"), None),
            (Some("2026-11-23"), None, None),
            (Some("2026-1-2"), None, None),
            (Some("2026-02-30"), None, None),
            (Some("+12026-01-01"), Some("+12026-01-01"), None),
            (Some(""), None, None),
        ] {
            assert_eq!(found(from, to).as_deref(), expected, "{from:?} {to:?}");
        }
    }
}

//! The figures of the plots: which series, how high, in what words.
//!
//! Pure data; must not know signals or views. Sums of money are the server's; the numbers here only
//! say how high a bar is.

use prompthub_dto::usage::{UsageGroup, UsageSum};

use crate::components::model_name;

/// How many series have a look of their own; what is left is one more.
pub const MOST: usize = 5;

/// A model or a project of the report: what tells it from the others, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    key: String,
    /// Short, but of no other source.
    pub name: String,
}

/// The sources of the groups, in their order.
#[must_use]
pub fn sources(groups: &[UsageGroup]) -> Vec<Source> {
    let shorts: Vec<String> = groups.iter().map(short_name).collect();
    let named = |(group, short): (&UsageGroup, &String)| {
        let mut all = groups.iter().zip(&shorts);
        let is_taken = all.any(|(other, name)| name == short && key(other) != key(group));
        Source {
            key: key(group).to_owned(),
            name: if is_taken {
                full_name(group)
            } else {
                short.clone()
            },
        }
    };
    groups.iter().zip(&shorts).map(named).collect()
}

fn key(group: &UsageGroup) -> &str {
    match (&group.model, &group.project_id) {
        (Some(model), _) => model,
        (None, Some(project)) => project.as_str(),
        (None, None) => "",
    }
}

fn short_name(group: &UsageGroup) -> String {
    match (&group.model, &group.project_name) {
        (Some(model), _) => model_name::short(model).to_owned(),
        (None, Some(project)) => project.clone(),
        (None, None) => "Deleted project".to_owned(),
    }
}

fn full_name(group: &UsageGroup) -> String {
    match &group.model {
        Some(model) => model.clone(),
        None => {
            // An id begins with the time, which two projects may well share; its end is random.
            let key = key(group);
            let end = key.len().saturating_sub(6);
            let end = key.get(end..).unwrap_or_default();
            format!("{} (…{end})", short_name(group))
        }
    }
}

/// A day of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// How high it is.
    pub value: f64,
    /// What it says.
    pub words: String,
}

/// One line of the legend, and its cell for each day.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    /// Which colour and pattern it has, which are the same in every plot.
    pub look: usize,
    pub cells: Vec<Option<Cell>>,
}

/// What is used of each day by the first [`MOST`] sources, in their order, and by `others` all
/// together. Without `others` these are left out, as medians cannot be added up. A series without
/// any cell is left out too.
#[must_use]
pub fn series(
    days: &[String],
    sources: &[Source],
    others: Option<&str>,
    groups: &[UsageGroup],
    read: impl Fn(&UsageSum) -> Option<Cell>,
) -> Vec<Series> {
    let own = sources.get(..MOST).unwrap_or(sources);
    let names = own.iter().map(|source| source.name.as_str()).chain(others);
    let mut sums = vec![vec![None::<UsageSum>; days.len()]; own.len().saturating_add(1)];
    for group in groups {
        let day = group
            .day
            .as_ref()
            .and_then(|day| days.binary_search(day).ok());
        let place = own.iter().position(|source| source.key == key(group));
        let cell = sums
            .get_mut(place.unwrap_or(own.len()))
            .zip(day)
            .and_then(|(sums, day)| sums.get_mut(day));
        match cell {
            Some(Some(sum)) => add(sum, &group.sum),
            Some(cell) => *cell = Some(group.sum.clone()),
            None => {}
        }
    }
    let all = names.zip(sums).enumerate().map(|(place, (name, sums))| {
        let cells = sums.iter().map(|sum| sum.as_ref().and_then(&read));
        Series {
            name: name.to_owned(),
            look: if place < own.len() { place } else { MOST },
            cells: cells.collect(),
        }
    });
    all.filter(|series| series.cells.iter().any(Option::is_some))
        .collect()
}

/// Adds up two sums. Medians are lost, and the cost is as exact as its words need.
fn add(sum: &mut UsageSum, other: &UsageSum) {
    *sum = UsageSum {
        answers: sum.answers.saturating_add(other.answers),
        prompt_tokens: sum.prompt_tokens.saturating_add(other.prompt_tokens),
        cached_tokens: sum.cached_tokens.saturating_add(other.cached_tokens),
        completion_tokens: sum
            .completion_tokens
            .saturating_add(other.completion_tokens),
        reasoning_tokens: sum.reasoning_tokens.saturating_add(other.reasoning_tokens),
        cost_usd: (amount(sum) + amount(other)).to_string(),
        cost_is_estimate: sum.cost_is_estimate || other.cost_is_estimate,
        tokens_are_estimate: sum.tokens_are_estimate || other.tokens_are_estimate,
        answers_without_cost: sum
            .answers_without_cost
            .saturating_add(other.answers_without_cost),
        first_token_ms_p50: None,
        duration_ms_p50: None,
    };
}

/// The cost as a plot can show it.
#[must_use]
pub fn amount(sum: &UsageSum) -> f64 {
    serde_json::from_str(&sum.cost_usd).unwrap_or_default()
}

/// The round number that is at least `most`: 1, 2 or 5 with zeros.
#[must_use]
pub fn top(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let mut unit = 1e-6;
    // Nobody uses more than this in a day.
    while unit < 1e15 {
        for step in [1.0, 2.0, 5.0] {
            if unit * step >= most {
                return unit * step;
            }
        }
        unit *= 10.0;
    }
    most
}

/// The nearest number that a plot can show.
#[must_use]
pub fn number(whole: i64) -> f64 {
    let high = i32::try_from(whole >> 32).unwrap_or(i32::MAX);
    let low = u32::try_from(whole & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use prompthub_dto::usage::UsageSum;

    use super::{super::calendar::days, *};

    fn group(day: &str, model: &str, tokens: i64) -> UsageGroup {
        UsageGroup {
            day: Some(day.to_owned()),
            model: Some(model.to_owned()),
            project_id: None,
            project_name: None,
            conversation_id: None,
            conversation_title: None,
            sum: UsageSum {
                prompt_tokens: tokens,
                cost_usd: "0.0000001".to_owned(),
                first_token_ms_p50: Some(tokens),
                ..UsageSum::default()
            },
        }
    }

    fn project(id: &str, name: Option<&str>) -> UsageGroup {
        UsageGroup {
            model: None,
            project_id: id.parse().ok(),
            project_name: name.map(str::to_owned),
            ..group("2026-11-01", "", 1)
        }
    }

    fn tokens(sum: &UsageSum) -> Option<Cell> {
        Some(Cell {
            value: number(sum.prompt_tokens),
            words: sum.prompt_tokens.to_string(),
        })
    }

    fn names(groups: &[UsageGroup]) -> Vec<String> {
        let sources = sources(groups).into_iter();
        sources.map(|source| source.name).collect()
    }

    #[test]
    fn sources_of_one_name_are_told_apart() {
        let models = ["openai/gpt-4o", "openrouter/openai/gpt-4o", "demo/echo"];
        assert_eq!(
            names(&models.map(|model| group("2026-11-01", model, 1))),
            models
        );
        assert_eq!(names(&[group("2026-11-01", models[0], 1)]), ["gpt-4o"]);
        let projects = [
            project("019aa9f5-8c00-7cc3-98c4-dc0c0c000001", Some("Notes")),
            project("019aa9f5-8c00-7cc3-98c4-dc0c0c000002", Some("Notes")),
            project("019aa9f5-8c00-7cc3-98c4-dc0c0c000003", Some("Other")),
            project("019aa9f5-8c00-7cc3-98c4-dc0c0c000004", None),
            project("019aa9f5-8c00-7cc3-98c4-dc0c0c000005", None),
        ];
        assert_eq!(
            names(&projects),
            [
                "Notes (…000001)",
                "Notes (…000002)",
                "Other",
                "Deleted project (…000004)",
                "Deleted project (…000005)",
            ]
        );
    }

    #[test]
    fn series_of_one_name_do_not_run_together() {
        let days = days("2026-11-01", "2026-11-01");
        let groups = [
            group("2026-11-01", "openai/gpt-4o", 100),
            group("2026-11-01", "openrouter/openai/gpt-4o", 300),
        ];
        let median = |sum: &UsageSum| {
            let value = number(sum.first_token_ms_p50?);
            Some(Cell {
                value,
                words: value.to_string(),
            })
        };
        let all = series(&days, &sources(&groups), None, &groups, median);
        let said: Vec<_> = all
            .iter()
            .map(|series| {
                (
                    series.name.as_str(),
                    series.cells[0].as_ref().unwrap().words.as_str(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("openai/gpt-4o", "100"),
                ("openrouter/openai/gpt-4o", "300")
            ]
        );
    }

    #[test]
    fn what_has_no_series_of_its_own_is_summed_up() {
        let days = days("2026-11-01", "2026-11-02");
        let models = ["a", "b", "c", "d", "e", "f", "g"];
        let sources = sources(&models.map(|model| group("2026-11-01", model, 0)));
        let groups = [
            group("2026-11-01", "a", 5),
            group("2026-11-01", "e", 6),
            group("2026-11-02", "f", 7),
            group("2026-11-02", "g", 1),
        ];
        let all = series(&days, &sources, Some("others"), &groups, tokens);
        let said: Vec<_> = all
            .iter()
            .map(|series| {
                let cells = series.cells.iter();
                let cells = cells.map(|cell| cell.as_ref().map_or("", |cell| &cell.words));
                (series.name.as_str(), series.look, cells.collect::<Vec<_>>())
            })
            .collect();
        // A look is a source's own, whoever else has nothing to show.
        assert_eq!(
            said,
            [
                ("a", 0, vec!["5", ""]),
                ("e", 4, vec!["6", ""]),
                ("others", 5, vec!["", "8"]),
            ]
        );
        let only = series(&days, &sources, None, &groups, tokens);
        assert_eq!(only.len(), 2);
    }

    #[test]
    fn sums_keep_what_is_estimated_and_no_medians() {
        let mut sum = group("2026-11-01", "a", 5).sum;
        let other = UsageSum {
            cost_is_estimate: true,
            answers_without_cost: 2,
            ..group("2026-11-01", "b", 7).sum
        };
        add(&mut sum, &other);
        assert_eq!((sum.prompt_tokens, sum.first_token_ms_p50), (12, None));
        assert!(sum.cost_is_estimate && !sum.tokens_are_estimate);
        assert_eq!(sum.answers_without_cost, 2);
        assert!((amount(&sum) - 2e-7).abs() < 1e-15, "{}", sum.cost_usd);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, end) in [
            (0.0, 1.0),
            (1e-9, 1e-6),
            (3.0, 5.0),
            (5.0, 5.0),
            (51.0, 100.0),
            (1_234_567.0, 2_000_000.0),
        ] {
            assert!((top(most) - end).abs() < end * 1e-9, "{most}");
        }
    }

    #[test]
    fn whole_numbers_are_kept() {
        for whole in [0, 1, 4_294_967_295, 4_294_967_296, 12_345_678_901] {
            assert_eq!(format!("{:.0}", number(whole)), whole.to_string());
        }
    }
}

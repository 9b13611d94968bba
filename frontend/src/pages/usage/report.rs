//! A report on the page: its sums as a table, then a plot with its figures for each kind of them.

use leptos::prelude::*;
use prompthub_dto::usage::{UsageReport, UsageSum};

use super::{
    calendar,
    plot::{Form, legend, plot},
    series::{Cell, MOST, Series, amount, number, series, sources},
    words::{capital, compact, money},
};
use crate::components::size::{dollars, duration, grouped};

/// One kind of figures: how a day's sum is read, and how it is drawn.
struct Figure {
    title: &'static str,
    form: Form,
    read: fn(&UsageSum) -> Option<Cell>,
    /// What stands at the axis.
    mark: fn(f64) -> String,
}

const FIGURES: [Figure; 3] = [
    Figure {
        title: "Tokens",
        form: Form::Bars,
        read: |sum| {
            let value = number(sum.prompt_tokens.saturating_add(sum.completion_tokens));
            let words = format!("{}{}", about(sum.tokens_are_estimate), compact(value));
            Some(Cell { value, words })
        },
        mark: compact,
    },
    Figure {
        title: "Cost",
        form: Form::Bars,
        read: |sum| {
            let (value, words) = (amount(sum), cost(sum));
            Some(Cell { value, words })
        },
        mark: money,
    },
    Figure {
        title: "Time to the first word",
        form: Form::Lines,
        read: |sum| {
            let value = number(sum.first_token_ms_p50?) / 1000.0;
            let words = duration(value);
            Some(Cell { value, words })
        },
        mark: duration,
    },
];

/// The report by day and source, and the same as a whole.
pub fn figures(daily: &UsageReport, whole: &UsageReport, by: &'static str) -> AnyView {
    let days = calendar::days(&daily.from, &daily.to);
    let sources = sources(&whole.items);
    let range = format!("{} to {}", daily.from, daily.to);
    let figure = |figure: Figure| {
        let Figure {
            title,
            form,
            read,
            mark,
        } = figure;
        let others = (form == Form::Bars).then_some("others");
        let series = series(&days, &sources, others, &daily.items, read);
        let left_out = match form {
            Form::Bars => 0,
            Form::Lines => {
                let rest = whole.items.iter().skip(MOST);
                rest.filter(|group| read(&group.sum).is_some()).count()
            }
        };
        let left_out = (left_out > 0).then(|| {
            let words = match left_out {
                1 => format!("1 more {by} is in the sums above alone"),
                _ => format!("{left_out} more {by}s are in the sums above alone"),
            };
            view! { <p class="ph-hint">{words}": medians cannot be added up."</p> }
        });
        let said = format!("{title} by day and {by}, {range}. The table below has the figures.");
        view! {
            <section class="ph-section" aria-label=title>
                <h2 class="ph-section__title">{title}</h2>
                {legend(&series, form)}
                {plot(said, &days, &series, form, mark)}
                {left_out}
                <details class="ph-usage__data"><summary>"As a table"</summary>{by_day(title, &days, &series)}</details>
            </section>
        }
    };
    let head = [
        by,
        "Answers",
        "Tokens in",
        "Tokens out",
        "Cost",
        "First word",
        "Whole answer",
    ];
    let rows = sources.iter().zip(&whole.items);
    let rows = rows.map(|(source, group)| row(source.name.clone(), &group.sum));
    let sums = table(
        format!("Usage by {by}"),
        head.map(capital).to_vec(),
        rows.collect(),
        Some(row("Total".to_owned(), &whole.total)),
    );
    view! {
        <section class="ph-section" aria-label="Sums">
            {sums}
            <p class="ph-hint">
                "Costs are as the providers bill them; what is marked ≈ is at least in part computed from price \
                 lists. Times are medians. Days are UTC. What was used stays here when its conversation is deleted."
            </p>
        </section>
        {FIGURES.map(figure).into_iter().collect_view()}
    }
    .into_any()
}

/// The figures behind a plot: the days on which there is anything.
fn by_day(title: &str, days: &[String], series: &[Series]) -> AnyView {
    let names = series.iter().map(|series| series.name.clone());
    let head = ["Day".to_owned()].into_iter().chain(names).collect();
    let rows = days.iter().enumerate().filter_map(|(day, date)| {
        let cells = series.iter().map(|series| series.cells.get(day)?.as_ref());
        let cells: Vec<Option<&Cell>> = cells.collect();
        cells.iter().any(Option::is_some).then(|| {
            let cells = cells.into_iter();
            let cells = cells.map(|cell| cell.map(|cell| cell.words.clone()).unwrap_or_default());
            [date.clone()].into_iter().chain(cells).collect()
        })
    });
    table(format!("{title} by day"), head, rows.collect(), None)
}

/// The mark of what is estimated.
fn about(estimated: bool) -> &'static str {
    if estimated { "≈" } else { "" }
}

/// The cost, with all that is to be said about it.
fn cost(sum: &UsageSum) -> String {
    let cost = dollars(&sum.cost_usd).unwrap_or_else(|| sum.cost_usd.clone());
    let cost = format!("{}{cost}", about(sum.cost_is_estimate));
    match sum.answers_without_cost {
        0 => cost,
        without => format!("{cost}, {without} without a price"),
    }
}

fn row(name: String, sum: &UsageSum) -> Vec<String> {
    let tokens = about(sum.tokens_are_estimate);
    let part = |whole: i64, part: i64, what: &str| {
        let whole = format!("{tokens}{}", grouped(whole));
        if part > 0 {
            format!("{whole} ({} {what})", grouped(part))
        } else {
            whole
        }
    };
    let median = |milliseconds: Option<i64>| {
        let words = milliseconds.map(|milliseconds| duration(number(milliseconds) / 1000.0));
        words.unwrap_or_default()
    };
    vec![
        name,
        grouped(sum.answers),
        part(sum.prompt_tokens, sum.cached_tokens, "cached"),
        part(sum.completion_tokens, sum.reasoning_tokens, "reasoning"),
        cost(sum),
        median(sum.first_token_ms_p50),
        median(sum.duration_ms_p50),
    ]
}

fn table(
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    foot: Option<Vec<String>>,
) -> AnyView {
    let line = |cells: Vec<String>| {
        let cells = cells
            .into_iter()
            .enumerate()
            .map(|(index, cell)| match index {
                0 => view! { <th scope="row">{cell}</th> }.into_any(),
                _ => view! { <td>{cell}</td> }.into_any(),
            });
        view! { <tr>{cells.collect_view()}</tr> }.into_any()
    };
    let head = head
        .into_iter()
        .map(|cell| view! { <th scope="col">{cell}</th> });
    let name = caption.clone();
    view! {
        <div class="ph-table" tabindex="0" role="group" aria-label=name>
            <table>
                <caption class="ph-visually-hidden">{caption}</caption>
                <thead><tr>{head.collect_view()}</tr></thead>
                <tbody>{rows.into_iter().map(line).collect_view()}</tbody>
                <tfoot>{foot.map(line)}</tfoot>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_day_keep_the_mark_of_what_is_estimated() {
        let sum = UsageSum {
            prompt_tokens: 1_000,
            completion_tokens: 500,
            tokens_are_estimate: true,
            cost_usd: "0.00000021".to_owned(),
            cost_is_estimate: true,
            answers_without_cost: 1,
            ..UsageSum::default()
        };
        let said = FIGURES.map(|figure| (figure.read)(&sum).map(|cell| cell.words));
        let cost = "≈$0.00000021, 1 without a price";
        assert_eq!(
            said,
            [Some("≈1.5K".to_owned()), Some(cost.to_owned()), None]
        );
    }

    #[test]
    fn sums_are_told_with_their_parts() {
        let sum = UsageSum {
            answers: 12,
            prompt_tokens: 12_000,
            cached_tokens: 8_000,
            completion_tokens: 900,
            cost_usd: "0.071325".to_owned(),
            cost_is_estimate: true,
            answers_without_cost: 2,
            duration_ms_p50: Some(3_240),
            ..UsageSum::default()
        };
        assert_eq!(
            row("m".to_owned(), &sum),
            [
                "m",
                "12",
                "12,000 (8,000 cached)",
                "900",
                "≈$0.071, 2 without a price",
                "",
                "3.2 s"
            ]
        );
    }
}

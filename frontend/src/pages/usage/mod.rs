//! What answers used and cost: sums, plots by day, and the figures behind them as tables.
//!
//! Which days and by what are in the address.

mod plot;
mod series;
mod words;

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_query_map;
use prompthub_dto::usage::{UsageGroup, UsageReport, UsageSum};

use self::{
    plot::{Form, legend, patterns, plot},
    series::{MOST, Series, number, series},
    words::{capital, compact, money, seconds},
};
use super::top_bar::TopBar;
use crate::{
    api,
    components::{
        button::{Button, Size},
        feedback::{ErrorNotice, Skeleton},
        field::{Kind, TextField},
        landmark::Main,
        model_name,
        part::{Part, part},
        size::{dollars, grouped},
    },
    routes,
    state::{loaded::Loaded, navigation::use_go, title::use_title},
};

/// The ranges that are a click away, in days.
const RANGES: [u32; 3] = [7, 30, 90];
const DAY_MS: f64 = 86_400_000.0;

/// What the address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    /// How many days until today, unless they are named.
    days: Option<u32>,
    from: String,
    to: String,
    by_project: bool,
}

impl Wish {
    fn by(&self) -> &'static str {
        if self.by_project { "project" } else { "model" }
    }

    fn path(days: Option<u32>, from: &str, to: &str, by: &str) -> String {
        match days {
            Some(days) => format!("{}?days={days}&by={by}", routes::USAGE),
            None => format!("{}?from={from}&to={to}&by={by}", routes::USAGE),
        }
    }
}

/// The UTC date so many days before today.
fn date(days_ago: u32) -> String {
    let at = js_sys::Date::now() - f64::from(days_ago) * DAY_MS;
    let text = String::from(js_sys::Date::new(&at.into()).to_iso_string());
    text.get(..10).unwrap_or_default().to_owned()
}

part!(usage_part, Overview);

/// The usage, whose code comes with the first visit.
#[component]
pub fn UsagePlace() -> impl IntoView {
    use_title(|| "Usage".to_owned());
    view! {
        <div class="ph-page">
            <TopBar/>
            <Main class="ph-page__main">
                <h1 class="ph-page__title">"Usage"</h1>
                <Part load=usage_part lines=8/>
            </Main>
        </div>
    }
}

#[component]
fn Overview() -> impl IntoView {
    let query = use_query_map();
    let wish = Memo::new(move |_| {
        query.with(|query| {
            let from = query.get("from").filter(|from| !from.is_empty());
            let days = match &from {
                Some(_) => None,
                None => {
                    let days = query.get("days");
                    let named = RANGES
                        .into_iter()
                        .find(|range| Some(range.to_string()) == days);
                    Some(named.unwrap_or(30))
                }
            };
            Wish {
                days,
                from: from.unwrap_or_else(|| date(days.unwrap_or(1).saturating_sub(1))),
                to: query
                    .get("to")
                    .filter(|to| !to.is_empty())
                    .unwrap_or_else(|| date(0)),
                by_project: query.get("by").as_deref() == Some("project"),
            }
        })
    });
    view! {
        {patterns()}
        {move || choices(&wish.get())}
        {move || view! { <Report wish=wish.get()/> }}
    }
}

/// The ways to other days, and to the other grouping.
fn choices(wish: &Wish) -> AnyView {
    let link = |words: String, path: String, current: bool| {
        let current = current.then_some("true");
        view! { <a href=path class="ph-button ph-button--small" aria-current=current>{words}</a> }
    };
    let ranges = RANGES.map(|days| {
        let path = Wish::path(Some(days), "", "", wish.by());
        link(format!("{days} days"), path, wish.days == Some(days))
    });
    let by = [("model", "By model"), ("project", "By project")].map(|(by, words)| {
        let path = Wish::path(wish.days, &wish.from, &wish.to, by);
        link(words.to_owned(), path, wish.by() == by)
    });
    let go = use_go();
    let from = RwSignal::new(wish.from.clone());
    let to = RwSignal::new(wish.to.clone());
    let group = wish.by();
    let show = move |event: SubmitEvent| {
        event.prevent_default();
        let (from, to) = (from.get_untracked(), to.get_untracked());
        go.to(&Wish::path(None, &from, &to, group));
    };
    view! {
        <div class="ph-bar ph-bar--wrap ph-usage__choices">
            <nav class="ph-bar" aria-label="Days">{ranges.into_iter().collect_view()}</nav>
            <nav class="ph-bar" aria-label="Grouping">{by.into_iter().collect_view()}</nav>
            <form class="ph-bar ph-usage__range" on:submit=show>
                <TextField label="From" value=from kind=Kind::Date/>
                <TextField label="To" value=to kind=Kind::Date/>
                <Button label="Show" size=Size::Small/>
            </form>
        </div>
    }
    .into_any()
}

#[component]
fn Report(wish: Wish) -> impl IntoView {
    let by = wish.by();
    let (from, to) = (wish.from, wish.to);
    let report = Loaded::new(move || {
        let (from, to) = (from.clone(), to.clone());
        async move {
            let daily = api::usage::report(&from, &to, &format!("day,{by}")).await?;
            let whole = api::usage::report(&from, &to, by).await?;
            Ok((daily, whole))
        }
    });
    move || match report.get() {
        None => view! { <Skeleton lines=8/> }.into_any(),
        Some(Err(error)) => {
            view! { <ErrorNotice error on_retry=Callback::new(move |()| report.reload())/> }
                .into_any()
        }
        Some(Ok((_, whole))) if whole.items.is_empty() => {
            view! { <p class="ph-empty__text">"Nothing was used in these days."</p> }.into_any()
        }
        Some(Ok((daily, whole))) => figures(&daily, &whole, by),
    }
}

fn name_of(group: &UsageGroup) -> String {
    match (&group.model, &group.project_name) {
        (Some(model), _) => model_name::short(model).to_owned(),
        (None, Some(project)) => project.clone(),
        (None, None) => "Deleted projects".to_owned(),
    }
}

fn figures(daily: &UsageReport, whole: &UsageReport, by: &'static str) -> AnyView {
    let days = series::days(&daily.from, &daily.to);
    let mut names: Vec<String> = Vec::new();
    for name in whole.items.iter().map(name_of) {
        if names.len() < MOST && !names.contains(&name) {
            names.push(name);
        }
    }
    let of = |others, value| series(&days, &names, others, &daily.items, name_of, value);
    let tokens = of(Some("others"), |group| {
        Some(number(
            group
                .sum
                .prompt_tokens
                .saturating_add(group.sum.completion_tokens),
        ))
    });
    let cost = of(Some("others"), |group| {
        serde_json::from_str(&group.sum.cost_usd).ok()
    });
    let latency = of(None, |group| {
        Some(number(group.sum.first_token_ms_p50?) / 1000.0)
    });
    let range = format!("{} to {}", daily.from, daily.to);
    let figure = |title: &str, series: &[Series], form, words: fn(f64) -> String| {
        let said = format!("{title} by day and {by}, {range}. The table below has the figures.");
        let head = ["Day".to_owned()].into_iter();
        let head = head
            .chain(series.iter().map(|series| series.name.clone()))
            .collect();
        let rows = days.iter().enumerate().filter_map(|(day, date)| {
            let values = series
                .iter()
                .map(|series| series.values.get(day).copied().flatten());
            let values: Vec<Option<f64>> = values.collect();
            values.iter().any(Option::is_some).then(|| {
                let cells = values
                    .into_iter()
                    .map(|value| value.map(words).unwrap_or_default());
                [date.clone()].into_iter().chain(cells).collect()
            })
        });
        let data = table(format!("{title} by day"), head, rows.collect(), None);
        view! {
            <section class="ph-section" aria-label=title.to_owned()>
                <h2 class="ph-section__title">{title.to_owned()}</h2>
                {legend(series, form)}
                {plot(said, &days, series, form, words)}
                <details class="ph-usage__data"><summary>"As a table"</summary>{data}</details>
            </section>
        }
        .into_any()
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
    let rows = whole
        .items
        .iter()
        .map(|group| row(name_of(group), &group.sum));
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
        {figure("Tokens", &tokens, Form::Bars, compact)}
        {figure("Cost", &cost, Form::Bars, money)}
        {figure("Time to the first word", &latency, Form::Lines, seconds)}
    }
    .into_any()
}

fn row(name: String, sum: &UsageSum) -> Vec<String> {
    let about = |estimated: bool| if estimated { "≈" } else { "" };
    let tokens = about(sum.tokens_are_estimate);
    let part = |whole: i64, part: i64, what: &str| {
        let whole = format!("{tokens}{}", grouped(whole));
        if part > 0 {
            format!("{whole} ({} {what})", grouped(part))
        } else {
            whole
        }
    };
    let cost = dollars(&sum.cost_usd).unwrap_or_else(|| sum.cost_usd.clone());
    let mut cost = format!("{}{cost}", about(sum.cost_is_estimate));
    if sum.answers_without_cost > 0 {
        cost = format!("{cost}, {} without a price", sum.answers_without_cost);
    }
    let median = |milliseconds: Option<i64>| {
        let words = milliseconds.map(|milliseconds| seconds(number(milliseconds) / 1000.0));
        words.unwrap_or_default()
    };
    vec![
        name,
        grouped(sum.answers),
        part(sum.prompt_tokens, sum.cached_tokens, "cached"),
        part(sum.completion_tokens, sum.reasoning_tokens, "reasoning"),
        cost,
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

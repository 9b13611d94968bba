//! What answers used and cost: sums, plots by day, and the figures behind them as tables.
//!
//! Which days and by what are in the address.

mod calendar;
mod plot;
mod report;
mod series;
mod words;

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_query_map;

use self::{plot::patterns, report::figures};
use super::top_bar::TopBar;
use crate::{
    api,
    components::{
        button::{Button, Size},
        feedback::{ErrorNotice, Skeleton},
        field::{Kind, TextField},
        landmark::Main,
        part::{Part, part},
    },
    routes,
    state::{loaded::Loaded, navigation::use_go, title::use_title},
};

/// The ranges that are a click away, in days.
const RANGES: [u32; 3] = [7, 30, 90];
/// The one of them that is shown unless the address names another.
const USUAL: u32 = 30;
const DAY_MS: f64 = 86_400_000.0;

/// What the address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    /// How many days until today, unless the days are named.
    days: Option<u32>,
    /// `YYYY-MM-DD`, if that is what it is; the server says what is wrong with another text. What is
    /// not named is left to the server too.
    from: Option<String>,
    to: Option<String>,
    by_project: bool,
}

impl Wish {
    /// Reads a query. `date` is the day so many days ago.
    fn read(query: impl Fn(&str) -> Option<String>, date: impl Fn(u32) -> String) -> Self {
        let named = |name: &str| query(name).filter(|text| !text.is_empty());
        let (from, to) = (named("from"), named("to"));
        let by_project = named("by").as_deref() == Some("project");
        if from.is_some() || to.is_some() {
            return Self {
                days: None,
                from,
                to,
                by_project,
            };
        }
        let days = named("days");
        let mut ranges = RANGES.into_iter();
        let days = ranges
            .find(|range| Some(range.to_string()) == days)
            .unwrap_or(USUAL);
        Self {
            days: Some(days),
            from: Some(date(days.saturating_sub(1))),
            to: Some(date(0)),
            by_project,
        }
    }

    fn by(&self) -> &'static str {
        if self.by_project { "project" } else { "model" }
    }

    fn path(days: Option<u32>, from: &str, to: &str, by: &str) -> String {
        let days = days.map(|days| days.to_string()).unwrap_or_default();
        let (from, to) = if days.is_empty() {
            (from, to)
        } else {
            ("", "")
        };
        let pairs = [
            ("days", days.as_str()),
            ("from", from),
            ("to", to),
            ("by", by),
        ];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let pairs =
            pairs.map(|(name, value)| format!("{name}={}", js_sys::encode_uri_component(value)));
        format!("{}?{}", routes::USAGE, pairs.collect::<Vec<_>>().join("&"))
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
    let wish = Memo::new(move |_| query.with(|query| Wish::read(|name| query.get(name), date)));
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
    let from = wish.from.clone().unwrap_or_default();
    let to = wish.to.clone().unwrap_or_default();
    let by = [("model", "By model"), ("project", "By project")].map(|(by, words)| {
        let path = Wish::path(wish.days, &from, &to, by);
        link(words.to_owned(), path, wish.by() == by)
    });
    let go = use_go();
    let (from, to) = (RwSignal::new(from), RwSignal::new(to));
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
            let (from, to) = (from.as_deref(), to.as_deref());
            let daily = api::usage::report(from, to, &format!("day,{by}")).await?;
            let whole = api::usage::report(from, to, by).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Wish {
        let find = |name: &str| {
            let mut pairs = query.iter();
            let found = pairs.find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Wish::read(find, |days_ago| format!("{days_ago} days ago"))
    }

    #[test]
    fn days_that_are_not_named_are_left_to_the_server() {
        let days = |wish: Wish| (wish.days, wish.from, wish.to);
        let text = |text: &str| Some(text.to_owned());
        let week = (Some(7), text("6 days ago"), text("0 days ago"));
        assert_eq!(days(read(&[("days", "7")])), week);
        let usual = (Some(30), text("29 days ago"), text("0 days ago"));
        for query in [&[][..], &[("days", "8")], &[("from", ""), ("to", "")]] {
            assert_eq!(days(read(query)), usual, "{query:?}");
        }
        assert_eq!(
            days(read(&[("from", ""), ("to", "2026-01-31"), ("days", "7")])),
            (None, None, text("2026-01-31"))
        );
        assert_eq!(
            days(read(&[("from", "2026-01-31")])),
            (None, text("2026-01-31"), None)
        );
        assert!(read(&[("by", "project")]).by_project && !read(&[]).by_project);
    }
}

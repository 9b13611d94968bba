//! Drawing a plot: the bars or lines as SVG, the words around them as HTML.
//!
//! The drawing is stretched to whatever width there is, which its words must not be. Series differ by
//! pattern or dash as well as by colour.

use leptos::prelude::*;

use super::series::{Series, top};

/// The drawing's own units: a day is so wide, the plot so high.
const DAY: f64 = 10.0;
const HEIGHT: f64 = 100.0;

/// How the values of a day stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// On each other.
    Bars,
    /// Beside each other, each joined to its next.
    Lines,
}

/// A plot of some series over some days.
pub fn plot(
    title: String,
    days: &[String],
    series: &[Series],
    form: Form,
    mark_words: fn(f64) -> String,
) -> AnyView {
    let heights: Vec<f64> = (0..days.len())
        .map(|day| height(series, day, form))
        .collect();
    let top = top(heights.iter().copied().fold(0.0, f64::max));
    // Each with the look of its series, and whether it is only the dots.
    let looks = series.iter().map(|series| series.look);
    let paths: Vec<(usize, bool, String)> = match form {
        Form::Bars => looks
            .zip(bars(series, days.len(), top))
            .map(|(look, bars)| (look, false, bars))
            .collect(),
        Form::Lines => {
            let lines = looks.zip(series.iter().map(|series| line(series, top)));
            // A day that stands alone has a dot at least.
            lines
                .flat_map(|(look, line)| {
                    [(look, true, line.replace('L', "M")), (look, false, line)]
                })
                .collect()
        }
    };
    let paths = paths.into_iter().map(|(look, dots, path)| {
        let (class, fill) = match form {
            Form::Bars => (String::new(), format!("url(#plot-{look})")),
            Form::Lines => {
                let dots = if dots { " ph-plot__dot" } else { "" };
                let class = format!("ph-plot__line ph-plot__line--{look}{dots}");
                (class, "none".to_owned())
            }
        };
        view! { <path d=path class=class fill=fill></path> }
    });
    let paths = paths.collect_view();
    // What a pointer is over says its figures.
    let columns = days.iter().enumerate().map(|(day, date)| {
        let said = series.iter().filter_map(|series| {
            let cell = series.cells.get(day)?.as_ref()?;
            Some(format!("\n{}: {}", series.name, cell.words))
        });
        let said = [date.clone()].into_iter().chain(said).collect::<String>();
        let path = format!("M{} 0h{DAY}v{HEIGHT}h-{DAY}z", offset(day));
        view! { <path d=path class="ph-plot__day"><title>{said}</title></path> }
    });
    let columns = columns.collect_view();
    let marks = [top, top / 2.0, 0.0].map(|mark| view! { <span>{mark_words(mark)}</span> });
    let ends = [days.first(), days.last()].map(|day| view! { <span>{day.cloned()}</span> });
    view! {
        <div class="ph-plot">
            <div class="ph-plot__marks" aria-hidden="true">{marks.into_iter().collect_view()}</div>
            <svg
                class="ph-plot__drawing"
                role="img"
                aria-label=title
                viewBox=format!("0 0 {} {HEIGHT}", offset(days.len()))
                preserveAspectRatio="none"
            >
                {paths}
                {columns}
            </svg>
            <div class="ph-plot__ends" aria-hidden="true">{ends.into_iter().collect_view()}</div>
        </div>
    }
    .into_any()
}

/// What the patterns and the dashes stand for.
pub fn legend(series: &[Series], form: Form) -> AnyView {
    let entry = |series: &Series| {
        let look = series.look;
        let sample = match form {
            Form::Bars => {
                view! { <path d="M0 0h14v14h-14z" fill=format!("url(#plot-{look})")></path> }.into_any()
            }
            Form::Lines => {
                view! { <path d="M0 7h14" class=format!("ph-plot__line ph-plot__line--{look}")></path> }.into_any()
            }
        };
        view! {
            <li class="ph-plot__entry"><svg viewBox="0 0 14 14" aria-hidden="true">{sample}</svg>{series.name.clone()}</li>
        }
    };
    let entries = series.iter().map(entry).collect_view();
    view! { <ul class="ph-plot__legend" aria-label="Legend">{entries}</ul> }.into_any()
}

/// The patterns of the bars, once for all plots of a page.
pub fn patterns() -> AnyView {
    // Strokes over the colour: none, rising, level, falling, upright, crossed.
    let strokes = [
        "",
        "M0 4L4 0",
        "M0 2h4",
        "M0 0L4 4",
        "M2 0v4",
        "M0 2h4M2 0v4",
    ];
    let pattern = |(index, stroke): (usize, &'static str)| {
        view! {
            <pattern id=format!("plot-{index}") width="4" height="4" patternUnits="userSpaceOnUse">
                <path d="M0 0h4v4h-4z" class=format!("ph-plot__fill--{index}")></path>
                <path d=stroke class="ph-plot__hatch"></path>
            </pattern>
        }
    };
    let patterns = strokes.into_iter().enumerate().map(pattern).collect_view();
    view! { <svg class="ph-visually-hidden" aria-hidden="true"><defs>{patterns}</defs></svg> }
        .into_any()
}

fn offset(day: usize) -> f64 {
    u32::try_from(day).map_or(0.0, f64::from) * DAY
}

/// How high a day is.
fn height(series: &[Series], day: usize, form: Form) -> f64 {
    let values = series
        .iter()
        .filter_map(|series| Some(series.cells.get(day)?.as_ref()?.value));
    match form {
        Form::Bars => values.sum(),
        Form::Lines => values.fold(0.0, f64::max),
    }
}

/// A path for each series with all its bars, each on those of the series before.
fn bars(series: &[Series], days: usize, top: f64) -> Vec<String> {
    let mut ground = vec![0.0; days];
    let path = |series: &Series| {
        let bars = series.cells.iter().zip(&mut ground).enumerate();
        bars.filter_map(|(day, (cell, ground))| {
            let height = cell.as_ref()?.value / top * HEIGHT;
            let (left, width) = (offset(day) + DAY * 0.1, DAY * 0.8);
            let bottom = HEIGHT - *ground;
            *ground += height;
            Some(format!(
                "M{left:.1} {bottom:.2}h{width:.1}v-{height:.2}h-{width:.1}z"
            ))
        })
        .collect()
    };
    series.iter().map(path).collect()
}

/// A path through the middles of the days that have a value.
fn line(series: &Series, top: f64) -> String {
    let points = series.cells.iter().enumerate().filter_map(|(day, cell)| {
        let height = HEIGHT - cell.as_ref()?.value / top * HEIGHT;
        Some((offset(day) + DAY / 2.0, height))
    });
    let mut path = String::new();
    for (left, height) in points {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        // A stroke of no length would have no ends to be round.
        path = format!("{path}{verb}{left:.1} {height:.2}h.01");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{super::series::Cell, *};

    fn series(values: [Option<f64>; 2]) -> Series {
        let cell = |value: f64| Cell {
            value,
            words: String::new(),
        };
        Series {
            name: "a".to_owned(),
            look: 0,
            cells: values.map(|value| value.map(cell)).to_vec(),
        }
    }

    #[test]
    fn bars_stand_on_each_other() {
        let both = [series([Some(5.0), None]), series([Some(5.0), Some(10.0)])];
        assert_eq!(
            bars(&both, 2, 10.0),
            [
                "M1.0 100.00h8.0v-50.00h-8.0z",
                "M1.0 50.00h8.0v-50.00h-8.0zM11.0 100.00h8.0v-100.00h-8.0z",
            ]
        );
        assert!((height(&both, 0, Form::Bars) - 10.0).abs() < 1e-9);
        assert!((height(&both, 0, Form::Lines) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn lines_skip_days_without_a_value() {
        assert_eq!(line(&series([None, Some(5.0)]), 10.0), "M15.0 50.00h.01");
        assert_eq!(
            line(&series([Some(0.0), Some(5.0)]), 10.0),
            "M5.0 100.00h.01L15.0 50.00h.01"
        );
    }
}

//! The table.

use std::time::Duration;

use super::{Scenario, sample::Figures};

/// A scenario, directly and through the server.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) scenario: Scenario,
    pub(super) direct: Figures,
    pub(super) through: Figures,
}

/// Prints what was measured beside what is aimed at.
pub(super) fn print(rows: &[Row]) {
    println!();
    println!("streams through the server, beside the same upstream asked directly (medians)");
    println!(
        "{:>7} {:>7} {:>19} {:>19} {:>19} {:>10} {:>9} {:>9} {:>7}",
        "streams",
        "tok/s",
        "first token, direct",
        "added p50 / p99",
        "a token, added",
        "answers/s",
        "KB each",
        "CPU s/M",
        "errors"
    );
    for row in rows {
        print_row(row);
    }
}

/// The same for answers that come as fast as they are taken.
pub(super) fn print_unpaced(unpaced: &Row) {
    let ratio = f64::from(u32::try_from(unpaced.through.tokens_per_second).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(unpaced.direct.tokens_per_second.max(1)).unwrap_or(u32::MAX));
    println!(
        "unpaced, {} clients: {} tokens/s of {} tokens/s directly: {ratio:.2} (aim: at least 0.60), \
         CPU {:.1} s/M, {} errors",
        unpaced.scenario.streams,
        unpaced.through.tokens_per_second,
        unpaced.direct.tokens_per_second,
        unpaced.through.cpu_per_million(),
        unpaced.through.errors + unpaced.direct.errors,
    );
}

pub(super) fn print_aims() {
    println!(
        "aims: first token added p50 / p99 at 50, 500, 2,000 streams: 1 / 5, 3 / 20, 30 / 150 ms; \
         a token at 50 streams: p50 0.2 ms;\n\
         at 2,000 streams no error and 60 KB each; 40 s of CPU per million tokens"
    );
}

fn print_row(row: &Row) {
    let Row {
        scenario,
        direct,
        through,
    } = row;
    let added = |through: u32, direct: u32| millis(i64::from(through) - i64::from(direct));
    let pair = |one: String, other: String| format!("{one} / {other}");
    let streams = u64::try_from(scenario.streams).unwrap_or(1);
    println!(
        "{:>7} {:>7} {:>19} {:>19} {:>19} {:>10} {:>9} {:>9.1} {:>7}",
        scenario.streams,
        through.tokens_per_second,
        pair(
            millis(direct.first_token.p50.into()),
            millis(direct.first_token.p99.into())
        ),
        pair(
            added(through.first_token.p50, direct.first_token.p50),
            added(through.first_token.p99, direct.first_token.p99)
        ),
        pair(
            added(through.latency.p50, direct.latency.p50),
            added(through.latency.p99, direct.latency.p99)
        ),
        through.answers_per_second,
        through.resident / 1000 / streams,
        through.cpu_per_million(),
        through.errors + direct.errors,
    );
}

/// Microseconds as milliseconds.
fn millis(micros: i64) -> String {
    let time = Duration::from_micros(micros.unsigned_abs()).as_secs_f64() * 1000.0;
    format!("{}{time:.2} ms", if micros < 0 { "-" } else { "" })
}

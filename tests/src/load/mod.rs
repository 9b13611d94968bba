//! The load harness: how much the server adds to what its upstream does by itself.
//!
//! Owns an upstream that streams at a steady pace, clients that take the streams directly or through
//! the server, and the arithmetic between the two. Upstream and clients have a thread each in this
//! process, the server is a process of its own, and all share the machine's cores. Direct runs and
//! runs through the server take turns, so that a busy machine is unfair to both alike. Measures and
//! prints; judges nothing.

#![expect(clippy::print_stdout, reason = "this talks to a person at a terminal")]

mod clients;
mod report;
mod sample;
mod server;
mod upstream;
mod wire;

use std::{path::Path, thread, time::Duration};

use anyhow::{Context, Result};

use self::{
    clients::{Route, drive},
    report::Row,
    sample::Figures,
    server::MeasuredServer,
};

/// What is asked of the server at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    /// Answers that are under way at any moment.
    pub(crate) streams: usize,
    /// Tokens of an answer.
    pub(crate) tokens: u32,
    /// Between two tokens of an answer; zero is as fast as they are taken.
    pub(crate) gap: Duration,
    /// Over which the first answers begin, so that the others begin one after the other as well.
    pub(crate) ramp: Duration,
    /// How long is measured once all have begun.
    pub(crate) span: Duration,
    /// Pairs of runs, direct and through the server.
    pub(crate) rounds: usize,
}

/// A model that gives 50 tokens a second where there are cores for it, and fewer where upstream and
/// clients alone would keep the machine busy.
const PACED: [Scenario; 4] = [
    Scenario {
        streams: 1,
        tokens: 20,
        gap: Duration::from_millis(10),
        ramp: Duration::from_millis(500),
        span: Duration::from_secs(4),
        rounds: 3,
    },
    Scenario {
        streams: 50,
        tokens: 100,
        gap: Duration::from_millis(20),
        ramp: Duration::from_secs(1),
        span: Duration::from_secs(6),
        rounds: 3,
    },
    Scenario {
        streams: 500,
        tokens: 100,
        gap: Duration::from_millis(50),
        ramp: Duration::from_secs(2),
        span: Duration::from_secs(8),
        rounds: 2,
    },
    Scenario {
        streams: 2_000,
        tokens: 100,
        gap: Duration::from_millis(100),
        ramp: Duration::from_secs(4),
        span: Duration::from_secs(10),
        rounds: 2,
    },
];

const UNPACED: Scenario = Scenario {
    streams: 50,
    tokens: 2_000,
    gap: Duration::ZERO,
    ramp: Duration::from_millis(500),
    span: Duration::from_secs(3),
    rounds: 3,
};

/// Measures everything and prints the table, or with numbers of streams in `only` those alone. `binary` is the
/// server, `data` a folder of its own.
///
/// # Errors
/// When something cannot be started, or the machine does not allow enough open files.
pub fn run(binary: &Path, data: &Path, only: &[usize]) -> Result<()> {
    // Both ends of every stream, twice: clients and upstream are here.
    let most =
        rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit of files")?;
    anyhow::ensure!(
        most >= 10_000,
        "this machine allows {most} open files, but the load needs 10,000 (ulimit -Hn)"
    );
    let upstream = upstream::start()?;
    println!("   starting the server and registering accounts");
    let server = MeasuredServer::start(binary, data, upstream)?;
    let wanted = |one: &Scenario| only.is_empty() || only.contains(&one.streams);
    let paced: Vec<_> = PACED.into_iter().filter(wanted).collect();
    let streams = paced.iter().map(|one| one.streams).max().unwrap_or(0);
    let accounts = server.register_for(streams)?;
    // Registering leaves memory behind that no stream needs.
    thread::sleep(Duration::from_secs(1));
    let idle = server.resident_bytes();

    let direct = Route::Direct(upstream);
    let through = Route::Through {
        server: server.address(),
        accounts: accounts.into(),
    };
    let mut rows = Vec::new();
    for scenario in paced {
        println!("   {} streams", scenario.streams);
        rows.push(compare(scenario, &direct, &through, &server, idle)?);
    }
    report::print(&rows);
    if only.is_empty() {
        println!("   {} streams, unpaced", UNPACED.streams);
        let unpaced = compare(UNPACED, &direct, &through, &server, idle)?;
        report::print_unpaced(&unpaced);
    }
    report::print_aims();
    server.stop()?;
    Ok(())
}

fn compare(
    scenario: Scenario,
    direct: &Route,
    through: &Route,
    server: &MeasuredServer,
    idle: u64,
) -> Result<Row> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..scenario.rounds {
        without.push(Figures::of(drive(scenario, direct, || ())?));
        let (sample, cost) = server.watch(|mark| drive(scenario, through, mark))?;
        with.push(Figures {
            cpu: cost.cpu,
            resident: cost.resident.saturating_sub(idle),
            ..Figures::of(sample)
        });
    }
    Ok(Row {
        scenario,
        direct: Figures::median(&without),
        through: Figures::median(&with),
    })
}

//! `cargo xtask bench`: the release build's figures, measured and printed, never judged.
//!
//! Server and load share the machine's cores, as in the targets that README and issues name.

mod client;
mod load;
mod search;
mod server;
mod stats;

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::{
    client::{Session, sign_in},
    load::{Load, Pace, Sample},
    server::Server,
    stats::{median, ratio},
};
use crate::{
    browser, page,
    process::{self, TemporaryFolder, heading},
    system,
    workspace::{Workspace, without_settings},
};

/// Starts that the start-up figure is the median of.
const STARTS: usize = 15;
/// Rounds that every figure under load is the median of.
const ROUNDS: usize = 3;
/// Keep-alive connections of the throughput figure.
const CONNECTIONS: usize = 32;
/// People who sign in at the same moment.
const LOGINS: usize = 50;
/// Everybody at once.
const BUSY: Demand = Demand {
    title: "32 busy connections",
    connections: CONNECTIONS,
    pace: Pace::Unlimited,
};
/// A server with cores to spare: 8 connections, 25 requests a second on each.
const LIGHT: Demand = Demand {
    title: "200 requests/s",
    connections: 8,
    pace: Pace::Every(Duration::from_millis(40)),
};

/// What is asked of the server at the same time.
#[derive(Debug, Clone, Copy)]
struct Demand {
    title: &'static str,
    connections: usize,
    pace: Pace,
}

/// What the command line asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// How long each measurement of the server under load takes.
    pub(crate) seconds: u32,
    /// The only part to measure; all of them unless given.
    pub(crate) only: Option<Part>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seconds: 5,
            only: None,
        }
    }
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Start, memory, download and ordinary requests.
    Server,
    /// Among 100,000 messages.
    Search,
    /// What the server adds to streamed answers.
    Answers,
    /// What the page's reader waits for.
    Page,
}

/// Measures what is asked for and prints it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let wants = |part| options.only.is_none_or(|only| only == part);
    if wants(Part::Server) {
        measure_server(workspace, options.seconds)?;
    }
    if wants(Part::Search) {
        measure_search(workspace)?;
    }
    if wants(Part::Answers) {
        heading("Streamed answers");
        harness(workspace, "load", |_| {})?;
    }
    if wants(Part::Page) {
        system::prepare(system::FOR_TESTS)?;
        let browser = browser::find(workspace)?;
        heading("The page, in Chromium");
        harness(workspace, "page", |command| browser.tell(command))?;
    }
    Ok(())
}

/// Runs one of the test crate's programs with the release build and a folder for its data.
fn harness(workspace: &Workspace, name: &str, set_up: impl Fn(&mut Command)) -> Result<()> {
    let data = TemporaryFolder::new(name)?;
    let server = workspace.release_binary();
    let mut program = Command::new(server.with_file_name(name));
    without_settings(&mut program);
    set_up(&mut program);
    process::run(program.arg(&server).arg(data.path()))
}

fn measure_server(workspace: &Workspace, seconds: u32) -> Result<()> {
    let data = TemporaryFolder::new("bench")?;
    let binary = workspace.release_binary();
    let span = Duration::from_secs(seconds.into());
    let mut table = Table::default();

    heading("Start, memory and download");
    measure_starts(&mut table, &binary, data.path())?;
    let server = Server::start(&binary, data.path())?;
    thread::sleep(Duration::from_secs(3));
    let idle = megabytes(server.resident_bytes()?);
    table.row("idle resident memory, 3 s after ready", idle, "≤ 20 MB");
    let download = page::first_load(&workspace.dist())?.bytes();
    table.row(
        "first load of the page, brotli",
        kilobytes(download),
        "≤ 350 KB",
    );

    heading("Throughput");
    let address = server.address();
    let request = sample_account(address)?.get("/api/projects");
    measure_throughput(&mut table, address, &request, span)?;

    heading("Sign-in storm");
    for demand in [BUSY, LIGHT] {
        measure_storm(&mut table, address, &request, demand, span)?;
    }
    server.stop()?;

    heading("Figures (medians)");
    table.print();
    Ok(())
}

fn measure_search(workspace: &Workspace) -> Result<()> {
    heading("Search");
    let mut table = Table::default();
    search::measure(&mut table, workspace, &workspace.release_binary())?;
    heading("Figures of the search");
    table.print();
    Ok(())
}

fn measure_starts(table: &mut Table, binary: &Path, data: &Path) -> Result<()> {
    // The first start makes the database and the secret key.
    Server::start(binary, data)?.stop()?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(binary, data)?;
        starts.push(server.time_to_ready());
        server.stop()?;
    }
    let start = millis(median(&mut starts));
    table.row("start to ready, existing SQLite database", start, "≤ 50 ms");
    Ok(())
}

fn measure_throughput(
    table: &mut Table,
    server: SocketAddr,
    request: &[u8],
    span: Duration,
) -> Result<()> {
    let mut samples = Vec::new();
    for _ in 0..ROUNDS {
        samples.push(sustained(server, request, BUSY, span)?);
    }
    samples.sort_by_key(Sample::requests_per_second);
    let rate = samples
        .get(ROUNDS / 2)
        .map_or(0, Sample::requests_per_second);
    let percentile = |per_mille| {
        let mut all: Vec<_> = samples.iter().map(|it| it.percentile(per_mille)).collect();
        millis(median(&mut all))
    };
    let rate = format!("{rate} requests/s");
    table.row(
        "GET /api/projects, 32 connections",
        rate,
        "≥ 15,000 requests/s",
    );
    table.row("  p50", percentile(500), "");
    table.row("  p99", percentile(990), "≤ 10 ms");
    Ok(())
}

/// How much longer other requests take while many people sign in at once.
fn measure_storm(
    table: &mut Table,
    server: SocketAddr,
    request: &[u8],
    demand: Demand,
    span: Duration,
) -> Result<()> {
    let mut calm = Vec::new();
    let mut stormy = Vec::new();
    for _ in 0..ROUNDS {
        calm.push(sustained(server, request, demand, span)?.percentile(990));
        stormy.push(during_logins(server, request, demand)?.percentile(990));
    }
    let (calm, stormy) = (median(&mut calm), median(&mut stormy));
    let growth = format!("{:.2} times", ratio(stormy, calm));
    table.row(
        &format!("GET /api/projects, p99, {}", demand.title),
        millis(calm),
        "",
    );
    table.row(
        &format!("  during {LOGINS} parallel logins"),
        millis(stormy),
        "",
    );
    table.row("  growth", growth, "< 2 times");
    Ok(())
}

const EMAIL: &str = "bench@example.org";
const PASSWORD: &str = "correct horse battery staple";

/// An account with the few projects that a person has.
fn sample_account(server: SocketAddr) -> Result<Session> {
    let session = sign_in(server, "/api/auth/register", EMAIL, PASSWORD)?;
    for name in ["Support desk", "Release notes", "Reading group"] {
        session.create_project(name)?;
    }
    Ok(session)
}

fn sustained(server: SocketAddr, request: &[u8], demand: Demand, span: Duration) -> Result<Sample> {
    let mut load = Load::connect(server, request, demand.connections, demand.pace)?;
    // What is first asked fills caches.
    let warm_up = Instant::now() + Duration::from_millis(500);
    load.run(|| Instant::now() < warm_up)?;
    let end = Instant::now() + span;
    load.run(|| Instant::now() < end)
}

/// The load for as long as it takes everybody to sign in.
fn during_logins(server: SocketAddr, request: &[u8], demand: Demand) -> Result<Sample> {
    let mut load = Load::connect(server, request, demand.connections, demand.pace)?;
    let waiting = AtomicUsize::new(LOGINS);
    thread::scope(|scope| {
        let people: Vec<_> = (0..LOGINS)
            .map(|_| {
                scope.spawn(|| {
                    let result = sign_in(server, "/api/auth/login", EMAIL, PASSWORD);
                    waiting.fetch_sub(1, Ordering::Relaxed);
                    result
                })
            })
            .collect();
        let sample = load.run(|| waiting.load(Ordering::Relaxed) > 0);
        for person in people {
            match person.join() {
                Ok(result) => drop(result.context("a login failed")?),
                Err(_) => bail!("a login's thread died"),
            }
        }
        sample
    })
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

/// What is printed at the end.
#[derive(Debug, Default)]
struct Table(Vec<[String; 3]>);

impl Table {
    fn row(&mut self, figure: &str, measured: String, target: &str) {
        println!("   {figure}: {measured}");
        self.0
            .push([figure.to_owned(), measured, target.to_owned()]);
    }

    fn print(&self) {
        println!("{:<46} {:>18}   target", "figure", "measured");
        for [figure, measured, target] in &self.0 {
            println!("{figure:<46} {measured:>18}   {target}");
        }
    }
}

//! Searching a large history: every kind of query, one after the other, as a person would.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{
    Table,
    client::{Session, sign_in},
    load::is_complete,
    millis,
    server::Server,
    stats::percentile,
};
use crate::{
    process::{self, TemporaryFolder},
    workspace::Workspace,
};

const OWNER: &str = "archive@example.org";
/// Somebody with little, on a server where others have much.
const NEWCOMER: &str = "newcomer@example.org";
const PASSWORD: &str = "correct horse battery staple";
const MESSAGES: usize = 100_000;
const MESSAGES_OF_NEWCOMER: usize = 1_000;
/// Requests of each query.
const REQUESTS: usize = 60;

/// What is searched for, and what is difficult about it. The words are those of the store's example
/// `fill`; the last of a query is the beginning of a word.
const QUERIES: [(&str, &str); 9] = [
    ("the", "a word that is everywhere"),
    ("of the and", "three such words"),
    ("quokka", "a rare word"),
    ("the quokka", "a frequent word and a rare one"),
    ("function value error type", "four words"),
    ("of-the", "words that follow each other"),
    ("t", "one letter"),
    ("th", "two letters"),
    ("the ka", "a word and two letters"),
];

/// Adds the figures of the search to `table`.
pub(super) fn measure(table: &mut Table, workspace: &Workspace, binary: &Path) -> Result<()> {
    let data = TemporaryFolder::new("bench-search")?;
    let server = Server::start(binary, data.path())?;
    for email in [OWNER, NEWCOMER] {
        sign_in(server.address(), "/api/auth/register", email, PASSWORD)?;
    }
    server.stop()?;
    let written = fill(workspace, data.path())?;

    let server = Server::start(binary, data.path())?;
    let address = server.address();
    let owner = sign_in(address, "/api/auth/login", OWNER, PASSWORD)?;
    let mut all = Vec::new();
    for (query, about) in QUERIES {
        let times = search(address, &owner, query)?;
        table.row(
            &format!("  search `{query}`, p95"),
            millis(percentile(&times, 950)),
            about,
        );
        all.extend(times);
    }
    all.sort_unstable();
    table.row(
        "search, 100,000 messages, p50",
        millis(percentile(&all, 500)),
        "",
    );
    table.row("  p95", millis(percentile(&all, 950)), "≤ 50 ms");
    let newcomer = sign_in(address, "/api/auth/login", NEWCOMER, PASSWORD)?;
    let mut times = Vec::new();
    for (query, _) in QUERIES {
        times.extend(search(address, &newcomer, query)?);
    }
    times.sort_unstable();
    table.row(
        "  p95 of somebody with 1,000 of them",
        millis(percentile(&times, 950)),
        "",
    );
    table.row("a message written, without and with index", written, "");
    server.stop()
}

/// Puts the messages into the database. Says what writing one costs.
fn fill(workspace: &Workspace, data: &Path) -> Result<String> {
    // Both packages, so that their dependencies are those that the server was built with.
    process::run(workspace.cargo().args([
        "build",
        "--release",
        "--package=prompthub-api",
        "--package=prompthub-store",
        "--bins",
        "--example=fill",
    ]))?;
    let program = workspace
        .target()
        .join("release")
        .join("examples")
        .join("fill");
    let mut command = Command::new(program);
    command
        .arg(format!("sqlite://{}", data.join("prompthub.db").display()))
        .arg(format!("{OWNER}={MESSAGES}"))
        .arg(format!("{NEWCOMER}={MESSAGES_OF_NEWCOMER}"));
    let output = process::output_of(&mut command).context("the example `fill` failed")?;
    let (without, with) = output
        .trim()
        .split_once(' ')
        .context("`fill` said nothing")?;
    Ok(format!("{without} µs, {with} µs"))
}

/// How long each request took, sorted: as many of a slow query as of a quick one.
fn search(server: SocketAddr, session: &Session, query: &str) -> Result<Vec<Duration>> {
    let request = session.get(&format!("/api/search?q={}", query.replace(' ', "+")));
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    let mut times = Vec::with_capacity(REQUESTS);
    let mut chunk = [0; 16 * 1024];
    for _ in 0..REQUESTS {
        let start = Instant::now();
        stream.write_all(&request)?;
        let mut answer = Vec::new();
        while !is_complete(&answer)? {
            match stream.read(&mut chunk)? {
                0 => bail!("the server closed the connection"),
                count => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            }
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

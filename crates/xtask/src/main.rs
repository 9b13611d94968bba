//! `cargo xtask`: sets the machine up, and builds, runs, tests and measures PromptHub.
//!
//! This file only reads the command line. It must stay quick to compile, since it is built before
//! anything else, and it must never be needed by the product at run time.
#![expect(
    clippy::print_stdout,
    reason = "this program talks to a person at a terminal"
)]

mod bench;
mod browser;
mod page;
mod postgres;
mod process;
mod system;
mod test;
mod tools;
mod workspace;

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};
use lexopt::{Arg, Parser, ValueExt};

use crate::workspace::Workspace;

const HELP: &str = "\
Sets up, builds, runs, tests and measures PromptHub. What is missing on the machine is installed
where that is possible, and named otherwise.

Usage: cargo xtask <COMMAND>

Commands:
  run [-- ARGS]      Build the page and the server, then serve both; ARGS go to `prompthub serve`
  build              Build target/release/prompthub, the page included
  page               Build the page alone, into frontend/dist
  watch [-- ARGS]    Serve the page at http://127.0.0.1:8081 and rebuild it on every change (trunk
                     serve); the API is expected at http://127.0.0.1:8080
  test               Run everything that must pass before a change lands
    --only STEP      Run one step of it; may be given more than once
    --list           List the steps
    --kills N        Times that step `kill` kills the server on SQLite [default: 200]
    --kill-seed N    Makes its random choices those of the run that printed this seed
    -- ARGS          Handed to the test programs: a filter, --nocapture, …
  bench              Measure the release build: start, memory, download, throughput, sign-in storm, search,
                      what it adds to streamed answers, and what the page's reader waits for
    --seconds N      Seconds that each measurement under load takes [default: 5]
    --only PART      Measure one part of it: server, search, answers or page
  setup              Install what the other commands need, and do nothing else
  help               Show this
";

fn main() -> ExitCode {
    match page::act_as_stand_in().unwrap_or_else(dispatch) {
        Ok(code) => code,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<ExitCode> {
    let mut parser = Parser::from_env();
    let command = match parser.next()? {
        Some(Arg::Value(command)) => command.string()?,
        Some(Arg::Long("help") | Arg::Short('h')) | None => "help".to_owned(),
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "run" => run(&passthrough(&mut parser)?)?,
        "build" => {
            no_more(&mut parser)?;
            build(&Workspace::open()?, &[])?;
        }
        "page" => {
            no_more(&mut parser)?;
            let workspace = Workspace::open()?;
            page::build(&workspace, &tools::prepare(&workspace)?)?;
        }
        "watch" => {
            let args = passthrough(&mut parser)?;
            let workspace = Workspace::open()?;
            page::watch(&workspace, &tools::prepare(&workspace)?, &args)?;
        }
        "test" => {
            let options = test_options(&mut parser)?;
            return test::run(Workspace::open()?, options);
        }
        "bench" => {
            let options = bench_options(&mut parser)?;
            let workspace = Workspace::open()?;
            // In one call of cargo, or half of it would be built twice with other features.
            build(
                &workspace,
                &[
                    "--package",
                    "prompthub-tests",
                    "--bin",
                    "load",
                    "--bin",
                    "page",
                ],
            )?;
            bench::run(&workspace, &options)?;
        }
        "setup" => {
            no_more(&mut parser)?;
            let workspace = Workspace::open()?;
            system::prepare(system::FOR_TESTS)?;
            tools::prepare(&workspace)?;
            browser::find(&workspace)?;
            println!("everything is there");
        }
        "help" => println!("{HELP}"),
        other => bail!("there is no command {other:?}; `cargo xtask help` lists them"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds `target/release/prompthub`, which carries the page, and what else `selection` names.
fn build(workspace: &Workspace, selection: &[&str]) -> Result<()> {
    // First, what may need the reader: nobody likes to be asked after ten minutes of compiling.
    system::prepare(system::FOR_BUILDS)?;
    let tools = tools::prepare(workspace)?;
    page::build(workspace, &tools)?;
    process::heading("Server: target/release/prompthub");
    process::run(
        workspace
            .cargo()
            .args(["build", "--release", "--package", "prompthub-api"])
            .args(["--bin", "prompthub"])
            .args(selection),
    )
}

/// Builds everything and becomes the server, so that signals reach it directly.
fn run(args: &[OsString]) -> Result<()> {
    let workspace = Workspace::open()?;
    build(&workspace, &[])?;
    let server = workspace.release_binary();
    process::heading("Serving; Ctrl-C ends it");
    let error = Command::new(&server)
        .arg("serve")
        .args(args)
        .current_dir(workspace.root())
        .exec();
    Err(error).with_context(|| format!("cannot start {}", server.display()))
}

fn test_options(parser: &mut Parser) -> Result<test::Options> {
    let mut options = test::Options::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("only") => options.only.push(parser.value()?.string()?),
            Arg::Long("list") => options.list = true,
            Arg::Long("kills") => options.kills.count = Some(parser.value()?.parse()?),
            Arg::Long("kill-seed") => options.kills.seed = Some(parser.value()?.parse()?),
            // What stands after `--`; `next` hands it out as plain values.
            Arg::Value(value) => {
                options.arguments.push(value);
                options.arguments.extend(parser.raw_args()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

fn bench_options(parser: &mut Parser) -> Result<bench::Options> {
    let mut options = bench::Options::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("seconds") => options.seconds = parser.value()?.parse()?,
            Arg::Long("only") => {
                options.only = Some(match parser.value()?.string()?.as_str() {
                    "server" => bench::Part::Server,
                    "search" => bench::Part::Search,
                    "answers" => bench::Part::Answers,
                    "page" => bench::Part::Page,
                    other => bail!("there is nothing to measure by the name of {other:?}"),
                });
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if options.seconds == 0 {
        bail!("--seconds must be at least 1");
    }
    Ok(options)
}

/// Everything that is left on the command line, less the `--` before it.
fn passthrough(parser: &mut Parser) -> Result<Vec<OsString>> {
    let mut args: Vec<OsString> = parser.raw_args()?.collect();
    if args.first().is_some_and(|first| first == "--") {
        args.remove(0);
    }
    Ok(args)
}

fn no_more(parser: &mut Parser) -> Result<()> {
    match parser.next()? {
        None => Ok(()),
        Some(arg) => Err(arg.unexpected().into()),
    }
}

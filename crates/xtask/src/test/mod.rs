//! `cargo xtask test`: everything that must pass, one step after the other.
//!
//! A step either runs or fails the whole: nothing is skipped because something is missing.

mod programs;
mod session;
mod tally;

use std::{
    ffi::OsString,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::session::Session;
use crate::{
    browser,
    process::{heading, human},
    system, tools,
    workspace::Workspace,
};

/// What the command line asks for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Names of the only steps to run; empty means all.
    pub(crate) only: Vec<String>,
    /// Whether to list the steps and do nothing else.
    pub(crate) list: bool,
    pub(crate) kills: Kills,
    /// Handed to every test program.
    pub(crate) arguments: Vec<OsString>,
}

/// What the step `kill` is told; the suite decides what is not given.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Kills {
    /// How often the server is killed on SQLite.
    pub(crate) count: Option<u32>,
    /// Of the random choices.
    pub(crate) seed: Option<u64>,
}

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&mut Session) -> Result<()>,
}

/// In order of what fails fastest, but the page before the server, which carries it.
const STEPS: [Step; 12] = [
    Step {
        name: "format",
        about: "the source is formatted",
        run: Session::check_format,
    },
    Step {
        name: "lint-page",
        about: "clippy finds nothing in the page, for wasm",
        run: Session::lint_page,
    },
    Step {
        name: "page",
        about: "the page builds, within its size budget",
        run: Session::build_page,
    },
    Step {
        name: "lint",
        about: "clippy finds nothing in all else",
        run: Session::lint_host,
    },
    Step {
        name: "build",
        about: "the server and all test programs build",
        run: Session::build_programs,
    },
    Step {
        name: "unit",
        about: "each crate's own tests, the store's on both databases",
        run: Session::test_units,
    },
    Step {
        name: "doc",
        about: "the examples in the documentation",
        run: Session::test_docs,
    },
    Step {
        name: "unit-page",
        about: "the page's own tests, on this machine",
        run: Session::test_page,
    },
    Step {
        name: "api-sqlite",
        about: "the API suite on SQLite",
        run: Session::test_api_on_sqlite,
    },
    Step {
        name: "api-postgres",
        about: "the API suite on PostgreSQL",
        run: Session::test_api_on_postgres,
    },
    Step {
        name: "kill",
        about: "a killed server has kept what it acknowledged, on both databases",
        run: Session::test_kills,
    },
    Step {
        name: "web",
        about: "the browser suite in Chromium",
        run: Session::test_web,
    },
];

/// Runs the steps up to the first that fails, and ends with the line `N passed, N failed`.
///
/// # Errors
/// What keeps the steps from being run at all.
pub(crate) fn run(workspace: Workspace, options: Options) -> Result<ExitCode> {
    if options.list {
        for step in &STEPS {
            println!("{:<14} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let steps = selected(&options.only)?;
    let start = Instant::now();
    system::prepare(system::FOR_TESTS)?;
    let browser = browser::find(&workspace)?;
    let tools = tools::prepare(&workspace)?;
    let mut session = Session::new(workspace, tools, browser, options);
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut outcome = Ok(());
    for (number, step) in steps.iter().enumerate() {
        heading(&format!(
            "[{}/{}] {}: {}",
            number + 1,
            steps.len(),
            step.name,
            step.about
        ));
        let start = Instant::now();
        outcome = (step.run)(&mut session).with_context(|| format!("step `{}` failed", step.name));
        times.push((step.name, start.elapsed()));
        if outcome.is_err() {
            break;
        }
        println!("   {} passed in {}", step.name, human(start.elapsed()));
    }
    heading(&format!(
        "{} of {} steps run in {}",
        times.len(),
        steps.len(),
        human(start.elapsed())
    ));
    for (name, time) in times {
        println!("   {name:<14} {:>12}", human(time));
    }
    let mut failed = session.tally().failed;
    if let Err(error) = &outcome {
        println!("\nerror: {error:#}");
        // A step that runs no test program fails as one test does: the last line must not read as
        // a success.
        failed = failed.max(1);
    }
    println!("\n{} passed, {failed} failed", session.tally().passed);
    Ok(if outcome.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn selected(only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
    {
        bail!("there is no step {unknown:?}; `cargo xtask test --list` names them");
    }
    Ok(STEPS
        .iter()
        .filter(|step| only.is_empty() || only.iter().any(|name| name == step.name))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_steps_in_their_order_and_refuses_unknown_ones() {
        let names = |only: &[&str]| -> Option<Vec<&str>> {
            let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
            selected(&only)
                .ok()
                .map(|steps| steps.iter().map(|step| step.name).collect())
        };
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        assert_eq!(names(&["web", "format"]).unwrap(), ["format", "web"]);
        assert_eq!(names(&["wep"]), None);
    }
}

//! `cargo xtask test`: everything that must pass, one step after the other.
//!
//! A step either runs or fails the whole: nothing is skipped because something is missing.

mod programs;
mod tally;

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::{
    programs::Programs,
    tally::{Tally, run_tests},
};
use crate::{
    browser::{self, Browser},
    page,
    postgres::Cluster,
    process::{self, heading, human},
    system,
    tools::{self, Tools, WASM_TARGET},
    workspace::{Workspace, without_settings},
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

/// On PostgreSQL, where each kill waits for leases to run out, one kill for so many on SQLite…
const KILLS_A_POSTGRES_KILL: u32 = 16;
/// …and that many when nobody has said how many.
const POSTGRES_KILLS: u32 = 12;

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

/// The server and the tests are always built as one selection, so that cargo unifies features once
/// and builds nothing twice.
const SELECTION: [&str; 7] = [
    "--workspace",
    "--exclude",
    "prompthub-frontend",
    "--exclude",
    "prompthub-markup",
    "--exclude",
    "prompthub-worker",
];

/// What the page is made of: its own package, its workers, and what the two share.
const PAGE: [&str; 6] = [
    "--package",
    "prompthub-frontend",
    "--package",
    "prompthub-markup",
    "--package",
    "prompthub-worker",
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
    let mut session = Session {
        workspace,
        tools,
        browser,
        kills: options.kills,
        arguments: options.arguments,
        programs: None,
        cluster: None,
        tally: Tally::default(),
    };
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
    let mut failed = session.tally.failed;
    if let Err(error) = &outcome {
        println!("\nerror: {error:#}");
        // A step that runs no test program fails as one test does: the last line must not read as
        // a success.
        failed = failed.max(1);
    }
    println!("\n{} passed, {failed} failed", session.tally.passed);
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

/// What the steps share: made by the first that needs it.
struct Session {
    workspace: Workspace,
    tools: Tools,
    browser: Browser,
    kills: Kills,
    arguments: Vec<OsString>,
    programs: Option<Programs>,
    cluster: Option<Cluster>,
    tally: Tally,
}

impl Session {
    fn check_format(&mut self) -> Result<()> {
        process::run(self.workspace.cargo().args(["fmt", "--all", "--check"]))
    }

    fn lint_page(&mut self) -> Result<()> {
        process::run(
            self.workspace
                .cargo()
                .arg("clippy")
                .args(PAGE)
                .args(["--target", WASM_TARGET])
                .args(["--", "--deny", "warnings"]),
        )
    }

    fn lint_host(&mut self) -> Result<()> {
        process::run(self.workspace.cargo().arg("clippy").args(SELECTION).args([
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    }

    fn build_page(&mut self) -> Result<()> {
        page::build(&self.workspace, &self.tools)
    }

    fn build_programs(&mut self) -> Result<()> {
        self.programs()
            .map(|programs| println!("{} test programs", programs.tests.len()))
    }

    /// Every test program but the suites that have a step of their own, so that a new one is never
    /// forgotten.
    fn test_units(&mut self) -> Result<()> {
        let url = self.postgres_url()?;
        let server = self.programs()?.server.clone();
        let units = self.programs()?.units();
        self.tests(|session| {
            for unit in &units {
                let mut command = session.test_program(unit);
                command
                    .env("PROMPTHUB_TEST_POSTGRES_URL", &url)
                    .env("PROMPTHUB_SERVER_BIN", &server);
                session.tally.add(run_tests(&mut command)?);
            }
            Ok(())
        })
    }

    fn test_docs(&mut self) -> Result<()> {
        let mut command = self.workspace.cargo();
        command
            .args(["test", "--doc"])
            .args(SELECTION)
            .arg("--")
            .args(&self.arguments);
        without_settings(&mut command);
        self.tally.add(run_tests(&mut command)?);
        self.check_tally()
    }

    fn test_page(&mut self) -> Result<()> {
        self.tests(|session| {
            let mut command = session.workspace.cargo();
            command
                .arg("test")
                .args(PAGE)
                .args(["--lib", "--bins", "--"])
                .args(&session.arguments);
            session.tally.add(run_tests(&mut command)?);
            Ok(())
        })
    }

    fn test_api_on_sqlite(&mut self) -> Result<()> {
        self.suite("api", |command| {
            command.env("PROMPTHUB_TEST_DATABASE", "sqlite");
        })
    }

    fn test_api_on_postgres(&mut self) -> Result<()> {
        let url = self.postgres_url()?;
        self.suite("api", |command| {
            command
                .env("PROMPTHUB_TEST_DATABASE", "postgres")
                .env("PROMPTHUB_TEST_POSTGRES_URL", &url);
        })
    }

    fn test_kills(&mut self) -> Result<()> {
        let url = self.postgres_url()?;
        let Kills { count, seed } = self.kills;
        let kill = |command: &mut Command, count: Option<u32>| {
            let numbers = [
                ("PROMPTHUB_KILLS", count.map(u64::from)),
                ("PROMPTHUB_KILL_SEED", seed),
            ];
            for (name, number) in numbers {
                command.envs(number.map(|number| (name, number.to_string())));
            }
            // What it prints is how often it was killed, and the seed by which to repeat it.
            command.env("RUST_TEST_NOCAPTURE", "1");
        };
        self.suite("kill", |command| {
            kill(command.env("PROMPTHUB_TEST_DATABASE", "sqlite"), count);
        })?;
        let count = count.map_or(POSTGRES_KILLS, |count| {
            count.div_ceil(KILLS_A_POSTGRES_KILL)
        });
        self.suite("kill", |command| {
            command
                .env("PROMPTHUB_TEST_DATABASE", "postgres")
                .env("PROMPTHUB_TEST_POSTGRES_URL", &url);
            kill(command, Some(count));
        })
    }

    fn test_web(&mut self) -> Result<()> {
        let browser = self.browser.clone();
        // The server reads the page from `frontend/dist` while it is built for debugging.
        page::build(&self.workspace, &self.tools)?;
        self.suite("web", |command| {
            browser.tell(command.env("PROMPTHUB_TEST_DATABASE", "sqlite"));
        })
    }

    /// Runs one of the suites in `tests/tests`.
    fn suite(&mut self, name: &str, set_up: impl Fn(&mut Command)) -> Result<()> {
        let programs = self.programs()?;
        let server = programs.server.clone();
        let suite = programs.suite(name)?.clone();
        self.tests(|session| {
            let mut command = session.test_program(&suite);
            set_up(command.env("PROMPTHUB_SERVER_BIN", server));
            session.tally.add(run_tests(&mut command)?);
            Ok(())
        })
    }

    /// Runs tests and refuses a run that had none, unless the caller's arguments may have left them
    /// out.
    fn tests(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = self.tally.passed;
        body(self)?;
        self.check_tally()?;
        if self.tally.passed == before && self.arguments.is_empty() {
            bail!("not one test ran");
        }
        Ok(())
    }

    fn check_tally(&self) -> Result<()> {
        if self.tally.failed > 0 {
            bail!("{} tests failed", self.tally.failed);
        }
        if self.tally.ignored > 0 {
            bail!(
                "{} tests are marked as ignored: they must run, or go",
                self.tally.ignored
            );
        }
        Ok(())
    }

    fn test_program(&self, test: &programs::Test) -> Command {
        println!("\n   {}", test.title);
        let mut command = Command::new(&test.executable);
        // As `cargo test` does it: snapshots and fixtures are found from there.
        command.args(&self.arguments).current_dir(&test.package);
        crate::workspace::clean(&mut command);
        without_settings(&mut command);
        command.env("CARGO_MANIFEST_DIR", &test.package);
        command
    }

    fn programs(&mut self) -> Result<&Programs> {
        if self.programs.is_none() {
            self.programs = Some(Programs::build(&self.workspace, &SELECTION)?);
        }
        self.programs
            .as_ref()
            .context("the test programs were just built")
    }

    fn postgres_url(&mut self) -> Result<String> {
        if self.cluster.is_none() {
            self.cluster = Some(Cluster::start()?);
        }
        Ok(self
            .cluster
            .as_ref()
            .context("PostgreSQL was just started")?
            .url())
    }
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

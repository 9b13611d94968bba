//! What each step of `cargo xtask test` does, and what the steps share.

use std::{ffi::OsString, process::Command};

use anyhow::{Context, Result, bail};

use super::{
    Kills, Options,
    programs::{self, Programs},
    tally::{Tally, run_tests},
};
use crate::{
    browser::Browser,
    page,
    postgres::Cluster,
    process,
    tools::{Tools, WASM_TARGET},
    workspace::{Workspace, without_settings},
};

/// On PostgreSQL, where each kill waits for leases to run out, one kill for so many on SQLite…
const KILLS_A_POSTGRES_KILL: u32 = 16;
/// …and that many when nobody has said how many.
const POSTGRES_KILLS: u32 = 12;

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

/// What the steps share: made by the first that needs it.
pub(super) struct Session {
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
    pub(super) fn new(
        workspace: Workspace,
        tools: Tools,
        browser: Browser,
        options: Options,
    ) -> Self {
        Self {
            workspace,
            tools,
            browser,
            kills: options.kills,
            arguments: options.arguments,
            programs: None,
            cluster: None,
            tally: Tally::default(),
        }
    }

    /// What the test programs have reported so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn check_format(&mut self) -> Result<()> {
        process::run(self.workspace.cargo().args(["fmt", "--all", "--check"]))
    }

    pub(super) fn lint_page(&mut self) -> Result<()> {
        process::run(
            self.workspace
                .cargo()
                .arg("clippy")
                .args(PAGE)
                .args(["--target", WASM_TARGET])
                .args(["--", "--deny", "warnings"]),
        )
    }

    pub(super) fn lint_host(&mut self) -> Result<()> {
        process::run(self.workspace.cargo().arg("clippy").args(SELECTION).args([
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    }

    pub(super) fn build_page(&mut self) -> Result<()> {
        page::build(&self.workspace, &self.tools)
    }

    pub(super) fn build_programs(&mut self) -> Result<()> {
        self.programs()
            .map(|programs| println!("{} test programs", programs.tests.len()))
    }

    /// Every test program but the suites that have a step of their own, so that a new one is never
    /// forgotten.
    pub(super) fn test_units(&mut self) -> Result<()> {
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

    pub(super) fn test_docs(&mut self) -> Result<()> {
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

    pub(super) fn test_page(&mut self) -> Result<()> {
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

    pub(super) fn test_api_on_sqlite(&mut self) -> Result<()> {
        self.suite("api", |command| {
            command.env("PROMPTHUB_TEST_DATABASE", "sqlite");
        })
    }

    pub(super) fn test_api_on_postgres(&mut self) -> Result<()> {
        let url = self.postgres_url()?;
        self.suite("api", |command| {
            command
                .env("PROMPTHUB_TEST_DATABASE", "postgres")
                .env("PROMPTHUB_TEST_POSTGRES_URL", &url);
        })
    }

    pub(super) fn test_kills(&mut self) -> Result<()> {
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

    pub(super) fn test_web(&mut self) -> Result<()> {
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

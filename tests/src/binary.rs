//! The real binary, for what only a process can show: its start, its end and what it prints.
//!
//! `PROMPTHUB_SERVER_BIN` names it; otherwise it is the `prompthub` that was built into the same
//! folder as the tests.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

/// How long a start may take to fail, or a stop to end.
const LIMIT: Duration = Duration::from_secs(30);

/// Where the binary is.
#[must_use]
pub fn path() -> PathBuf {
    let named = std::env::var_os("PROMPTHUB_SERVER_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| {
        let own = std::env::current_exe().expect("a running test has a path");
        // target/debug/deps/api-… → target/debug/prompthub
        let folder = own
            .parent()
            .and_then(|deps| deps.parent())
            .expect("cargo's folders");
        folder.join("prompthub")
    });
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build -p prompthub-api`, or set PROMPTHUB_SERVER_BIN",
        path.display()
    );
    path
}

/// A command that runs the binary with this environment and nothing else of ours.
#[must_use]
pub fn command(args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(path());
    command
        .args(args)
        .env_clear()
        .envs(environment.iter().copied());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ended {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary to its end.
pub async fn run(args: &[&str], environment: &[(&str, &str)]) -> Ended {
    let output = command(args, environment).output();
    let output = tokio::time::timeout(LIMIT, output)
        .await
        .expect("the process did not end")
        .expect("it runs");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A server process that has said where it listens. Dropping it kills it.
pub struct Served {
    pub base_url: String,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Served {
    /// Starts `prompthub serve` and waits for the line that names its address.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        let mut child = command(&["serve"], environment).spawn().expect("it runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        let read = tokio::time::timeout(LIMIT, stdout.read_line(&mut line));
        read.await
            .expect("the server did not say that it listens")
            .expect("readable");
        let base_url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line:?}"));
        Self {
            base_url: base_url.to_owned(),
            child,
            _stdout: stdout,
        }
    }

    /// Sends a signal by its name, e.g. `TERM`.
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it still runs").to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .await
            .expect("kill exists");
        assert!(status.success(), "kill -s {name} failed");
    }

    /// Ends the process with SIGKILL, waits until it is gone, and returns what it had logged.
    pub async fn kill(mut self) -> String {
        self.child.start_kill().expect("it was ours");
        self.child.wait().await.expect("it was ours");
        let mut log = Vec::new();
        let pipe = self.child.stderr.as_mut().expect("piped");
        pipe.read_to_end(&mut log).await.expect("a pipe");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        let status = status
            .expect("the process did not end")
            .expect("it was ours");
        let mut stderr = String::new();
        let pipe = self.child.stderr.as_mut().expect("piped");
        pipe.read_to_string(&mut stderr).await.expect("text");
        Ended {
            code: status.code(),
            stdout: String::new(),
            stderr,
        }
    }
}

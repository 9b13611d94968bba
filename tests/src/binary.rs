//! The real binary, for what only a process can show: its start, its end and what it prints.
//!
//! `PROMPTHUB_SERVER_BIN` names it; otherwise it is the `prompthub` that was built into the same
//! folder as the tests.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::{Client, process};

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
    command_of(&path(), args, environment)
}

/// The same for another build of it.
#[must_use]
pub fn command_of(binary: &Path, args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
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
        Self::spawn(command(&["serve"], environment)).await
    }

    /// Starts what `command` says and waits for that line.
    pub async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("it runs");
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

    /// A client that nobody has signed in with.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.base_url.parse().expect("the server's URL is one"))
    }

    /// Resident memory of the process, in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        process::resident_bytes(self.process_id())
    }

    /// The number of the process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id().expect("it still runs")
    }

    /// Sends a signal by its name, e.g. `TERM`.
    pub async fn signal(&self, name: &str) {
        let id = self.process_id().to_string();
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
        self.read_log().await
    }

    /// Stops the process as an operator does, waits until it is gone, and returns what it had logged.
    pub async fn stop(self) -> String {
        self.signal("TERM").await;
        let ended = self.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stderr
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        let status = status
            .expect("the process did not end")
            .expect("it was ours");
        Ended {
            code: status.code(),
            stdout: String::new(),
            stderr: self.read_log().await,
        }
    }

    /// What the process has logged and nobody has read; nothing where the log goes elsewhere.
    async fn read_log(&mut self) -> String {
        let mut log = Vec::new();
        if let Some(pipe) = &mut self.child.stderr {
            pipe.read_to_end(&mut log).await.expect("a pipe");
        }
        String::from_utf8_lossy(&log).into_owned()
    }
}

//! A server in a process of its own, where a test needs to kill it or to see what it takes from the
//! machine: its folder, its database and its provider, which outlive any one process.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    Upstream,
    binary::{self, Served},
    database::TestDatabase,
};

/// What one process after the other may run on. Gone when it is dropped.
pub struct Installation {
    /// The provider that the server knows as `openrouter`.
    pub upstream: Upstream,
    folder: TempDir,
    database: TestDatabase,
    settings: Vec<(&'static str, String)>,
}

impl Installation {
    /// An empty one, with these settings beside the usual ones.
    pub async fn new(upstream: Upstream, settings: &[(&'static str, &str)]) -> Self {
        // A second installation is refused, and is of no interest.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            upstream,
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: TestDatabase::create().await,
            settings: settings.collect(),
        }
    }

    /// Another value for a setting, from the next start on.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// The URL of the database; `None` on SQLite, whose file is `prompthub.db` in the data folder.
    #[must_use]
    pub fn database_url(&self) -> Option<String> {
        self.database.url()
    }

    /// The server's own folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What starts the server.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = binary::command(&["serve"], &[]);
        command
            .env("PROMPTHUB_BIND", "127.0.0.1:0")
            .env("PROMPTHUB_DATA_DIR", self.data_dir())
            .env("PROMPTHUB_PASSWORD_COST", "10")
            .env("OPENROUTER_API_KEY", "sk-or-v1-test")
            .env("OPENROUTER_BASE_URL", self.upstream.base_url().as_str())
            .envs(self.database.url().map(|url| ("DATABASE_URL", url)))
            .envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Starts the server with its log in a file, however long it becomes, and waits until it listens.
    pub async fn start_logging(&self, log: &Path) -> Served {
        let mut command = self.command();
        command.stderr(std::fs::File::create(log).expect("a file of the test's own"));
        Served::spawn(command).await
    }

    /// Starts the server and waits until it listens.
    pub async fn start(&self) -> Served {
        Served::spawn(self.command()).await
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.database.drop_now();
    }
}

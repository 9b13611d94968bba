//! What `prompthub rotate-key` is told.

use std::path::PathBuf;

use clap::Args;

use super::{Secret, database_url};

/// The options of `prompthub rotate-key`.
#[derive(Debug, Clone, Args)]
pub struct KeyRotation {
    /// Folder of the SQLite file and of the generated secret key
    #[arg(
        long,
        env = "PROMPTHUB_DATA_DIR",
        default_value = "./data",
        value_name = "DIR"
    )]
    pub data_dir: PathBuf,

    /// sqlite://PATH or postgres://… [default: sqlite://<data dir>/prompthub.db]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The key until now [default: the one in <data dir>/secret.key]
    #[arg(
        long,
        env = "PROMPTHUB_OLD_SECRET_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub old_secret_key: Option<Secret>,

    /// The key from now on [default: generated into <data dir>/secret.key]
    #[arg(
        long,
        env = "PROMPTHUB_SECRET_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub secret_key: Option<Secret>,
}

impl KeyRotation {
    /// Where the database is, as `DATABASE_URL` would say it.
    #[must_use]
    pub fn database_url(&self) -> String {
        database_url(self.database_url.as_deref(), &self.data_dir)
    }
}

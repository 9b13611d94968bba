//! Where things are in the checkout, and how its cargo is called.
//!
//! Knows paths and environment only; what is built with them belongs to the other modules.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// The checkout that this program was compiled in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    cache: PathBuf,
}

impl Workspace {
    /// Finds the checkout, cargo's target folder and the user's cache folder.
    pub(crate) fn open() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("this program was not compiled in crates/xtask")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => root.join(target),
            None => root.join("target"),
        };
        let cache = match env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => env::home_dir()
                .context("there is no home folder to cache tools in")?
                .join(".cache"),
        };
        Ok(Self {
            root,
            target,
            cache: cache.join("prompthub").join("tools"),
        })
    }

    /// The folder that holds the top `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder, where this program keeps its own notes too.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// What trunk makes: the page as it is served.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("frontend").join("dist")
    }

    /// The server as it is shipped.
    pub(crate) fn release_binary(&self) -> PathBuf {
        self.target.join("release").join("prompthub")
    }

    /// Where pinned tools are kept, once for all checkouts of this user.
    pub(crate) fn tools(&self) -> &Path {
        &self.cache
    }

    /// The cargo that started this program, in the top folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        clean(&mut command);
        command
    }
}

/// Takes away what `cargo run` told us about this very crate. Build scripts that watch such
/// variables (ring's does) would otherwise run again whenever the caller changes between
/// `cargo xtask test` and `cargo test`.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_")
            || matches!(
                text,
                "CARGO_MANIFEST_DIR"
                    | "CARGO_MANIFEST_PATH"
                    | "CARGO_BIN_NAME"
                    | "CARGO_CRATE_NAME"
            )
        {
            command.env_remove(&name);
        }
    }
}

/// Takes away whatever configures a server of the caller's own: what is tested and measured is what
/// everybody gets.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text == "DATABASE_URL"
            || ["PROMPTHUB_", "OPENROUTER_", "OPENAI_", "ANTHROPIC_"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
}

//! The browser, its driver and axe-core, for the tests of the page.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    process::{TemporaryFolder, find_program, heading, run},
    workspace::Workspace,
};

/// Version of axe-core on npm; MPL-2.0, used by tests alone and never shipped.
const AXE_CORE: &str = "4.14.1";

/// What the browser tests are told, each through its variable.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
    pub(crate) axe: PathBuf,
}

impl Browser {
    /// Hands the paths to a test program.
    pub(crate) fn tell(&self, command: &mut Command) {
        command
            .env("PROMPTHUB_CHROMIUM", &self.chromium)
            .env("PROMPTHUB_CHROMEDRIVER", &self.chromedriver)
            .env("PROMPTHUB_AXE_JS", &self.axe);
    }
}

/// Finds all three; axe-core is fetched when the cache lacks it.
pub(crate) fn find(workspace: &Workspace) -> Result<Browser> {
    Ok(Browser {
        chromium: chromium().context("there is no Chromium")?,
        chromedriver: chromedriver().context("there is no ChromeDriver")?,
        axe: axe(workspace)?,
    })
}

/// The browser: `PROMPTHUB_CHROMIUM`, or what the system has.
pub(crate) fn chromium() -> Option<PathBuf> {
    chosen("PROMPTHUB_CHROMIUM").or_else(|| {
        find_program(&[
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome",
        ])
    })
}

/// Its driver: `PROMPTHUB_CHROMEDRIVER`, or what the system has.
pub(crate) fn chromedriver() -> Option<PathBuf> {
    chosen("PROMPTHUB_CHROMEDRIVER").or_else(|| {
        find_program(&[
            "chromedriver",
            "chromium.chromedriver",
            "/usr/lib/chromium/chromedriver",
            "/usr/lib/chromium-browser/chromedriver",
        ])
    })
}

fn chosen(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|file| file.is_file())
}

fn axe(workspace: &Workspace) -> Result<PathBuf> {
    let kept = workspace
        .tools()
        .join(format!("axe-core-{AXE_CORE}.min.js"));
    if kept.is_file() {
        return Ok(kept);
    }
    heading(&format!(
        "Fetching axe-core {AXE_CORE} (once on this machine)"
    ));
    let folder = TemporaryFolder::new("axe")?;
    run(Command::new("npm")
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ])
        .arg("--prefix")
        .arg(folder.path())
        .arg(format!("axe-core@{AXE_CORE}"))
        .stdin(Stdio::null()))?;
    let fetched = folder
        .path()
        .join("node_modules")
        .join("axe-core")
        .join("axe.min.js");
    // Under another name first, so that a half-written file is never taken for the real one.
    let partial = workspace.tools().join(format!(
        "axe-core-{AXE_CORE}.{}.partial",
        std::process::id()
    ));
    fs::create_dir_all(workspace.tools())?;
    fs::copy(&fetched, &partial).with_context(|| format!("npm left no {}", fetched.display()))?;
    fs::rename(&partial, &kept)?;
    Ok(kept)
}

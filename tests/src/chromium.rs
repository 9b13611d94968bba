//! Chromium, and the program that speaks WebDriver to it: where they are, and how they are started.
//!
//! Owns the arguments of every browser. What is done in one is its caller's.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long ChromeDriver may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often ChromeDriver is started. It takes a free port of IPv6 and then needs the same one of IPv4; where somebody has
/// that, it ends.
const ATTEMPTS: usize = 5;

/// A process of ChromeDriver. It ends when this is dropped.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts it on a port of its own choice.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub async fn start() -> Result<Self> {
        let path = find(
            "PROMPTHUB_CHROMEDRIVER",
            &["chromedriver"],
            "ChromeDriver (package chromium-driver)",
        )?;
        for _ in 0..ATTEMPTS {
            if let Some(driver) = Self::start_once(&path).await? {
                return Ok(driver);
            }
        }
        bail!("ChromeDriver ended without a word, {ATTEMPTS} times")
    }

    /// `None` where it has ended before it had a port.
    async fn start_once(path: &Path) -> Result<Option<Self>> {
        let mut process = Command::new(path)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| path.display().to_string())?;
        let mut lines = BufReader::new(process.stdout.take().context("piped")?).lines();
        let port = async {
            // "ChromeDriver was started successfully on port 40123."
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.rsplit_once("started successfully on port ") {
                    return Ok(Some(port.trim_end_matches('.').parse()?));
                }
            }
            anyhow::Ok(None)
        };
        let port = timeout(PATIENCE, port)
            .await
            .context("ChromeDriver did not start")??;
        let Some(port) = port else {
            return Ok(None);
        };
        // The pipe is read on, or the driver would block once it is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Some(Self { process, port }))
    }

    /// Opens a window.
    ///
    /// # Errors
    /// Chromium does not start.
    pub async fn open(&self, capabilities: ChromeCapabilities) -> Result<WebDriver> {
        let address = format!("http://127.0.0.1:{}", self.port);
        Ok(WebDriver::new(address, capabilities).await?)
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn end(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

/// A Chromium without a screen that keeps what it has in `profile`, a folder that nobody else uses.
///
/// # Errors
/// It is not installed, or a path is not text.
pub fn capabilities(profile: &Path) -> Result<ChromeCapabilities> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    ];
    let chromium = find("PROMPTHUB_CHROMIUM", &names, "Chromium")?;
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless=new",
        // Containers seldom allow the sandbox; the only page that is loaded is our own.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=1440,900",
        &profile,
    ];
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in arguments {
        capabilities.add_arg(argument)?;
    }
    capabilities.set_binary(chromium.to_str().context("a path that is text")?)?;
    Ok(capabilities)
}

/// The program that `variable` names, or the first of `names` on the path.
fn find(variable: &str, names: &[&str], what: &str) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Ok(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("{what} is missing: install it, or name it in {variable}"))
}

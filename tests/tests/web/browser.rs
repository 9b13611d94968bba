//! A browser of a test's own: a driver process, a fresh profile, a window of a given size.
//!
//! Owns its start and its end, also when the test fails; what is on the page is `elements`'.

use std::{panic::AssertUnwindSafe, path::PathBuf, time::Duration};

use futures_util::FutureExt;
use prompthub_tests::{
    TestApp,
    chromium::{Driver, capabilities},
    spawn_app,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities, WebDriver, common::log::LoggingPrefsLogLevel};
use tokio::sync::Semaphore;
use url::Url;

/// How long the harness waits for something to appear.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
pub(crate) const GLANCE: Duration = Duration::from_millis(25);

/// A browser takes most of a core while it starts and paints.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// The two windows in which every journey is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Desktop,
    Phone,
}

impl Size {
    fn pixels(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1440, 900),
            Self::Phone => (390, 844),
        }
    }
}

/// A window on a server's page.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    pub(crate) base_url: String,
    pub(crate) size: Size,
    /// Where downloads land.
    pub(crate) downloads: PathBuf,
}

/// Makes the same journey in both windows, each on a server of its own.
pub(crate) async fn at_both_sizes(journey: impl AsyncFn(&TestApp, &Browser)) {
    for size in [Size::Desktop, Size::Phone] {
        let app = spawn_app().await;
        in_browser(&app, size, async |browser| journey(&app, browser).await).await;
    }
}

/// Runs a test in a new browser, which is ended whatever becomes of the test. A failure leaves a
/// screenshot, and a page that complained on its console fails.
pub(crate) async fn in_browser(app: &TestApp, size: Size, test: impl AsyncFnOnce(&Browser)) {
    in_browser_at(&app.base_url, size, test).await;
}

/// [`in_browser`], with the server at another address than its own.
pub(crate) async fn in_browser_at(base_url: &Url, size: Size, test: impl AsyncFnOnce(&Browser)) {
    let _slot = SLOTS.acquire().await.expect("the slots are never closed");
    let profile = tempfile::tempdir().expect("a temporary folder");
    let process = Driver::start().await.expect("ChromeDriver starts");
    let browser = open(base_url, size, &profile, &process).await;
    let outcome = AssertUnwindSafe(test(&browser)).catch_unwind().await;
    let screenshot = match &outcome {
        Ok(()) => None,
        Err(_) => browser.keep_screenshot().await,
    };
    let complaints = browser.complaints().await;
    let quit = browser.driver.quit().await;
    process.end().await.expect("the driver was ours");
    if let Err(panic) = outcome {
        if let Some(file) = screenshot {
            eprintln!("what the page looked like: {}", file.display());
        }
        eprintln!("what the page's console said: {complaints:?}");
        std::panic::resume_unwind(panic);
    }
    quit.expect("the browser ends");
    assert!(
        complaints.is_empty(),
        "the page complained on its console: {complaints:?}"
    );
}

async fn open(base_url: &Url, size: Size, profile: &TempDir, process: &Driver) -> Browser {
    let mut capabilities = capabilities(&profile.path().join("profile")).expect("Chromium");
    capabilities
        .set_browser_log_level(LoggingPrefsLogLevel::All)
        .expect("a level");
    let driver = process.open(capabilities).await.expect("Chromium starts");
    let downloads = profile.path().join("downloads");
    let browser = Browser {
        driver,
        base_url: base_url.as_str().trim_end_matches('/').to_owned(),
        size,
        downloads,
    };
    let (width, height) = size.pixels();
    // A headless window cannot be as narrow as a phone, so the size is that of an emulated device.
    let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == Size::Phone});
    browser
        .cdp("Emulation.setDeviceMetricsOverride", metrics)
        .await;
    let behavior =
        json!({"behavior": "allow", "downloadPath": browser.downloads.to_str().expect("text")});
    browser.cdp("Browser.setDownloadBehavior", behavior).await;
    browser
}

impl Browser {
    /// Goes to a path of the server.
    pub(crate) async fn go(&self, path: &str) {
        self.driver
            .goto(format!("{}{path}", self.base_url))
            .await
            .expect("the page loads");
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) {
        self.driver.refresh().await.expect("the page loads");
    }

    /// The path that the address bar shows.
    pub(crate) async fn path(&self) -> String {
        self.driver
            .current_url()
            .await
            .expect("an address")
            .path()
            .to_owned()
    }

    /// Runs JavaScript in the page, beyond the reach of its content security policy.
    pub(crate) async fn script(&self, source: &str, arguments: Vec<Value>) -> Value {
        let result = self.driver.execute(source, arguments).await;
        result
            .unwrap_or_else(|error| panic!("{error} in {source}"))
            .json()
            .clone()
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let result = self
            .driver
            .cdp()
            .send_raw(command, parameters.clone())
            .await;
        result.unwrap_or_else(|error| panic!("{command} {parameters}: {error}"))
    }

    /// Takes the network away from the page, or gives it back.
    pub(crate) async fn offline(&self, offline: bool) {
        self.cdp("Network.enable", json!({})).await;
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.cdp("Network.emulateNetworkConditions", conditions)
            .await;
    }

    /// Makes the system's colours light or dark, as the page sees them.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.cdp("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// Waits until `holds`, looking again and again.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(GLANCE).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("it never came to this: {what}"));
    }

    /// Errors of scripts and breaches of the content security policy; that a request was refused
    /// is none, since tests ask for that.
    /// Asked for twice, those since the first time.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.unwrap_or_default();
        let severe = entries.into_iter().filter(|entry| entry.level == "SEVERE");
        severe
            .map(|entry| entry.message)
            .filter(|text| !text.contains("Failed to load resource"))
            .collect()
    }

    async fn keep_screenshot(&self) -> Option<PathBuf> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let name = std::thread::current()
            .name()
            .unwrap_or("page")
            .replace("::", "-");
        let file = folder.join(format!("{name}.png"));
        self.driver.screenshot(&file).await.ok().map(|()| file)
    }
}

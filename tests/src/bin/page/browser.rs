//! A Chromium window on the server, for measuring: what it does, it times in the page itself.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use prompthub_tests::chromium::{Driver, capabilities};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::WebDriver;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) struct Browser {
    driver: WebDriver,
    process: Driver,
    base_url: String,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window, and signs in with it.
    pub(crate) async fn open(base_url: &str, email: &str, password: &str) -> Result<Self> {
        let process = Driver::start().await?;
        let profile = tempfile::tempdir()?;
        let driver = process.open(capabilities(profile.path())?).await?;
        let browser = Self {
            driver,
            process,
            base_url: base_url.trim_end_matches('/').to_owned(),
            _profile: profile,
        };
        let watch = json!({"source": include_str!("watch.js")});
        browser
            .cdp("Page.addScriptToEvaluateOnNewDocument", watch)
            .await?;
        browser.go("/login").await?;
        let sign_in = "const [email, password, done] = arguments; \
            fetch('/api/auth/login', {method: 'POST', headers: {'content-type': 'application/json'}, \
            body: JSON.stringify({email, password})}).then(answer => done(answer.status))";
        let status = browser
            .driver
            .execute_async(sign_in, vec![email.into(), password.into()])
            .await?;
        if *status.json() != json!(200) {
            bail!("signing in was answered with {}", status.json());
        }
        Ok(browser)
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.driver.quit().await?;
        self.process.end().await
    }

    pub(crate) async fn go(&self, path: &str) -> Result<()> {
        Ok(self.driver.goto(format!("{}{path}", self.base_url)).await?)
    }

    /// Whether every load begins with an empty cache from now on.
    pub(crate) async fn forget_what_is_cached(&self, forget: bool) -> Result<()> {
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.setCacheDisabled", json!({"cacheDisabled": forget}))
            .await
    }

    /// Loads a conversation: milliseconds until its last message is painted.
    pub(crate) async fn load(&self, path: &str) -> Result<f64> {
        self.go("/login").await?;
        self.go(path).await?;
        self.number("return figures.painted").await
    }

    /// Presses the link of a conversation in the project that is shown: milliseconds until its last message is painted.
    pub(crate) async fn press_conversation(&self, title: &str) -> Result<f64> {
        let press = "const link = [...document.querySelectorAll('nav a, aside a, a')] \
            .find(link => link.textContent.includes(arguments[0]) && link.getAttribute('href').includes('/c/')); \
            if (!link) return false; \
            const from = performance.now(); figures.pressed = null; link.click(); \
            whenPainted('The last answer.', at => figures.pressed = at - from); return true";
        self.until(press, vec![title.into()]).await?;
        self.number("return figures.pressed").await
    }

    /// Asks in a new conversation, and waits until the answer has come with its last words: how many seconds that took,
    /// and how many milliseconds each task of the page that was longer than 50 ms.
    pub(crate) async fn stream(&self, project: &str, last_words: &str) -> Result<(f64, Vec<f64>)> {
        self.go(&format!("/projects/{project}")).await?;
        let ask = "const box = document.querySelector('textarea[aria-label=\"Message\"], textarea'); \
            if (!box) return false; \
            box.focus(); document.execCommand('insertText', false, 'Tell me all of it.'); \
            const send = [...document.querySelectorAll('button')] \
                .find(one => (one.getAttribute('aria-label') ?? one.textContent).trim() === 'Send'); \
            if (!send || send.disabled) return false; \
            figures.tasks.length = 0; figures.asked = performance.now(); send.click(); \
            whenPainted(arguments[0], at => figures.ended = at - figures.asked); return true";
        self.until(ask, vec![last_words.into()]).await?;
        let millis = self.number("return figures.ended").await?;
        // What was long is told a little later.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let tasks = self
            .driver
            .execute("return figures.tasks", Vec::new())
            .await?;
        let tasks = tasks.json().as_array().context("a list")?;
        let tasks = tasks.iter().filter_map(Value::as_f64).collect();
        Ok((millis / 1000.0, tasks))
    }

    /// Waits until `script` returns true.
    async fn until(&self, script: &str, arguments: Vec<Value>) -> Result<()> {
        let waiting = async {
            loop {
                let is_done = self.driver.execute(script, arguments.clone()).await?;
                if *is_done.json() == json!(true) {
                    return Ok(());
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .context("the page did not come to it")?
    }

    /// Waits until `script` returns a number.
    async fn number(&self, script: &str) -> Result<f64> {
        let waiting = async {
            loop {
                let value = self.driver.execute(script, Vec::new()).await?;
                if let Some(number) = value.json().as_f64() {
                    return Ok(number);
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .context("the page did not come to it")?
    }

    async fn cdp(&self, command: &str, parameters: Value) -> Result<()> {
        self.driver.cdp().send_raw(command, parameters).await?;
        Ok(())
    }
}

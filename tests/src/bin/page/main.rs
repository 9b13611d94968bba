//! What the page's reader feels, in Chromium: `page SERVER FOLDER` starts the server at that path, which keeps its data in that
//! folder, and measures how long it takes to open a conversation of 2,000 messages, and the longest task of the page while a
//! long answer comes in. `cargo xtask bench` starts it, and names the browser in `PROMPTHUB_CHROMIUM` and
//! `PROMPTHUB_CHROMEDRIVER`. Measures and prints; judges nothing.
#![expect(clippy::print_stdout, reason = "this talks to a person at a terminal")]

mod browser;
mod texts;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use prompthub_dto::projects::Project;
use prompthub_tests::{
    Client, Upstream, app::PASSWORD, binary, binary::Served, client::path, upstream::StreamScript,
};
use serde_json::json;

use browser::Browser;

/// Loads that a figure is the median of.
const ROUNDS: usize = 5;
/// Two a question and its answer.
const MESSAGES: usize = 2_000;
/// Between two tokens of the long answer.
const GAP: Duration = Duration::from_millis(5);
const EMAIL: &str = "bench@example.org";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Another part of the process may have chosen one before; either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args_os().skip(1);
    let binary = PathBuf::from(arguments.next().context("which server?")?);
    let folder = PathBuf::from(arguments.next().context("which folder?")?);
    let upstream = Upstream::start().await;
    let server = start(&binary, &folder, &upstream).await?;
    let client = server.client();
    client.register(EMAIL, PASSWORD).await.expect_status(201);
    let body = json!({"name": "Bench", "model": "openrouter/acme/m1"});
    let project = client.create_project_with(body).await;
    client
        .post(&format!("{}/import", path(&project)))
        .json(&texts::conversation(MESSAGES))
        .send()
        .await
        .expect_status(201);
    let browser = Browser::open(&server.base_url, EMAIL, PASSWORD).await?;
    measure_opening(&browser, &client, &project).await?;
    measure_streaming(&browser, &upstream, &project).await?;
    browser.close().await?;
    server.stop().await;
    Ok(())
}

async fn start(
    binary: &std::path::Path,
    folder: &std::path::Path,
    upstream: &Upstream,
) -> Result<Served> {
    let environment = [
        ("PROMPTHUB_BIND", "127.0.0.1:0"),
        ("PROMPTHUB_DATA_DIR", &*folder.display().to_string()),
        ("OPENROUTER_API_KEY", "sk-or-v1-bench"),
        ("OPENROUTER_BASE_URL", upstream.base_url().as_str()),
        // A title would be one more answer.
        ("PROMPTHUB_TITLES", "words"),
    ];
    let mut command = binary::command_of(binary, &["serve"], &environment);
    command.stderr(std::fs::File::create(folder.join("server.log"))?);
    Ok(Served::spawn(command).await)
}

/// From asking for the page to the last message painted, with and without what the browser has kept of it; and from pressing
/// its link in the project.
async fn measure_opening(browser: &Browser, client: &Client, project: &Project) -> Result<()> {
    let conversations = client.conversations(project).await;
    let conversation = conversations.first().context("the import made one")?;
    let place = format!("/projects/{}/c/{}", project.id, conversation.id);
    let (mut cold, mut warm, mut pressed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        browser.forget_what_is_cached(true).await?;
        cold.push(browser.load(&place).await?);
        browser.forget_what_is_cached(false).await?;
        browser.load(&place).await?;
        warm.push(browser.load(&place).await?);
        browser.go(&format!("/projects/{}", project.id)).await?;
        pressed.push(browser.press_conversation(&conversation.title).await?);
    }
    let figure = |what: &str, values: &mut [f64]| {
        values.sort_by(f64::total_cmp);
        let (least, most) = (values.first(), values.last());
        let middle = values.get(values.len() / 2);
        let [least, middle, most] =
            [least, middle, most].map(|value| value.copied().unwrap_or_default());
        println!("   {what}: {middle:.0} ms ({least:.0} to {most:.0})");
    };
    println!("   {MESSAGES} messages, to the last one painted (aim: 500 ms), median of {ROUNDS}");
    figure("loaded, nothing cached", &mut cold);
    figure("loaded, the page cached", &mut warm);
    figure("its link pressed", &mut pressed);
    Ok(())
}

async fn measure_streaming(
    browser: &Browser,
    upstream: &Upstream,
    project: &Project,
) -> Result<()> {
    let answer = texts::long_answer();
    let mut script = StreamScript::new();
    let tokens = texts::tokens(&answer);
    for token in &tokens {
        script = script.delta(token).pause(GAP);
    }
    upstream.next(script.finish("stop").usage(22, 5_000, "0.01").done());
    let (seconds, tasks) = browser
        .stream(&project.id.to_string(), texts::LAST_WORDS)
        .await?;
    let longest = tasks.iter().copied().fold(0.0, f64::max);
    println!(
        "   {} bytes of Markdown as {} tokens in {seconds:.0} s: {} tasks of the page over 50 ms (aim: none){}",
        answer.len(),
        tokens.len(),
        tasks.len(),
        if tasks.is_empty() {
            String::new()
        } else {
            format!(", the longest {longest:.0} ms")
        },
    );
    Ok(())
}

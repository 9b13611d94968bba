//! Accessibility checks with axe-core.

use std::path::PathBuf;

use serde_json::Value;

use crate::browser::Browser;

/// The rules of WCAG 2.0 to 2.2, levels A and AA, and axe's best practices.
const RUN: &str = r#"
    const done = arguments[arguments.length - 1];
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    axe.run(document, { runOnly: tags, resultTypes: ["violations"] }).then(
        (results) => done(results.violations),
        (error) => done([{ id: "axe itself failed: " + error, nodes: [] }]),
    );
"#;

/// Fails with the rules and the nodes when axe finds a violation on the page as it is now.
pub(crate) async fn assert_accessible(browser: &Browser, place: &str) {
    let violations = violations(browser).await;
    assert!(
        violations.is_empty(),
        "{place} at {:?}:\n{}",
        browser.size,
        describe(&violations)
    );
}

/// What axe finds wrong with the page as it is now.
pub(crate) async fn violations(browser: &Browser) -> Vec<Value> {
    if browser.script("return typeof window.axe", Vec::new()).await != "object" {
        browser.script(&source(), Vec::new()).await;
    }
    settle(browser).await;
    let found = browser
        .driver
        .execute_async(RUN, Vec::new())
        .await
        .expect("axe runs");
    found
        .json()
        .as_array()
        .cloned()
        .expect("a list of violations")
}

/// Lets transitions end: half-way through, colours are neither one thing nor the other.
pub(crate) async fn settle(browser: &Browser) {
    let still = "return document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)";
    browser
        .until("the page stands still", async || {
            browser.script(still, Vec::new()).await == true
        })
        .await;
}

fn describe(violations: &[Value]) -> String {
    let mut lines = Vec::new();
    for violation in violations {
        lines.push(format!("{}: {}", violation["id"], violation["help"]));
        for node in violation["nodes"].as_array().into_iter().flatten() {
            lines.push(format!(
                "    {} {} {}",
                node["target"], node["html"], node["failureSummary"]
            ));
        }
    }
    lines.join("\n")
}

/// The source of axe-core.
fn source() -> String {
    let file = match std::env::var_os("PROMPTHUB_AXE_JS") {
        Some(file) => PathBuf::from(file),
        None => cached_axe().expect(
            "axe-core is missing: `cargo xtask test` fetches it, or PROMPTHUB_AXE_JS names its axe.min.js",
        ),
    };
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What `cargo xtask test` has kept of earlier runs.
fn cached_axe() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let entries = std::fs::read_dir(cache.join("prompthub/tools")).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            name.starts_with("axe-core-") && name.ends_with(".js")
        })
}

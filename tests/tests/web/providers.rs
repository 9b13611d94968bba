//! One's own providers in the settings: set up, tested, changed and deleted.

use prompthub_tests::{
    TestApp, Upstream,
    upstream::{Gate, Script},
};
use serde_json::json;

use crate::{
    axe::assert_accessible,
    browser::{Browser, Size, in_browser},
};

const KEY: &str = "sk-test-0123456789-wxyz";

impl Browser {
    /// The text of the provider's row, as it is shown.
    async fn row(&self, name: &str) -> String {
        let rows = "return [...document.querySelectorAll('ul[aria-label=Providers] > li')]\
            .map(row => row.innerText).find(text => text.startsWith(arguments[0])) ?? ''";
        let row = self.script(rows, vec![name.into()]).await;
        row.as_str().expect("text").to_owned()
    }

    /// How often the page has asked for what is at this address.
    async fn asked_for(&self, path: &str) -> u64 {
        let asked = "return performance.getEntriesByType('resource')\
            .filter(entry => new URL(entry.name).pathname === arguments[0]).length";
        let asked = self.script(asked, vec![path.into()]).await;
        asked.as_u64().expect("a number")
    }

    async fn until_row(&self, name: &str, words: &str) {
        self.until(&format!("{name} says {words}"), async || {
            self.row(name).await.contains(words)
        })
        .await;
    }
}

#[tokio::test]
async fn a_provider_is_set_up_tested_changed_and_deleted() {
    for size in [Size::Desktop, Size::Phone] {
        let upstream = Upstream::start().await;
        let models = [json!({"id": "acme/m1"}), json!({"id": "acme/m2"})];
        let gate = Gate::new();
        upstream.list_models(Script::list(&models).after(&gate));
        let allowed = upstream.host_port().parse().expect("a host and a port");
        let app = TestApp::with(|config| config.provider_calls.allowlist = vec![allowed]).await;
        app.register("ada@example.com").await;
        in_browser(&app, size, async |browser| {
            browser.sign_in().await;
            browser.go("/settings#providers").await;
            browser.until_row("OpenRouter", "shared").await;
            browser.click("button", "Add provider").await;
            browser.find("dialog", "Add provider").await;
            let kind = browser.find("combobox", "Provider").await;
            kind.send_keys("OpenAI-compatible").await.expect("a choice");
            browser.find("textbox", "Base URL").await;
            for scheme in ["light", "dark"] {
                browser.prefer(scheme).await;
                assert_accessible(browser, "the dialog of a provider").await;
            }
            browser.fill("Name", "Workshop").await;
            // No address: the server's complaint stands beside the field.
            browser.click("button", "Save provider").await;
            browser
                .until("the field is marked", async || {
                    let field = browser.find("textbox", "Base URL").await;
                    field.attr("aria-invalid").await.unwrap().as_deref() == Some("true")
                })
                .await;
            browser.fill("Base URL", upstream.base_url().as_str()).await;
            browser.fill("API key", KEY).await;
            browser.click("button", "Save provider").await;
            browser.gone("dialog", "Add provider").await;
            // The page looks again for as long as the list is on its way, at the providers alone.
            browser.until_row("Workshop", "Reading the list").await;
            let asked = browser.asked_for("/api/providers").await;
            browser
                .until("the page has looked twice more", async || {
                    browser.asked_for("/api/providers").await >= asked + 2
                })
                .await;
            browser.until_row("Workshop", "Reading the list").await;
            gate.open();
            browser.until_row("Workshop", "2 models, checked").await;
            assert_eq!(browser.asked_for("/api/models").await, 0);
            let row = browser.row("Workshop").await;
            assert!(
                row.contains("key …wxyz") && !row.contains("sk-test"),
                "{row}"
            );

            browser.click("button", "Test Workshop").await;
            browser.until_row("Workshop", "lists 2 models").await;
            upstream.list_models(Script::error(401, "No auth credentials found"));
            browser.click("button", "Test Workshop").await;
            browser
                .until_row("Workshop", "does not accept the API key")
                .await;
            for scheme in ["light", "dark"] {
                browser.prefer(scheme).await;
                assert_accessible(browser, "the providers").await;
            }

            browser.click("button", "Change Workshop").await;
            browser.find("dialog", "Change Workshop").await;
            browser.fill("Name", "Cellar").await;
            browser.click("button", "Save provider").await;
            browser.until_row("Cellar", "key …wxyz").await;
            // The row is the one that there was, with what its test has said.
            assert!(
                browser
                    .row("Cellar")
                    .await
                    .contains("does not accept the API key")
            );
            browser.click("button", "Change Cellar").await;
            browser.click("button", "Remove key").await;
            browser.gone("dialog", "Change Cellar").await;
            browser
                .until("the key is gone", async || {
                    !browser.row("Cellar").await.contains("key …")
                })
                .await;

            browser.click("button", "Delete Cellar").await;
            browser.find("dialog", "Delete this provider?").await;
            browser.click("button", "Delete").await;
            browser.gone("button", "Delete Cellar").await;
            assert_eq!(browser.row("Cellar").await, "");
            // No other row has anything to press, so the focus is at the section.
            browser
                .until("the focus stays near", async || {
                    let active = "return document.activeElement.getAttribute('aria-labelledby')";
                    browser.script(active, Vec::new()).await == "providers"
                })
                .await;
        })
        .await;
    }
}

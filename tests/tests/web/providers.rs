//! One's own providers in the settings: set up, tested, changed and deleted.

use prompthub_tests::{TestApp, Upstream, upstream::Script};
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
        upstream.list_models(Script::list(&[
            json!({"id": "acme/m1"}),
            json!({"id": "acme/m2"}),
        ]));
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
            browser.until_row("Workshop", "2 models, checked").await;
            let row = browser.row("Workshop").await;
            assert!(
                row.contains("key …wxyz") && !row.contains("sk-test"),
                "{row}"
            );

            browser.click("button", "Test Workshop").await;
            browser.until_row("Workshop", "lists 2 models").await;
            upstream.list_models(Script::error(401, "No auth credentials found"));
            browser.click("button", "Test Workshop").await;
            browser.until_row("Workshop", "key").await;
            for scheme in ["light", "dark"] {
                browser.prefer(scheme).await;
                assert_accessible(browser, "the providers").await;
            }

            browser.click("button", "Change Workshop").await;
            browser.find("dialog", "Change Workshop").await;
            browser.fill("Name", "Cellar").await;
            browser.click("button", "Save provider").await;
            browser.until_row("Cellar", "key …wxyz").await;

            browser.click("button", "Delete Cellar").await;
            browser.find("dialog", "Delete this provider?").await;
            browser.click("button", "Delete").await;
            browser.gone("button", "Delete Cellar").await;
            assert_eq!(browser.row("Cellar").await, "");
        })
        .await;
    }
}

//! Export and import from the page.

use std::path::Path;

use serde_json::Value;

use crate::{
    axe::{assert_accessible, settle},
    browser::{Browser, Size, at_both_sizes},
};

impl Browser {
    /// The only file in the folder of downloads, once it is whole; it is taken away.
    async fn downloaded(&self) -> (String, String) {
        let whole = || {
            let entries = std::fs::read_dir(&self.downloads).ok()?;
            let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
            let file = files.next()?;
            let part = file.extension().is_some_and(|kind| kind == "crdownload");
            (!part && files.next().is_none()).then_some(file)
        };
        self.until("a download", async || whole().is_some()).await;
        let file = whole().expect("it was there a moment ago");
        let text = std::fs::read_to_string(&file).expect("text");
        std::fs::remove_file(&file).expect("a file of our own");
        let name = file.file_name().expect("a name").to_string_lossy();
        (name.into_owned(), text)
    }

    async fn open_options(&self, conversation: &str) {
        if self.size == Size::Phone && !self.has("dialog", "Navigation").await {
            self.click("button", "Open navigation").await;
            self.find("dialog", "Navigation").await;
            settle(self).await;
        }
        self.click("button", &format!("Options for {conversation}"))
            .await;
    }

    /// Chooses a file where the system's dialog would be, which no driver can use.
    async fn choose_import(&self, file: &Path) {
        let input = thirtyfour::By::Css("input[aria-label='File to import']");
        let input = self.driver.find(input).await.expect("a file input");
        input
            .send_keys(file.to_str().expect("text"))
            .await
            .expect("a file can be chosen");
    }
}

#[tokio::test]
async fn what_goes_out_comes_in_again() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        browser
            .create_project("Latin tutor", "You are patient.")
            .await;
        browser.chat("What is a gerundive?").await;
        browser.open_options("What is a gerundive?").await;
        browser.click("menuitem", "Export as Markdown").await;
        let (name, text) = browser.downloaded().await;
        assert!(
            name.ends_with(".md") && text.contains("What is a gerundive?"),
            "{name}: {text}"
        );
        browser.open_options("What is a gerundive?").await;
        browser.click("menuitem", "Export as JSON").await;
        let (name, text) = browser.downloaded().await;
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert!(name.ends_with(".json"), "{name}");
        assert_eq!(document["title"], "What is a gerundive?");
        if browser.size == Size::Phone {
            browser.press_escape().await;
            browser.gone("dialog", "Navigation").await;
        }

        // The conversation comes in once more, beside the first.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("conversation.json");
        std::fs::write(&file, &text).unwrap();
        browser.open_drawer("Settings").await;
        browser.click("button", "Import conversations").await;
        browser.find("dialog", "Import conversations").await;
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            assert_accessible(browser, &format!("before an import, {scheme}")).await;
        }
        browser.choose_import(&file).await;
        browser.find("list", "What came in").await;
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            assert_accessible(browser, &format!("after an import, {scheme}")).await;
        }
        browser.click("button", "Done").await;
        browser.click("link", "Export project").await;
        let (_, project) = browser.downloaded().await;
        browser.close_drawer().await;
        let project: Value = serde_json::from_str(&project).expect("JSON");
        assert_eq!(project["conversations"].as_array().map(Vec::len), Some(2));

        // The project comes in as another one.
        let file = folder.path().join("project.json");
        std::fs::write(&file, project.to_string()).unwrap();
        browser.go("/").await;
        browser.click("button", "Import project").await;
        browser.find("dialog", "Import project").await;
        browser.choose_import(&file).await;
        browser.click("link", "Open the project").await;
        browser.find("heading", "Latin tutor").await;
        browser.open_drawer("Settings").await;
        assert_eq!(browser.value("System prompt").await, "You are patient.");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_come_in_is_told_where_it_was_tried() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        browser.click("button", "Import project").await;
        browser.find("dialog", "Import project").await;
        let folder = tempfile::tempdir().unwrap();
        let refusal = async || {
            let alert = "return document.querySelector('dialog [role=alert]')?.innerText ?? ''";
            let alert = browser.script(alert, Vec::new()).await;
            alert.as_str().expect("text").to_owned()
        };
        let mut before = String::new();
        for text in ["{\"format\":", "{\"neither\": \"this\"}"] {
            let file = folder.path().join("wrong.json");
            std::fs::write(&file, text).unwrap();
            browser.choose_import(&file).await;
            browser
                .until("it is refused in words of its own", async || {
                    let now = refusal().await;
                    !now.is_empty() && now != before
                })
                .await;
            before = refusal().await;
            browser.find("button", "Choose another file").await;
            // The same file would be refused again.
            assert!(!browser.has("button", "Retry").await);
        }
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            assert_accessible(browser, &format!("a refused import, {scheme}")).await;
        }
        browser.press_escape().await;
        browser.gone("dialog", "Import project").await;
        browser.find("heading", "Begin with a project").await;
    })
    .await;
}

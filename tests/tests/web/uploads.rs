//! Uploads to a project: they outlive the drawer that they were given to, and the project's page.

use prompthub_tests::{app::PASSWORD, spawn_app};
use tempfile::TempDir;

use crate::{
    browser::{Browser, Size, at_both_sizes, in_browser_at},
    relay::Relay,
};

impl Browser {
    /// Chooses files where the system's dialog would be, which no driver can use.
    async fn choose_files(&self, folder: &TempDir, names: &[&str]) {
        let paths: Vec<String> = names
            .iter()
            .map(|name| {
                let file = folder.path().join(name);
                std::fs::write(&file, name.as_bytes()).expect("a file of our own");
                file.to_str().expect("text").to_owned()
            })
            .collect();
        let input = thirtyfour::By::Css("input[aria-label='Files to upload']");
        let input = self.driver.find(input).await.expect("a file input");
        let chosen = input.send_keys(paths.join("\n")).await;
        chosen.expect("files can be chosen");
    }

    /// What the list of uploads says.
    async fn uploads(&self) -> String {
        let text = "return document.querySelector('ul[aria-label=Uploads]')?.innerText ?? ''";
        let text = self.script(text, Vec::new()).await;
        text.as_str().expect("text").to_owned()
    }

    async fn close_any_drawer(&self) {
        if self.size == Size::Phone {
            self.close_drawer().await;
        } else {
            self.click("button", "Project settings").await;
            self.gone("tab", "Files").await;
        }
    }
}

#[tokio::test]
async fn an_upload_outlives_the_drawer() {
    at_both_sizes(async |app, browser| {
        let ada = app.register("ada@example.com").await;
        let project = ada.create_project("Notes").await;
        ada.upload(&project, "notes.txt", b"what was there").await;
        browser.sign_in().await;
        browser.go(&format!("/projects/{}", project.id)).await;
        browser.find("textbox", "Message").await;
        browser.open_drawer("Files").await;
        browser.find("link", "notes.txt").await;
        let folder = tempfile::tempdir().unwrap();
        browser.choose_files(&folder, &["notes.txt"]).await;
        let waits = async || {
            browser
                .until("it waits for a decision", async || {
                    browser.uploads().await.contains("is here already")
                })
                .await;
        };
        waits().await;
        browser.close_any_drawer().await;
        browser.open_drawer("Files").await;
        waits().await;
        browser.click("button", "Replace it").await;
        browser.gone("button", "Replace it").await;
        browser
            .until("the new one is there", async || {
                let files = ada.files(&project).await;
                files.len() == 1 && files[0].size == 9 && browser.uploads().await.is_empty()
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn uploads_go_on_while_the_person_is_elsewhere() {
    let app = spawn_app().await;
    let relay = Relay::to(app.address()).await;
    in_browser_at(relay.url(), Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.open_drawer("Files").await;
        browser.find("button", "Upload files").await;
        // Whatever else is asked for must not wait with them.
        browser.find("link", "PromptHub").await;
        relay.mute();
        let folder = tempfile::tempdir().unwrap();
        let names = ["one.txt", "two.txt", "three.txt"];
        browser.choose_files(&folder, &names).await;
        browser.find("progressbar", "Upload of three.txt").await;
        // The third waits for one of the others to end.
        browser.click("link", "PromptHub").await;
        browser.find("heading", "Projects").await;
        let asks = "const leaving = new Event('beforeunload', {cancelable: true}); \
            return !window.dispatchEvent(leaving)";
        assert_eq!(browser.script(asks, Vec::new()).await, true);
        relay.mend();
        let ada = app.client();
        ada.sign_in("ada@example.com", PASSWORD)
            .await
            .expect_status(200);
        let project = ada.projects().await.remove(0);
        browser
            .until("all of them have arrived", async || {
                ada.files(&project).await.len() == names.len()
            })
            .await;
        browser
            .until("nothing is on its way", async || {
                browser.script(asks, Vec::new()).await == false
            })
            .await;
        browser.go(&format!("/projects/{}", project.id)).await;
        browser.open_drawer("Files").await;
        browser.find("link", "three.txt").await;
    })
    .await;
}

//! Drafts: what is typed and not saved neither undoes what others save nor shows itself to others.

use prompthub_tests::{Client, TestApp, app::PASSWORD, spawn_app};
use serde_json::{Value, json};

use crate::browser::{Browser, Size, in_browser};

impl Browser {
    async fn says_unsaved(&self) -> bool {
        let unsaved = "return document.body.innerText.includes('Unsaved changes')";
        self.script(unsaved, Vec::new()).await == true
    }
}

/// Ends every other session of the same person.
async fn end_others(client: &Client) {
    let sessions: Value = client.get("/api/auth/sessions").send().await.json();
    for session in sessions["items"].as_array().expect("a list") {
        if session["current"] != true {
            let id = session["id"].as_str().expect("an id");
            let path = format!("/api/auth/sessions/{id}");
            client.delete(&path).send().await.expect_status(204);
        }
    }
}

#[tokio::test]
async fn a_draft_of_the_settings_does_not_undo_what_others_save() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(
            json!({"name": "Notes", "model": "demo/echo", "system_prompt": "Be patient."}),
        )
        .await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.sign_in().await;
        browser.go(&format!("/projects/{}", project.id)).await;
        browser.open_drawer("Settings").await;
        browser.fill("Project name", "Records").await;
        ada.update_project(&project, json!({"system_prompt": "Be strict."}))
            .await;
        browser.reload().await;
        browser.open_drawer("Settings").await;
        assert_eq!(browser.value("Project name").await, "Records");
        assert_eq!(browser.value("System prompt").await, "Be strict.");
        assert!(browser.says_unsaved().await);
        browser.click("button", "Save changes").await;
        browser.find("heading", "Records").await;
        browser
            .until("nothing is left to save", async || {
                !browser.says_unsaved().await
            })
            .await;

        // What was saved is no draft any more, whatever happens to the project afterwards.
        ada.update_project(&project, json!({"name": "Files"})).await;
        browser.reload().await;
        browser.open_drawer("Settings").await;
        assert_eq!(browser.value("Project name").await, "Files");
        assert_eq!(browser.value("System prompt").await, "Be strict.");
        assert!(!browser.says_unsaved().await);
    })
    .await;
}

/// Lets the session of the browser expire, and signs somebody in.
async fn come_back(app: &TestApp, browser: &Browser, email: &str) {
    let elsewhere = app.client();
    elsewhere
        .sign_in("ada@example.com", PASSWORD)
        .await
        .expect_status(200);
    end_others(&elsewhere).await;
    browser.reload().await;
    browser.fill("Email", email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("button", "Sign in").await;
    browser.click("button", "New project").await;
    browser.find("dialog", "New project").await;
}

#[tokio::test]
async fn a_draft_waits_for_its_writer_alone() {
    let app = spawn_app().await;
    for email in ["ada@example.com", "bob@example.com"] {
        app.register(email).await;
    }
    in_browser(&app, Size::Desktop, async |browser| {
        browser.sign_in().await;
        browser.click("button", "New project").await;
        browser.fill("Name", "Secret plans").await;
        come_back(&app, browser, "ada@example.com").await;
        assert_eq!(browser.value("Name").await, "Secret plans");
        come_back(&app, browser, "bob@example.com").await;
        assert_eq!(browser.value("Name").await, "");
    })
    .await;
}

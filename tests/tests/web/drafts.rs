//! Drafts: what is typed and not saved neither undoes what others save nor shows itself to others.

use prompthub_tests::{Client, TestApp, app::PASSWORD, spawn_app};
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::browser::{Browser, Size, at_both_sizes, in_browser};

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

/// Has the page wait for what it asks of the server about the server, until `release` is called.
const INSTANCE_WAITS: &str = "\
    const real = window.fetch; \
    const released = new Promise(resume => { window.release = resume; }); \
    window.fetch = async (request, ...rest) => { \
        if ((request.url ?? request).includes('/api/instance')) { await released; } \
        return real.call(window, request, ...rest); \
    }";

#[tokio::test]
async fn what_is_typed_before_the_server_has_answered_stays() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        let source = json!({"source": INSTANCE_WAITS});
        browser
            .cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        browser.go("/register").await;
        browser.fill("Email", "ada@example.com").await;
        browser.script("window.release()", Vec::new()).await;
        browser
            .until("the server has said who is first", async || {
                let text = "return document.body.innerText";
                let text = browser.script(text, Vec::new()).await;
                text.as_str()
                    .is_some_and(|text| text.contains("becomes the administrator"))
            })
            .await;
        assert_eq!(browser.value("Email").await, "ada@example.com");
    })
    .await;
}

#[tokio::test]
async fn the_focus_goes_to_the_first_field_that_is_wrong() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        let focus_is_on = async |label: &str| {
            browser
                .until(&format!("the focus is on {label}"), async || {
                    let active = "const field = document.activeElement; \
                        return field.ariaInvalid === 'true' ? field.labels[0].innerText : ''";
                    browser.script(active, Vec::new()).await == label
                })
                .await;
        };
        browser.click("button", "New project").await;
        browser.click("button", "Create project").await;
        focus_is_on("Name").await;
        browser.go("/settings").await;
        browser.click("button", "Change password").await;
        focus_is_on("Current password").await;
        browser.fill("Current password", PASSWORD).await;
        browser.click("button", "Change password").await;
        focus_is_on("New password").await;
    })
    .await;
}

#[tokio::test]
async fn what_the_server_says_in_its_own_way_is_saved() {
    at_both_sizes(async |app, browser| {
        let ada = app.register("ada@example.com").await;
        let project = ada.create_project("Notes").await;
        browser.sign_in().await;
        browser.go(&format!("/projects/{}", project.id)).await;
        browser.find("textbox", "Message").await;
        browser.open_drawer("Settings").await;
        browser.fill("Project name", " Records ").await;
        browser.fill("Temperature", "warm").await;
        browser.click("button", "Save changes").await;
        browser
            .until("the field that cannot be read has the focus", async || {
                let wrong = "return document.activeElement.getAttribute('aria-invalid')";
                browser.script(wrong, Vec::new()).await == "true"
            })
            .await;
        browser.fill("Temperature", "1,0").await;
        browser.click("button", "Save changes").await;
        // Also over a sheet, where it can be dismissed.
        browser.click("button", "Dismiss").await;
        browser
            .until("nothing is left to save", async || {
                !browser.says_unsaved().await
            })
            .await;
        assert_eq!(browser.value("Project name").await, "Records");
        assert_eq!(browser.value("Temperature").await, "1");
    })
    .await;
}

#[tokio::test]
async fn escape_leaves_an_edit_and_forgets_nothing() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.chat("As it was").await;
        let edit = async || {
            let message = browser.find("textbox", "Message").await;
            message.send_keys(Key::Up).await.unwrap();
            browser.find("button", "Cancel").await;
        };
        edit().await;
        assert_eq!(browser.value("Message").await, "As it was");
        browser.fill("Message", "As it should be").await;
        // In a field of the settings the key is not the chat's.
        browser.open_drawer("Settings").await;
        let model = browser.find("combobox", "Model").await;
        model.send_keys(Key::Escape + Key::Escape).await.unwrap();
        assert!(browser.has("button", "Cancel").await);
        let message = browser.find("textbox", "Message").await;
        message.send_keys(Key::Escape).await.unwrap();
        browser.gone("button", "Cancel").await;
        assert_eq!(browser.value("Message").await, "");
        edit().await;
        assert_eq!(browser.value("Message").await, "As it should be");
        browser.click("button", "Cancel").await;
        browser.gone("button", "Cancel").await;
        edit().await;
        assert_eq!(browser.value("Message").await, "As it was");
    })
    .await;
}

#[tokio::test]
async fn a_starting_point_leaves_what_somebody_has_written() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        let prompt = async || browser.value("System prompt").await;
        let begin = async |starter: &str| {
            let buttons = browser.names("button").await;
            let button = buttons.iter().find(|name| name.starts_with(starter));
            browser
                .click("button", button.expect("a starting point"))
                .await;
            browser.find("dialog", "New project").await;
        };
        let close = async || {
            browser.click("button", "Cancel").await;
            browser.gone("dialog", "New project").await;
        };
        begin("Tutor").await;
        assert!(prompt().await.contains("patient tutor"));
        close().await;
        begin("Editor").await;
        assert!(prompt().await.contains("You are an editor"));
        browser.fill("System prompt", "My own words.").await;
        close().await;
        begin("Tutor").await;
        assert_eq!(prompt().await, "My own words.");
        assert_eq!(browser.value("Name").await, "Tutor");
    })
    .await;
}

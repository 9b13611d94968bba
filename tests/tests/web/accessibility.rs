//! axe-core on every page, in both themes, at both sizes.

use prompthub_dto::projects::Project;
use prompthub_tests::{
    Client, TestApp, spawn_app,
    upstream::{Gate, Script, StreamScript},
};

use crate::{
    axe::{assert_accessible, violations},
    browser::{Browser, Size, at_both_sizes, in_browser},
};

const ANSWER: &str = "# Heading\n\nText with `code`, **bold** and [a link](https://example.com).\n\n- one\n- two\n\n\
    1. first\n2. second\n\n- [x] done\n- [ ] open\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\
    ```rust\nfn main() {}\n```\n";

/// Checks the page as it is now in both themes.
async fn check(browser: &Browser, place: &str) {
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await;
        assert_accessible(browser, &format!("{place}, {scheme}")).await;
    }
}

/// A project with something in every place, made through the API.
async fn furnished(app: &TestApp) -> (Client, Project) {
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Latin tutor").await;
    ada.upload(&project, "grammar.txt", b"amo amas amat").await;
    ada.update_project(
        &project,
        serde_json::json!({"system_prompt": "You are a patient tutor."}),
    )
    .await;
    app.upstream.next(Script::answer(ANSWER));
    ada.chat(&project, "What is an ablative absolute?").await;
    (ada, project)
}

#[tokio::test]
async fn the_way_in_is_accessible() {
    at_both_sizes(async |app, browser| {
        browser.go("/register").await;
        browser.find("button", "Create account").await;
        check(browser, "registering").await;
        app.register("ada@example.com").await;
        browser.go("/login").await;
        browser.fill("Email", "ada@example.com").await;
        browser.fill("Password", "not the password").await;
        browser.click("button", "Sign in").await;
        browser.until_alert("No account has this email").await;
        check(browser, "signing in, with a problem").await;
    })
    .await;
}

#[tokio::test]
async fn the_projects_are_accessible() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        check(browser, "no projects").await;
        browser.click("button", "New project").await;
        browser.find("dialog", "New project").await;
        check(browser, "the dialog for a new project").await;
        browser.click("button", "Cancel").await;
        browser.gone("dialog", "New project").await;
        browser
            .create_project("Latin tutor", "You are patient.")
            .await;
        browser.go("/").await;
        browser.find("heading", "Latin tutor").await;
        check(browser, "projects").await;
    })
    .await;
}

#[tokio::test]
async fn a_project_is_accessible() {
    at_both_sizes(async |app, browser| {
        let (ada, project) = furnished(app).await;
        browser.sign_in().await;
        browser.go(&format!("/projects/{}", project.id)).await;
        browser.find("textbox", "Message").await;
        check(browser, "a new chat").await;
        let conversation = ada.conversations(&project).await.remove(0);
        browser
            .go(&format!("/projects/{}/c/{}", project.id, conversation.id))
            .await;
        browser.find("article", "Assistant").await;
        check(browser, "a conversation").await;
        for tab in ["Settings", "Files", "Versions"] {
            browser.open_drawer(tab).await;
            browser.find("tabpanel", tab).await;
            if tab == "Files" {
                browser.find("link", "grammar.txt").await;
            }
            if tab == "Settings" {
                browser
                    .find("combobox", "Model")
                    .await
                    .click()
                    .await
                    .unwrap();
                browser.find("listbox", "Model").await;
                check(browser, "the list of models").await;
            }
            check(browser, tab).await;
        }
        browser.close_drawer().await;
        if browser.size == Size::Phone {
            browser.click("button", "Open navigation").await;
            browser.find("button", "New chat").await;
            check(browser, "the navigation of a phone").await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_settings_and_what_is_nowhere_are_accessible() {
    at_both_sizes(async |app, browser| {
        app.register("ada@example.com").await;
        browser.sign_in().await;
        browser.go("/settings").await;
        browser.find("heading", "Settings").await;
        browser.find("list", "Sessions").await;
        check(browser, "settings").await;
        browser.click("button", "Account").await;
        browser.find("menuitem", "Sign out").await;
        check(browser, "the account menu").await;
        browser.go("/nowhere").await;
        browser
            .until("the page has loaded", async || {
                !browser.names("heading").await.is_empty()
            })
            .await;
        check(browser, "nowhere").await;
    })
    .await;
}

#[tokio::test]
async fn models_images_and_usage_are_accessible() {
    at_both_sizes(async |app, browser| {
        let (ada, project) = furnished(app).await;
        ada.upload(&project, "plan.png", b"no picture at all").await;
        browser.sign_in().await;
        let conversation = ada.conversations(&project).await.remove(0);
        browser
            .go(&format!("/projects/{}/c/{}", project.id, conversation.id))
            .await;
        browser.find("article", "Assistant").await;
        let unfold = "document.querySelector('.ph-message__figures summary').click()";
        browser.script(unfold, Vec::new()).await;
        browser
            .until("the project's images are offered", async || {
                browser.click("button", "Attach an image").await;
                let offered = browser.has("menuitem", "plan.png").await;
                if !offered {
                    browser.press_escape().await;
                }
                offered
            })
            .await;
        check(browser, "the menu of images").await;
        browser.click("menuitem", "plan.png").await;
        browser.find("button", "Remove plan.png").await;
        check(browser, "an image and the figures of an answer").await;
        browser
            .click("button", "Change the model for this message, auto")
            .await;
        browser.find("dialog", "Model for the next message").await;
        check(browser, "the model of the next message").await;
        browser.go("/usage").await;
        browser.find("table", "Usage by model").await;
        let unfold = "document.querySelectorAll('details').forEach(data => data.open = true)";
        browser.script(unfold, Vec::new()).await;
        check(browser, "usage").await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_said_by_paragraphs() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let gate = Gate::new();
        app.upstream.next(StreamScript::in_two(
            "The first paragraph.\n\nThe second",
            &gate,
            " one.",
        ));
        browser.fill("Message", "Tell me").await;
        browser.click("button", "Send").await;
        let until_said = async |words: &str| {
            browser
                .until(&format!("{words:?} is said"), async || {
                    let said = "return document.querySelector('.ph-chat__spoken[aria-live=polite]').textContent";
                    browser.script(said, Vec::new()).await == words
                })
                .await;
        };
        until_said("The first paragraph.").await;
        gate.open();
        until_said("The second one.").await;
    })
    .await;
}

/// The checks of this suite are worth something only while they can fail.
#[tokio::test]
async fn axe_finds_what_is_wrong() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.go("/login").await;
        browser.find("button", "Sign in").await;
        let spoil = "const button = document.createElement('button'); document.querySelector('main').append(button);";
        browser.script(spoil, Vec::new()).await;
        let found = violations(browser).await;
        assert!(found.iter().any(|violation| violation["id"] == "button-name"), "{found:?}");
    })
    .await;
}

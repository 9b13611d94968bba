//! The rail: titles and order follow what happens, and a new chat is ready to be written.

use prompthub_api::Titles;
use prompthub_tests::{TestApp, spawn_app, upstream::Script};

use crate::browser::{Browser, Size, at_both_sizes, in_browser};

impl Browser {
    /// The titles in the rail, from the top.
    async fn titles(&self) -> Vec<String> {
        let titles = "return [...document.querySelectorAll('nav[aria-label=Conversations] a')].map(a => a.innerText)";
        let titles = self.script(titles, Vec::new()).await;
        let titles = titles.as_array().expect("a list").iter();
        titles
            .map(|title| title.as_str().expect("text").to_owned())
            .collect()
    }

    async fn active_name(&self) -> serde_json::Value {
        self.script(
            "return document.activeElement.getAttribute('aria-label')",
            Vec::new(),
        )
        .await
    }
}

#[tokio::test]
async fn the_title_of_the_model_comes_without_a_reload() {
    let app = TestApp::with(|config| config.titles = Titles::Model).await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Kitchen", "").await;
        app.upstream.next(Script::answer("Use steam."));
        app.upstream.next(Script::answer("Crusty bread"));
        browser.chat("How do I bake bread?").await;
        browser.find("link", "Crusty bread").await;
        browser
            .until("the header has it too", async || {
                let header = "return document.querySelector('header.ph-header').innerText";
                let header = browser.script(header, Vec::new()).await;
                header
                    .as_str()
                    .is_some_and(|text| text.contains("Crusty bread"))
            })
            .await;
        assert_eq!(browser.titles().await, ["Crusty bread"]);
    })
    .await;
}

#[tokio::test]
async fn the_conversation_that_goes_on_moves_up() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.chat("Older").await;
        browser.click("button", "New chat").await;
        browser.gone("article", "You").await;
        browser.chat("Newer").await;
        browser
            .until("the newer one is first", async || {
                browser.titles().await == ["Newer", "Older"]
            })
            .await;
        browser.click("link", "Older").await;
        browser
            .until("the older one is shown", async || {
                let questions = browser.all("article", Some("You")).await;
                match questions.first() {
                    Some(question) => question
                        .text()
                        .await
                        .is_ok_and(|text| text.contains("Older")),
                    None => false,
                }
            })
            .await;
        browser.chat("It goes on").await;
        browser
            .until("the older one is first", async || {
                browser.titles().await == ["Older", "Newer"]
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_new_chat_is_ready_to_be_written() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.chat("First").await;
        for _ in 0..2 {
            if browser.size == Size::Phone {
                browser.click("button", "Open navigation").await;
            }
            browser.click("button", "New chat").await;
            browser
                .until("the focus is in the box", async || {
                    browser.active_name().await == "Message"
                })
                .await;
        }
        browser.gone("article", "You").await;
    })
    .await;
}

#[tokio::test]
async fn the_model_can_be_chosen_from_the_chat() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let button = browser
            .names("button")
            .await
            .into_iter()
            .find(|name| name.starts_with("Change the model"));
        browser
            .click("button", &button.expect("a way to the model"))
            .await;
        let model = browser.find("combobox", "Model").await;
        let model = model.element_id().to_string();
        browser
            .until("the focus is in the field", async || {
                let active = browser.driver.active_element().await;
                active.is_ok_and(|active| active.element_id().to_string() == model)
            })
            .await;
        // The keys that save never reach the browser, which would save the page.
        let pressed = "return !window.dispatchEvent(new KeyboardEvent('keydown', \
            {key: 's', ctrlKey: true, cancelable: true}))";
        assert_eq!(browser.script(pressed, Vec::new()).await, true);
        browser.close_drawer().await;
        assert_eq!(browser.script(pressed, Vec::new()).await, true);
    })
    .await;
}

#[tokio::test]
async fn a_conversation_that_is_gone_is_not_to_be_tried_again() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.sign_in().await;
        let nowhere = format!("/projects/{0}/c/{0}", project.id);
        browser.go(&nowhere).await;
        browser.until_alert("no such conversation").await;
        assert!(!browser.has("button", "Retry").await);
        browser.click("button", "New chat").await;
        browser
            .until("another one can begin", async || {
                !browser.path().await.contains("/c/")
            })
            .await;
        browser.chat("Hello").await;
    })
    .await;
}

#[tokio::test]
async fn what_is_done_to_a_conversation_keeps_the_focus_at_it() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        for title in ["Older", "Newer"] {
            browser.click("button", "New chat").await;
            browser.gone("article", "You").await;
            browser.chat(title).await;
            browser
                .find("button", &format!("Options for {title}"))
                .await;
        }
        let focus_is_on = async |name: &str| {
            browser
                .until(&format!("the focus is on {name}"), async || {
                    browser.active_name().await == name
                })
                .await;
        };
        let choose = async |title: &str, item: &str| {
            browser
                .click("button", &format!("Options for {title}"))
                .await;
            browser.click("menuitem", item).await;
        };
        choose("Older", "Rename").await;
        browser.fill("Title", "Oldest").await;
        browser.click("button", "Rename").await;
        focus_is_on("Options for Oldest").await;
        // Out of the way, it can still be pinned, and its menu knows that.
        choose("Oldest", "Archive").await;
        focus_is_on("Options for Newer").await;
        browser.click("DisclosureTriangle", "Archived").await;
        choose("Oldest", "Pin").await;
        browser
            .until("it is pinned", async || {
                browser.click("button", "Options for Oldest").await;
                let pinned = browser.has("menuitem", "Unpin").await;
                browser.press_escape().await;
                pinned
            })
            .await;
        choose("Oldest", "Delete").await;
        // Enter does not delete what is only asked about.
        browser
            .until("the focus is on the way out", async || {
                let active = "return document.activeElement.innerText";
                browser.script(active, Vec::new()).await == "Keep"
            })
            .await;
        browser.click("button", "Delete").await;
        browser.gone("button", "Options for Oldest").await;
        browser
            .until("the focus stays in the rail", async || {
                browser.active_name().await == "Conversations"
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn what_nobody_looks_at_is_not_read() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.sign_in().await;
        browser.go(&format!("/projects/{}", project.id)).await;
        browser.open_drawer("Settings").await;
        browser.find("button", "Save changes").await;
        let read = async |what: &str| {
            let read = "return performance.getEntriesByType('resource')\
                .some(entry => entry.name.includes(arguments[0]))";
            browser.script(read, vec![what.into()]).await == true
        };
        assert!(!read("/versions").await);
        browser.click("tab", "Versions").await;
        browser.find("list", "Versions").await;
        browser
            .until("the version is read", async || read("/versions").await)
            .await;
    })
    .await;
}

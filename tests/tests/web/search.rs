//! Searching from the page: by keyboard, over all conversations, to the message found.

use prompthub_tests::{TestApp, upstream::Script};
use serde_json::json;
use thirtyfour::{Key, WebElement};

use crate::{
    axe::assert_accessible,
    browser::{Browser, Size, at_both_sizes},
};

const FIELD: &str = "Words to search for";

/// Two projects that speak of the same thing, one of them on two paths.
async fn furnish(app: &TestApp) {
    let ada = app.register("ada@example.com").await;
    let latin = ada.create_project("Latin tutor").await;
    app.upstream
        .next(Script::answer("The ablative absolute stands apart."));
    let first = ada.chat(&latin, "What stands apart?").await;
    app.upstream
        .next(Script::answer("A gerundive is a verbal adjective."));
    ada.reply(&latin, &first, "And a gerundive?").await;
    let messages = format!("/api/conversations/{}/messages", first.conversation_id);
    let sibling = json!({"content": "And a supine?", "parent_id": first.assistant_message.id});
    app.upstream.next(Script::answer("A verbal noun."));
    ada.post(&messages)
        .json(&sibling)
        .send()
        .await
        .expect_status(200);
    let notes = ada.create_project("Notes").await;
    app.upstream
        .next(Script::answer("Write <b>absolute</b> paths."));
    ada.chat(&notes, "Which paths are best?").await;
}

impl Browser {
    async fn open_search(&self) {
        let keys = self.driver.action_chain();
        let keys = keys
            .key_down(Key::Control)
            .send_keys("k")
            .key_up(Key::Control);
        keys.perform().await.expect("keys can be pressed");
        self.find("combobox", FIELD).await;
        let focused = "return document.activeElement.getAttribute('aria-label')";
        self.until("the field has the focus", async || {
            self.script(focused, Vec::new()).await == FIELD
        })
        .await;
    }

    async fn search(&self, words: &str) {
        let field = self.find("combobox", FIELD).await;
        field.send_keys(Key::Control + "a").await.unwrap();
        field.send_keys(words).await.unwrap();
    }

    /// The finds, once there are as many.
    async fn finds(&self, count: usize) -> Vec<WebElement> {
        self.until(&format!("{count} finds"), async || {
            self.all("option", None).await.len() == count
        })
        .await;
        self.all("option", None).await
    }

    async fn press(&self, key: Key) {
        let field = self.find("combobox", FIELD).await;
        field.send_keys(key).await.unwrap();
    }

    /// Waits until the focus is on a message that says this.
    async fn is_taken_to(&self, text: &str) {
        let active = "const active = document.activeElement; \
            return active.tagName === 'ARTICLE' ? active.innerText : ''";
        self.until(&format!("the focus is on {text:?}"), async || {
            let shown = self.script(active, Vec::new()).await;
            shown.as_str().is_some_and(|shown| shown.contains(text))
        })
        .await;
    }
}

#[tokio::test]
async fn a_find_leads_to_its_message_wherever_that_is() {
    at_both_sizes(async |app, browser| {
        furnish(app).await;
        browser.sign_in().await;
        browser.open_search().await;
        browser.search("absol").await;
        let finds = browser.finds(2).await;
        let marked = "return [...document.querySelectorAll('[role=option] mark')].map(mark => mark.innerText)";
        assert_eq!(browser.script(marked, Vec::new()).await, json!(["absolute", "absolute"]));
        let mut projects = Vec::new();
        for find in &finds {
            let text = browser.text(find).await;
            assert!(text.contains("Assistant"), "{text}");
            projects.extend(["Latin tutor", "Notes"].into_iter().filter(|name| text.contains(name)));
        }
        projects.sort_unstable();
        assert_eq!(projects, ["Latin tutor", "Notes"]);

        // On the path that is no longer shown.
        browser.search("gerundive adjective").await;
        browser.finds(1).await;
        browser.press(Key::Down).await;
        browser.press(Key::Enter).await;
        browser.is_taken_to("A gerundive is a verbal adjective.").await;
        browser.gone("dialog", "Search").await;
        assert!(browser.path().await.contains("/m/"), "{}", browser.path().await);
        assert!(browser.has("button", "Next version").await);
        browser.reload().await;
        browser.is_taken_to("A gerundive is a verbal adjective.").await;

        // Back and forth in the same conversation, and once more to where the page is already.
        for words in ["supine", "apart ablative", "apart ablative"] {
            browser.open_search().await;
            browser.search(words).await;
            browser.finds(1).await;
            browser.press(Key::Enter).await;
            let text = if words == "supine" { "And a supine?" } else { "The ablative absolute stands apart." };
            browser.is_taken_to(text).await;
        }
    })
    .await;
}

#[tokio::test]
async fn searching_says_how_it_is() {
    at_both_sizes(async |app, browser| {
        furnish(app).await;
        browser.sign_in().await;
        browser.click("button", "Search").await;
        let says = async |words: &str| {
            browser
                .until(&format!("it says {words:?}"), async || {
                    let dialog = browser.find("dialog", "Search").await;
                    dialog.text().await.is_ok_and(|text| text.contains(words))
                })
                .await;
        };
        says("All words must occur").await;
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            assert_accessible(browser, &format!("the empty search, {scheme}")).await;
        }
        browser.search("nowhere to be found").await;
        says("Nothing found.").await;
        browser.search("\"(* NEAR %_").await;
        says("Nothing found.").await;
        browser.search("absolute").await;
        let finds = browser.finds(2).await;
        browser.press(Key::Up).await;
        assert_eq!(
            finds[1].attr("aria-selected").await.unwrap().as_deref(),
            Some("true")
        );
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            assert_accessible(browser, &format!("finds, {scheme}")).await;
        }

        browser.offline(true).await;
        browser.search("ablative").await;
        says("The server cannot be reached.").await;
        browser.offline(false).await;
        browser.click("button", "Retry").await;
        browser.finds(1).await;

        // Escape gives the focus back to where it came from.
        browser.press_escape().await;
        browser.gone("dialog", "Search").await;
        let active = "return document.activeElement.getAttribute('aria-label')";
        assert_eq!(browser.script(active, Vec::new()).await, "Search");
    })
    .await;
}

#[tokio::test]
async fn one_project_can_be_searched_alone() {
    at_both_sizes(async |app, browser| {
        furnish(app).await;
        browser.sign_in().await;
        browser.click("heading", "Notes").await;
        browser.find("textbox", "Message").await;
        if browser.size == Size::Phone {
            browser.click("button", "Open navigation").await;
        }
        browser.click("button", "Search").await;
        browser.search("absolute").await;
        browser.finds(2).await;
        browser.click("checkbox", "Only in this project").await;
        let finds = browser.finds(1).await;
        assert!(browser.text(&finds[0]).await.contains("Notes"));
        finds[0].click().await.unwrap();
        browser.is_taken_to("absolute").await;
    })
    .await;
}

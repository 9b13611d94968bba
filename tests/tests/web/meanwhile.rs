//! What happens elsewhere while a page is only looked at: in another tab, on the server, in the network.

use prompthub_tests::{
    app::PASSWORD,
    spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::json;

use crate::{
    browser::{Size, in_browser, in_browser_at},
    relay::Relay,
};

#[tokio::test]
async fn a_tab_beside_the_other_shows_what_is_asked_there() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        app.upstream.next(Script::answer("The first answer"));
        browser.chat("The first question").await;
        browser.fill("Message", "The second question").await;
        let place = browser.path().await;

        let asking = browser.driver.window().await.unwrap();
        let looking = browser.driver.new_tab().await.unwrap();
        browser
            .driver
            .switch_to_window(looking.clone())
            .await
            .unwrap();
        browser.go(&place).await;
        browser.says("The first answer").await;

        // Whoever drives the browser gives the focus to the page that is driven, so the other one asks by itself.
        browser.driver.switch_to_window(asking).await.unwrap();
        let gate = Gate::new();
        app.upstream
            .next(StreamScript::in_two("The second ", &gate, "answer"));
        let send = "setTimeout(() => [...document.querySelectorAll('button')]\
            .find(button => button.innerText === 'Send').click(), 2000)";
        browser.script(send, Vec::new()).await;
        browser.driver.switch_to_window(looking).await.unwrap();
        browser.cdp("Page.bringToFront", json!({})).await;
        let seen = "window.seen = 0; addEventListener('focus', () => window.seen++); return document.body.innerText";
        let before = browser.script(seen, Vec::new()).await;
        assert!(!before.as_str().unwrap().contains("second"), "{before}");
        browser.says("The second question").await;
        gate.open();
        browser.says("The second answer").await;
        assert_eq!(
            browser.script("return window.seen", Vec::new()).await,
            0,
            "the tab was come back to"
        );
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_is_said_to_have_ended() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let elsewhere = app.sign_in("ada@example.com").await;
        let change = json!({"current_password": PASSWORD, "new_password": "another good one"});
        let changed = elsewhere.put("/api/auth/password").json(&change);
        changed.send().await.expect_status(204);
        browser.fill("Message", "Hello").await;
        browser.click("button", "Send").await;
        browser.find("button", "Sign in").await;
        browser.says("Your session has ended.").await;
    })
    .await;
}

#[tokio::test]
async fn a_conversation_that_could_not_be_read_comes_with_the_network() {
    let app = spawn_app().await;
    let relay = Relay::to(app.address()).await;
    in_browser_at(relay.url(), Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        app.upstream.next(Script::answer("What is to be read"));
        browser.chat("The question").await;
        browser.click("button", "New chat").await;
        browser.gone("article", "You").await;
        relay.cut();
        browser.click("link", "The question").await;
        browser.find("button", "Retry").await;
        relay.mend();
        browser
            .script("dispatchEvent(new Event('online'))", Vec::new())
            .await;
        browser.says("What is to be read").await;
        browser.gone("button", "Retry").await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_fails_is_named_as_what_failed() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        app.upstream
            .next(Script::error(401, "No auth credentials found"));
        browser.fill("Message", "Hello").await;
        browser.click("button", "Send").await;
        browser
            .says("The provider refused the API key. Check the provider's API key.")
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_theme_that_is_chosen_holds_in_every_tab() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.prefer("light").await;
        browser.go("/login").await;
        browser.find("button", "Theme").await;
        let first = browser.driver.window().await.unwrap();
        let second = browser.driver.new_tab().await.unwrap();
        browser.driver.switch_to_window(second).await.unwrap();
        browser.go("/login").await;
        browser.click("button", "Theme").await;
        browser.driver.switch_to_window(first).await.unwrap();
        let theme = "return document.documentElement.dataset.theme";
        browser
            .until("the first tab is dark as well", async || {
                browser.script(theme, Vec::new()).await == "dark"
            })
            .await;
    })
    .await;
}

//! Answers that go on by themselves: over a reload, in a second tab, after the network was gone.

use serde_json::json;

use crate::{
    browser::{Browser, Size, at_both_sizes, in_browser, in_browser_at},
    relay::Relay,
};
use prompthub_dto::chat::Message;
use prompthub_tests::{
    Client, TestApp,
    app::PASSWORD,
    spawn_app,
    upstream::{Gate, StreamScript},
};

/// What no step on the way may change: characters of one to four bytes, and some that combine.
const FIRST: &str = "Ablatīvus — 窓を開ける — e\u{301} — 👩🏽\u{200d}🔬 — ";
const SECOND: &str = "zweite Hälfte: ½ • 𝔘𝔫𝔦 • ";
const THIRD: &str = "finis.";

/// An answer in three parts, with a gate before the second and one before the third.
fn parts(first: &Gate, second: &Gate) -> StreamScript {
    StreamScript::new()
        .delta(FIRST)
        .wait(first)
        .delta(SECOND)
        .wait(second)
        .delta(THIRD)
        .finish("stop")
        .done()
}

impl Browser {
    /// Waits until the last answer shows exactly this text.
    async fn last_answer_is(&self, text: &str) {
        let shown = "const all = document.querySelectorAll('article .ph-markdown'); \
            return all.length ? all[all.length - 1].textContent : ''";
        self.until(&format!("the last answer is {text:?}"), async || {
            self.script(shown, Vec::new()).await == *text.trim_end()
        })
        .await;
    }

    async fn ask(&self, question: &str) {
        self.fill("Message", question).await;
        self.click("button", "Send").await;
    }
}

fn whole() -> String {
    [FIRST, SECOND, THIRD].concat()
}

/// What the server has stored of the only conversation's last message.
async fn stored(app: &TestApp) -> (Client, Message) {
    let ada = app.client();
    ada.sign_in("ada@example.com", PASSWORD)
        .await
        .expect_status(200);
    let projects: serde_json::Value = ada.get("/api/projects").send().await.json();
    let project = projects["items"][0]["id"].as_str().expect("a project");
    let conversations: serde_json::Value = ada
        .get(&format!("/api/projects/{project}/conversations"))
        .send()
        .await
        .json();
    let conversation = conversations["items"][0]["id"].as_str().expect("one");
    let mut messages = ada.messages(conversation).await;
    assert_eq!(messages.len(), 2, "the question was stored once");
    (ada.clone(), messages.pop().expect("an answer"))
}

#[tokio::test]
async fn a_reload_in_mid_answer_loses_nothing() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let (first, second) = (Gate::new(), Gate::new());
        app.upstream.next(parts(&first, &second));
        browser.ask("Tell me").await;
        browser.last_answer_is(FIRST).await;
        browser.reload().await;
        browser.last_answer_is(FIRST).await;
        first.open();
        browser.last_answer_is(&[FIRST, SECOND].concat()).await;
        browser.reload().await;
        browser.last_answer_is(&[FIRST, SECOND].concat()).await;
        assert!(browser.has("button", "Stop").await);
        second.open();
        browser.last_answer_is(&whole()).await;
        browser.answered().await;
        assert_eq!(stored(app).await.1.content, whole());
    })
    .await;
}

#[tokio::test]
async fn a_second_tab_goes_along() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let (first, second) = (Gate::new(), Gate::new());
        app.upstream.next(parts(&first, &second));
        browser.ask("Tell me").await;
        browser.last_answer_is(FIRST).await;
        let place = browser.path().await;
        let before = browser.driver.window().await.unwrap();
        let tab = browser.driver.new_tab().await.unwrap();
        browser.driver.switch_to_window(tab).await.unwrap();
        // A page that nobody sees is not painted, and does not paint.
        browser.cdp("Page.bringToFront", json!({})).await;
        browser.go(&place).await;
        browser.last_answer_is(FIRST).await;
        first.open();
        browser.last_answer_is(&[FIRST, SECOND].concat()).await;
        second.open();
        browser.last_answer_is(&whole()).await;
        browser.driver.switch_to_window(before).await.unwrap();
        browser.cdp("Page.bringToFront", json!({})).await;
        browser.last_answer_is(&whole()).await;
        browser.answered().await;
        assert_eq!(stored(&app).await.1.content, whole());
    })
    .await;
}

#[tokio::test]
async fn a_lost_network_is_said_and_made_up_for() {
    for size in [Size::Desktop, Size::Phone] {
        let app = spawn_app().await;
        let relay = Relay::to(app.address()).await;
        in_browser_at(relay.url(), size, async |browser| {
            browser.register("ada@example.com").await;
            browser.create_project("Notes", "").await;
            let (first, second) = (Gate::new(), Gate::new());
            app.upstream.next(parts(&first, &second));
            browser.ask("Tell me").await;
            browser.last_answer_is(FIRST).await;
            relay.cut();
            browser.says("The connection is lost. Trying again…").await;
            // The answer belongs to the server, which hears all of it meanwhile.
            first.open();
            second.open();
            let (ada, answer) = stored(&app).await;
            let generation = answer.generation_id.expect("an answer has one");
            ada.get(&format!("/api/generations/{generation}/events"))
                .stream()
                .await
                .rest()
                .await;
            browser.last_answer_is(FIRST).await;
            relay.mend();
            browser.last_answer_is(&whole()).await;
            browser.answered().await;
            assert_eq!(stored(&app).await.1.content, whole());
        })
        .await;
    }
}

#[tokio::test]
async fn a_browser_that_is_offline_says_so_at_once() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let (first, second) = (Gate::new(), Gate::new());
        app.upstream.next(parts(&first, &second));
        browser.ask("Tell me").await;
        browser.last_answer_is(FIRST).await;
        browser.offline(true).await;
        browser.says("The connection is lost. Trying again…").await;
        // Nobody who cannot be reached can be told to stop.
        browser.click("button", "Stop").await;
        browser
            .says("The answer could not be stopped. Try again.")
            .await;
        browser.offline(false).await;
        first.open();
        browser.last_answer_is(&[FIRST, SECOND].concat()).await;
        second.open();
        browser.last_answer_is(&whole()).await;
        browser.answered().await;
        assert_eq!(stored(app).await.1.content, whole());
    })
    .await;
}

#[tokio::test]
async fn a_question_asked_without_a_network_is_kept() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.offline(true).await;
        browser.ask("Keep me").await;
        browser.find("button", "Retry").await;
        assert_eq!(browser.value("Message").await, "Keep me");
        browser.offline(false).await;
        app.upstream.next(parts(&opened(), &opened()));
        browser.click("button", "Retry").await;
        browser.last_answer_is(&whole()).await;
        browser.answered().await;
        assert_eq!(stored(app).await.1.content, whole());
    })
    .await;
}

/// Sends with the wire mute, and cuts it once the server has what was sent.
async fn lose_the_answer(app: &TestApp, relay: &Relay, send: impl AsyncFnOnce()) {
    relay.mute();
    send().await;
    app.upstream.request().await;
    relay.cut();
}

#[tokio::test]
async fn a_question_whose_answer_was_lost_is_not_asked_again() {
    let app = spawn_app().await;
    let relay = Relay::to(app.address()).await;
    in_browser_at(relay.url(), Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        // What comes later must not come while the wire is cut.
        browser.find("button", "Save changes").await;
        // The question that begins the conversation.
        app.upstream.next(parts(&opened(), &opened()));
        lose_the_answer(&app, &relay, async || browser.ask("Only once").await).await;
        browser.find("button", "Retry").await;
        assert_eq!(browser.value("Message").await, "Only once");
        relay.mend();
        browser.click("button", "Retry").await;
        browser.last_answer_is(&whole()).await;
        browser.answered().await;
        assert_eq!(browser.value("Message").await, "");
        assert!(browser.path().await.contains("/c/"));
        let (ada, _) = stored(&app).await;
        let projects = ada.projects().await;
        let conversations = ada.conversations(&projects[0]).await;
        assert_eq!(conversations.len(), 1, "{conversations:?}");

        // Another answer to it; what was written meanwhile waits for its turn.
        app.upstream.next(parts(&opened(), &opened()));
        let again = async || browser.click("button", "Regenerate").await;
        lose_the_answer(&app, &relay, again).await;
        browser.find("button", "Retry").await;
        relay.mend();
        browser.click("button", "Retry").await;
        browser.find("button", "Previous version").await;
        browser.answered().await;
        let messages = ada.messages(conversations[0].id.as_str()).await;
        assert_eq!(messages.len(), 3, "one question, two answers");

        // A further question; its text is mended before it is sent again.
        app.upstream.next(parts(&opened(), &opened()));
        lose_the_answer(&app, &relay, async || browser.ask("And then").await).await;
        browser.find("button", "Retry").await;
        browser.fill("Message", "And then?").await;
        relay.mend();
        browser.click("button", "Send").await;
        browser
            .until("the question that was taken is shown", async || {
                browser.all("article", Some("You")).await.len() == 2
            })
            .await;
        browser.answered().await;
        assert_eq!(browser.value("Message").await, "And then?");
        let messages = ada.messages(conversations[0].id.as_str()).await;
        assert_eq!(messages.len(), 5, "no question twice");
    })
    .await;
}

#[tokio::test]
async fn a_question_that_was_left_alone_is_not_asked_again() {
    let app = spawn_app().await;
    let relay = Relay::to(app.address()).await;
    in_browser_at(relay.url(), Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.chat("The first").await;
        browser.find("link", "The first").await;
        let first = app.upstream.request().await;
        assert_eq!(first.messages()[0].1, "The first");
        browser.click("button", "New chat").await;
        browser.gone("article", "You").await;
        app.upstream.next(parts(&opened(), &opened()));
        relay.mute();
        browser.ask("Only once").await;
        app.upstream.request().await;
        browser.click("link", "The first").await;
        browser.gone("article", "You").await;
        browser.click("button", "New chat").await;
        browser
            .until("it stands in the box, for all that is known", async || {
                browser.value("Message").await == "Only once"
            })
            .await;
        relay.mend();
        browser.find("link", "Only once").await;
        assert_eq!(browser.value("Message").await, "");
        let ada = app.client();
        ada.sign_in("ada@example.com", PASSWORD)
            .await
            .expect_status(200);
        let projects = ada.projects().await;
        let conversations = ada.conversations(&projects[0]).await;
        assert_eq!(conversations.len(), 2, "{conversations:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_typed_survives_a_reload() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.fill("Message", "Not sent yet").await;
        browser.reload().await;
        browser.find("textbox", "Message").await;
        assert_eq!(browser.value("Message").await, "Not sent yet");
    })
    .await;
}

fn opened() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}

//! Versions of a message: which one the conversation is on, whatever way the requests take.

use prompthub_dto::chat::{Conversation, Message, Role};
use prompthub_tests::{spawn_app, upstream::Script};

use crate::browser::{Size, in_browser};

/// Holds the first change back, so that the next would overtake it; counts those that were answered.
const HOLD_BACK: &str = "\
    const real = window.fetch; \
    let begun = 0; \
    window.answered = 0; \
    window.fetch = async (request, ...rest) => { \
        const changes = request.method === 'PATCH'; \
        if (changes && begun++ === 0) { await new Promise(resume => setTimeout(resume, 700)); } \
        const answer = await real.call(window, request, ...rest); \
        if (changes) { window.answered++; } \
        return answer; \
    }";

#[tokio::test]
async fn the_version_that_was_chosen_last_is_the_one() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.sign_in().await;
        browser.go(&format!("/projects/{}", project.id)).await;
        for words in ["First.", "Second.", "Third."] {
            app.upstream.next(Script::answer(words));
        }
        browser.chat("Tell me").await;
        for words in ["Second.", "Third."] {
            browser.click("button", "Regenerate").await;
            browser
                .until("another answer", async || {
                    browser.answered().await.contains(words)
                })
                .await;
        }
        browser.script(HOLD_BACK, Vec::new()).await;
        for words in ["Second.", "First."] {
            browser.click("button", "Previous version").await;
            browser
                .until("the one before", async || {
                    browser.answered().await.contains(words)
                })
                .await;
        }
        browser
            .until("the server has heard of both", async || {
                browser.script("return window.answered", Vec::new()).await == 2
            })
            .await;
        let conversation = ada.conversations(&project).await.remove(0);
        let messages: Vec<Message> = ada.messages(conversation.id.as_str()).await;
        let first = messages
            .iter()
            .find(|message| message.role == Role::Assistant && message.content == "First.");
        let now: Conversation = ada
            .get(&format!("/api/conversations/{}", conversation.id))
            .send()
            .await
            .json();
        assert_eq!(now.active_message_id, first.map(|message| message.id));
    })
    .await;
}

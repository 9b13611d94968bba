//! Long conversations: their end at once, their beginning without a jump, and the way to any message.

use prompthub_dto::{
    chat::{ChatReply, Conversation, Message},
    projects::Project,
};
use prompthub_tests::{Client, TestApp, spawn_app};
use serde_json::{Value, json};

use crate::browser::{Browser, Size, at_both_sizes, in_browser};

/// More than is read at once, and several times what is on the page at once.
const EXCHANGES: usize = 70;

/// A conversation whose questions are numbered.
async fn long_conversation(app: &TestApp) -> (Client, Project, ChatReply) {
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "demo/echo"}))
        .await;
    let first = ada.chat(&project, "Question 0.").await;
    for number in 1..EXCHANGES {
        ada.reply(&project, &first, &format!("Question {number}."))
            .await;
    }
    (ada, project, first)
}

impl Browser {
    async fn evaluate(&self, expression: &str) -> Value {
        self.script(&format!("return {expression}"), Vec::new())
            .await
    }

    /// Waits until this question is in view.
    async fn sees(&self, question: &str) {
        let visible = "[...document.querySelectorAll('article')].some(article => { \
            const log = document.querySelector('[role=log]').getBoundingClientRect(); \
            const box = article.getBoundingClientRect(); \
            return article.innerText.startsWith(arguments[0]) && box.bottom > log.top && box.top < log.bottom; })";
        self.until(&format!("{question} is in view"), async || {
            self.script(&format!("return {visible}"), vec![question.into()])
                .await
                == true
        })
        .await;
    }
}

const ARTICLES: &str = "document.querySelectorAll('article').length";

fn place(project: &Project, reply: &ChatReply) -> String {
    format!("/projects/{}/c/{}", project.id, reply.conversation_id)
}

async fn question(client: &Client, reply: &ChatReply, number: usize) -> Message {
    let all = client.messages(reply.conversation_id.as_str()).await;
    let text = format!("Question {number}.");
    let found = all.into_iter().find(|message| message.content == text);
    found.expect("every question is stored")
}

#[tokio::test]
async fn a_long_conversation_opens_at_its_end_and_scrolls_to_its_beginning() {
    at_both_sizes(async |app, browser| {
        let (_ada, project, reply) = long_conversation(app).await;
        browser.sign_in().await;
        browser.go(&place(&project, &reply)).await;
        browser.sees(&format!("Question {}.", EXCHANGES - 1)).await;
        let shown = browser.evaluate(ARTICLES).await.as_u64().expect("a number");
        assert!(shown < 40, "{shown} messages are on the page at once");

        // What the reader looks at stays in its place while more comes in before it.
        let scroll = include_str!("scroll_up.js");
        let worst = browser
            .driver
            .execute_async(scroll, Vec::new())
            .await
            .unwrap();
        let worst = worst.json().as_f64().expect("a number");
        assert!(worst <= 3.0, "the view jumped by {worst} pixels");
        browser.sees("Question 0.").await;
        assert_eq!(browser.evaluate(ARTICLES).await, 2 * EXCHANGES);

        browser.click("button", "Jump to latest").await;
        browser.sees(&format!("Question {}.", EXCHANGES - 1)).await;
        browser.gone("button", "Jump to latest").await;
    })
    .await;
}

#[tokio::test]
async fn an_address_leads_to_a_message_and_from_there_to_the_end() {
    at_both_sizes(async |app, browser| {
        let (ada, project, reply) = long_conversation(app).await;
        let early = question(&ada, &reply, 10).await;
        browser.sign_in().await;
        let address = format!("{}/m/{}", place(&project, &reply), early.id);
        browser.go(&address).await;
        browser.sees("Question 10.").await;
        browser
            .until("the focus is on the message", async || {
                browser
                    .evaluate("document.activeElement.innerText.startsWith('Question 10.')")
                    .await
                    == true
            })
            .await;
        let shown = browser.evaluate(ARTICLES).await.as_u64();
        let shown = shown.and_then(|shown| usize::try_from(shown).ok());
        let shown = shown.expect("a number");
        assert!(
            shown < 2 * EXCHANGES,
            "all {shown} messages are on the page"
        );
        browser.reload().await;
        browser.sees("Question 10.").await;

        // What is sent next stands at the end, and the address is the conversation's again.
        browser.fill("Message", "Question 1000.").await;
        browser.click("button", "Send").await;
        browser.sees("Question 1000.").await;
        browser.answered().await;
        assert_eq!(browser.path().await, place(&project, &reply));
        browser.reload().await;
        browser.sees("Question 1000.").await;
    })
    .await;
}

#[tokio::test]
async fn a_message_on_another_path_is_shown_on_that_path() {
    at_both_sizes(async |app, browser| {
        let ada = app.register("ada@example.com").await;
        let project = ada
            .create_project_with(json!({"name": "Notes", "model": "demo/echo"}))
            .await;
        let first = ada.chat(&project, "Question 0.").await;
        ada.reply(&project, &first, "The old way.").await;
        let sibling = json!({"content": "The new way.", "parent_id": first.assistant_message.id});
        let messages = format!("/api/conversations/{}/messages", first.conversation_id);
        ada.post(&messages)
            .json(&sibling)
            .send()
            .await
            .expect_status(200);
        let all = ada.messages(first.conversation_id.as_str()).await;
        let old = all
            .iter()
            .find(|message| message.content == "The old way.")
            .unwrap();
        // The page tells the server of one choice after the other, so each is waited for.
        let until_on = async |question: &str| {
            let question = all.iter().find(|message| message.content == question);
            let question = question.map(|question| question.id);
            let answer = all.iter().find(|message| message.parent_id == question);
            let path = format!("/api/conversations/{}", first.conversation_id);
            browser
                .until("the server has heard of the choice", async || {
                    let now: Conversation = ada.get(&path).send().await.json();
                    now.active_message_id == answer.map(|answer| answer.id)
                })
                .await;
        };

        browser.sign_in().await;
        browser.go(&place(&project, &first)).await;
        browser.sees("The new way.").await;
        browser
            .go(&format!("{}/m/{}", place(&project, &first), old.id))
            .await;
        browser.sees("The old way.").await;
        until_on("The old way.").await;
        browser.find("button", "Next version").await;
        browser.click("button", "Next version").await;
        browser.sees("The new way.").await;
        until_on("The new way.").await;

        // A message that is not there is said to be missing, and the end is shown.
        browser
            .go(&format!(
                "{}/m/019aa9f5-8c00-7cc3-98c4-dc0c0c07398f",
                place(&project, &first)
            ))
            .await;
        browser.sees("The new way.").await;
        browser
            .until("it says so", async || {
                let text = browser.evaluate("document.body.innerText").await;
                text.as_str()
                    .is_some_and(|text| text.contains("no longer here"))
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn an_edit_stands_beside_its_message_while_earlier_ones_are_away() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        let (ada, project, reply) = long_conversation(&app).await;
        browser.sign_in().await;
        // The end of the conversation comes, and nothing of what was said before it.
        browser.cdp("Network.enable", json!({})).await;
        let earlier = json!({"urls": ["*/messages?*cursor=*"]});
        browser.cdp("Network.setBlockedURLs", earlier).await;
        browser.go(&place(&project, &reply)).await;
        let last = EXCHANGES - 1;
        browser.sees(&format!("Question {last}.")).await;
        browser
            .until("everything that is here is shown", async || {
                browser
                    .script(
                        "document.querySelector('[role=log]').scrollTo(0, 0)",
                        Vec::new(),
                    )
                    .await;
                browser.has("button", "Retry").await
            })
            .await;
        // Its answer before it is not here.
        let edit = "const first = document.querySelector('article[aria-label=You]'); \
            [...first.querySelectorAll('button')].find(button => button.textContent.trim() === 'Edit').click()";
        browser.script(edit, Vec::new()).await;
        browser
            .until("it is in the box", async || {
                browser.value("Message").await.starts_with("Question ")
            })
            .await;
        let number = browser.value("Message").await;
        assert_ne!(number, "Question 0.");
        browser.fill("Message", "Another question.").await;
        browser.click("button", "Send").await;
        browser.sees("Another question.").await;
        browser.answered().await;
        let all = ada.messages(reply.conversation_id.as_str()).await;
        let find = |text: &str| all.iter().find(|message| message.content == text);
        let edited = find("Another question.").expect("it is stored");
        let before = find(&number).expect("it is kept");
        assert!(before.parent_id.is_some());
        assert_eq!(edited.parent_id, before.parent_id);
    })
    .await;
}

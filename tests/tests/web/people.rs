//! What people do on the page, step by step.

use prompthub_tests::app::PASSWORD;

use crate::{
    axe::settle,
    browser::{Browser, Size},
};

impl Browser {
    /// Registers through the form and arrives at the projects.
    pub(crate) async fn register(&self, email: &str) {
        self.go("/register").await;
        self.fill("Email", email).await;
        self.fill("Password", PASSWORD).await;
        self.click("button", "Create account").await;
        self.find("heading", "Projects").await;
    }

    /// Signs in as Ada, who has an account, and arrives at the projects.
    pub(crate) async fn sign_in(&self) {
        self.go("/login").await;
        self.fill("Email", "ada@example.com").await;
        self.fill("Password", PASSWORD).await;
        self.click("button", "Sign in").await;
        self.find("heading", "Projects").await;
    }

    /// Makes a project through the dialog and arrives in it.
    pub(crate) async fn create_project(&self, name: &str, system_prompt: &str) {
        self.click("button", "New project").await;
        self.find("dialog", "New project").await;
        self.fill("Name", name).await;
        if !system_prompt.is_empty() {
            self.fill("System prompt", system_prompt).await;
        }
        self.click("button", "Create project").await;
        self.find("heading", name).await;
        self.find("textbox", "Message").await;
    }

    /// Sends a message and waits until its answer is whole.
    pub(crate) async fn chat(&self, text: &str) -> String {
        let before = self.all("article", Some("Assistant")).await.len();
        self.fill("Message", text).await;
        self.click("button", "Send").await;
        self.until("one more answer", async || {
            self.all("article", Some("Assistant")).await.len() > before
        })
        .await;
        self.answered().await
    }

    /// Waits until nothing is being answered, and returns the text of the last answer.
    pub(crate) async fn answered(&self) -> String {
        self.find("button", "Send").await;
        self.gone("button", "Stop").await;
        let answers = self.all("article", Some("Assistant")).await;
        self.text(answers.last().expect("an answer")).await
    }

    /// Shows a tab of the project's drawer, which on a phone is a sheet over the chat.
    pub(crate) async fn open_drawer(&self, tab: &str) {
        // Under an open sheet the button is out of reach.
        let buttons = self.all("button", Some("Project settings")).await;
        if let Some(button) = buttons.first()
            && button.attr("aria-expanded").await.ok().flatten().as_deref() == Some("false")
        {
            self.click("button", "Project settings").await;
        }
        self.find("tab", tab).await;
        // A sheet that is still sliding in is not where a click goes.
        settle(self).await;
        self.click("tab", tab).await;
    }

    /// Leaves the sheet that covers the chat on a phone.
    pub(crate) async fn close_drawer(&self) {
        if self.size == Size::Phone && self.has("tab", "Settings").await {
            self.press_escape().await;
            self.gone("tab", "Settings").await;
        }
    }

    /// Waits until some alert says this. There are empty ones, which are there before what they say.
    pub(crate) async fn until_alert(&self, words: &str) {
        let alerts = "return [...document.querySelectorAll('[role=alert]')].map(alert => alert.innerText).join(' ')";
        self.until(&format!("an alert says {words:?}"), async || {
            let alerts = self.script(alerts, Vec::new()).await;
            alerts.as_str().is_some_and(|text| text.contains(words))
        })
        .await;
    }

    /// Presses Escape wherever the focus is.
    pub(crate) async fn press_escape(&self) {
        let actions = self
            .driver
            .action_chain()
            .send_keys(thirtyfour::Key::Escape);
        actions.perform().await.expect("a key can be pressed");
    }

    /// Signs out through the account menu and arrives at the way in.
    pub(crate) async fn sign_out(&self) {
        if !self.has("button", "Account").await {
            self.click("button", "Open navigation").await;
        }
        self.click("button", "Account").await;
        self.click("menuitem", "Sign out").await;
        self.find("button", "Sign in").await;
    }
}

//! Journeys through the page, each at desktop and at phone size.

use prompthub_tests::{
    app::PASSWORD,
    upstream::{Gate, Script, StreamScript},
};

use thirtyfour::Key;

use crate::browser::{Browser, at_both_sizes};

#[tokio::test]
async fn from_registering_to_signing_out() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser
            .create_project("Latin tutor", "You are a patient tutor.")
            .await;
        app.upstream
            .next(Script::answer("An ablative absolute stands apart."));
        let answer = browser.chat("What is an ablative absolute?").await;
        assert!(
            answer.contains("An ablative absolute stands apart."),
            "{answer}"
        );
        let sent = app.upstream.request().await.messages();
        assert_eq!(sent[0].1, "You are a patient tutor.");
        assert_eq!(sent[1].1, "What is an ablative absolute?");

        // All of it is there after a reload, at an address of its own.
        assert!(
            browser.path().await.contains("/c/"),
            "{}",
            browser.path().await
        );
        browser.reload().await;
        browser.find("article", "You").await;
        let answer = browser.answered().await;
        assert!(
            answer.contains("An ablative absolute stands apart."),
            "{answer}"
        );

        // The page that was left is as good as new: the next person signs in on it.
        browser.sign_out().await;
        browser.fill("Email", "ada@example.com").await;
        browser.fill("Password", PASSWORD).await;
        browser.click("button", "Sign in").await;
        browser.find("heading", "Projects").await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_grows_as_it_comes_and_survives_a_reload() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let gate = Gate::new();
        app.upstream.next(StreamScript::in_two(
            "The first half",
            &gate,
            " and the second.",
        ));
        browser.fill("Message", "Tell me").await;
        browser.click("button", "Send").await;
        browser.find("button", "Stop").await;
        let shows = async |text: &str| {
            let answers = browser.all("article", Some("Assistant")).await;
            match answers.last() {
                Some(answer) => answer.text().await.is_ok_and(|shown| shown.contains(text)),
                None => false,
            }
        };
        browser
            .until("the first half", async || shows("The first half").await)
            .await;
        // Reloading in mid-answer loses nothing, and the rest comes by itself.
        browser.reload().await;
        browser
            .until("the first half again", async || {
                shows("The first half").await
            })
            .await;
        gate.open();
        browser
            .until("all of it", async || {
                shows("The first half and the second.").await
            })
            .await;
        browser.answered().await;
    })
    .await;
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let message = browser.find("textbox", "Message").await;
        message.send_keys("First line").await.unwrap();
        message.send_keys(Key::Shift + Key::Enter).await.unwrap();
        message.send_keys("second line").await.unwrap();
        message.send_keys(Key::Enter).await.unwrap();
        browser.find("article", "Assistant").await;
        browser.answered().await;
        assert_eq!(browser.value("Message").await, "");
        let sent = app.upstream.request().await.messages();
        assert_eq!(sent[0].1, "First line\nsecond line");
        // Escape stops an answer.
        app.upstream
            .next(StreamScript::new().delta("So far").silence());
        browser.fill("Message", "Go on").await;
        message.send_keys(Key::Enter).await.unwrap();
        browser.find("button", "Stop").await;
        browser.press_escape().await;
        browser.answered().await;
    })
    .await;
}

#[tokio::test]
async fn stopping_keeps_the_text() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        app.upstream
            .next(StreamScript::new().delta("So far").silence());
        browser.fill("Message", "Tell me").await;
        browser.click("button", "Send").await;
        browser
            .until("some of the text", async || {
                let answer = browser.find("article", "Assistant").await;
                answer
                    .text()
                    .await
                    .is_ok_and(|text| text.contains("So far"))
            })
            .await;
        browser.click("button", "Stop").await;
        let answer = browser.answered().await;
        assert!(
            answer.contains("So far") && answer.contains("Stopped."),
            "{answer}"
        );
        let upstream = app.upstream.request().await;
        assert_eq!(
            upstream.closed().await,
            prompthub_tests::upstream::Connection::Abandoned
        );
    })
    .await;
}

#[tokio::test]
async fn a_failed_answer_says_so_and_keeps_the_question() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        app.upstream.next(Script::error(402, "no credit"));
        browser.fill("Message", "Keep me").await;
        browser.click("button", "Send").await;
        browser.find("button", "Retry").await;
        let question = browser.find("article", "You").await;
        assert!(browser.text(&question).await.contains("Keep me"));
        // What failed before is no alert when it is read again.
        let alerts = "return document.querySelectorAll('[role=log] [role=alert]').length";
        assert_eq!(browser.script(alerts, Vec::new()).await, 1);
        browser.reload().await;
        browser.find("button", "Retry").await;
        assert_eq!(browser.script(alerts, Vec::new()).await, 0);
        app.upstream.next(Script::answer("Better now."));
        browser.click("button", "Retry").await;
        browser
            .until("the answer", async || {
                let answers = browser.all("article", Some("Assistant")).await;
                let Some(answer) = answers.last() else {
                    return false;
                };
                answer
                    .text()
                    .await
                    .is_ok_and(|text| text.contains("Better now."))
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn the_focus_stays_near_what_was_pressed() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let focus_is_on = async |name: &str| {
            browser
                .until(&format!("the focus is on {name}"), async || {
                    let active = "return document.activeElement.getAttribute('aria-label')";
                    browser.script(active, Vec::new()).await == name
                })
                .await;
        };
        browser.chat("Tell me").await;
        app.upstream.next(Script::answer("In other words."));
        browser.click("button", "Regenerate").await;
        focus_is_on("You").await;
        browser
            .until("the other answer", async || {
                browser.answered().await.contains("In other words.")
            })
            .await;
        browser.click("button", "Previous version").await;
        // There is none before the first, so what is left is the way back.
        focus_is_on("Next version").await;
        browser.click("button", "Next version").await;
        focus_is_on("Previous version").await;
    })
    .await;
}

#[tokio::test]
async fn files_go_up_and_come_back() {
    at_both_sizes(async |_, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.open_drawer("Files").await;
        browser.find("button", "Upload files").await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("späße 1.txt");
        std::fs::write(&file, b"what was written").unwrap();
        // The button opens the system's dialog, which no driver can use; this is what it fills.
        let input = browser
            .driver
            .find(thirtyfour::By::Css("input[aria-label='Files to upload']"))
            .await
            .expect("a file input");
        input
            .send_keys(file.to_str().unwrap())
            .await
            .expect("a file can be chosen");
        browser.find("link", "späße 1.txt").await;
        assert!(browser.has("list", "Files").await);

        browser.click("link", "späße 1.txt").await;
        let downloaded = browser.downloads.join("späße 1.txt");
        browser
            // Chromium makes the file before it fills it.
            .until("the download", async || {
                std::fs::read(&downloaded).is_ok_and(|content| content == b"what was written")
            })
            .await;

        browser.click("button", "Delete späße 1.txt").await;
        browser.click("button", "Delete").await;
        browser.gone("link", "späße 1.txt").await;
        browser
            .until("the focus stays in the panel", async || {
                let active = "return document.activeElement.getAttribute('role')";
                browser.script(active, Vec::new()).await == "tabpanel"
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_project_is_renamed_and_told_something_else() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "Answer briefly.").await;
        browser.open_drawer("Settings").await;
        assert_eq!(browser.value("System prompt").await, "Answer briefly.");
        browser.fill("Project name", "Records").await;
        browser.fill("System prompt", "Answer in Latin.").await;
        browser.click("button", "Save changes").await;
        browser.close_drawer_when_saved().await;
        browser.find("heading", "Records").await;
        browser.reload().await;
        browser.find("heading", "Records").await;
        browser.chat("Salve").await;
        assert_eq!(
            app.upstream.request().await.messages()[0].1,
            "Answer in Latin."
        );
    })
    .await;
}

impl Browser {
    async fn close_drawer_when_saved(&self) {
        self.until("nothing is left to save", async || {
            let text = self
                .script("return document.body.innerText", Vec::new())
                .await;
            !text
                .as_str()
                .unwrap_or_default()
                .contains("Unsaved changes")
        })
        .await;
        self.close_drawer().await;
    }
}

#[tokio::test]
async fn the_theme_is_chosen_and_remembered() {
    at_both_sizes(async |_, browser| {
        browser.prefer("light").await;
        browser.go("/login").await;
        let background = async || {
            browser
                .script(
                    "return getComputedStyle(document.body).backgroundColor",
                    Vec::new(),
                )
                .await
        };
        browser.find("button", "Theme").await;
        let light = background().await;
        browser.click("button", "Theme").await;
        browser
            .until("another background", async || background().await != light)
            .await;
        axe_settled(browser).await;
        let dark = background().await;
        browser.reload().await;
        browser.find("button", "Theme").await;
        assert_eq!(background().await, dark, "the theme was forgotten");
    })
    .await;
}

/// The colour changes gradually; what counts is where it ends.
async fn axe_settled(browser: &Browser) {
    let still = "return document.getAnimations().every(a => a.playState !== 'running')";
    browser
        .until("the page stands still", async || {
            browser.script(still, Vec::new()).await == true
        })
        .await;
}

#[tokio::test]
async fn wrong_input_is_told_beside_its_field() {
    at_both_sizes(async |app, browser| {
        app.register("ada@example.com").await;
        browser.go("/register").await;
        browser.fill("Email", "ada@example.com").await;
        browser.fill("Password", PASSWORD).await;
        browser.click("button", "Create account").await;
        browser
            .until("the problem of the email", async || {
                let invalid = "return document.querySelectorAll('[aria-invalid=true]').length";
                browser
                    .script(invalid, Vec::new())
                    .await
                    .as_u64()
                    .is_some_and(|count| count > 0)
            })
            .await;
        assert_eq!(
            browser.value("Email").await,
            "ada@example.com",
            "nothing typed is lost"
        );
        browser.go("/login").await;
        browser.fill("Email", "ada@example.com").await;
        browser.fill("Password", "not the password").await;
        browser.click("button", "Sign in").await;
        browser.until_alert("No account has this email").await;
        assert_eq!(browser.value("Email").await, "ada@example.com");
    })
    .await;
}

/// Hostile text stays text, in the question, in the answer and while it streams.
#[tokio::test]
async fn model_output_never_runs() {
    at_both_sizes(async |app, browser| {
        browser.register("ada@example.com").await;
        browser.create_project("<img src=x onerror=window.hacked=1>", "").await;
        let hostile = "<script>window.hacked=1</script> <img src=x onerror=window.hacked=1> \
            [link](javascript:window.hacked=1) ![image](https://tracker.example/x.png) <b onclick=window.hacked=1>bold</b>";
        app.upstream.next(Script::answer(hostile));
        browser.chat(hostile).await;
        browser
            .until("the answer is drawn", async || {
                let plain = "return document.querySelectorAll('.ph-markdown--plain, .ph-markdown:empty').length";
                browser.script(plain, Vec::new()).await == 0
            })
            .await;
        let hacked = "return window.hacked === undefined && !document.querySelector('.ph-chat__region img, .ph-chat__region script')";
        assert_eq!(browser.script(hacked, Vec::new()).await, true);
        let links = "return [...document.querySelectorAll('[role=log] a')].map(a => a.protocol)";
        assert_eq!(browser.script(links, Vec::new()).await, serde_json::json!([]));
    })
    .await;
}

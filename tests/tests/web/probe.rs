//! temporary
use prompthub_tests::{app::PASSWORD, spawn_app};
use crate::browser::{Size, in_browser};
#[tokio::test]
async fn probe() {
    for size in [Size::Desktop, Size::Phone] {
        let app = spawn_app().await;
        in_browser(&app, size, async |browser| {
            let say = async |step: &str| eprintln!("{size:?} {step}: {:?}", browser.complaints().await);
            browser.register("ada@example.com").await;
            say("register").await;
            browser.create_project("Latin tutor", "You are a patient tutor.").await;
            say("create").await;
            browser.chat("What is an ablative absolute?").await;
            say("chat").await;
            browser.reload().await;
            browser.find("article", "You").await;
            browser.answered().await;
            say("reload").await;
            browser.sign_out().await;
            say("out").await;
            browser.go("/").await;
            browser.find("button", "Sign in").await;
            say("home").await;
            browser.fill("Email", "ada@example.com").await;
            browser.fill("Password", PASSWORD).await;
            browser.click("button", "Sign in").await;
            browser.find("heading", "Projects").await;
            say("in").await;
        }).await;
    }
}

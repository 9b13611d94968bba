//! Images in a message: from the project's files, pasted, and refused.

use prompthub_tests::{Upstream, spawn_app};
use serde_json::json;

use crate::{
    browser::{Browser, Size, in_browser, in_browser_at},
    listed::server_with,
    relay::Relay,
};

/// A PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4,
    0x89, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xe0, 0xce, 0x4e, 0xfa,
    0x0f, 0x00, 0x03, 0x35, 0x01, 0xd8, 0x36, 0x13, 0xfd, 0xa3, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Pastes an image of these bytes into the box.
const PASTE: &str = "\
    const data = new DataTransfer(); \
    data.items.add(new File([new Uint8Array(arguments[0])], 'image.png', {type: 'image/png'})); \
    document.querySelector('textarea[aria-label=Message]').dispatchEvent( \
        new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))";

/// Pastes a text with a picture of it, as office programs copy both; whether the page takes that over.
const PASTE_BOTH: &str = "\
    const data = new DataTransfer(); \
    data.items.add(new File([new Uint8Array(arguments[0])], 'image.png', {type: 'image/png'})); \
    data.setData('text/plain', 'Total: 42'); \
    return !document.querySelector('textarea[aria-label=Message]').dispatchEvent( \
        new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))";

/// Drops an image and a text file on the box.
const DROP_BOTH: &str = "\
    const data = new DataTransfer(); \
    data.items.add(new File([new Uint8Array(arguments[0])], 'dropped.png', {type: 'image/png'})); \
    data.items.add(new File(['what was written'], 'notes.txt', {type: 'text/plain'})); \
    document.querySelector('textarea[aria-label=Message]').dispatchEvent( \
        new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))";

impl Browser {
    async fn paste_image(&self) {
        self.script(PASTE, vec![json!(PIXEL)]).await;
    }

    /// Whether a picture of this name is painted in the place that is selected.
    async fn paints(&self, place: &str, name: &str) -> bool {
        let script = "return [...document.querySelectorAll(arguments[0] + ' img')]\
            .some(image => image.alt === arguments[1] && image.naturalWidth === 1)";
        self.script(script, vec![place.into(), name.into()]).await == true
    }
}

#[tokio::test]
async fn images_go_with_a_message_or_are_refused() {
    for size in [Size::Desktop, Size::Phone] {
        let upstream = Upstream::start().await;
        let model = |id: &str, modalities: &[&str]| json!({"id": id, "name": id, "architecture": {"input_modalities": modalities}});
        let models = [
            model("acme/blind", &["text"]),
            model("acme/sees", &["text", "image"]),
        ];
        let (app, ada, project) = server_with(&upstream, &models, "openrouter/acme/sees").await;
        ada.upload(&project, "plan.png", PIXEL).await;
        in_browser(&app, size, async |browser| {
            browser.sign_in().await;
            browser.go(&format!("/projects/{}", project.id)).await;
            browser.find("textbox", "Message").await;
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
            browser.click("menuitem", "plan.png").await;
            browser.paste_image().await;
            browser.find("button", "Remove image.png").await;
            // A second one of the same name is another one.
            browser.paste_image().await;
            browser.find("button", "Remove image-2.png").await;
            browser.click("button", "Remove image.png").await;
            for name in ["plan.png", "image-2.png"] {
                browser
                    .until("it is painted", async || {
                        browser.paints(".ph-composer", name).await
                    })
                    .await;
            }
            // What is attached outlives a reload, as what is typed does.
            browser.fill("Message", "What do you see?").await;
            browser.reload().await;
            browser.find("button", "Remove image-2.png").await;
            assert_eq!(browser.value("Message").await, "What do you see?");
            browser.click("button", "Send").await;
            browser.find("article", "Assistant").await;
            browser.answered().await;
            let body = upstream.request().await.body;
            let parts = body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
            let kinds: Vec<_> = parts
                .as_array()
                .expect("parts")
                .iter()
                .map(|part| part["type"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(kinds, ["image_url", "image_url", "text"]);
            for name in ["plan.png", "image-2.png"] {
                browser
                    .until("it is in the message", async || {
                        browser.paints("article", name).await
                    })
                    .await;
            }
            browser.gone("button", "Remove plan.png").await;

            ada.update_project(&project, json!({"model": "openrouter/acme/blind"}))
                .await;
            browser.click("button", "Attach an image").await;
            browser.click("menuitem", "plan.png").await;
            browser.fill("Message", "And now?").await;
            browser.click("button", "Send").await;
            browser
                .until("it is refused in words", async || {
                    let alert =
                        "return document.querySelector('.ph-composer [role=alert]').innerText";
                    let alert = browser.script(alert, Vec::new()).await;
                    alert.as_str().is_some_and(|alert| alert.contains("image"))
                })
                .await;
            assert_eq!(browser.value("Message").await, "And now?");
            browser.find("button", "Remove plan.png").await;
        })
        .await;
    }
}

#[tokio::test]
async fn what_comes_beside_an_image_is_not_lost() {
    let app = spawn_app().await;
    in_browser(&app, Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        let taken = browser.script(PASTE_BOTH, vec![json!(PIXEL)]).await;
        assert_eq!(taken, false, "the text is pasted by the browser");
        browser.script(DROP_BOTH, vec![json!(PIXEL)]).await;
        browser.find("button", "Remove dropped.png").await;
        browser.find("link", "notes.txt").await;
        browser.find("link", "dropped.png").await;
        assert!(!browser.has("link", "image.png").await);
    })
    .await;
}

#[tokio::test]
async fn an_image_goes_with_the_message_that_it_was_meant_for() {
    let app = spawn_app().await;
    let relay = Relay::to(app.address()).await;
    in_browser_at(relay.url(), Size::Desktop, async |browser| {
        browser.register("ada@example.com").await;
        browser.create_project("Notes", "").await;
        browser.chat("The first").await;
        browser.find("link", "The first").await;
        relay.mute();
        browser.paste_image().await;
        browser.find("progressbar", "Uploading image.png").await;
        browser.click("button", "New chat").await;
        browser.gone("article", "You").await;
        browser.gone("progressbar", "Uploading image.png").await;
        relay.mend();
        // It is there, and not here.
        browser.open_drawer("Files").await;
        browser.find("link", "image.png").await;
        assert!(!browser.has("button", "Remove image.png").await);
        browser.click("link", "The first").await;
        browser.find("button", "Remove image.png").await;
    })
    .await;
}

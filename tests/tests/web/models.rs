//! The choice of a model by the keyboard, the parameters, the fallback models, and a model for one
//! message alone.

use prompthub_dto::projects::{Parameters, Project, ReasoningEffort};
use prompthub_tests::{Client, Upstream};
use serde_json::{Value, json};
use thirtyfour::{Key, WebElement};

use crate::{
    browser::{Browser, Size, in_browser},
    listed::server_with,
};

/// A model as OpenRouter lists it.
fn listed(id: &str, name: &str, parameters: &[&str]) -> Value {
    json!({
        "id": id, "name": name, "context_length": 131_072,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.00000015", "completion": "0.0000006"},
        "supported_parameters": parameters,
    })
}

/// Makes the same journey in both windows, each on a server of its own that knows some models.
async fn with_models(journey: impl AsyncFn(&Upstream, &Client, &Project, &Browser)) {
    for size in [Size::Desktop, Size::Phone] {
        let upstream = Upstream::start().await;
        let models = [
            listed("acme/a", "Alpha", &["temperature", "max_tokens"]),
            listed(
                "acme/z",
                "Zeta",
                &["temperature", "max_tokens", "seed", "stop", "reasoning"],
            ),
        ];
        let (app, ada, project) = server_with(&upstream, &models, "openrouter/acme/a").await;
        in_browser(&app, size, async |browser| {
            browser.sign_in().await;
            browser.go(&format!("/projects/{}", project.id)).await;
            browser.find("textbox", "Message").await;
            journey(&upstream, &ada, &project, browser).await;
        })
        .await;
    }
}

impl Browser {
    /// Types into a combobox after opening it.
    async fn seek(&self, name: &str, words: &str) -> WebElement {
        let field = self.find("combobox", name).await;
        field.click().await.expect("it can be clicked");
        field.send_keys(words).await.expect("it can be typed into");
        self.until("an option is the active one", async || {
            let active = field.attr("aria-activedescendant").await;
            active.is_ok_and(|active| active.is_some())
        })
        .await;
        field
    }

    /// Chooses the option that fits best.
    async fn pick(&self, name: &str, words: &str) {
        let field = self.seek(name, words).await;
        field.send_keys(Key::Enter).await.expect("it takes keys");
    }

    async fn chosen(&self, name: &str) -> String {
        let field = self.find("combobox", name).await;
        let value = field.value().await.expect("it has a value");
        value.unwrap_or_default()
    }

    async fn save(&self) {
        self.click("button", "Save changes").await;
        self.until("it is saved", async || {
            let text = self.script(
                "return document.querySelector('.ph-toasts').innerText",
                Vec::new(),
            );
            text.await
                .as_str()
                .is_some_and(|text| text.contains("Saved"))
        })
        .await;
    }
}

#[tokio::test]
async fn a_model_is_chosen_by_the_keyboard() {
    with_models(async |_, ada, project, browser| {
        browser.open_drawer("Settings").await;
        let field = browser.find("combobox", "Model").await;
        field.click().await.unwrap();
        browser.find("listbox", "Model").await;
        browser
            .until("the models are listed with what they cost", async || {
                let options = browser.names("option").await;
                options.iter().any(|option| {
                    option.starts_with("Alpha")
                        && option.contains("131K context")
                        && option.contains("$0.15 in, $0.60 out")
                        && option.contains("images")
                })
            })
            .await;
        let groups = browser.names("group").await;
        assert!(
            groups.iter().any(|group| group == "OpenRouter"),
            "{groups:?}"
        );

        field.send_keys("zet").await.unwrap();
        browser
            .until("only one fits", async || {
                let options = browser.names("option").await;
                options.iter().any(|option| option.starts_with("Zeta"))
                    && !options.iter().any(|option| option.starts_with("Alpha"))
            })
            .await;
        field.send_keys(Key::Escape).await.unwrap();
        browser.gone("listbox", "Model").await;
        assert_eq!(browser.chosen("Model").await, "openrouter/acme/a");

        browser.pick("Model", "zeta").await;
        browser.gone("listbox", "Model").await;
        assert_eq!(browser.chosen("Model").await, "openrouter/acme/z");
        // Words and Enter at once, before the list can have been drawn.
        let at_once = "const field = arguments[0]; field.focus(); field.value = 'alpha'; \
            field.dispatchEvent(new InputEvent('input', {bubbles: true})); \
            const enter = {key: 'Enter', bubbles: true, cancelable: true}; \
            field.dispatchEvent(new KeyboardEvent('keydown', enter))";
        let field = browser.find("combobox", "Model").await;
        let field = field.to_json().expect("a reference to it");
        browser.script(at_once, vec![field]).await;
        browser
            .until("it is chosen", async || {
                browser.chosen("Model").await == "openrouter/acme/a"
            })
            .await;
        // Home and End go to the ends of the list, arrows around them.
        for (keys, id) in [
            ([Key::Down, Key::End], "demo/echo"),
            ([Key::Down, Key::Home], "openrouter/openrouter/auto"),
            ([Key::Down, Key::Up], "demo/echo"),
        ] {
            let field = browser.find("combobox", "Model").await;
            field.click().await.unwrap();
            browser.find("listbox", "Model").await;
            for key in keys.into_iter().chain([Key::Enter]) {
                field.send_keys(key).await.unwrap();
            }
            browser.gone("listbox", "Model").await;
            assert_eq!(browser.chosen("Model").await, id);
        }

        browser.pick("Model", "openrouter/acme/new").await;
        assert_eq!(browser.chosen("Model").await, "openrouter/acme/new");
        browser.save().await;
        let saved: Project = ada
            .get(&format!("/api/projects/{}", project.id))
            .send()
            .await
            .json();
        assert_eq!(saved.model, "openrouter/acme/new");
    })
    .await;
}

#[tokio::test]
async fn the_beginning_of_an_id_is_no_choice() {
    with_models(async |_, _, _, browser| {
        browser.open_drawer("Settings").await;
        for (words, model) in [
            ("openrouter/", "openrouter/acme/a"),
            ("openrouter/acme/new", "openrouter/acme/a"),
            ("openrouter/acme/z", "openrouter/acme/z"),
        ] {
            let field = browser.seek("Model", words).await;
            field.send_keys(Key::Tab).await.unwrap();
            browser.gone("listbox", "Model").await;
            assert_eq!(browser.chosen("Model").await, model, "{words}");
        }
    })
    .await;
}

#[tokio::test]
async fn parameters_and_fallback_models_are_saved() {
    with_models(async |_, ada, project, browser| {
        browser.open_drawer("Settings").await;
        browser
            .until("what the model does not take is said", async || {
                let text = browser.script(
                    "return document.querySelector('form.ph-form').innerText",
                    Vec::new(),
                );
                text.await
                    .as_str()
                    .is_some_and(|text| text.contains("Not for this model"))
            })
            .await;
        browser.pick("Model", "zeta").await;
        browser.fill("Temperature", "3").await;
        browser.click("button", "Save changes").await;
        browser
            .until("the server's complaint is beside its field", async || {
                let field = browser.find("textbox", "Temperature").await;
                field.attr("aria-invalid").await.unwrap().as_deref() == Some("true")
            })
            .await;
        browser.fill("Temperature", "0.4").await;
        browser.fill("Seed", "7").await;
        browser.fill("Stop at", "END").await;
        let effort = browser.find("combobox", "Reasoning effort").await;
        effort.send_keys("high").await.unwrap();
        browser.pick("Add a fallback model", "alpha").await;
        browser.find("button", "Remove openrouter/acme/a").await;
        browser.pick("Add a fallback model", "demo/echo").await;
        browser.click("button", "Move up demo/echo").await;
        browser
            .until("the focus went with the row", async || {
                let active = "return document.activeElement.getAttribute('aria-label')";
                browser.script(active, Vec::new()).await == "Move up demo/echo"
            })
            .await;
        browser.save().await;
        let saved: Project = ada
            .get(&format!("/api/projects/{}", project.id))
            .send()
            .await
            .json();
        assert_eq!(saved.model, "openrouter/acme/z");
        assert_eq!(
            saved.parameters,
            Parameters {
                temperature: Some(0.4),
                seed: Some(7),
                stop: vec!["END".to_owned()],
                reasoning_effort: Some(ReasoningEffort::High),
                fallback_models: vec!["demo/echo".to_owned(), "openrouter/acme/a".to_owned()],
                ..Parameters::default()
            }
        );
        browser.click("button", "Remove demo/echo").await;
        browser.gone("button", "Remove demo/echo").await;
    })
    .await;
}

#[tokio::test]
async fn one_message_can_go_to_another_model() {
    with_models(async |upstream, _, _, browser| {
        browser
            .click("button", "Change the model for this message, a")
            .await;
        browser.find("dialog", "Model for the next message").await;
        browser.pick("Model", "zeta").await;
        browser.gone("dialog", "Model for the next message").await;
        browser
            .find("button", "Change the model for this message, z")
            .await;
        browser.chat("Only this once").await;
        assert_eq!(upstream.request().await.body["model"], "acme/z");
        browser
            .find("button", "Change the model for this message, a")
            .await;
        browser.chat("And now as ever").await;
        assert_eq!(upstream.request().await.body["model"], "acme/a");
    })
    .await;
}

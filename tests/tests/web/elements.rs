//! Finding what is on the page as assistive technology does: by role and accessible name.
//!
//! Chromium's own accessibility tree answers, so that what is hidden, inert or wrongly named is
//! not found here either.

use serde_json::{Value, json};
use thirtyfour::{Key, WebElement};

use crate::browser::{Browser, GLANCE, PATIENCE};

impl Browser {
    /// The first element with this role and name; waits until there is one.
    pub(crate) async fn find(&self, role: &str, name: &str) -> WebElement {
        let waiting = async {
            loop {
                if let Some(element) = self.all(role, Some(name)).await.into_iter().next() {
                    return element;
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(element) => element,
            Err(_) => panic!(
                "no {role} named {name:?}; there are {:?}",
                self.names(role).await
            ),
        }
    }

    /// Whether there is an element with this role and name now.
    pub(crate) async fn has(&self, role: &str, name: &str) -> bool {
        !self.all(role, Some(name)).await.is_empty()
    }

    /// Waits until no element has this role and name.
    pub(crate) async fn gone(&self, role: &str, name: &str) {
        self.until(&format!("no {role} named {name:?}"), async || {
            !self.has(role, name).await
        })
        .await;
    }

    /// All elements with this role, and this name if one is given, in the order of the document.
    pub(crate) async fn all(&self, role: &str, name: Option<&str>) -> Vec<WebElement> {
        let mut elements = Vec::new();
        for node in self.query(role, name).await {
            if let Some(element) = self.element(&node["backendDOMNodeId"]).await {
                elements.push(element);
            }
        }
        elements
    }

    /// The names of all elements with this role.
    pub(crate) async fn names(&self, role: &str) -> Vec<String> {
        let nodes = self.query(role, None).await;
        nodes
            .iter()
            .map(|node| {
                node["name"]["value"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    /// Clicks a control, once it stands still: the driver clicks where it was a moment ago.
    pub(crate) async fn click(&self, role: &str, name: &str) {
        self.acting(role, name, async |element| {
            self.at_rest().await;
            element.click().await
        })
        .await;
    }

    /// Waits until nothing moves but what never stops.
    async fn at_rest(&self) {
        let moving = "return document.getAnimations().some(animation =>
            animation.playState === 'running' && animation.effect.getComputedTiming().endTime !== Infinity)";
        self.until("the page is at rest", async || {
            self.script(moving, Vec::new()).await == false
        })
        .await;
    }

    /// Replaces what is in a box, as a person would: all selected, then typed over.
    pub(crate) async fn fill(&self, name: &str, text: &str) {
        self.acting("textbox", name, async |element| {
            element.send_keys(Key::Control + "a").await?;
            element.send_keys(text).await
        })
        .await;
    }

    /// What is in a box.
    pub(crate) async fn value(&self, name: &str) -> String {
        let element = self.find("textbox", name).await;
        element
            .value()
            .await
            .expect("a box has a value")
            .unwrap_or_default()
    }

    /// Waits until the page says this somewhere.
    pub(crate) async fn says(&self, words: &str) {
        let text = "return document.body.innerText";
        self.until(&format!("the page says {words:?}"), async || {
            let text = self.script(text, Vec::new()).await;
            text.as_str().is_some_and(|text| text.contains(words))
        })
        .await;
    }

    /// The text of an element, as it is shown.
    pub(crate) async fn text(&self, element: &WebElement) -> String {
        element.text().await.expect("an element has text")
    }

    /// Finds and acts, again when the page has been redrawn between the two.
    async fn acting(
        &self,
        role: &str,
        name: &str,
        act: impl AsyncFn(&WebElement) -> thirtyfour::error::WebDriverResult<()>,
    ) {
        let attempts = async {
            loop {
                let element = self.find(role, name).await;
                match act(&element).await {
                    Ok(()) => return,
                    Err(error) => {
                        let passing = [
                            "StaleElementReference",
                            "ElementNotInteractable",
                            "ElementClickIntercepted",
                        ];
                        let debug = format!("{error:?}");
                        assert!(
                            passing.iter().any(|kind| debug.contains(kind)),
                            "{role} {name:?}: {error}"
                        );
                    }
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        let done = tokio::time::timeout(PATIENCE, attempts).await;
        done.unwrap_or_else(|_| panic!("the {role} {name:?} cannot be used"));
    }

    async fn query(&self, role: &str, name: Option<&str>) -> Vec<Value> {
        let document = self
            .cdp("Runtime.evaluate", json!({"expression": "document"}))
            .await;
        let mut query = json!({"objectId": document["result"]["objectId"], "role": role});
        if let Some(name) = name {
            query["accessibleName"] = name.into();
        }
        let found = self.cdp("Accessibility.queryAXTree", query).await;
        let nodes = found["nodes"].as_array().cloned().unwrap_or_default();
        nodes
            .into_iter()
            .filter(|node| node["ignored"] != true)
            .collect()
    }

    /// An element of WebDriver's for a node of Chromium's protocol, handed over through the page;
    /// `None` when it has gone meanwhile.
    async fn element(&self, backend_node: &Value) -> Option<WebElement> {
        let tools = self.driver.cdp();
        let node = json!({"backendNodeId": backend_node});
        let resolved = tools.send_raw("DOM.resolveNode", node).await.ok()?;
        let hand_over = json!({
            "objectId": resolved["object"]["objectId"],
            "functionDeclaration": "function () { window.__handedOver = this; }",
        });
        tools
            .send_raw("Runtime.callFunctionOn", hand_over)
            .await
            .ok()?;
        self.driver
            .execute("return window.__handedOver", Vec::new())
            .await
            .ok()?
            .element()
            .ok()
    }
}

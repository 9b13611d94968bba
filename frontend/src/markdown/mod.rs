//! Markdown from models, shown safely and while it grows.
//!
//! `parse` turns source into the tree of `ast`, `document` finds out what changed, `dom` builds
//! and changes nodes. The source is hostile: nothing here may use `inner_html`, an address that
//! `link` did not pass, or a picture that was not asked for.

mod ast;
pub mod clipboard;
mod document;
mod dom;
mod link;
mod parse;

use std::{sync::Arc, time::Duration};

use leptos::{ev::MouseEvent, html::Div, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::Element;

use self::dom::Renderer;

/// A text whose rendering takes longer than this, in milliseconds, is rendered less often, so that
/// it never takes more than a fifth of the page's time.
const BUSY_MILLISECONDS: f64 = 8.0;
const PAUSE_FACTOR: f64 = 4.0;
/// How long a button says that it has copied.
const COPIED: Duration = Duration::from_secs(2);

/// Shows `text` as Markdown. While it is not `complete`, only its last block is built again when
/// it changes.
#[component]
pub fn Markdown(
    #[prop(into)] text: Signal<Arc<str>>,
    #[prop(into)] complete: Signal<bool>,
) -> impl IntoView {
    let container = NodeRef::<Div>::new();
    let pause_over = Trigger::new();
    Effect::new(move |pace: Option<Option<Pace>>| {
        pause_over.track();
        let (text, complete) = (text.get(), complete.get());
        let container = container.get()?;
        let mut pace = pace.flatten().unwrap_or_else(|| Pace {
            renderer: Renderer::new(document(), container.into()),
            not_before: 0.0,
            waiting: false,
        });
        pace.render(&text, complete, pause_over);
        Some(pace)
    });
    view! { <div class="ph-markdown" node_ref=container on:click=move |event| on_press(&event)></div> }
}

/// A renderer that leaves the page time for other things.
struct Pace {
    renderer: Renderer,
    /// A `performance.now()`; rendering before it would take too large a share.
    not_before: f64,
    /// Whether `pause_over` will be notified.
    waiting: bool,
}

impl Pace {
    fn render(&mut self, text: &str, complete: bool, pause_over: Trigger) {
        let begun = now();
        if !complete && begun < self.not_before {
            if !self.waiting {
                self.waiting = true;
                let rest = Duration::from_secs_f64((self.not_before - begun) / 1000.0);
                set_timeout(move || pause_over.notify(), rest);
            }
            return;
        }
        self.waiting = false;
        self.renderer.render(text, complete);
        if !complete {
            self.renderer.lay_out();
        }
        let ended = now();
        let cost = ended - begun;
        self.not_before = if cost > BUSY_MILLISECONDS {
            ended + cost * PAUSE_FACTOR
        } else {
            0.0
        };
    }
}

fn now() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}

/// Handles the presses of all buttons in a document, so that none of them needs a closure.
fn on_press(event: &MouseEvent) {
    let Some(target) = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
    else {
        return;
    };
    let Ok(Some(button)) = target.closest(&format!("[{}]", dom::ACTION)) else {
        return;
    };
    match button.get_attribute(dom::ACTION).as_deref() {
        Some(dom::COPY_CODE) => copy_code(button),
        Some(dom::LOAD_IMAGE) => load_image(&button),
        _ => {}
    }
}

fn copy_code(button: Element) {
    let code = button
        .closest(".ph-code")
        .ok()
        .flatten()
        .and_then(|block| block.query_selector("code").ok().flatten())
        .and_then(|code| code.text_content())
        .unwrap_or_default();
    spawn_local(async move {
        let copied = clipboard::copy(&code).await;
        button.set_text_content(Some(if copied { "Copied" } else { "Not copied" }));
        set_timeout(move || button.set_text_content(Some("Copy")), COPIED);
    });
}

/// Puts the picture where its button was; a link where it does not load.
fn load_image(button: &Element) {
    let Some(source) = button.get_attribute(dom::SOURCE) else {
        return;
    };
    let Some(frame) = button.parent_element() else {
        return;
    };
    let (Ok(image), Ok(link)) = (
        document().create_element("img"),
        document().create_element("a"),
    ) else {
        return;
    };
    let description = frame.text_content().unwrap_or_default();
    let label = button.text_content().unwrap_or_default();
    let description = description.strip_prefix(&label).unwrap_or_default();
    let attributes = [
        (&link, "href", source.as_str()),
        (&link, "target", "_blank"),
        (&link, "rel", "noopener noreferrer nofollow"),
        (&image, "alt", description),
        (&image, "referrerpolicy", "no-referrer"),
        (&image, "src", source.as_str()),
    ];
    for (element, name, value) in attributes {
        // All names are valid, which is all that can be wrong.
        let _ = element.set_attribute(name, value);
    }
    link.set_text_content(Some("The image could not be loaded. Open it in a new tab."));
    let on_error = {
        let image = image.clone();
        Closure::once_into_js(move || image.replace_with_with_node_1(&link))
    };
    if image
        .add_event_listener_with_callback("error", on_error.unchecked_ref())
        .is_ok()
    {
        // The button is in the frame, so it can be replaced.
        let _ = button.replace_with_with_node_1(&image);
    }
}

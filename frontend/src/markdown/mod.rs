//! Markdown from models, shown safely and while it grows.
//!
//! It is read by a worker (`worker`, `queue`), and what that says is to be shown is put on the page
//! by `view`, `dom` and, for code, `code`. The text itself stands there until then, and for good
//! when the worker fails. The source is hostile: nothing here may use `inner_html`, or load a
//! picture that was not asked for.

pub mod clipboard;
mod code;
mod dom;
mod pace;
mod queue;
mod view;
mod worker;

use std::{rc::Rc, sync::Arc, time::Duration};

use leptos::{ev::MouseEvent, html::Div, prelude::*, task::spawn_local};
use prompthub_markup::Attribute;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::Element;

use self::view::View;
pub use self::worker::prepare;
use crate::components::focus;

/// What the button over code says, which the worker has put there.
const COPY_CODE: &str = "Copy code";
/// How long a button says that it has copied.
const COPIED: Duration = Duration::from_secs(2);

/// Shows `text` as Markdown. While it is not `complete`, only its last block is built again when
/// it changes.
#[component]
pub fn Markdown(
    #[prop(into)] text: Signal<Arc<str>>,
    #[prop(into)] complete: Signal<bool>,
    /// Hears whether code that was to be copied was.
    on_copied: Callback<bool>,
) -> impl IntoView {
    let container = NodeRef::<Div>::new();
    Effect::new(move |view: Option<Option<Rc<View>>>| {
        let (text, complete) = (text.get(), complete.get());
        let container = container.get()?;
        let view = view
            .flatten()
            .unwrap_or_else(|| View::new(container.into()));
        view.show(&text, complete);
        Some(view)
    });
    view! { <div class="ph-markdown" node_ref=container on:click=move |event| on_press(&event, on_copied)></div> }
}

/// Handles the presses of all buttons in a document, so that none of them needs a closure.
fn on_press(event: &MouseEvent, on_copied: Callback<bool>) {
    let Some(target) = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
    else {
        return;
    };
    let action = Attribute::Action.name();
    let Ok(Some(button)) = target.closest(&format!("[{action}]")) else {
        return;
    };
    match button.get_attribute(action).as_deref() {
        Some("copy-code") => copy_code(button, on_copied),
        Some("load-image") => load_image(&button),
        _ => {}
    }
}

fn copy_code(button: Element, on_copied: Callback<bool>) {
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
        // The message may be gone by then.
        on_copied.try_run(copied);
        set_timeout(move || button.set_text_content(Some(COPY_CODE)), COPIED);
    });
}

/// Puts the picture where its button was; a link where it does not load.
fn load_image(button: &Element) {
    let Some(source) = button.get_attribute(Attribute::Source.name()) else {
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
        if focus::is_lost() {
            focus::focus(&frame);
        }
    }
}

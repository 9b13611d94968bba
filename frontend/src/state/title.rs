//! The document's title, which names the place in tabs, history and screen readers.

use leptos::prelude::*;

const PRODUCT: &str = "PromptHub";

/// Keeps the document's title at `place` for as long as the caller's view lives. An empty place
/// leaves the product's name alone.
pub fn use_title(place: impl Fn() -> String + 'static) {
    Effect::new(move |_| {
        let place = place();
        document().set_title(&if place.is_empty() {
            PRODUCT.to_owned()
        } else {
            format!("{place} · {PRODUCT}")
        });
    });
}

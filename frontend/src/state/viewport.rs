//! What kind of viewport the page is shown in.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

/// Whether a media query matches, now and later. Meant for signals that live as long as the page:
/// the listener is never removed.
#[must_use]
pub fn media_query(query: &str) -> Signal<bool> {
    let Some(list) = window().match_media(query).ok().flatten() else {
        return Signal::derive(|| false);
    };
    let (matches, set_matches) = signal(list.matches());
    let on_change = Closure::<dyn Fn()>::new({
        let list = list.clone();
        move || set_matches.set(list.matches())
    });
    list.set_onchange(Some(on_change.as_ref().unchecked_ref()));
    on_change.forget();
    // The list must live for its events to arrive.
    std::mem::forget(list);
    matches.into()
}

/// Whether the viewport is too narrow for rail and drawer beside the chat; the same width as in
/// `layout.css`.
#[derive(Clone, Copy)]
pub struct Narrow(pub Signal<bool>);

impl Narrow {
    pub fn provide() {
        provide_context(Self(media_query("(max-width: 900px)")));
    }
}

#[must_use]
pub fn use_narrow() -> Signal<bool> {
    expect_context::<Narrow>().0
}

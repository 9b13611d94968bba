//! The page: a client-side application over the public API, with no endpoint of its own.
//!
//! Owns the start of the application. Must not hold views or requests; see `app`, `api` and `pages`.

#![expect(
    unreachable_pub,
    reason = "a binary has no outside; `pub` means the rest of the page"
)]

mod api;
mod app;
mod chat;
mod components;
mod markdown;
mod pages;
mod routes;
mod state;

use leptos::prelude::document;

fn main() {
    // Without it a panic says only `unreachable`.
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    // What `index.html` shows until the application is there.
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(app::App);
}

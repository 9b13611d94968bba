//! What tabs of one browser tell each other, by way of `localStorage`: that something has changed on the
//! server, so that one that is only looked at does not stay behind.

use leptos::prelude::*;

const KEY: &str = "prompthub.changed";

/// Has the other tabs hear an event `storage`.
pub fn tell_others() {
    if let Ok(Some(storage)) = window().local_storage() {
        // Only another value is an event. Where nothing can be stored, tabs go by their focus.
        let _ = storage.set_item(KEY, &js_sys::Date::now().to_string());
    }
}

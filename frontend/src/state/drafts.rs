//! What a person typed and has not sent: kept in `sessionStorage`, so that neither a reload nor
//! an expired session loses it.

use leptos::prelude::window;
use serde::{Serialize, de::DeserializeOwned};

/// What is kept under `key`, unless it is no `T`.
#[must_use]
pub fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(&full(key)).ok().flatten()?;
    serde_json::from_str(&text).ok()
}

/// Keeps `draft` under `key`.
pub fn save(key: &str, draft: &impl Serialize) {
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(draft)) {
        // Storage that is full or forbidden costs the draft on a reload; there is no better place.
        let _ = storage.set_item(&full(key), &text);
    }
}

/// Forgets what is kept under `key`.
pub fn clear(key: &str) {
    if let Some(storage) = storage() {
        // As in `save`.
        let _ = storage.remove_item(&full(key));
    }
}

/// Forgets every draft; whoever signs in next in this tab must not see them.
pub fn clear_all() {
    if let Some(storage) = storage() {
        // As in `save`.
        let _ = storage.clear();
    }
}

fn full(key: &str) -> String {
    format!("prompthub.draft.{key}")
}

fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

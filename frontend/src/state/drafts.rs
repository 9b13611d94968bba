//! What a person typed and has not sent: kept in `sessionStorage`, so that neither a reload nor
//! an expired session loses it.

use leptos::prelude::window;
use prompthub_dto::ids::UserId;
use serde::{Serialize, de::DeserializeOwned};

/// Under which it stands whose drafts these are.
const OWNER: &str = "prompthub.drafts-of";

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

/// This person is signed in: what another one typed in this tab is forgotten.
pub fn keep_for(user: UserId) {
    let Some(storage) = storage() else { return };
    let user = user.to_string();
    let owner = storage.get_item(OWNER).ok().flatten();
    if owner.is_some_and(|owner| owner != user) {
        clear_all();
    }
    // As in `save`.
    let _ = storage.set_item(OWNER, &user);
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

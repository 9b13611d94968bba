//! How a worker is spoken to.
//!
//! The page sends arrays: `[id, keep, more, complete, language]` says that the text `id` is now what
//! its first `keep` bytes were, followed by `more`; `[id]` alone says that nobody follows it any
//! more. Each of the former is answered by `[id, bytes]`, an update as `prompthub-markup` writes it.
//! One `null` from the worker, first of all, says that it listens.

use std::collections::HashMap;

use js_sys::{Array, Uint8Array};
use prompthub_markup::encode;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::Follow;

/// What is known of one text.
#[derive(Default)]
struct Followed<T> {
    text: String,
    follower: T,
}

/// Answers messages from now on, each text followed by a `T` of its own.
pub fn start<T: Follow + 'static>() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        // Loaded as something else than a worker: nobody will send anything.
        return;
    };
    let mut texts: HashMap<String, Followed<T>> = HashMap::new();
    let replies = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(reply) = answer(&mut texts, &Array::from(&event.data())) {
            // It can only fail for what cannot be cloned, and bytes can.
            let _ = replies.post_message(&reply);
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    on_message.forget();
    let _ = scope.post_message(&JsValue::NULL);
}

fn answer<T: Follow>(texts: &mut HashMap<String, Followed<T>>, request: &Array) -> Option<Array> {
    let id = request.get(0);
    let key = id.as_string()?;
    let Some(more) = request.get(2).as_string() else {
        texts.remove(&key);
        return None;
    };
    let keep = byte_count(&request.get(1));
    let complete = request.get(3).is_truthy();
    let language = request.get(4).as_string().unwrap_or_default();
    let mut followed = texts.remove(&key).unwrap_or_default();
    if keep > followed.text.len() || !followed.text.is_char_boundary(keep) {
        // The page takes care that it never comes to this.
        return None;
    }
    if keep < followed.text.len() {
        // Another text: what was said of the old one counts no more.
        followed.follower = T::default();
    }
    followed.text.truncate(keep);
    followed.text.push_str(&more);
    let update = followed
        .follower
        .update(&followed.text, complete, &language);
    if !complete {
        texts.insert(key, followed);
    }
    let bytes = Uint8Array::from(encode(&update).as_slice());
    Some(Array::of2(&id, &bytes))
}

/// A number of bytes is sent as text, which has no rounding.
fn byte_count(value: &JsValue) -> usize {
    let text = value.as_string().unwrap_or_default();
    text.parse().unwrap_or_default()
}

//! The clipboard, also where the page is served without TLS from another machine and browsers
//! withhold the newer interface.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlTextAreaElement};

/// Puts `text` on the clipboard, and says whether that worked.
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    let present = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"))
        .is_ok_and(|clipboard| clipboard.is_object());
    if present
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
    {
        return true;
    }
    copy_selection(text).unwrap_or(false)
}

/// The older way: select the text in a field and have the browser copy the selection.
fn copy_selection(text: &str) -> Option<bool> {
    let page = document();
    let focused = page.active_element();
    let field: HtmlTextAreaElement = page.create_element("textarea").ok()?.dyn_into().ok()?;
    field.set_class_name("ph-visually-hidden");
    field.set_value(text);
    page.body()?.append_child(&field).ok()?;
    field.select();
    let copied = page
        .dyn_into::<HtmlDocument>()
        .ok()?
        .exec_command("copy")
        .unwrap_or(false);
    field.remove();
    if let Some(focused) =
        focused.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        // Focus only returns where it was; where that is gone there is nothing to return to.
        let _ = focused.focus();
    }
    Some(copied)
}

//! The main landmark of a page.

use std::time::Duration;

use leptos::{html, prelude::*};

/// Where a page's content is. Takes the focus when it went down with the page before, so that
/// the next Tab is in the new page.
#[component]
pub fn Main(#[prop(into)] class: String, children: Children) -> impl IntoView {
    let main = NodeRef::<html::Main>::new();
    Effect::new(move |_| {
        let Some(main) = main.get() else { return };
        // After fields that take the focus themselves.
        set_timeout(
            move || {
                let active = document().active_element();
                if active.is_none_or(|active| active.tag_name() == "BODY") {
                    // The page begins at its top, not at its content.
                    let options = web_sys::FocusOptions::new();
                    options.set_prevent_scroll(true);
                    let _ = main.focus_with_options(&options);
                }
            },
            Duration::ZERO,
        );
    });
    view! { <main node_ref=main id="main" class=class tabindex="-1">{children()}</main> }
}

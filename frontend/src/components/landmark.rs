//! The main landmark of a page.

use std::time::Duration;

use leptos::{html, prelude::*};

use super::focus;

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
                if focus::is_lost() {
                    focus::focus(&main);
                }
            },
            Duration::ZERO,
        );
    });
    view! { <main node_ref=main id="main" class=class tabindex="-1">{children()}</main> }
}

//! The product's mark and name.

use leptos::prelude::*;
use leptos_router::components::A;

/// The mark and the name, as a link to the projects.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <A href="/" attr:class="ph-mark">
            <span class="ph-mark__sign" aria-hidden="true">
                <svg class="ph-icon" viewBox="0 0 24 24"><path d="M6 7l5 5-5 5M13 17h5"></path></svg>
            </span>
            "PromptHub"
        </A>
    }
}

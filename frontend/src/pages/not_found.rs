//! What stands where nothing is.

use leptos::prelude::*;
use leptos_router::components::A;

use super::top_bar::TopBar;
use crate::{components::landmark::Main, routes, state::title::use_title};

/// Says that the address leads nowhere, or to what is another's.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    use_title(|| "Not found".to_owned());
    view! {
        <div class="ph-page">
            <TopBar/>
            <Main class="ph-empty">
                <h1>"There is nothing here"</h1>
                <p class="ph-empty__text">
                    "The address is mistyped, or what was here has been deleted or belongs to another account."
                </p>
                <A href=routes::HOME attr:class="ph-button ph-button--primary">"Go to your projects"</A>
            </Main>
        </div>
    }
}

//! The bar at the top of the places that are not a project.

use leptos::prelude::*;
use leptos_router::components::A;

use super::search::Search;
use crate::{
    components::{
        account_menu::AccountMenu, button::IconButton, icon::Glyph, mark::Mark,
        theme_button::ThemeButton,
    },
    routes,
    state::session::use_session,
};

#[component]
pub fn TopBar() -> impl IntoView {
    let session = use_session();
    let signed_in = Memo::new(move |_| session.user().is_some());
    view! {
        <header class="ph-bar">
            <Mark/>
            <span class="ph-bar__space"></span>
            {move || signed_in.get().then(use_context::<Search>).flatten().map(|search| view! {
                <IconButton
                    label="Search"
                    title="Search conversations (Ctrl K)"
                    glyph=Glyph::Search
                    on_click=Callback::new(move |_| search.open())
                />
            })}
            <ThemeButton/>
            {move || if signed_in.get() {
                view! { <AccountMenu/> }.into_any()
            } else {
                view! { <A href=routes::LOGIN attr:class="ph-button ph-button--quiet">"Sign in"</A> }.into_any()
            }}
        </header>
    }
}

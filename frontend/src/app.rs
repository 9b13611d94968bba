//! The frame of the application: what every view may find in its context, and which view is at
//! which address.

use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    api::upload,
    components::feedback::ToastStack,
    pages::{
        auth::{LoginPage, RegisterPage},
        guard::SignedIn,
        home::HomePage,
        not_found::NotFoundPage,
        project::ProjectPage,
        settings::SettingsPlace,
        usage::UsagePlace,
    },
    state::{
        clock::Clock, lasting::Lasting, session::Session, theme::ThemeState, toasts::Toasts,
        viewport::Narrow,
    },
};

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    ThemeState::provide();
    Narrow::provide();
    Clock::provide();
    Toasts::provide();
    Lasting::provide();
    Session::provide();
    ask_before_uploads_are_lost();
    view! {
        <Router>
            // `external` leaves the jump within the page to the browser.
            <a class="ph-skip" href="#main" rel="external">"Skip to content"</a>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/login") view=LoginPage/>
                <Route path=path!("/register") view=RegisterPage/>
                <Route path=path!("/") view=|| view! { <SignedIn><HomePage/></SignedIn> }/>
                // What follows the project is read by the page itself, so that going from one
                // conversation to another is no new page.
                <Route
                    path=path!("/projects/:project/*place")
                    view=|| view! { <SignedIn><ProjectPage/></SignedIn> }
                />
                <Route path=path!("/usage") view=|| view! { <SignedIn><UsagePlace/></SignedIn> }/>
                <Route path=path!("/settings") view=|| view! { <SignedIn><SettingsPlace/></SignedIn> }/>
            </FlatRoutes>
        </Router>
        <ToastStack/>
    }
}

/// Has the browser ask before it leaves the page, or loads it anew, while something is being sent.
fn ask_before_uploads_are_lost() {
    // Listens for as long as there is a page.
    let _ = window_event_listener_untyped("beforeunload", |event| {
        if upload::is_any_under_way() {
            event.prevent_default();
        }
    });
}

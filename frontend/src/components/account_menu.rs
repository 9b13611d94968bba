//! The menu of the account: where its settings are, and the way out.

use leptos::{prelude::*, task::spawn_local};

use super::{
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
};
use crate::{
    routes,
    state::{navigation::use_go, session::use_session, toasts::use_toasts},
};

#[component]
pub fn AccountMenu() -> impl IntoView {
    let session = use_session();
    let toasts = use_toasts();
    let go = use_go();
    let email = Signal::derive(move || session.user().map(|user| user.email));
    let sign_out = move || {
        spawn_local(async move {
            if let Err(error) = session.sign_out().await {
                toasts.problem(format!("You are still signed in. {}", error.message()));
            }
        });
    };
    let items = Callback::new(move |()| {
        vec![
            MenuItem::new("Settings", move || go.to(routes::SETTINGS)).glyph(Glyph::Sliders),
            MenuItem::new("Usage", move || go.to(routes::USAGE)).glyph(Glyph::Bars),
            MenuItem::new("Sign out", sign_out).glyph(Glyph::Leave),
        ]
    });
    view! {
        <Menu label="Account" class="ph-button ph-button--quiet" heading=email items=items>
            <span class="ph-avatar"><Icon glyph=Glyph::Person/></span>
            <span class="ph-account">"Account"</span>
        </Menu>
    }
}

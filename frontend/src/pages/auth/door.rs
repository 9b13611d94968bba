//! The card that both ways in share.

use leptos::prelude::*;
use leptos_router::{
    components::Redirect,
    hooks::{use_location, use_query_map},
};

use crate::{
    components::{landmark::Main, mark::Mark, theme_button::ThemeButton},
    routes,
    state::session::use_session,
};

/// One card in the middle. Whoever is signed in already is led on to where they were going.
#[component]
pub fn Door(children: Children) -> impl IntoView {
    let session = use_session();
    let query = use_query_map();
    let signed_in = Memo::new(move |_| session.user().is_some());
    let next = move || {
        let next = query
            .with_untracked(|query| query.get("next"))
            .unwrap_or_default();
        routes::safe_next(&next).to_owned()
    };
    view! {
        {move || signed_in.get().then(|| view! { <Redirect path=next()/> })}
        <div class="ph-door">
            <header class="ph-door__corner"><ThemeButton/></header>
            <Main class="ph-door__card">
                <Mark/>
                {children()}
            </Main>
        </div>
    }
}

/// The address of the other way in, which leads to the same place afterwards.
pub fn use_other_door(path: &'static str) -> impl Fn() -> String + Clone {
    let location = use_location();
    move || {
        let search = location.search.get();
        match search.trim_start_matches('?') {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

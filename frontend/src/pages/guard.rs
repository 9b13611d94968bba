//! What stands before every place that needs an account.

use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_location};

use super::search::{Search, SearchDialog};
use crate::{
    api::ApiError,
    components::feedback::{ErrorNotice, Skeleton},
    components::landmark::Main,
    routes,
    state::session::{Presence, use_session},
};

/// What is to be shown; unlike [`Presence`], it does not change with the account's name.
#[derive(Clone, PartialEq)]
enum Gate {
    Wait,
    SignIn,
    Left,
    Open,
    Failed(ApiError),
}

/// Shows its children, with the search over them, to whoever is signed in, and leads everybody
/// else to sign in and back.
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let session = use_session();
    let location = use_location();
    let gate = Memo::new(move |_| match session.presence().get() {
        Presence::Unknown => Gate::Wait,
        Presence::Anonymous => Gate::SignIn,
        Presence::SignedOut => Gate::Left,
        Presence::SignedIn(_) => Gate::Open,
        Presence::Failed(error) => Gate::Failed(error),
    });
    move || match gate.get() {
        Gate::Wait => view! {
            <Main class="ph-page"><Skeleton lines=4/></Main>
        }
        .into_any(),
        Gate::SignIn => {
            let search = location.search.get_untracked();
            let query = if search.is_empty() { "" } else { "?" };
            let here = [&*location.pathname.get_untracked(), query, &search].concat();
            view! { <Redirect path=routes::login_then(&here)/> }.into_any()
        }
        Gate::Left => view! { <Redirect path=routes::LOGIN/> }.into_any(),
        Gate::Open => {
            Search::provide();
            view! { {children()} <SearchDialog/> }.into_any()
        }
        Gate::Failed(error) => view! {
            <Main class="ph-page">
                <h1 class="ph-visually-hidden">"PromptHub"</h1>
                <ErrorNotice error=error on_retry=Callback::new(move |()| session.load())/>
            </Main>
        }
        .into_any(),
    }
}

//! A project: its conversations, the chat, and the drawer with its settings, files and versions.
//!
//! Must not know how a chat goes; that is `crate::chat`.

mod conversation_actions;
mod conversations;
mod drawer;
mod files;
mod groups;
mod header;
mod parameter_text;
mod parameters_form;
mod rail;
mod settings_draft;
mod settings_form;
mod state;
mod uploads;
mod versions;
mod workspace;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use prompthub_dto::{ids::ProjectId, problem::ProblemCode};

use self::workspace::Workspace;
use super::not_found::NotFoundPage;
use crate::{
    api,
    components::{
        feedback::{ErrorNotice, Skeleton},
        landmark::Main,
    },
    routes::{self, Place},
    state::loaded::Loaded,
};

/// The project that the address names, on the conversation that it names.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    let project =
        Memo::new(move |_| params.with(|params| params.get("project")?.parse::<ProjectId>().ok()));
    let place = Memo::new(move |_| {
        params.with(|params| routes::parse_place(&params.get("place").unwrap_or_default()))
    });
    let known_place = Memo::new(move |_| place.get().is_ok());
    let place = Signal::derive(move || place.get().unwrap_or_default());
    move || match (project.get(), known_place.get()) {
        (Some(project), true) => view! { <Load id=project place/> }.into_any(),
        _ => view! { <NotFoundPage/> }.into_any(),
    }
}

#[component]
fn Load(id: ProjectId, place: Signal<Place>) -> impl IntoView {
    let project = Loaded::new(move || api::projects::find(id));
    move || match project.get() {
        None => view! {
            <Main class="ph-page"><Skeleton lines=6/></Main>
        }
        .into_any(),
        Some(Ok(project)) => view! { <Workspace project place/> }.into_any(),
        Some(Err(error)) if error.is(ProblemCode::NotFound) => view! { <NotFoundPage/> }.into_any(),
        Some(Err(error)) => view! {
            <Main class="ph-page">
                <h1 class="ph-visually-hidden">"Project"</h1>
                <ErrorNotice error=error on_retry=Callback::new(move |()| project.reload())/>
            </Main>
        }
        .into_any(),
    }
}

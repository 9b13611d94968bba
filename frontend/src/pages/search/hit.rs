//! One find: where it is, who said it when, and the words around what was searched for.

use leptos::{ev::MouseEvent, prelude::*};
use leptos_router::hooks::use_location;
use prompthub_dto::{
    chat::Role,
    projects::Project,
    search::{SearchHit, SnippetPiece},
};

use super::Search;
use crate::{
    components::{
        icon::{Glyph, Icon},
        time::Ago,
    },
    routes,
};

/// The id of the element that shows a find.
pub(super) fn element_id(index: usize) -> String {
    format!("search-find-{index}")
}

/// A link to the conversation, at the message where one was found.
#[component]
pub(super) fn Hit(
    search: Search,
    index: usize,
    hit: SearchHit,
    active: Memo<Option<usize>>,
    projects: ReadSignal<Vec<Project>>,
) -> impl IntoView {
    let project_id = hit.project_id;
    let project = move || {
        projects.with(|projects| {
            let project = projects.iter().find(|project| project.id == project_id);
            project.map(|project| project.name.clone())
        })
    };
    let href = routes::place(project_id, Some(hit.conversation_id), hit.message_id);
    let pathname = use_location().pathname;
    let target = href.clone();
    let choose = move |event: MouseEvent| {
        // With a key held, the browser opens it elsewhere.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        search.open.set(false);
        if pathname.with_untracked(|here| *here == target) {
            search
                .revisits
                .update(|count| *count = count.wrapping_add(1));
        }
    };
    let who = match hit.role {
        Some(Role::User) => "You",
        Some(Role::Assistant) => "Assistant",
        None => "Title",
    };
    let is_active = move || active.get() == Some(index);
    view! {
        <a
            href=href
            id=element_id(index)
            class="ph-hit"
            role="option"
            tabindex="-1"
            aria-selected=move || is_active().to_string()
            // Keeps the focus in the field.
            on:mousedown=|event: MouseEvent| event.prevent_default()
            on:click=choose
        >
            <span class="ph-hit__title">{hit.title}</span>
            <span class="ph-hit__snippet">{snippet(hit.snippet)}</span>
            <span class="ph-hit__where">
                <Icon glyph=Glyph::Folder/>
                <span class="ph-hit__project">{project}</span>
                <span>{who}</span>
                <Ago time=hit.created_at/>
            </span>
        </a>
    }
}

fn snippet(pieces: Vec<SnippetPiece>) -> impl IntoView {
    let piece = |SnippetPiece { text, matched }| {
        if matched {
            view! { <mark>{text}</mark> }.into_any()
        } else {
            text.into_any()
        }
    };
    pieces.into_iter().map(piece).collect_view()
}

//! The three columns of a project, which become one column and two sheets on a narrow page.

use leptos::{
    ev::{self, DragEvent, KeyboardEvent},
    prelude::*,
};
use prompthub_dto::{ids::ConversationId, projects::Project};

use super::{
    drawer::Drawer,
    header::Header,
    rail::Rail,
    search::SearchDialog,
    state::{DrawerTab, ProjectState},
};
use crate::{
    api::Versioned,
    chat::ChatPane,
    components::{
        dialog::{Dialog, Shape},
        icon::{Glyph, Icon},
        landmark::Main,
    },
    state::title::use_title,
};

#[component]
pub fn Workspace(
    project: Versioned<Project>,
    conversation: Signal<Option<ConversationId>>,
) -> impl IntoView {
    let state = ProjectState::provide(project, conversation);
    let project = Signal::derive(move || state.project.get().value);
    use_title(move || {
        let name = project.with(|project| project.name.clone());
        match state.conversation_title() {
            Some(title) => format!("{title} · {name}"),
            None => name,
        }
    });
    use_shortcuts(state);
    let on_conversation = Callback::new(move |id| {
        state.show(Some(id));
        state.conversations.active.reload();
    });
    let beside = Memo::new(move |_| !state.narrow.get() && state.drawer_beside.get());
    let dragging = RwSignal::new(false);
    view! {
        <div
            class="ph-project"
            class:ph-project--drawer=beside
            on:dragover=move |event: DragEvent| {
                if carries_files(&event) {
                    event.prevent_default();
                    dragging.set(true);
                }
            }
            on:dragleave=move |event: DragEvent| {
                // Going from one element of the page to another is no leaving.
                if event.related_target().is_none() {
                    dragging.set(false);
                }
            }
            on:drop=move |event: DragEvent| {
                if carries_files(&event) {
                    event.prevent_default();
                    dragging.set(false);
                    if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
                        state.uploads.add(&files);
                        state.open_drawer(DrawerTab::Files);
                    }
                }
            }
        >
            {move || (!state.narrow.get()).then(|| view! {
                <aside class="ph-rail" aria-label="Conversations"><Rail/></aside>
            })}
            <Main class="ph-project__main">
                <Header/>
                <ChatPane project=project conversation=state.conversation on_conversation=on_conversation/>
            </Main>
            {move || beside.get().then(|| view! {
                <aside class="ph-drawer" aria-label="Project settings"><Drawer/></aside>
            })}
            <Show when=move || state.narrow.get()>
                <Dialog open=state.rail_sheet title="Navigation" shape=Shape::Start>
                    <div class="ph-rail ph-rail--sheet"><Rail/></div>
                </Dialog>
                <Dialog open=state.drawer_sheet title="Project" shape=Shape::End>
                    <Drawer/>
                </Dialog>
            </Show>
            <SearchDialog/>
            {move || dragging.get().then(|| view! {
                <div class="ph-project__drop">
                    <div class="ph-drop">
                        <Icon glyph=Glyph::Upload/>
                        "Drop to upload into this project"
                    </div>
                </div>
            })}
        </div>
    }
}

fn carries_files(event: &DragEvent) -> bool {
    let types = event.data_transfer().map(|data| data.types());
    types.is_some_and(|types| types.iter().any(|kind| kind == "Files"))
}

/// Ctrl or ⌘ with K searches.
fn use_shortcuts(state: ProjectState) {
    let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        let command =
            (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key();
        if command && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            state.search.set(true);
        }
    });
    on_cleanup(move || handle.remove());
}

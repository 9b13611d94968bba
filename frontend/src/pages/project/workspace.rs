//! The three columns of a project, which become one column and two sheets on a narrow page.

use leptos::{
    ev::{self, DragEvent, KeyboardEvent},
    prelude::*,
};
use prompthub_dto::projects::Project;

use super::{
    conversation_actions::ConversationDialogs,
    drawer::Drawer,
    header::Header,
    rail::Rail,
    state::{DrawerTab, ProjectState},
};
use crate::{
    api::Versioned,
    chat::{ChatEvent, ChatPane, is_image},
    components::{
        dialog::{Dialog, Shape},
        icon::{Glyph, Icon},
        landmark::Main,
    },
    pages::{search::use_search, transfer::ImportDialog},
    routes::{self, Place},
    state::title::use_title,
};

#[component]
pub fn Workspace(project: Versioned<Project>, place: Signal<Place>) -> impl IntoView {
    let state = ProjectState::provide(project, place);
    let project = Signal::derive(move || state.project.get().value);
    use_title(move || {
        let name = project.with(|project| project.name.clone());
        match state.conversation_title() {
            Some(title) => format!("{title} · {name}"),
            None => name,
        }
    });
    use_shortcuts(state);
    // What was chosen in a sheet, or over one, is not to be hidden by it.
    Effect::new(move |before: Option<Place>| {
        let place = place.get();
        if before.is_some_and(|before| before != place) {
            state.rail_sheet.set(false);
            state.drawer_sheet.set(false);
        }
        place
    });
    let revisits = use_search().revisits();
    let message = Signal::derive(move || {
        revisits.track();
        place.get().message
    });
    let on_event = Callback::new(move |event| match event {
        ChatEvent::Read {
            conversation,
            title,
        } => state.conversations.opened(conversation, title),
        ChatEvent::Begun(id) => {
            state.show(Some(id));
            state.conversations.moved(id);
        }
        ChatEvent::Asked(id) => {
            state.leave_message();
            state.conversations.moved(id);
        }
        ChatEvent::FilesChanged => state.files.reload(),
        ChatEvent::Answered {
            conversation,
            first,
        } => state.conversations.answered(conversation, first),
    });
    let image_names = Signal::derive(move || {
        state.files.items().with(|files| {
            let images = files.iter().filter(|file| is_image(&file.content_type));
            images.map(|file| file.name.clone()).collect()
        })
    });
    let on_files = Callback::new(move |files: Vec<web_sys::File>| {
        state.uploads.add(files);
        state.open_drawer(DrawerTab::Files);
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
                dragging.set(false);
                // What was dropped on the box to write in goes with the message.
                if carries_files(&event) && !event.default_prevented() {
                    event.prevent_default();
                    if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
                        state.uploads.add_list(&files);
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
                <ChatPane
                    project=project
                    conversation=state.conversation
                    message=message
                    wishes_to_write=state.write_wish.into()
                    image_names=image_names
                    providers=routes::PROVIDERS
                    on_event=on_event
                    on_files=on_files
                    on_model=Callback::new(move |()| state.choose_model())
                />
            </Main>
            {move || beside.get().then(|| view! {
                <aside class="ph-drawer" aria-label="Project settings"><Drawer/></aside>
            })}
            <Show when=move || state.narrow.get()>
                <Dialog open=state.rail_sheet title="Navigation" shape=Shape::Start>
                    <div class="ph-rail ph-rail--sheet"><Rail/></div>
                </Dialog>
                <Dialog open=state.drawer_sheet title="Project settings" shape=Shape::End>
                    <Drawer/>
                </Dialog>
            </Show>
            <ConversationDialogs state/>
            <ImportDialog import=state.import/>
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

/// Ctrl or ⌘ with S saves the settings, wherever the focus is. Never does the browser save the page.
fn use_shortcuts(state: ProjectState) {
    let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        let command =
            (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key();
        if command && event.key().eq_ignore_ascii_case("s") {
            event.prevent_default();
            state.save_settings();
        }
    });
    let renew = move || state.conversations.active.renew();
    let handles = [
        handle,
        window_event_listener(ev::focus, move |_| renew()),
        window_event_listener(ev::storage, move |_| renew()),
        window_event_listener(ev::online, move |_| renew()),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
}

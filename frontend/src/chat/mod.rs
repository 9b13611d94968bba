//! The chat of a project: the conversation, the answer being written, and the box to write in.
//!
//! `tree`, `span`, `live`, `backoff` and `figures` are plain data, `state`, `asking`, `reading`, `draft`, `sending`,
//! `answer` and `doubt` what happens to it, the rest is views. The seam to the rest of the page is [`ChatPane`]; it must not know routes.

mod answer;
mod asking;
mod backoff;
mod composer;
mod doubt;
mod draft;
mod figures;
mod footer;
mod images;
mod live;
mod log;
mod message;
mod model_choice;
mod reading;
#[cfg(test)]
mod samples;
mod scroll;
mod sending;
mod span;
mod spoken;
mod state;
mod tree;

use leptos::{ev, prelude::*};
use prompthub_dto::{
    ids::{ConversationId, MessageId},
    projects::Project,
};

use self::{composer::Composer, log::Log, spoken::SpokenAnswer, state::ChatState};
pub use self::{images::is_image, state::ChatEvent};
use crate::markdown;

/// The chat with a project, in `conversation` or, with `None`, in one that is yet to begin.
///
/// When the first message has made a conversation, `on_event` hears of it; `conversation` may then
/// follow without the pane starting over.
#[component]
pub fn ChatPane(
    project: Signal<Project>,
    conversation: Signal<Option<ConversationId>>,
    /// A message of the conversation to show. Whenever the signal notifies, the reader is taken there.
    message: Signal<Option<MessageId>>,
    /// Counts the wishes to write, each of which moves the focus to the box.
    wishes_to_write: Signal<u32>,
    /// The names of the images among the project's files.
    image_names: Signal<Vec<String>>,
    /// The address at which it says how to set up a provider.
    providers: &'static str,
    on_event: Callback<ChatEvent>,
    /// Takes files for the project that came with images and are none.
    on_files: Callback<Vec<web_sys::File>>,
    /// The person wants another model for the project.
    on_model: Callback<()>,
) -> impl IntoView {
    markdown::prepare();
    let state = ChatState::new(project, image_names, providers, on_event, on_files);
    let place = Memo::new(move |_| (project.with(|project| project.id), conversation.get()));
    Effect::new(move |before: Option<_>| {
        let (project, conversation) = place.get();
        let message = message.get();
        let same_project = before.is_some_and(|before| before == project);
        if !same_project || conversation != state.conversation.get_untracked() {
            state.open(conversation, message);
        } else if let Some(message) = message {
            state.seek(message);
        }
        project
    });
    let handles = [
        window_event_listener(ev::online, move |_| state.network_is_back()),
        window_event_listener(ev::offline, move |_| state.network_is_gone()),
        window_event_listener(ev::focus, move |_| state.refresh()),
        window_event_listener(ev::storage, move |_| state.refresh()),
        window_event_listener(ev::keydown, move |event| {
            let free = !event.default_prevented() && !event.is_composing() && !dialog_is_open();
            if free && event.key() == "Escape" && !is_in_another_field() {
                state.escape();
            }
        }),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
    view! {
        <div class="ph-chat">
            <Log state/>
            <Composer state wishes_to_write on_model/>
            <div class="ph-visually-hidden" role="status">{state.announcement}</div>
            <SpokenAnswer state/>
        </div>
    }
}

/// Whether the person types somewhere else than here, where Escape means something else.
fn is_in_another_field() -> bool {
    let active = document().active_element();
    active.is_some_and(|active| {
        active
            .matches(":is(input, textarea, select):not(.ph-composer__field)")
            .is_ok_and(|matches| matches)
    })
}

/// Whether something lies over the page that Escape is meant for.
fn dialog_is_open() -> bool {
    document()
        .query_selector("dialog[open]")
        .is_ok_and(|found| found.is_some())
}

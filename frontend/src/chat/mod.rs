//! The chat of a project: the conversation, the answer being written, and the box to write in.
//!
//! `tree` and `live` are the plain data, `state` and `answer` what happens to it, the rest is
//! views. The seam to the rest of the page is [`ChatPane`]; it must not know routes.

mod answer;
mod backoff;
mod composer;
mod draft;
mod figures;
mod footer;
mod live;
mod log;
mod message;
#[cfg(test)]
mod samples;
mod scroll;
mod state;
mod tree;

use leptos::{ev, prelude::*};
use prompthub_dto::{ids::ConversationId, projects::Project};

use self::{composer::Composer, log::Log, state::ChatState};
use crate::markdown;

/// The chat with a project, in `conversation` or, with `None`, in one that is yet to begin.
///
/// `on_conversation` is called when the first message has made a conversation; `conversation` may
/// then follow without the pane starting over.
#[component]
pub fn ChatPane(
    project: Signal<Project>,
    conversation: Signal<Option<ConversationId>>,
    on_conversation: Callback<ConversationId>,
) -> impl IntoView {
    markdown::prepare();
    let state = ChatState::new(project, on_conversation);
    let place = Memo::new(move |_| (project.with(|project| project.id), conversation.get()));
    Effect::new(move |before: Option<_>| {
        let (project, conversation) = place.get();
        let same_project = before.is_some_and(|before| before == project);
        if !same_project || conversation != state.conversation.get_untracked() {
            state.open(conversation);
        }
        project
    });
    let handles = [
        window_event_listener(ev::online, move |_| state.network_is_back()),
        window_event_listener(ev::focus, move |_| state.refresh()),
        window_event_listener(ev::keydown, move |event| {
            let free = !event.default_prevented() && !event.is_composing() && !dialog_is_open();
            if free && event.key() == "Escape" {
                state.escape();
            }
        }),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
    view! {
        <div class="ph-chat">
            <Log state/>
            <Composer state/>
            <div class="ph-visually-hidden" role="status">{state.announcement}</div>
        </div>
    }
}

/// Whether something lies over the page that Escape is meant for.
fn dialog_is_open() -> bool {
    document()
        .query_selector("dialog[open]")
        .is_ok_and(|found| found.is_some())
}

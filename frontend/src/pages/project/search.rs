//! Finding a conversation of this project by its title.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::components::A;
use prompthub_dto::chat::Conversation;

use super::state::use_project;
use crate::{
    components::{dialog::Dialog, field::TextField, rows::rows, time::Ago, words::has_words},
    routes,
};

/// How many finds are listed; whoever has more types another word.
const SHOWN: usize = 30;

fn find(conversations: &[Conversation], words: &str) -> Vec<Conversation> {
    conversations
        .iter()
        .filter(|conversation| has_words(&conversation.title, words))
        .take(SHOWN)
        .cloned()
        .collect()
}

#[component]
pub fn SearchDialog() -> impl IntoView {
    let state = use_project();
    let words = RwSignal::new(String::new());
    let found = Memo::new(move |_| find(&state.conversations.all(), &words.get()));
    let open_first = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(first) = found.with_untracked(|found| found.first().map(|found| found.id)) {
            state.show(Some(first));
        }
    };
    view! {
        <Dialog open=state.search title="Search conversations">
            <form class="ph-form" on:submit=open_first>
                <TextField label="Words in the title" value=words autofocus=true/>
            </form>
            <p class="ph-hint ph-alert" role="status">
                {move || found.with(Vec::is_empty).then_some("No conversation fits.")}
            </p>
            <ul class="ph-finds" aria-label="Found">
                {rows(
                    move || found.get(),
                    |found| format!("{} {}", found.id, found.title),
                    |found| view! { <Find conversation=found/> }.into_any(),
                )}
            </ul>
        </Dialog>
    }
}

#[component]
fn Find(conversation: Conversation) -> impl IntoView {
    let state = use_project();
    let close = move |_| {
        state.search.set(false);
        state.rail_sheet.set(false);
    };
    view! {
        <li>
            <A
                href=routes::project(state.id, Some(conversation.id))
                attr:class="ph-finds__link"
                on:click=close
            >
                <span class="ph-finds__title">{conversation.title}</span>
                <span class="ph-hint"><Ago time=conversation.last_activity_at/></span>
            </A>
        </li>
    }
}

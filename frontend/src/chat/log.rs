//! The log of a conversation: its messages, what is said where there are none, and the way back
//! to the end.

use leptos::prelude::*;
use prompthub_dto::{chat::Role, ids::MessageId};

use super::{
    message::{MessageView, PendingAnswer, PendingMessage},
    scroll::Scroll,
    state::{ChatState, Load, Question},
};
use crate::components::{
    button::{Button, Size, Variant},
    feedback::{ErrorNotice, Skeleton},
    model_name,
};

/// The conversation.
#[component]
pub fn Log(state: ChatState) -> impl IntoView {
    let scroll = Scroll::new();
    let path = Memo::new(move |_| path(state));
    // Another version of a message may have a path shorter than what was hidden.
    let first = Memo::new(move |_| {
        let hidden = state.hidden.get();
        if hidden < path.with(Vec::len) {
            hidden
        } else {
            0
        }
    });
    let shown = move || path.with(|path| path.get(first.get()..).unwrap_or_default().to_vec());
    let earlier = move || first.get() > 0;
    let show_earlier = move || {
        scroll.hold(move || {
            state.show_earlier();
        });
    };
    Effect::new(move || {
        state.to_end.track();
        // After what has changed with it is on the page.
        request_animation_frame(move || scroll.to_end());
    });
    let on_scroll = move |_| {
        if scroll.on_scroll() && untrack(earlier) {
            show_earlier();
        }
    };
    let is_empty = move || {
        state.load.get() == Load::Ready
            && path.with(Vec::is_empty)
            && state.pending.with(Option::is_none)
    };
    view! {
        <section class="ph-chat__region" aria-label="Conversation">
            <div
                class="ph-chat__log"
                role="log"
                aria-label="Conversation"
                tabindex="0"
                node_ref=scroll.frame
                on:scroll=on_scroll
                on:wheel=move |event| scroll.on_wheel(event.delta_y())
            >
                <div class="ph-chat__column" node_ref=scroll.content>
                    {move || match state.load.get() {
                        Load::Loading => view! { <Skeleton lines=6/> }.into_any(),
                        Load::Failed(error) => view! {
                            <ErrorNotice
                                error=error
                                on_retry=Callback::new(move |()| {
                                    state.open(state.conversation.get_untracked());
                                })
                            />
                        }.into_any(),
                        Load::Ready => ().into_any(),
                    }}
                    <Show when=is_empty>
                        <Hint state/>
                    </Show>
                    <Show when=earlier>
                        <div class="ph-chat__earlier">
                            <Button
                                label="Show earlier messages"
                                variant=Variant::Quiet
                                size=Size::Small
                                on_click=move |_| show_earlier()
                            />
                        </div>
                    </Show>
                    <For each=shown key=|id| *id let:id>
                        <MessageView state id/>
                    </For>
                    {move || state.pending.get().map(|question| match question {
                        Question::Message { text, .. } => view! { <PendingMessage text/> }.into_any(),
                        Question::Again(_) => view! { <PendingAnswer/> }.into_any(),
                    })}
                </div>
            </div>
            <Show when=move || scroll.is_away()>
                <div class="ph-chat__jump">
                    <Button label="Jump to latest" on_click=move |_| leave_for_end(scroll)/>
                </div>
            </Show>
        </section>
    }
}

/// The messages to show: the path, without what a pending question is going to stand in place of.
fn path(state: ChatState) -> Vec<MessageId> {
    let Some(leaf) = state.leaf.get() else {
        return Vec::new();
    };
    let mut path = state.tree.with(|tree| tree.path(leaf));
    let replaced = match state.pending.get() {
        Some(Question::Message { edits, .. }) => edits,
        Some(Question::Again(answer)) => Some(answer),
        None => None,
    };
    if let Some(place) = replaced.and_then(|id| path.iter().position(|other| *other == id)) {
        path.truncate(place);
    }
    path
}

/// The button that was pressed goes away, so the focus goes to what it led to.
fn leave_for_end(scroll: Scroll) {
    if let Some(frame) = scroll.frame.get_untracked() {
        // A log that cannot take the focus is still scrolled.
        let _ = frame.focus();
    }
    scroll.to_end();
}

/// What a person may do where nothing has been said yet.
#[component]
fn Hint(state: ChatState) -> impl IntoView {
    let name = move || state.project.with(|project| project.name.clone());
    let has_prompt = move || {
        state
            .project
            .with(|project| !project.system_prompt.trim().is_empty())
    };
    let is_demo = move || {
        state
            .project
            .with(|project| model_name::is_demo(&project.model))
    };
    view! {
        <div class="ph-chat__hint">
            <p class="ph-chat__hint-title">"What should " {name} " do?"</p>
            <p>
                {move || if has_prompt() {
                    "Ask it something, or paste the text it is to work on. It follows the system \
                     prompt in the project's settings."
                } else {
                    "Ask it anything. To give it a role, a tone or rules, write a system prompt in \
                     the project's settings."
                }}
            </p>
            <Show when=is_demo>
                <div class="ph-notice ph-chat__demo">
                    <p class="ph-notice__text">
                        <strong>"Demo model: answers are canned."</strong>
                        " Choose another in the project's settings, or "
                        <a href="/docs" target="_blank" rel="noopener">"set up a provider"</a>
                        "."
                    </p>
                </div>
            </Show>
        </div>
    }
}

/// The name of a side of the conversation.
pub(super) fn name_of(role: Role) -> &'static str {
    match role {
        Role::User => "You",
        Role::Assistant => "Assistant",
    }
}

//! The log of a conversation: its messages, what is said where there are none, and the way back
//! to the end.

use leptos::prelude::*;
use prompthub_dto::{chat::Role, ids::MessageId, problem::ProblemCode};
use wasm_bindgen::JsCast;

use super::{
    message::{MessageView, PendingAnswer, PendingMessage},
    reading::Older,
    scroll::Scroll,
    state::{ChatState, Load, Question},
};
use crate::components::{
    button::{Button, Size, Variant},
    feedback::{ErrorNotice, Skeleton},
    focus, model_name,
    rows::rows,
};

/// The conversation.
#[component]
pub fn Log(state: ChatState) -> impl IntoView {
    let scroll = Scroll::new();
    let path = Memo::new(move |_| state.path());
    let range = Memo::new(move |_| path.with(|path| state.span.get().range(path)));
    let shown = move || path.with(|path| path.get(range.get()).unwrap_or_default().to_vec());
    let earlier = move || range.with(|range| range.start > 0);
    let later = Memo::new(move |_| range.with(|range| range.end) < path.with(Vec::len));
    Effect::new(move || {
        state.to_end.track();
        // After what has changed with it is on the page.
        request_animation_frame(move || scroll.to_end());
    });
    Effect::new(move || {
        if let Some(message) = state.marked.get() {
            request_animation_frame(move || {
                // The pane may be gone by then.
                if let (Some(element), Some(later)) =
                    (element_of(message), later.try_get_untracked())
                {
                    scroll.to_element(element, !later);
                }
            });
        }
    });
    // Whoever waits at the beginning for what was said before it sees it as soon as it is read.
    Effect::new(move || {
        range.track();
        request_animation_frame(move || show_earlier_to_who_waits(state, scroll));
    });
    let on_scroll = move |_| {
        let near = scroll.on_scroll(!later.get_untracked());
        if near.beginning {
            show_earlier(state, scroll);
        }
        if near.end && later.get_untracked() {
            state.show_later();
        }
    };
    // Only what is said from now on is read out, not what was said before.
    let reads_history =
        move || (state.settling.get() || scroll.is_growing_upwards()).then_some("true");
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
                aria-busy=reads_history
                tabindex="0"
                node_ref=scroll.frame
                on:scroll=on_scroll
                on:wheel=move |event| scroll.on_wheel(event.delta_y())
            >
                <div class="ph-chat__column" node_ref=scroll.content>
                    {move || match state.load.get() {
                        Load::Loading => view! { <Skeleton lines=6/> }.into_any(),
                        Load::Failed(error) => {
                            let is_gone = error.is(ProblemCode::NotFound);
                            view! {
                                <ErrorNotice
                                    error=error
                                    on_retry=Callback::new(move |()| {
                                        let sought = state.sought.get_value();
                                        state.open(state.conversation.get_untracked(), sought);
                                    })
                                />
                                {is_gone.then(|| view! {
                                    <p class="ph-hint">"Open another one, or begin one with New chat."</p>
                                })}
                            }.into_any()
                        }
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
                                on_click=move |_| {
                                    show_earlier(state, scroll);
                                    // The button goes when there is no more.
                                    request_animation_frame(move || {
                                        if focus::is_lost() {
                                            focus_log(scroll);
                                        }
                                    });
                                }
                            />
                        </div>
                    </Show>
                    <Show when=move || !earlier()>
                        <Before state/>
                    </Show>
                    {rows(shown, ToString::to_string, move |id| view! { <MessageView state id/> }.into_any())}
                    {move || state.pending.get().map(|question| match question {
                        Question::Message { text, images, .. } => {
                            view! { <PendingMessage state text images/> }.into_any()
                        }
                        Question::Again(_) => view! { <PendingAnswer/> }.into_any(),
                    })}
                </div>
            </div>
            <Show when=move || scroll.is_away() || later.get()>
                <div class="ph-chat__jump">
                    <Button label="Jump to latest" on_click=move |_| leave_for_end(state, scroll)/>
                </div>
            </Show>
        </section>
    }
}

/// Shows more of what was said before, if there is more, and holds in place what is shown.
fn show_earlier(state: ChatState, scroll: Scroll) {
    if state.has_earlier() {
        scroll.hold(
            move || state.show_earlier(),
            move || show_earlier_to_who_waits(state, scroll),
        );
    }
}

/// A fast reader is at the beginning again before what was added there stands.
fn show_earlier_to_who_waits(state: ChatState, scroll: Scroll) {
    if scroll.waits_at_beginning() {
        show_earlier(state, scroll);
    }
}

/// The element that shows a message, while it is on the page.
fn element_of(message: MessageId) -> Option<web_sys::HtmlElement> {
    let element = document().get_element_by_id(&element_id(message))?;
    element.dyn_into().ok()
}

/// The id of the element that shows a message.
pub(super) fn element_id(message: MessageId) -> String {
    format!("message-{message}")
}

/// The button that was pressed goes away, so the focus goes to what it led to.
fn leave_for_end(state: ChatState, scroll: Scroll) {
    focus_log(scroll);
    state.to_end();
}

fn focus_log(scroll: Scroll) {
    // The pane may be gone by now.
    if let Some(frame) = scroll.frame.try_get_untracked().flatten() {
        focus::focus(&frame);
    }
}

/// What stands before the first message while there are earlier ones that are not read.
#[component]
fn Before(state: ChatState) -> impl IntoView {
    move || match state.older.get() {
        Older::Complete => ().into_any(),
        Older::More(_) => view! {
            <p class="ph-chat__earlier ph-hint" role="status">
                <span class="ph-spinner" aria-hidden="true"></span>
                "Loading earlier messages…"
            </p>
        }
        .into_any(),
        Older::Failed(_, error) => {
            let retry = Callback::new(move |()| state.read_older());
            view! { <ErrorNotice error on_retry=retry/> }.into_any()
        }
    }
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
                        <a href=state.providers>"set up a provider"</a>
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

//! One message as the reader sees it.

use std::sync::Arc;

use leptos::prelude::*;
use prompthub_dto::{
    chat::{FinishReason, Message, MessageStatus, Role},
    ids::MessageId,
};

use super::{
    figures,
    footer::{AnswerFooter, QuestionFooter, ask_again},
    images::sent_images,
    live::Link,
    log::{element_id, name_of},
    state::ChatState,
};
use crate::{api::ApiError, components::feedback::ErrorNotice, markdown::Markdown};

/// A message of the conversation.
#[component]
pub fn MessageView(state: ChatState, id: MessageId) -> impl IntoView {
    let message = Memo::new(move |_| state.tree.with(|tree| tree.get(id).cloned()));
    let role = message.with_untracked(|message| message.as_ref().map(|message| message.role));
    match role {
        Some(Role::User) => view! { <Question state id message/> }.into_any(),
        Some(Role::Assistant) => view! { <Answer state id message/> }.into_any(),
        None => ().into_any(),
    }
}

/// What a person said, as it was typed.
#[component]
fn Question(state: ChatState, id: MessageId, message: Memo<Option<Arc<Message>>>) -> impl IntoView {
    let text =
        move || message.with(|message| message.as_ref().map(|message| message.content.clone()));
    let blank = move || {
        message.with(|message| {
            message
                .as_ref()
                .is_none_or(|message| message.content.is_empty())
        })
    };
    let images = move || {
        let message = message.get()?;
        let images = message.attachments.iter();
        let images = images.map(|image| (image.file.clone(), image.file_id.is_some()));
        let project = state.project.with_untracked(|project| project.id);
        Some(sent_images(project, images.collect()))
    };
    view! {
        <article
            id=element_id(id)
            class="ph-message ph-message--you"
            class:ph-message--edited=move || state.editing.get() == Some(id)
            class:ph-message--found=move || state.marked.get() == Some(id)
            tabindex="-1"
            aria-label=name_of(Role::User)
        >
            {images}
            <div class="ph-message__bubble" hidden=blank>{text}</div>
            <QuestionFooter state id message/>
        </article>
    }
}

/// What a model answered, or is answering.
#[component]
fn Answer(state: ChatState, id: MessageId, message: Memo<Option<Arc<Message>>>) -> impl IntoView {
    let is_live = Memo::new(move |_| {
        state
            .live
            .with(|live| live.as_ref().is_some_and(|live| live.id() == id))
    });
    // While the answer is written its text is read from the stream, so that nothing but this
    // message follows it.
    let current = move |read: &dyn Fn(&Message) -> Arc<str>| -> Arc<str> {
        if is_live.get() {
            state
                .live
                .with(|live| live.as_ref().map(|live| read(live.message())))
        } else {
            message.with(|message| message.as_ref().map(|message| read(message)))
        }
        .unwrap_or_default()
    };
    let text = Memo::new(move |_| current(&|message| message.content.as_str().into()));
    let reasoning = Memo::new(move |_| {
        current(&|message| message.reasoning.as_deref().unwrap_or_default().into())
    });
    let notes = Memo::new(move |_| current(&|message| figures::notes(message).into()));
    let is_waiting = move || is_live.get() && text.with(|text| text.is_empty());
    let is_lost = move || {
        is_live.get()
            && state.live.with(|live| {
                live.as_ref()
                    .is_some_and(|live| live.link == Link::Reconnecting)
            })
    };
    view! {
        <article
            id=element_id(id)
            class="ph-message ph-message--assistant"
            class:ph-message--live=is_live
            class:ph-message--found=move || state.marked.get() == Some(id)
            tabindex="-1"
            aria-label=name_of(Role::Assistant)
            aria-busy=move || is_live.get().then_some("true")
            // `SpokenAnswer` says it.
            aria-live=move || is_live.get().then_some("off")
        >
            <Show when=move || notes.with(|notes| !notes.is_empty())>
                <p class="ph-message__note ph-message__note--lines">{move || notes.get().to_string()}</p>
            </Show>
            <Show when=move || reasoning.with(|text| !text.is_empty())>
                <details class="ph-message__reasoning">
                    <summary>{move || if is_waiting() { "Thinking…" } else { "Thoughts" }}</summary>
                    <p>{move || reasoning.get().to_string()}</p>
                </details>
            </Show>
            <Markdown
                text
                complete=Signal::derive(move || !is_live.get())
                on_copied=Callback::new(move |copied| state.say_copied(copied))
            />
            <Show when=is_waiting>
                <Waiting/>
            </Show>
            <Show when=is_lost>
                <p class="ph-message__note">"The connection is lost. Trying again…"</p>
            </Show>
            <Show when=move || !is_live.get()>
                <Outcome state message/>
                <AnswerFooter state id message/>
            </Show>
        </article>
    }
}

/// What is to be said about how an answer ended, where it did not simply end.
#[component]
fn Outcome(state: ChatState, message: Memo<Option<Arc<Message>>>) -> impl IntoView {
    move || {
        let message = message.get()?;
        if message.status == MessageStatus::Failed {
            let error = message
                .problem
                .clone()
                .map_or(ApiError::Network, |problem| {
                    ApiError::Problem(Box::new(problem))
                });
            let id = message.id;
            let retry = Callback::new(move |()| ask_again(state, id));
            let old = state.ended.get_value() != Some(id);
            return Some(view! { <ErrorNotice error on_retry=retry old/> }.into_any());
        }
        let note = note(&message)?;
        Some(view! { <p class="ph-message__note">{note}</p> }.into_any())
    }
}

fn note(message: &Message) -> Option<&'static str> {
    match (message.status, message.finish_reason) {
        (MessageStatus::Cancelled, _) => Some("Stopped."),
        (MessageStatus::Interrupted, _) => Some("Interrupted before it was finished."),
        (MessageStatus::Running, _) => Some("Still being written…"),
        (_, Some(FinishReason::Length)) => Some("Cut off: the most tokens allowed were reached."),
        (_, Some(FinishReason::ContentFilter)) => Some("The provider withheld the rest."),
        _ if message.content.trim().is_empty() => Some("The model answered with nothing."),
        _ => None,
    }
}

/// A question on its way to the server.
#[component]
pub fn PendingMessage(state: ChatState, text: String, images: Vec<String>) -> impl IntoView {
    let project = state.project.with_untracked(|project| project.id);
    let blank = text.is_empty();
    let images = images.into_iter().map(|name| (name, true));
    view! {
        <article class="ph-message ph-message--you" aria-label=name_of(Role::User)>
            {sent_images(project, images.collect())}
            <div class="ph-message__bubble" hidden=blank>{text}</div>
        </article>
        <PendingAnswer/>
    }
}

/// The place of an answer that is being asked for.
#[component]
pub fn PendingAnswer() -> impl IntoView {
    view! {
        <article
            class="ph-message ph-message--assistant"
            aria-label=name_of(Role::Assistant)
            aria-busy="true"
            aria-live="off"
        >
            <Waiting/>
        </article>
    }
}

#[component]
fn Waiting() -> impl IntoView {
    view! {
        <p class="ph-message__waiting">
            <span class="ph-message__dots" aria-hidden="true"><i></i><i></i><i></i></span>
            <span class="ph-visually-hidden">"Waiting for the answer…"</span>
        </p>
    }
}

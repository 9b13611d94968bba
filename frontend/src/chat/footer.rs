//! What can be done with a message, and what it cost.

use std::{sync::Arc, time::Duration};

use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{chat::Message, ids::MessageId};

use super::{figures, log::element_id, state::ChatState, tree::Siblings};
use crate::{
    components::{
        button::{Button, Size, Variant},
        focus, model_name,
    },
    markdown::clipboard,
};

/// How long a button says that it has copied.
const COPIED: Duration = Duration::from_secs(2);

/// Under a message of the person.
#[component]
pub fn QuestionFooter(
    state: ChatState,
    id: MessageId,
    message: Memo<Option<Arc<Message>>>,
) -> impl IntoView {
    view! {
        <div class="ph-message__tools ph-message__tools--shy">
            <Versions state id/>
            <Copy state message/>
            <Button
                label="Edit"
                variant=Variant::Quiet
                size=Size::Small
                disabled=Signal::derive(move || state.is_answering())
                on_click=move |_| state.edit(id)
            />
        </div>
    }
}

/// Under an answer.
#[component]
pub fn AnswerFooter(
    state: ChatState,
    id: MessageId,
    message: Memo<Option<Arc<Message>>>,
) -> impl IntoView {
    let figures = move || {
        let message = message.get()?;
        let seconds = seconds(&message);
        let summary = figures::summary(&message, seconds);
        (!summary.is_empty()).then(|| (summary, figures::details(&message, seconds)))
    };
    let is_demo = move || {
        message.with(|message| {
            message
                .as_ref()
                .and_then(|message| message.model.as_deref())
                .is_some_and(model_name::is_demo)
        })
    };
    view! {
        <div class="ph-message__tools">
            <Copy state message/>
            <Button
                label="Regenerate"
                variant=Variant::Quiet
                size=Size::Small
                disabled=Signal::derive(move || state.is_answering())
                on_click=move |_| ask_again(state, id)
            />
            <Versions state id/>
            <Show when=is_demo>
                <span>"Demo model: answers are canned. "<a href=state.providers>"Set up a provider"</a></span>
            </Show>
            {move || figures().map(|(summary, details)| view! {
                <details class="ph-message__figures">
                    <summary>{summary}</summary>
                    <dl>
                        {details.into_iter().map(|(what, much)| view! { <dt>{what}</dt><dd>{much}</dd> }).collect_view()}
                    </dl>
                </details>
            })}
        </div>
    }
}

/// Has an answer made again. Its own buttons go with it, so the focus goes to the question.
pub(super) fn ask_again(state: ChatState, answer: MessageId) {
    let question = state
        .tree
        .with_untracked(|tree| tree.get(answer).and_then(|answer| answer.parent_id));
    state.regenerate(answer);
    request_animation_frame(move || {
        if let Some(question) = question.filter(|_| focus::is_lost()) {
            focus_in(question, "");
        }
    });
}

/// Shows another version of a message. The focus goes to the button of that one that goes on in the
/// same direction, or to what is left of its kind.
fn go_to_version(state: ChatState, version: MessageId, label: &'static str) {
    state.choose_version(version);
    request_animation_frame(move || {
        if focus::is_lost() {
            focus_in(version, label);
        }
    });
}

/// Gives the focus to a button that leads to another version of a message, `label` before others, or
/// to the message itself without a label.
fn focus_in(message: MessageId, label: &str) {
    let Some(article) = document().get_element_by_id(&element_id(message)) else {
        return;
    };
    let steps = [format!("[aria-label=\"{label}\"]"), String::new()];
    let step = steps
        .iter()
        .filter(|_| !label.is_empty())
        .find_map(|which| {
            let step = format!("button.ph-message__step:not(:disabled){which}");
            article.query_selector(&step).ok().flatten()
        });
    focus::focus(step.as_ref().unwrap_or(&article));
}

/// How long an answer took. Where that was not measured, it lies between its first and its last change.
fn seconds(message: &Message) -> Option<f64> {
    if let Some(milliseconds) = message.duration_ms {
        return i32::try_from(milliseconds)
            .ok()
            .map(|milliseconds| f64::from(milliseconds) / 1000.0);
    }
    let begun = js_sys::Date::parse(message.created_at.as_str());
    let ended = js_sys::Date::parse(message.updated_at.as_str());
    Some((ended - begun) / 1000.0).filter(|seconds| seconds.is_finite())
}

#[component]
fn Copy(state: ChatState, message: Memo<Option<Arc<Message>>>) -> impl IntoView {
    let said = RwSignal::new(None::<&'static str>);
    let copy = move |_| {
        let Some(message) = message.get_untracked() else {
            return;
        };
        spawn_local(async move {
            let copied = clipboard::copy(&message.content).await;
            said.set(Some(if copied { "Copied" } else { "Not copied" }));
            state.say_copied(copied);
            // The message may be gone by then.
            set_timeout(
                move || {
                    let _ = said.try_set(None);
                },
                COPIED,
            );
        });
    };
    view! {
        <Button
            label=Signal::derive(move || said.get().unwrap_or("Copy").to_owned())
            variant=Variant::Quiet
            size=Size::Small
            on_click=copy
        />
    }
}

/// The way to the other versions of a message, where there are any.
#[component]
fn Versions(state: ChatState, id: MessageId) -> impl IntoView {
    let siblings = Memo::new(move |_| {
        state
            .tree
            .with(|tree| tree.siblings(id))
            .filter(|siblings| siblings.count > 1)
    });
    let step = move |label: &'static str, sign: &'static str, to: Option<MessageId>| {
        view! {
            <button
                type="button"
                class="ph-button ph-button--quiet ph-button--small ph-message__step"
                aria-label=label
                title=label
                disabled=move || to.is_none() || state.is_answering()
                on:click=move |_| {
                    if let Some(to) = to {
                        go_to_version(state, to, label);
                    }
                }
            >
                <span aria-hidden="true">{sign}</span>
            </button>
        }
    };
    move || {
        siblings.get().map(
            |Siblings {
                 position,
                 count,
                 previous,
                 next,
             }| {
                view! {
                    <span class="ph-message__versions">
                        {step("Previous version", "‹", previous)}
                        <span>{position} " / " {count}</span>
                        {step("Next version", "›", next)}
                    </span>
                }
            },
        )
    }
}

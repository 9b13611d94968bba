//! The box to write in.

use leptos::{ev, html::Textarea, prelude::*};

use super::{
    images::{Attach, Attached},
    model_choice::ModelChoice,
    state::{ChatState, Question},
};
use crate::components::button::{Button, Size, Variant};

/// The key code that browsers give a key press which an input method has taken.
const TAKEN_BY_INPUT_METHOD: u32 = 229;

/// The box, with what stands in the way of sending above it.
#[component]
pub fn Composer(
    state: ChatState,
    wishes_to_write: Signal<u32>,
    on_model: Callback<()>,
) -> impl IntoView {
    let field = NodeRef::<Textarea>::new();
    let focus = move || {
        if let Some(field) = field.try_get_untracked().flatten() {
            // A page in the background cannot take the focus; nothing is lost by that.
            let _ = field.focus();
        }
    };
    // Whoever begins to edit wants to type.
    Effect::new(move |before: Option<bool>| {
        let editing = state.editing.get().is_some();
        if editing && before.is_some() {
            focus();
        }
        editing
    });
    Effect::new(move |before: Option<u32>| {
        let wishes = wishes_to_write.get();
        if before.is_some_and(|before| before != wishes) {
            // After a sheet that is closing has given the focus back.
            request_animation_frame(focus);
        }
        wishes
    });
    Effect::new(move || {
        state.draft.track();
        if let Some(field) = field.get() {
            grow(&field);
        }
    });
    let send = move || {
        state.send_draft();
        focus();
    };
    let stop = move |event: ev::MouseEvent| {
        // The second half of a double click on Send lands here.
        if event.detail() < 2 {
            state.stop();
            focus();
        }
    };
    let answering = Memo::new(move |_| state.is_answering());
    let blank = Signal::derive(move || state.is_blank());
    // Whoever pastes or drops an image here wants to send it.
    let take = move |event: &web_sys::Event, data: Option<web_sys::DataTransfer>| {
        let files = data.as_ref().and_then(web_sys::DataTransfer::files);
        if files.is_some_and(|files| state.attach_files(&files)) {
            event.prevent_default();
        }
    };
    let paste = move |event: ev::ClipboardEvent| {
        let data = event.clipboard_data();
        if !data.as_ref().is_some_and(carries_text) {
            take(&event, data);
        }
    };
    let placeholder = move || {
        state
            .project
            .with(|project| format!("Message {}", project.name))
    };
    view! {
        <div class="ph-composer">
            <Refused state field/>
            <Show when=move || state.editing.get().is_some()>
                <div class="ph-composer__editing">
                    <span>"Editing your message. What was said after it is kept as another version."</span>
                    <Button
                        label="Cancel"
                        variant=Variant::Quiet
                        size=Size::Small
                        on_click=move |_| { state.cancel_edit(); focus(); }
                    />
                </div>
            </Show>
            <div class="ph-composer__box" on:drop=move |event| take(&event, event.data_transfer())>
                <Attached state/>
                <textarea
                    class="ph-composer__field"
                    rows="1"
                    aria-label="Message"
                    enterkeyhint=if is_by_touch() { "enter" } else { "send" }
                    placeholder=placeholder
                    node_ref=field
                    prop:value=state.draft
                    on:paste=paste
                    on:input=move |event| state.type_text(event_target_value(&event))
                    on:keydown=move |event| on_key(state, &event)
                ></textarea>
                <div class="ph-composer__bar">
                    <Attach state/>
                    <ModelChoice state on_project=on_model/>
                    <span class="ph-composer__keys">"Enter sends, Shift+Enter breaks the line"</span>
                    <Show
                        when=move || answering.get()
                        fallback=move || view! {
                            <Button
                                label="Send"
                                variant=Variant::Primary
                                disabled=blank
                                on_click=move |_| send()
                            />
                        }
                    >
                        <button
                            type="button"
                            class="ph-button"
                            aria-disabled=move || state.is_stopping().then_some("true")
                            on:click=stop
                        >
                            <span class="ph-composer__square" aria-hidden="true"></span>
                            {move || if state.is_stopping() { "Stopping…" } else { "Stop" }}
                        </button>
                    </Show>
                </div>
            </div>
        </div>
    }
}

/// Why the last question was not taken. Its button goes when it is pressed, and the focus then goes to
/// the `field` below.
#[component]
fn Refused(state: ChatState, field: NodeRef<Textarea>) -> impl IntoView {
    let retry = move |_| {
        state.retry();
        if let Some(field) = field.get_untracked() {
            // A page in the background cannot take the focus; nothing is lost by that.
            let _ = field.focus();
        }
    };
    view! {
        <div role="alert">
            {move || state.refusal.get().map(|refusal| {
                let of_message = matches!(refusal.question, Question::Message { .. });
                let kept = if of_message { " What you wrote is kept below." } else { "" };
                view! {
                    <div class="ph-notice ph-notice--problem ph-composer__refused">
                        <p class="ph-notice__text">{refusal.error.message()} {kept}</p>
                        {refusal.error.may_pass().then(|| view! {
                            <Button label="Retry" size=Size::Small on_click=retry/>
                        })}
                    </div>
                }
            })}
        </div>
    }
}

fn on_key(state: ChatState, event: &ev::KeyboardEvent) {
    if event.is_composing() || event.key_code() == TAKEN_BY_INPUT_METHOD {
        return;
    }
    match event.key().as_str() {
        "Enter" if sends(event) => {
            event.prevent_default();
            state.send_draft();
        }
        "ArrowUp"
            if state.draft.with_untracked(String::is_empty)
                && !untrack(|| state.is_answering()) =>
        {
            event.prevent_default();
            state.edit_last();
        }
        _ => {}
    }
}

/// Whether this press of Enter sends. Keyboards on a screen tell nothing of Shift, so where there is nothing
/// but a finger to point with, Enter breaks the line; who has real keys there too can hold Ctrl or ⌘.
fn sends(event: &ev::KeyboardEvent) -> bool {
    let plain = !event.shift_key() && !event.alt_key();
    plain && (!is_by_touch() || event.ctrl_key() || event.meta_key())
}

/// Whether whoever writes has nothing but a finger to point with.
fn is_by_touch() -> bool {
    let query = window().match_media("(pointer: coarse) and (not (any-pointer: fine))");
    let query = query.ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Whether there is text to paste. Office programs put a picture of it beside it; files come with their
/// names.
fn carries_text(data: &web_sys::DataTransfer) -> bool {
    let text = data.get_data("text/plain").unwrap_or_default();
    let files = data.files();
    let names: Vec<String> = files
        .iter()
        .flat_map(|files| (0..files.length()).filter_map(|index| files.item(index)))
        .map(|file| file.name())
        .collect();
    text.lines()
        .any(|line| names.iter().all(|name| name != line))
}

/// Lets the box be as high as its text, where the style sheet alone cannot.
fn grow(field: &web_sys::HtmlTextAreaElement) {
    let supported = web_sys::css::supports_with_value("field-sizing", "content").unwrap_or(false);
    if supported {
        return;
    }
    let style = web_sys::HtmlElement::style(field);
    // Names and values are valid, which is all that can be wrong.
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", field.scroll_height()));
}

//! What a view says besides its content: that it loads, is empty, has failed, or has done something.

use leptos::{ev::MouseEvent, prelude::*};

use super::{
    button::{Button, IconButton, Size},
    focus,
    icon::{Glyph, Icon},
    rows::rows,
};
use crate::{
    api::ApiError,
    state::toasts::{Toast, Tone, use_toasts},
};

/// Lines that stand where content will be.
#[component]
pub fn Skeleton(lines: usize) -> impl IntoView {
    view! {
        <div class="ph-skeleton" role="status">
            <span class="ph-visually-hidden">"Loading…"</span>
            {(0..lines).map(|_| view! { <span class="ph-skeleton__line" aria-hidden="true"></span> }).collect_view()}
        </div>
    }
}

/// Says that content could not be had, and offers to try again, unless it is not there to be had.
#[component]
pub fn ErrorNotice(
    #[prop(into)] error: Signal<ApiError>,
    on_retry: Callback<()>,
    /// Whether it tells of something that was known before, which is no reason to interrupt anybody.
    #[prop(optional)]
    old: bool,
) -> impl IntoView {
    let retry = move |event: MouseEvent| {
        focus::stay_near(&event);
        on_retry.run(());
    };
    view! {
        <div class="ph-notice ph-notice--problem" role=(!old).then_some("alert")>
            <Icon glyph=Glyph::Warning/>
            <span class="ph-notice__text">{move || error.get().message()}</span>
            {move || error.get().may_pass().then(|| view! {
                <Button label="Retry" size=Size::Small on_click=retry/>
            })}
        </div>
    }
}

/// Says that something did not work, beside where it was tried.
#[component]
pub fn Problem(#[prop(into)] text: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div role="alert" class="ph-alert">
            {move || text.get().map(|text| view! {
                <div class="ph-notice ph-notice--problem">
                    <Icon glyph=Glyph::Warning/>
                    <span class="ph-notice__text">{text}</span>
                </div>
            })}
        </div>
    }
}

/// The notices about what has just happened, over the page, and over each dialog that is open.
#[component]
pub fn ToastStack() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="ph-toasts" role="status" aria-live="polite">
            {rows(
                move || toasts.list().get(),
                |toast| toast.id.to_string(),
                move |toast| view! { <ToastView toast=toast/> }.into_any(),
            )}
        </div>
    }
}

#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let toasts = use_toasts();
    let problem = toast.tone == Tone::Problem;
    view! {
        <div class="ph-toast" class:ph-toast--problem=problem>
            <Icon glyph=if problem { Glyph::Warning } else { Glyph::Check }/>
            <span>{toast.text}</span>
            <IconButton
                label="Dismiss"
                glyph=Glyph::Close
                size=Size::Small
                on_click=Callback::new(move |_| toasts.dismiss(toast.id))
            />
        </div>
    }
}

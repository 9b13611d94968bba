//! Buttons: what does something on this page. What leads elsewhere is a link.

use leptos::{ev::MouseEvent, prelude::*};

use super::icon::{Glyph, Icon};

/// How much a button asks to be pressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    #[default]
    Plain,
    /// The one thing to do here.
    Primary,
    /// Present, but out of the way.
    Quiet,
    /// Destroys something.
    Danger,
}

/// How large a button is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Size {
    #[default]
    Medium,
    Small,
}

fn class(variant: Variant, size: Size) -> String {
    let variant = match variant {
        Variant::Plain => "",
        Variant::Primary => " ph-button--primary",
        Variant::Quiet => " ph-button--quiet",
        Variant::Danger => " ph-button--danger",
    };
    let size = match size {
        Size::Medium => "",
        Size::Small => " ph-button--small",
    };
    format!("ph-button{variant}{size}")
}

/// A button with words on it. Without `on_click` it submits the form around it.
#[component]
pub fn Button(
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] variant: Variant,
    #[prop(optional)] size: Size,
    #[prop(optional, into)] glyph: Option<Glyph>,
    /// Shows that the work is under way, and refuses a second press.
    #[prop(optional, into)]
    busy: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Whether there is nothing to do for it now. Unlike a disabled one it keeps the focus.
    #[prop(optional, into)]
    idle: Signal<bool>,
    /// Whether a dialog that opens gives it the focus.
    #[prop(optional)]
    autofocus: bool,
    #[prop(optional, into)] on_click: Option<Callback<MouseEvent>>,
) -> impl IntoView {
    // `aria-disabled` instead of `disabled`, so that focus is not thrown out of the form.
    let press = move |event: MouseEvent| {
        if busy.get_untracked() || idle.get_untracked() {
            event.prevent_default();
        } else if let Some(on_click) = on_click {
            on_click.run(event);
        }
    };
    view! {
        <button
            type=if on_click.is_some() { "button" } else { "submit" }
            class=class(variant, size)
            aria-disabled=move || (busy.get() || idle.get()).then_some("true")
            disabled=disabled
            autofocus=autofocus
            on:click=press
        >
            {move || busy.get().then(|| view! { <span class="ph-spinner" aria-hidden="true"></span> })}
            {glyph.map(|glyph| view! { <Icon glyph=glyph/> })}
            {label}
        </button>
    }
}

/// A button that shows only an icon; `label` is its accessible name and its tooltip.
#[component]
pub fn IconButton(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] glyph: Signal<Glyph>,
    #[prop(optional)] size: Size,
    /// A longer explanation for the tooltip, where the name alone says too little.
    #[prop(optional, into)]
    title: Option<Signal<String>>,
    on_click: Callback<MouseEvent>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("{} ph-button--icon", class(Variant::Quiet, size))
            aria-label=label
            title=title.unwrap_or(label)
            on:click=move |event| on_click.run(event)
        >
            <Icon glyph=glyph/>
        </button>
    }
}

//! Dialogs over the browser's own `<dialog>`: it keeps the focus inside, closes on Esc and gives
//! the focus back. Sheets are dialogs at an edge.

use leptos::{ev::MouseEvent, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    button::{Button, IconButton, Size, Variant},
    feedback::ToastStack,
    field::unique_id,
    icon::Glyph,
};

/// Where a dialog stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    #[default]
    Centre,
    /// Near the top, where it stays while its content changes.
    Top,
    /// A sheet at the edge where lines start.
    Start,
    /// A sheet at the edge where lines end.
    End,
}

impl Shape {
    fn class(self) -> &'static str {
        match self {
            Self::Centre => "ph-dialog",
            Self::Top => "ph-dialog ph-dialog--top",
            Self::Start => "ph-dialog ph-dialog--start",
            Self::End => "ph-dialog ph-dialog--end",
        }
    }
}

/// A modal dialog. Its content exists only while it is open; what must outlive a closing belongs
/// to the caller.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(optional)] shape: Shape,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let open = open.get();
        let Some(dialog) = dialog.get() else { return };
        if open && !dialog.open() {
            // Refused only when the page is going away.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    // The dialog itself is hit only outside of its content, which covers the rest of it.
    let close_outside = move |event: MouseEvent| {
        let hit = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if hit.is_some() {
            open.set(false);
        }
    };
    let heading = unique_id("dialog");
    let labelled = heading.clone();
    let children = StoredValue::new(children);
    view! {
        <dialog
            node_ref=dialog
            class=shape.class()
            aria-labelledby=labelled
            on:close=move |_| open.set(false)
            on:mousedown=close_outside
        >
            {move || {
                let heading = heading.clone();
                open.get().then(move || view! {
                    <div class="ph-dialog__body">
                        <header class="ph-dialog__header">
                            <h2 id=heading class="ph-dialog__title">{title}</h2>
                            <IconButton
                                label="Close"
                                glyph=Glyph::Close
                                on_click=Callback::new(move |_| open.set(false))
                            />
                        </header>
                        <div class="ph-dialog__content">{children.with_value(|children| children())}</div>
                    </div>
                    // What is outside of an open dialog lies under it, and is neither pressed nor read.
                    <ToastStack/>
                })
            }}
        </dialog>
    }
}

/// Asks before something is destroyed. The focus begins on the way out.
#[component]
pub fn Confirm(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    /// What will be gone, and whether it can come back.
    #[prop(into)]
    text: Signal<String>,
    /// The words on the button that does it.
    #[prop(into)]
    action: Signal<String>,
    #[prop(optional, into)] busy: Signal<bool>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
    on_confirm: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog open=open title=title>
            <p>{text}</p>
            {move || problem.get().map(|problem| view! {
                <p class="ph-field__problem" role="alert">{problem}</p>
            })}
            <div class="ph-bar ph-bar--end">
                <Button label="Keep" autofocus=true on_click=move |_| open.set(false)/>
                <Button
                    label=action
                    variant=Variant::Danger
                    size=Size::Medium
                    busy=busy
                    on_click=move |_| on_confirm.run(())
                />
            </div>
        </Dialog>
    }
}

//! The model of the next message alone.

use leptos::prelude::*;

use super::state::ChatState;
use crate::components::{
    button::{Button, Size, Variant},
    combobox::Combobox,
    dialog::{Dialog, Shape},
    icon::{Glyph, Icon},
    model_name,
    part::{Part, part},
};

part!(model_part, Panel);

/// What the dialog needs to know.
#[derive(Clone, Copy)]
struct Choice {
    state: ChatState,
    open: RwSignal<bool>,
    on_project: Callback<()>,
}

/// The model that the next message goes to; tracks.
fn model(state: ChatState) -> String {
    let once = state.model.get();
    once.unwrap_or_else(|| state.project.with(|project| project.model.clone()))
}

/// Says which model will answer, and lets another one be chosen for this once.
#[component]
pub fn ModelChoice(
    state: ChatState,
    /// The person wants another model for the project.
    on_project: Callback<()>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let model = Signal::derive(move || model(state));
    provide_context(Choice {
        state,
        open,
        on_project,
    });
    let is_once = move || state.model.with(Option::is_some);
    view! {
        <button
            type="button"
            class="ph-button ph-button--quiet ph-button--small ph-composer__model"
            class:ph-composer__model--once=is_once
            title=move || format!("Model: {}", model.get())
            aria-label=move || format!("Change the model for this message, {}", model_name::short(&model.get()))
            aria-haspopup="dialog"
            on:click=move |_| open.set(true)
        >
            <span class="ph-composer__model-name">{move || model_name::short(&model.get()).to_owned()}</span>
            <Icon glyph=Glyph::ChevronDown/>
        </button>
        <Dialog open title="Model for the next message" shape=Shape::Top>
            <Part load=model_part lines=6/>
        </Dialog>
    }
}

/// What is in the dialog.
#[component]
fn Panel() -> impl IntoView {
    let Choice {
        state,
        open,
        on_project,
    } = expect_context();
    let choose = Callback::new(move |id: String| {
        let of_project = state.project.with_untracked(|project| project.model == id);
        state.model.set((!of_project).then_some(id));
        open.set(false);
    });
    view! {
        <Combobox
            label="Model"
            value=Signal::derive(move || model(state))
            on_choose=choose
            standing=true
        />
        <div class="ph-bar">
            {move || state.model.with(Option::is_some).then(|| view! {
                <Button
                    label="Back to the project's model"
                    size=Size::Small
                    on_click=move |_| { state.model.set(None); open.set(false); }
                />
            })}
            <span class="ph-bar__space"></span>
            <Button
                label="Change it for the project"
                variant=Variant::Quiet
                size=Size::Small
                on_click=move |_| { open.set(false); on_project.run(()); }
            />
        </div>
    }
}

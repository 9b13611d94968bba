//! The line above the chat: which project and conversation this is, and with which model.

use leptos::prelude::*;

use super::state::use_project;
use crate::components::{
    button::IconButton,
    icon::{Glyph, Icon},
    model_name,
};

#[component]
pub fn Header() -> impl IntoView {
    let state = use_project();
    let name = move || state.project.with(|project| project.value.name.clone());
    let model = Memo::new(move |_| state.project.with(|project| project.value.model.clone()));
    view! {
        <header class="ph-header">
            <div class="ph-header__rail">
                <IconButton
                    label="Open navigation"
                    glyph=Glyph::Menu
                    on_click=Callback::new(move |_| state.rail_sheet.set(true))
                />
            </div>
            <div class="ph-header__names">
                <h1 class="ph-header__project">{name}</h1>
                {move || state.conversation_title().map(|title| view! {
                    <p class="ph-header__conversation">{title}</p>
                })}
            </div>
            <button
                type="button"
                class="ph-button ph-button--small ph-header__model"
                title=move || format!("Model: {}", model.get())
                aria-label=move || format!("Change the model, {}", model_name::short(&model.get()))
                on:click=move |_| state.choose_model()
            >
                <span class="ph-header__model-name">{move || model_name::short(&model.get()).to_owned()}</span>
                <Icon glyph=Glyph::ChevronDown/>
            </button>
            <button
                type="button"
                class="ph-button ph-button--quiet ph-button--icon"
                aria-label="Project settings"
                title="Project settings"
                aria-expanded=move || state.drawer_open().to_string()
                on:click=move |_| state.toggle_drawer()
            >
                <Icon glyph=Glyph::Sliders/>
            </button>
        </header>
    }
}

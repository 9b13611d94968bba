//! The choice of a model: a text field with a filtered list, after the ARIA combobox pattern. The
//! focus stays in the field, arrows move through the list, Enter chooses, Esc closes.
//!
//! What the list offers is `model_list`'s, what keys and clicks do is `choosing`'s, how the options
//! look is `options`'.

mod choosing;
mod options;

use leptos::{ev::MouseEvent, html, prelude::*};

use self::{
    choosing::Choosing,
    options::{draw, element_id, model_under},
};
use super::{
    field::{FieldNotes, unique_id},
    model_list,
};
use crate::state::catalogue::use_catalogue;

/// A filterable choice of a model. An id that is in no list can be typed.
#[component]
pub fn Combobox(
    #[prop(into)] label: &'static str,
    /// What is chosen.
    value: Signal<String>,
    on_choose: Callback<String>,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
    /// Whether the list stands below the field for good, instead of coming with the wish to choose.
    #[prop(optional)]
    standing: bool,
    #[prop(optional, into)] hint: Signal<Option<String>>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
) -> impl IntoView {
    let choosing = Choosing::new(use_catalogue(), value, on_choose, standing);
    let Choosing {
        open,
        typed,
        groups,
        list,
        ..
    } = choosing;
    let id = unique_id("field");
    let notes = format!("{id}-notes");
    let list_id = format!("{id}-list");
    if standing {
        choosing.show();
        // The dialog around it may be open by now, which is when `autofocus` does nothing.
        Effect::new(move || {
            if let Some(field) = node_ref.get() {
                // A field that cannot take the focus can still be clicked.
                let _ = field.focus();
            }
        });
    }
    let active_element = follow_active(choosing, id.clone());
    let options = id.clone();
    let drawn = move || {
        draw(
            groups.get(),
            choosing.catalogue,
            &options,
            &value.get_untracked(),
        )
    };
    // A standing list leaves the field to the words alone.
    let chosen = move || if standing { String::new() } else { value.get() };
    view! {
        <div class="ph-field ph-combobox" class:ph-combobox--standing=standing>
            <label class="ph-field__label" for=id.clone()>{label}</label>
            <input
                node_ref=node_ref
                id=id
                class="ph-input"
                type="text"
                role="combobox"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                autofocus=standing
                aria-autocomplete="list"
                aria-expanded=move || open.get().to_string()
                aria-controls=list_id.clone()
                aria-activedescendant=active_element
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=notes.clone()
                placeholder=move || if standing { value.get() } else { String::new() }
                prop:value=move || typed.get().unwrap_or_else(chosen)
                on:input:target=move |event| choosing.type_words(event.target().value())
                on:click:target=move |event| {
                    choosing.show();
                    // What is chosen is to be typed over, not added to.
                    if typed.with_untracked(Option::is_none) {
                        event.target().select();
                    }
                }
                on:focus:target=move |event| event.target().select()
                on:blur=move |_| choosing.leave()
                on:keydown=move |event| choosing.on_key(&event)
            />
            <div
                node_ref=list
                id=list_id
                class="ph-combobox__list"
                role="listbox"
                aria-label=label
                hidden=move || !open.get()
                // Keeps the focus in the field.
                on:mousedown=|event: MouseEvent| event.prevent_default()
                on:click=move |event: MouseEvent| {
                    if let Some(id) = model_under(&event) {
                        choosing.choose(id);
                    }
                }
            >
                {drawn}
            </div>
            <FieldNotes id=notes hint=hint problem=problem/>
        </div>
    }
}

/// Marks the option of the active model, also when the list has been drawn anew, and says which
/// element that is.
fn follow_active(choosing: Choosing, combobox: String) -> Memo<Option<String>> {
    let Choosing {
        active,
        groups,
        catalogue,
        list,
        ..
    } = choosing;
    let element = Memo::new(move |_| {
        let active = active.get()?;
        let place = groups.with(|groups| model_list::place(groups, &active))?;
        Some(element_id(&combobox, place))
    });
    Effect::new(move |before: Option<Option<String>>| {
        // Whatever the list is drawn anew for.
        groups.track();
        catalogue.models.progress().track();
        let (option, now) = (element.get(), active.get());
        let has_moved = before.is_some_and(|before| before != now);
        // The options come with the next frame.
        request_animation_frame(move || {
            if let Some(list) = list.try_get_untracked().flatten() {
                options::mark(&list, option.as_deref());
                if has_moved {
                    options::show(option.as_deref());
                }
            }
        });
        now
    });
    element
}

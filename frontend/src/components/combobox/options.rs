//! The options of a combobox as elements: plain nodes without a listener each, told apart by their ids.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::super::{
    focus::show_whole,
    model_list::{Group, Offer},
};
use crate::state::{catalogue::Catalogue, loaded::Progress};

/// Marks the option that Enter would choose.
const ACTIVE: &str = "ph-combobox__option--active";

/// The id of the element of an option; `place` counts from 0.
pub fn element_id(combobox: &str, place: usize) -> String {
    format!("{combobox}-{place}")
}

/// Shows which option is the active one.
pub fn mark(list: &Element, option: Option<&str>) {
    if let Ok(Some(before)) = list.query_selector(&format!(".{ACTIVE}")) {
        // A valid name, which is all that can be wrong.
        let _ = before.class_list().remove_1(ACTIVE);
    }
    if let Some(option) = find(option) {
        // Likewise.
        let _ = option.class_list().add_1(ACTIVE);
    }
}

/// Scrolls as little as it takes for all of an option to be seen.
pub fn show(option: Option<&str>) {
    if let Some(option) = find(option) {
        show_whole(&option);
    }
}

fn find(option: Option<&str>) -> Option<Element> {
    document().get_element_by_id(option?)
}

/// The model whose option was pressed.
pub fn model_under(event: &web_sys::Event) -> Option<String> {
    let pressed = event.target()?.dyn_into::<Element>().ok()?;
    let option = pressed.closest("[data-model]").ok()??;
    option.get_attribute("data-model")
}

/// Draws the list, and says what is to be said about it.
pub fn draw(groups: Vec<Group>, catalogue: Catalogue, id: &str, current: &str) -> AnyView {
    let note = match catalogue.models.progress().get() {
        Progress::Failed(error) => Some(format!(
            "The list of models could not be read. {}",
            error.message()
        )),
        Progress::Loading if groups.is_empty() => Some("Loading the list of models…".to_owned()),
        _ if groups.is_empty() => Some(
            "No model fits. A model that is not in the list can be used by its full id, \
             provider/model."
                .to_owned(),
        ),
        _ => Some("Prices are in US dollars for a million tokens.".to_owned()),
    };
    let mut place = 0_usize;
    let groups = groups.into_iter().map(|group| {
        let options = group.offers.into_iter().map(|offer| {
            let id = element_id(id, place);
            place = place.saturating_add(1);
            option(&id, offer, current)
        });
        let options = options.collect_view();
        let more = (group.more > 0).then(|| format!("{} more: type to find them", group.more));
        let notes = group.note.into_iter().chain(more).map(aside).collect_view();
        let name = Some(group.name).filter(|name| !name.is_empty());
        let heading = name.clone().map(|name| {
            view! { <div class="ph-combobox__group" aria-hidden="true">{name}</div> }
        });
        view! {
            <div role="group" aria-label=name>
                {heading}
                {options}
                {notes}
            </div>
        }
    });
    let groups = groups.collect_view();
    view! { {groups} {note.map(aside)} }.into_any()
}

fn option(id: &str, offer: Offer, current: &str) -> AnyView {
    let marks = offer.marks.into_iter().map(|mark| {
        view! { " "<span class="ph-tag ph-tag--quiet">{mark}</span> }
    });
    view! {
        <div
            id=id.to_owned()
            class="ph-combobox__option"
            role="option"
            title=offer.id.clone()
            aria-selected=(offer.id == current).to_string()
            data-model=offer.id.clone()
        >
            <span class="ph-combobox__label">{offer.name}{marks.collect_view()}</span>
            <span class="ph-hint">{offer.detail}</span>
        </div>
    }
    .into_any()
}

/// What is no choice, but has to be said.
fn aside(text: String) -> AnyView {
    view! {
        <div class="ph-combobox__note" role="option" aria-disabled="true" aria-selected="false">{text}</div>
    }
    .into_any()
}

//! The choice of a model: a text field with a filtered list, after the ARIA combobox pattern. The
//! focus stays in the field, arrows move through the list, Enter chooses, Esc closes.
//!
//! What the list offers is `model_list`'s. Which option is the active one is kept as the id of its
//! element, so that the options themselves are plain nodes without a listener each.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use wasm_bindgen::JsCast;

use super::{
    field::{FieldNotes, unique_id},
    model_list::{self, Group, Offer},
    time::LocalMoment,
};
use crate::state::{
    catalogue::{Catalogue, use_catalogue},
    loaded::Progress,
};

/// Marks the option that Enter would choose.
const ACTIVE: &str = "ph-combobox__option--active";
/// How far a page of the list is.
const PAGE: i32 = 8;

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
    let catalogue = use_catalogue();
    let id = unique_id("field");
    let notes = format!("{id}-notes");
    let list_id = format!("{id}-list");
    let opened = RwSignal::new(false);
    let open = Memo::new(move |_| standing || opened.get());
    // Until something is typed, the whole list is offered: the value is no filter.
    let typed = RwSignal::new(None::<String>);
    let active = RwSignal::new(None::<String>);
    let list = NodeRef::<html::Div>::new();
    let groups = Memo::new(move |_| {
        if !open.get() {
            return Vec::new();
        }
        let filter = typed.get().unwrap_or_default();
        let current = value.get();
        catalogue.models.items().with(|models| {
            catalogue.providers.items().with(|providers| {
                let now = LocalMoment::at(js_sys::Date::now());
                model_list::offered(models, providers, &filter, &current, &now)
            })
        })
    });
    let show = move || {
        if !opened.get_untracked() {
            catalogue.need();
            catalogue.follow(move || opened.try_get_untracked() == Some(true));
            opened.set(true);
            request_animation_frame(move || {
                // The view may be gone by then, and its signals with it.
                if let (false, Some(Some(list))) = (standing, list.try_get_untracked()) {
                    show_whole(&list);
                }
            });
        }
    };
    if standing {
        show();
        // The dialog around it may be open by now, which is when `autofocus` does nothing.
        Effect::new(move || {
            if let Some(field) = node_ref.get() {
                // A field that cannot take the focus can still be clicked.
                let _ = field.focus();
            }
        });
    }
    let choose = move |id: String| {
        typed.set(None);
        active.set(None);
        opened.set(standing);
        on_choose.run(id);
    };
    // Whoever leaves with an id typed has chosen that; other words were only a filter.
    let leave = move || {
        // A browser may tell of the focus that goes down with a view, when the signals are gone.
        let Some(id) = typed.try_get_untracked() else {
            return;
        };
        let id = id.unwrap_or_default();
        if id.contains('/') && !id.trim().contains(char::is_whitespace) {
            choose(id.trim().to_owned());
        } else {
            typed.set(None);
            active.set(None);
            opened.set(standing);
        }
    };
    let step = move |step: Step| {
        let go = move || {
            // The view may be gone by then, and its signals with it.
            let list = list.try_get_untracked().flatten();
            if let (Some(list), Some(from)) = (list, active.try_get_untracked()) {
                active.set(target(&list, from.as_deref(), step));
            }
        };
        if open.get_untracked() {
            go();
        } else {
            show();
            // The options come with the next frame.
            request_animation_frame(go);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let wish = match event.key().as_str() {
            "ArrowDown" => Step::By(1),
            "ArrowUp" => Step::By(-1),
            "PageDown" => Step::By(PAGE),
            "PageUp" => Step::By(-PAGE),
            "Home" if open.get_untracked() => Step::First,
            "End" if open.get_untracked() => Step::Last,
            "Enter" if open.get_untracked() => {
                // Enter belongs to the list while it is open, not to the form.
                event.prevent_default();
                let chosen = active
                    .get_untracked()
                    .and_then(|id| document().get_element_by_id(&id))
                    .and_then(|option| option.get_attribute("data-model"));
                match chosen {
                    Some(id) => choose(id),
                    None => leave(),
                }
                return;
            }
            "Escape" => {
                typed.set(None);
                // Where the list stands for good, the key is for what is around it.
                if opened.get_untracked() && !standing {
                    event.prevent_default();
                    event.stop_propagation();
                    leave();
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        step(wish);
    };
    Effect::new(move |before: Option<Option<String>>| {
        let now = active.get();
        mark(before.flatten().as_deref(), false);
        mark(now.as_deref(), true);
        now
    });
    // With words, Enter chooses what fits best without a further key.
    Effect::new(move || {
        groups.track();
        if typed.with(|typed| typed.as_ref().is_some_and(|typed| !typed.is_empty())) {
            request_animation_frame(move || {
                let list = list.try_get_untracked().flatten();
                let _ = active.try_set(list.and_then(|list| target(&list, None, Step::First)));
            });
        }
    });
    let options = id.clone();
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
                aria-activedescendant=active
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=notes.clone()
                placeholder=move || if standing { value.get() } else { String::new() }
                prop:value=move || typed.get().unwrap_or_else(|| if standing { String::new() } else { value.get() })
                on:input:target=move |event| {
                    typed.set(Some(event.target().value()));
                    active.set(None);
                    show();
                }
                on:click:target=move |event| {
                    show();
                    // What is chosen is to be typed over, not added to.
                    if typed.with_untracked(Option::is_none) {
                        event.target().select();
                    }
                }
                on:focus:target=move |event| event.target().select()
                on:blur=move |_| leave()
                on:keydown=on_key
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
                        choose(id);
                    }
                }
            >
                {move || draw(groups.get(), catalogue, &options, &value.get_untracked())}
            </div>
            <FieldNotes id=notes hint=hint problem=problem/>
        </div>
    }
}

/// Where the arrows and their like lead.
#[derive(Clone, Copy)]
enum Step {
    First,
    Last,
    /// So many options on, and around the ends.
    By(i32),
}

/// The id of the option that a step leads to from another.
fn target(list: &web_sys::Element, from: Option<&str>, step: Step) -> Option<String> {
    let options = list.query_selector_all("[data-model]").ok()?;
    let count = i32::try_from(options.length())
        .ok()
        .filter(|count| *count > 0)?;
    let id = |index: i32| -> Option<String> {
        let option = options.item(u32::try_from(index).ok()?)?;
        Some(option.dyn_into::<web_sys::Element>().ok()?.id())
    };
    let at = (0..count).find(|index| from.is_some() && id(*index).as_deref() == from);
    let last = count.saturating_sub(1);
    id(match (step, at) {
        (Step::First, _) | (Step::By(1..), None) => 0,
        (Step::Last, _) | (Step::By(_), None) => last,
        (Step::By(by), Some(at)) if by.abs() > 1 => at.saturating_add(by).clamp(0, last),
        (Step::By(by), Some(at)) => at.saturating_add(by).rem_euclid(count),
    })
}

/// Shows whether an option is the active one.
fn mark(option: Option<&str>, is_active: bool) {
    let Some(option) = option.and_then(|id| document().get_element_by_id(id)) else {
        return;
    };
    // A valid name, which is all that can be wrong.
    let _ = option.class_list().toggle_with_force(ACTIVE, is_active);
    if is_active {
        show_whole(&option);
    }
}

/// Scrolls as little as it takes for all of the element to be seen.
fn show_whole(element: &web_sys::Element) {
    let nearest = web_sys::ScrollIntoViewOptions::new();
    nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// The model whose option was pressed.
fn model_under(event: &MouseEvent) -> Option<String> {
    let pressed = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let option = pressed.closest("[data-model]").ok()??;
    option.get_attribute("data-model")
}

fn draw(groups: Vec<Group>, catalogue: Catalogue, id: &str, current: &str) -> AnyView {
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
    let mut index = 0_u32;
    let groups = groups.into_iter().map(|group| {
        let options = group.offers.into_iter().map(|offer| {
            index = index.saturating_add(1);
            option(&format!("{id}-{index}"), offer, current)
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

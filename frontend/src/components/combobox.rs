//! A text field with a filtered list of what can be chosen, after the ARIA combobox pattern:
//! the focus stays in the field, arrows move through the list, Enter chooses, Esc closes.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};

use super::{
    field::{FieldNotes, unique_id},
    words::has_words,
};

/// How many choices are shown; more are found by typing.
const SHOWN: usize = 60;

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the field holds once it is chosen.
    pub value: String,
    pub label: String,
    /// A second line.
    pub detail: String,
}

/// The choices that fit what is typed, and how many more there are than are shown.
fn filtered(choices: &[Choice], filter: &str) -> (Vec<Choice>, usize) {
    let mut fitting = choices
        .iter()
        .filter(|choice| has_words(&format!("{} {}", choice.value, choice.label), filter));
    let shown = fitting.by_ref().take(SHOWN).cloned().collect();
    (shown, fitting.count())
}

/// A filterable choice. What is typed counts, whether or not it is in the list.
#[component]
pub fn Combobox(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    node_ref: NodeRef<html::Input>,
    #[prop(optional, into)] hint: Signal<Option<String>>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
) -> impl IntoView {
    let id = unique_id("field");
    let notes = format!("{id}-notes");
    let list_id = format!("{id}-list");
    let option_id = {
        let id = id.clone();
        move |index: usize| format!("{id}-option-{index}")
    };
    let open = RwSignal::new(false);
    // Until something is typed, the whole list is offered: the value is no filter.
    let typed = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let shown = Memo::new(move |_| {
        let filter = if typed.get() {
            value.get()
        } else {
            String::new()
        };
        choices.with(|choices| filtered(choices, &filter))
    });
    let close = move || {
        open.set(false);
        typed.set(false);
        active.set(None);
    };
    let choose = move |choice: &Choice| {
        value.set(choice.value.clone());
        close();
    };
    let step = move |forward: bool| {
        if !open.get_untracked() {
            open.set(true);
        }
        let count = shown.with_untracked(|(choices, _)| choices.len());
        let Some(last) = count.checked_sub(1) else {
            return;
        };
        active.update(|active| {
            *active = Some(match (*active, forward) {
                (None, true) => 0,
                (None, false) => last,
                (Some(at), true) => {
                    if at >= last {
                        0
                    } else {
                        at + 1
                    }
                }
                (Some(at), false) => at.checked_sub(1).unwrap_or(last),
            });
        });
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowDown" | "ArrowUp" => {
            event.prevent_default();
            step(event.key() == "ArrowDown");
        }
        "Enter" if open.get_untracked() => {
            // Enter belongs to the list while it is open, not to the form.
            event.prevent_default();
            let choice = active
                .get_untracked()
                .and_then(|at| shown.with_untracked(|(choices, _)| choices.get(at).cloned()));
            match choice {
                Some(choice) => choose(&choice),
                None => close(),
            }
        }
        "Escape" if open.get_untracked() => {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
        _ => {}
    };
    Effect::new({
        let option_id = option_id.clone();
        move |_| {
            let option = active
                .get()
                .and_then(|at| document().get_element_by_id(&option_id(at)));
            if let Some(option) = option {
                let nearest = web_sys::ScrollIntoViewOptions::new();
                nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
                option.scroll_into_view_with_scroll_into_view_options(&nearest);
            }
        }
    });
    let active_id = {
        let option_id = option_id.clone();
        move || active.get().filter(|_| open.get()).map(&option_id)
    };
    let controls = list_id.clone();
    view! {
        <div class="ph-field ph-combobox">
            <label class="ph-field__label" for=id.clone()>{label.clone()}</label>
            <input
                node_ref=node_ref
                id=id
                class="ph-input"
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                aria-autocomplete="list"
                aria-expanded=move || open.get().to_string()
                aria-controls=controls
                aria-activedescendant=active_id
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=notes.clone()
                prop:value=value
                on:input:target=move |event| {
                    value.set(event.target().value());
                    typed.set(true);
                    active.set(None);
                    open.set(true);
                }
                on:click=move |_| open.set(true)
                on:focus:target=move |event| event.target().select()
                on:blur=move |_| close()
                on:keydown=on_key
            />
            <div id=list_id class="ph-combobox__list" role="listbox" aria-label=label hidden=move || !open.get()>
                {move || {
                    let (choices, more) = shown.get();
                    let option_id = option_id.clone();
                    let note = match (choices.len(), more) {
                        (0, _) => Some("Nothing in the list fits; what you typed is used as it is.".to_owned()),
                        (_, 0) => None,
                        (_, more) => Some(format!("{more} more: type to find them")),
                    };
                    open.get().then(|| view! {
                        {choices.into_iter().enumerate().map(|(index, choice)| {
                            let current = choice.value == value.get_untracked();
                            let (label, detail) = (choice.label.clone(), choice.detail.clone());
                            view! {
                                <div
                                    id=option_id(index)
                                    class="ph-combobox__option"
                                    class:ph-combobox__option--active=move || active.get() == Some(index)
                                    role="option"
                                    aria-selected=current.to_string()
                                    // Keeps the focus in the field.
                                    on:mousedown=|event: MouseEvent| event.prevent_default()
                                    on:click=move |_| choose(&choice)
                                >
                                    <span class="ph-combobox__label">{label}</span>
                                    <span class="ph-hint">{detail}</span>
                                </div>
                            }
                        }).collect_view()}
                        {note.map(|note| view! {
                            <div class="ph-combobox__note" role="option" aria-disabled="true" aria-selected="false">{note}</div>
                        })}
                    })
                }}
            </div>
            <FieldNotes id=notes hint=hint problem=problem/>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(value: &str) -> Choice {
        Choice {
            value: value.to_owned(),
            label: String::new(),
            detail: String::new(),
        }
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let choices: Vec<_> = (0..100)
            .map(|number| choice(&format!("m{number}")))
            .collect();
        assert_eq!(filtered(&choices, "m").1, 100 - SHOWN);
    }
}

//! Labelled fields with their hint and their problem beside them.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::{html, prelude::*};

static NEXT_ID: AtomicU32 = AtomicU32::new(0);

/// An id for an element that another must refer to, unique on the page.
#[must_use]
pub fn unique_id(prefix: &str) -> String {
    format!("{prefix}-{}", NEXT_ID.fetch_add(1, Ordering::Relaxed))
}

/// What a text field takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    Email,
    Password,
    Decimal,
    Integer,
    Date,
}

/// A one-line field. `value` is what is typed, also while it is wrong.
#[component]
pub fn TextField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional)] kind: Kind,
    #[prop(optional, into)] autocomplete: Option<&'static str>,
    #[prop(optional, into)] placeholder: Option<&'static str>,
    #[prop(optional, into)] hint: Signal<Option<String>>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional)] maxlength: Option<u32>,
) -> impl IntoView {
    let id = unique_id("field");
    let notes = format!("{id}-notes");
    let input = NodeRef::<html::Input>::new();
    if autofocus {
        Effect::new(move |_| {
            if let Some(input) = input.get() {
                // A field that cannot take the focus, in a dialog not yet shown, gets it by its
                // attribute.
                let _ = input.focus();
            }
        });
    }
    let input_type = match kind {
        Kind::Text | Kind::Decimal | Kind::Integer => "text",
        Kind::Email => "email",
        Kind::Password => "password",
        Kind::Date => "date",
    };
    let input_mode = match kind {
        Kind::Decimal => Some("decimal"),
        Kind::Integer => Some("numeric"),
        Kind::Text | Kind::Email | Kind::Password | Kind::Date => None,
    };
    view! {
        <div class="ph-field">
            <label class="ph-field__label" for=id.clone()>{label}</label>
            <input
                node_ref=input
                id=id.clone()
                class="ph-input"
                type=input_type
                inputmode=input_mode
                autocomplete=autocomplete.unwrap_or("off")
                placeholder=placeholder
                autofocus=autofocus
                maxlength=maxlength
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=notes.clone()
                bind:value=value
            />
            <FieldNotes id=notes hint=hint problem=problem/>
        </div>
    }
}

/// A field of several lines.
#[component]
pub fn TextArea(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    /// How many lines it shows before it scrolls.
    rows: u32,
    #[prop(optional, into)] placeholder: Option<&'static str>,
    #[prop(optional, into)] hint: Signal<Option<String>>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
) -> impl IntoView {
    let id = unique_id("field");
    let notes = format!("{id}-notes");
    view! {
        <div class="ph-field">
            <label class="ph-field__label" for=id.clone()>{label}</label>
            <textarea
                id=id.clone()
                class="ph-input ph-input--area"
                rows=rows
                placeholder=placeholder
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=notes.clone()
                bind:value=value
            ></textarea>
            <FieldNotes id=notes hint=hint problem=problem/>
        </div>
    }
}

/// A choice out of a few.
#[component]
pub fn Select(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    /// The values with their words.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    #[prop(optional, into)] hint: Signal<Option<String>>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
    /// Whether a dialog that opens gives it the focus.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let id = unique_id("field");
    let notes = format!("{id}-notes");
    let option = move |(choice, words): (String, String)| {
        let name = choice.clone();
        view! { <option value=name prop:selected=move || value.get() == choice>{words}</option> }
    };
    view! {
        <div class="ph-field">
            <label class="ph-field__label" for=id.clone()>{label}</label>
            <select
                id=id.clone()
                class="ph-input"
                autofocus=autofocus
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=notes.clone()
                on:change=move |event| value.set(event_target_value(&event))
            >
                {move || choices.get().into_iter().map(option).collect_view()}
            </select>
            <FieldNotes id=notes hint=hint problem=problem/>
        </div>
    }
}

/// The hint of a field, or its problem while there is one.
#[component]
pub fn FieldNotes(
    id: String,
    hint: Signal<Option<String>>,
    problem: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <div id=id class="ph-field__notes" aria-live="polite">
            {move || match (problem.get(), hint.get()) {
                (Some(problem), _) => {
                    view! { <p class="ph-field__problem">{problem}</p> }.into_any()
                }
                (None, Some(hint)) => view! { <p class="ph-hint">{hint}</p> }.into_any(),
                (None, None) => ().into_any(),
            }}
        </div>
    }
}

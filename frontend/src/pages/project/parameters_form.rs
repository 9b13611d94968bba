//! The part of a project's settings that says how the model answers.

use leptos::{html, prelude::*};

use super::{
    parameter_text::{EFFORTS, JSON_OBJECT, JSON_SCHEMA, Wrong, lines},
    state::use_project,
};
use crate::{
    components::{
        button::{IconButton, Size},
        combobox::Combobox,
        field::{Kind, Select, TextArea, TextField},
        focus,
        icon::Glyph,
        model_name,
        rows::rows,
    },
    state::submission::Submission,
};

/// The names of the parameters, as the API has them.
pub const PARAMETERS: [&str; 8] = [
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "stop",
    "reasoning_effort",
    "response_format",
    "fallback_models",
];
/// How many other models may be asked.
const MOST_FALLBACKS: usize = 5;
const UNTOUCHED: &str = "default";

/// The parameters, each of which may be left to the provider.
#[component]
pub fn ParametersForm(
    /// The parameters whose text cannot be read.
    #[prop(into)]
    wrong: Signal<Option<Wrong>>,
    save: Submission,
) -> impl IntoView {
    let state = use_project();
    let draft = state.draft;
    let model = Memo::new(move |_| state.catalogue.find(&draft.model.get()));
    // What is not known to be taken is shown as such, but not taken away: lists err.
    let hint = move |name: &'static str, words: Option<&'static str>| {
        Signal::derive(move || {
            let refused = model.with(|model| {
                model.as_ref().is_some_and(|model| {
                    let taken = &model.supported_parameters;
                    !taken.is_empty() && !taken.iter().any(|taken| taken == name)
                })
            });
            if refused {
                Some("Not for this model".to_owned())
            } else {
                words.map(str::to_owned)
            }
        })
    };
    let problem = move |name: &'static str, words: &'static str| {
        let refused = save.field(name);
        Signal::derive(move || match wrong.get() {
            Some(wrong) if wrong.0.contains(&name) => Some(words.to_owned()),
            _ => refused.get(),
        })
    };
    let number = move |label: &'static str, name: &'static str, value, kind, words| {
        view! {
            <TextField
                label=label
                value=value
                kind=kind
                placeholder=UNTOUCHED
                hint=hint(name, None)
                problem=problem(name, words)
            />
        }
    };
    let efforts = [("", UNTOUCHED)]
        .into_iter()
        .chain(EFFORTS.map(|(name, _)| (name, name)));
    let efforts: Vec<_> = efforts.map(own).collect();
    let formats = [
        ("", "text (default)"),
        (JSON_OBJECT, "a JSON object"),
        (JSON_SCHEMA, "JSON by a schema"),
    ];
    let formats = formats.map(own).to_vec();
    let by_schema = move || draft.response_format.get() == JSON_SCHEMA;
    view! {
        <fieldset class="ph-fieldset">
            <legend class="ph-field__label">"Parameters"</legend>
            <div class="ph-fieldset__row">
                {number("Temperature", "temperature", draft.temperature, Kind::Decimal, "A number from 0 to 2.")}
                {number("Top P", "top_p", draft.top_p, Kind::Decimal, "A number from 0 to 1.")}
                {number("Max tokens", "max_tokens", draft.max_tokens, Kind::Integer, "A whole number from 1.")}
                // Keys for whole numbers have no minus.
                {number("Seed", "seed", draft.seed, Kind::Text, "A whole number.")}
                <Select
                    label="Reasoning effort"
                    value=draft.reasoning_effort
                    choices=efforts
                    hint=hint("reasoning_effort", None)
                    problem=problem("reasoning_effort", "")
                />
                <Select
                    label="Response format"
                    value=draft.response_format
                    choices=formats
                    hint=hint("response_format", None)
                    problem=Signal::derive(move || problem("response_format", "").get().filter(|_| !by_schema()))
                />
            </div>
            {move || by_schema().then(|| view! {
                <TextArea
                    label="JSON schema"
                    value=draft.json_schema
                    rows=4
                    placeholder="{\"name\": \"answer\", \"strict\": true, \"schema\": {\"type\": \"object\"}}"
                    problem=problem("response_format", "A JSON object with a name and a schema.")
                />
            })}
            <TextArea
                label="Stop at"
                value=draft.stop
                rows=1
                hint=hint("stop", Some("Up to four texts that end the answer, one a line; \\n is a line break."))
                problem=problem("stop", "")
            />
        </fieldset>
        <Fallbacks problem=save.field("fallback_models")/>
    }
}

fn own((value, label): (&'static str, &'static str)) -> (String, String) {
    (value.to_owned(), label.to_owned())
}

/// The models that are asked where the project's gives no answer, in their order.
#[component]
fn Fallbacks(problem: Signal<Option<String>>) -> impl IntoView {
    let text = use_project().draft.fallback_models;
    let models = Memo::new(move |_| text.with(|text| lines(text).map(str::to_owned).collect()));
    let field = NodeRef::<html::Input>::new();
    let change = move |change: &dyn Fn(&mut Vec<String>)| {
        let mut now: Vec<String> = models.get_untracked();
        change(&mut now);
        text.set(now.join("\n"));
    };
    let add = Callback::new(move |model: String| {
        change(&|models| {
            if !models.contains(&model) {
                models.push(model.clone());
            }
        });
    });
    let row = move |model: String| {
        let button = |glyph, verb: &str, act: Act| {
            let id = element_id(act, &model);
            let label = format!("{verb} {model}");
            let model = model.clone();
            let press = move |_| {
                change(&|models| act.apply(models, &model));
                let kept = element_id(act, &model);
                // The row has moved, and the focus must move with it; where it is gone, the field
                // is what is left.
                request_animation_frame(move || {
                    let button = document().get_element_by_id(&kept);
                    match (button, field.try_get_untracked().flatten()) {
                        (Some(button), _) => focus::focus(&button),
                        (None, Some(field)) => focus::focus(&field),
                        (None, None) => {}
                    }
                });
            };
            view! { <IconButton attr:id=id label=label glyph=glyph size=Size::Small on_click=Callback::new(press)/> }
        };
        view! {
            <li class="ph-files__row">
                <span class="ph-files__text">
                    <span class="ph-files__name" title=model.clone()>{model_name::short(&model).to_owned()}</span>
                </span>
                {button(Glyph::ChevronUp, "Move up", Act::Up)}
                {button(Glyph::ChevronDown, "Move down", Act::Down)}
                {button(Glyph::Close, "Remove", Act::Remove)}
            </li>
        }
        .into_any()
    };
    let full =
        Memo::new(move |_| models.with(|models: &Vec<String>| models.len() >= MOST_FALLBACKS));
    view! {
        <div class="ph-fieldset">
            <ol class="ph-files" aria-label="Fallback models" hidden=move || models.with(Vec::is_empty)>
                {rows(move || models.get(), Clone::clone, row)}
            </ol>
            <div hidden=full>
                <Combobox
                    label="Add a fallback model"
                    value=Signal::derive(String::new)
                    on_choose=add
                    node_ref=field
                    hint=Signal::derive(|| Some("Asked in this order where the model gives no answer, before the first word.".to_owned()))
                    problem=problem
                />
            </div>
        </div>
    }
}

/// What can be done with a model in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Up,
    Down,
    Remove,
}

impl Act {
    fn apply(self, models: &mut Vec<String>, model: &str) {
        let Some(at) = models.iter().position(|other| other == model) else {
            return;
        };
        let last = models.len().saturating_sub(1);
        match self {
            Self::Up => models.swap(at, at.saturating_sub(1)),
            Self::Down => models.swap(at, at.saturating_add(1).min(last)),
            Self::Remove => {
                models.remove(at);
            }
        }
    }
}

fn element_id(act: Act, model: &str) -> String {
    let act = match act {
        Act::Up => "up",
        Act::Down => "down",
        Act::Remove => "remove",
    };
    format!("fallback-{act}-{model}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_move_within_their_list() {
        let after = |act: Act, model: &str| {
            let mut models = ["a", "b", "c"].map(str::to_owned).to_vec();
            act.apply(&mut models, model);
            models.concat()
        };
        assert_eq!(after(Act::Up, "b"), "bac");
        assert_eq!(after(Act::Up, "a"), "abc");
        assert_eq!(after(Act::Down, "b"), "acb");
        assert_eq!(after(Act::Down, "c"), "abc");
        assert_eq!(after(Act::Remove, "b"), "ac");
        assert_eq!(after(Act::Remove, "x"), "abc");
    }
}

//! The versions of a project's prompt: what it said before, and the way back to it.

use leptos::prelude::*;
use prompthub_dto::{
    problem::ProblemCode,
    projects::{Parameters, PromptVersion, ResponseFormat, UpdateProject},
};

use super::{
    parameter_text::{EFFORTS, JSON_OBJECT, JSON_SCHEMA},
    state::{DrawerTab, use_project},
};
use crate::{
    components::{
        button::{Button, Size},
        feedback::Problem,
        focus::RowPlace,
        list_end::ListEnd,
        model_name,
        rows::rows,
        time::Ago,
    },
    state::{submission::Submission, toasts::use_toasts},
};

/// Said where others have changed the project since this page has read it.
const STALE: &str = "The project was changed elsewhere meanwhile, so nothing was restored. The settings show it as \
                     it is now; restore again if you still want to.";

#[component]
pub fn VersionsPanel() -> impl IntoView {
    let state = use_project();
    let versions = state.versions;
    // The panel is there while another tab is shown, and a version is a whole prompt.
    Effect::new(move || {
        if state.tab.get() == DrawerTab::Versions {
            versions.need();
        }
    });
    view! {
        <p class="ph-hint">"Every change of the prompt, the model or the parameters is kept. Answers name the version they were given."</p>
        <ol class="ph-versions" aria-label="Versions">
            {rows(
                move || versions.items().get(),
                |version| version.id.to_string(),
                |version| view! { <VersionRow version=version/> }.into_any(),
            )}
        </ol>
        <ListEnd end=versions.end() lines=3/>
    }
}

#[component]
fn VersionRow(version: PromptVersion) -> impl IntoView {
    let state = use_project();
    let toasts = use_toasts();
    let number = version.number;
    let current = Memo::new(move |_| {
        state
            .project
            .with(|project| project.value.prompt_version == number)
    });
    let prompt = version.system_prompt.clone();
    let same_prompt = {
        let prompt = prompt.clone();
        Memo::new(move |_| {
            state
                .project
                .with(|project| project.value.system_prompt == prompt)
        })
    };
    let restore = Submission::new();
    let stale = move || {
        let error = restore.error();
        error.is_some_and(|error| error.is(ProblemCode::StaleVersion))
    };
    let failed = restore.problem(&[]);
    let problem = Signal::derive(move || {
        if stale() {
            Some(STALE.to_owned())
        } else {
            failed.get()
        }
    });
    let put_back = move |_| {
        let place = RowPlace::of_focus();
        let change = UpdateProject {
            system_prompt: Some(prompt.clone()),
            ..UpdateProject::default()
        };
        let etag = state.project.with_untracked(|project| project.etag.clone());
        restore.submit(async move {
            match state.update(change, etag).await {
                Err(error) if error.is(ProblemCode::StaleVersion) => {
                    // What is there now is what the next press is about.
                    state.refresh().await?;
                    return Err(error);
                }
                other => other?,
            }
            toasts.done(format!("The prompt of version {number} is back"));
            if let Some(place) = place {
                place.keep();
            }
            Ok(())
        });
    };
    let put_back = Callback::new(put_back);
    view! {
        <li>
            <details class="ph-versions__item">
                <summary class="ph-versions__summary">
                    <span class="ph-versions__number">{format!("Version {number}")}</span>
                    {move || current.get().then(|| view! { <span class="ph-tag">"current"</span> })}
                    <span class="ph-bar__space"></span>
                    <span class="ph-hint"><Ago time=version.created_at.clone()/></span>
                </summary>
                <div class="ph-versions__body">
                    <p class="ph-hint">{asked_with(&version.model, &version.parameters)}</p>
                    {if version.system_prompt.is_empty() {
                        view! { <p class="ph-hint">"No prompt."</p> }.into_any()
                    } else {
                        view! { <p class="ph-versions__prompt">{version.system_prompt.clone()}</p> }.into_any()
                    }}
                    {move || (!same_prompt.get()).then(|| view! {
                        <div class="ph-bar">
                            <Button
                                label="Restore this prompt"
                                size=Size::Small
                                busy=restore.pending()
                                on_click=put_back
                            />
                        </div>
                    })}
                    <Problem text=problem/>
                </div>
            </details>
        </li>
    }
}

/// The model, and the parameters that were set: `gpt-5 · temperature 0.2`.
fn asked_with(model: &str, parameters: &Parameters) -> String {
    let mut told = vec![model_name::short(model).to_owned()];
    let mut tell = |name: &str, value: Option<String>| {
        told.extend(value.map(|value| [name, &value].concat()));
    };
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let list = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
    tell("temperature ", number(parameters.temperature));
    tell("top P ", number(parameters.top_p));
    tell(
        "at most ",
        parameters
            .max_tokens
            .map(|most| most.to_string() + " tokens"),
    );
    tell("seed ", parameters.seed.map(|seed| seed.to_string()));
    tell("stops at ", list(&parameters.stop));
    tell("else ", list(&parameters.fallback_models));
    let effort = EFFORTS
        .iter()
        .find(|(_, effort)| Some(*effort) == parameters.reasoning_effort);
    tell("effort ", effort.map(|(name, _)| (*name).to_owned()));
    let form = parameters.response_format.as_ref().map(|form| match form {
        ResponseFormat::JsonObject => JSON_OBJECT,
        ResponseFormat::JsonSchema { .. } => JSON_SCHEMA,
    });
    tell("as ", form.map(str::to_owned));
    told.join(" · ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_was_set_is_told_beside_the_model() {
        let told = |parameters: Value| {
            let parameters = serde_json::from_value(parameters).unwrap();
            asked_with("openrouter/acme/m1", &parameters)
        };
        assert_eq!(told(json!({})), "m1");
        let set = told(json!({
            "temperature": 0.2,
            "max_tokens": 500,
            "stop": ["END", "###"],
            "reasoning_effort": "low",
            "response_format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}},
        }));
        assert_eq!(
            set,
            "m1 · temperature 0.2 · at most 500 tokens · stops at END, ### · effort low · as json_schema"
        );
    }
}

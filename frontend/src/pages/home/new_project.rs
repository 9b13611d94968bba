//! The dialog that makes a project.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::projects::CreateProject;

use super::starters::Starter;
use crate::{
    api,
    components::{
        button::{Button, Variant},
        dialog::Dialog,
        feedback::Problem,
        field::{TextArea, TextField},
    },
    routes,
    state::{drafts, navigation::use_go},
};

const DRAFT: &str = "new-project";

/// What is typed for a new project. It outlives the dialog, so that closing it loses nothing.
#[derive(Clone, Copy)]
pub struct Draft {
    pub open: RwSignal<bool>,
    name: RwSignal<String>,
    system_prompt: RwSignal<String>,
}

impl Draft {
    /// The draft of this tab, as far as it is typed.
    pub fn new() -> Self {
        let (name, system_prompt) = drafts::load::<(String, String)>(DRAFT).unwrap_or_default();
        let draft = Self {
            open: RwSignal::new(false),
            name: RwSignal::new(name),
            system_prompt: RwSignal::new(system_prompt),
        };
        Effect::new(move |_| drafts::save(DRAFT, &(draft.name.get(), draft.system_prompt.get())));
        draft
    }

    /// Opens the dialog with a starting point in it.
    pub fn begin(self, starter: &Starter) {
        self.name.set(starter.name.to_owned());
        self.system_prompt.set(starter.system_prompt.to_owned());
        self.open.set(true);
    }
}

#[component]
pub fn NewProject(draft: Draft) -> impl IntoView {
    let go = use_go();
    let create = Action::new_local(move |body: &CreateProject| {
        let body = body.clone();
        async move {
            let project = api::projects::create(body).await?;
            drafts::clear(DRAFT);
            go.to(&routes::project(project.id, None));
            Ok::<_, api::ApiError>(())
        }
    });
    let error = move || create.value().get().and_then(Result::err);
    let name_problem = Signal::derive(move || error()?.field("name"));
    let prompt_problem = Signal::derive(move || error()?.field("system_prompt"));
    let problem = Signal::derive(move || {
        let elsewhere = name_problem.get().or(prompt_problem.get()).is_some();
        error().filter(|_| !elsewhere).map(|error| error.message())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if create.pending().get_untracked() {
            return;
        }
        let system_prompt = draft.system_prompt.get_untracked();
        create.dispatch(CreateProject {
            name: draft.name.get_untracked(),
            system_prompt: (!system_prompt.is_empty()).then_some(system_prompt),
            ..CreateProject::default()
        });
    };
    view! {
        <Dialog open=draft.open title="New project">
            <form class="ph-form" novalidate on:submit=submit>
                <TextField label="Name" value=draft.name problem=name_problem autofocus=true/>
                <TextArea
                    label="System prompt"
                    value=draft.system_prompt
                    rows=8
                    placeholder="You are…"
                    hint=Some("What the model is told before every conversation. You can change it at any time.".to_owned())
                    problem=prompt_problem
                />
                <Problem text=problem/>
                <div class="ph-bar ph-bar--end">
                    <Button label="Cancel" variant=Variant::Quiet on_click=move |_| draft.open.set(false)/>
                    <Button label="Create project" variant=Variant::Primary busy=create.pending()/>
                </div>
            </form>
        </Dialog>
    }
}

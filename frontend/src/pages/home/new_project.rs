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
    state::{drafts, navigation::use_go, submission::Submission},
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
    let create = Submission::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let system_prompt = draft.system_prompt.get_untracked();
        let body = CreateProject {
            name: draft.name.get_untracked(),
            system_prompt: (!system_prompt.is_empty()).then_some(system_prompt),
            ..CreateProject::default()
        };
        create.submit(async move {
            let project = api::projects::create(body).await?;
            drafts::clear(DRAFT);
            go.to(&routes::project(project.id, None));
            Ok(())
        });
    };
    view! {
        <Dialog open=draft.open title="New project">
            <form class="ph-form" novalidate on:submit=submit>
                <TextField label="Name" value=draft.name problem=create.field("name") autofocus=true/>
                <TextArea
                    label="System prompt"
                    value=draft.system_prompt
                    rows=8
                    placeholder="You are…"
                    hint=Some("What the model is told before every conversation. You can change it at any time.".to_owned())
                    problem=create.field("system_prompt")
                />
                <Problem text=create.problem(&["name", "system_prompt"])/>
                <div class="ph-bar ph-bar--end">
                    <Button label="Cancel" variant=Variant::Quiet on_click=move |_| draft.open.set(false)/>
                    <Button label="Create project" variant=Variant::Primary busy=create.pending()/>
                </div>
            </form>
        </Dialog>
    }
}

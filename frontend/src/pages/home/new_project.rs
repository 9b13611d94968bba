//! The dialog that makes a project.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::projects::CreateProject;

use super::starters::{STARTERS, Starter};
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
    create: Submission,
}

impl Draft {
    /// The draft of this tab, as far as it is typed.
    pub fn new() -> Self {
        let (name, system_prompt) = drafts::load::<(String, String)>(DRAFT).unwrap_or_default();
        let draft = Self {
            open: RwSignal::new(false),
            name: RwSignal::new(name),
            system_prompt: RwSignal::new(system_prompt),
            create: Submission::new(),
        };
        Effect::new(move |_| drafts::save(DRAFT, &(draft.name.get(), draft.system_prompt.get())));
        draft
    }

    /// Opens the dialog.
    pub fn show(self) {
        self.create.clear();
        self.open.set(true);
    }

    /// Opens the dialog with a starting point in it, wherever the person has not written something else.
    pub fn begin(self, starter: &Starter) {
        self.name
            .update(|name| fill(name, starter, |starter| starter.name));
        self.system_prompt
            .update(|prompt| fill(prompt, starter, |starter| starter.system_prompt));
        self.show();
    }
}

/// Puts in what a starting point says, unless what is typed is somebody's own.
fn fill(typed: &mut String, starter: &Starter, says: fn(&Starter) -> &'static str) {
    let is_own = |typed: &str| STARTERS.iter().all(|starter| says(starter) != typed);
    if typed.trim().is_empty() || !is_own(typed) {
        *typed = says(starter).to_owned();
    }
}

#[component]
pub fn NewProject(draft: Draft) -> impl IntoView {
    let go = use_go();
    let create = draft.create;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starting_point_takes_the_place_of_another_and_of_nothing_else() {
        let [editor, reviewer, _] = &STARTERS;
        let after = |typed: &str| {
            let mut typed = typed.to_owned();
            fill(&mut typed, editor, |starter| starter.name);
            typed
        };
        assert_eq!(after(""), editor.name);
        assert_eq!(after(reviewer.name), editor.name);
        assert_eq!(after("Mine"), "Mine");
    }
}

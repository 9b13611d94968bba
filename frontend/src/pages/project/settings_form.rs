//! The settings of a project: edited in place, saved together.

use leptos::{ev::SubmitEvent, html, prelude::*};
use prompthub_dto::{problem::ProblemCode, projects::UpdateProject};

use super::{
    parameters_form::{PARAMETERS, ParametersForm},
    settings_draft::{SettingsDraft, SettingsText},
    state::{ProjectState, use_project},
};
use crate::{
    api,
    components::{
        button::{Button, Size, Variant},
        combobox::Combobox,
        dialog::Confirm,
        feedback::Problem,
        field::{TextArea, TextField},
        focus,
        icon::{Glyph, Icon},
        model_name,
        time::Ago,
    },
    routes,
    state::{submission::Submission, toasts::use_toasts},
};

/// Whether a save minds what others have changed meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Refused when the project is no longer in the state that the form began from.
    Careful,
    Overwrite,
}

#[component]
pub fn SettingsForm() -> impl IntoView {
    let state = use_project();
    let draft = state.draft;
    let toasts = use_toasts();
    let change = Memo::new(move |_| {
        let text = draft.text();
        state.project.with(|project| text.changes(&project.value))
    });
    let dirty = Memo::new(move |_| change.get() != Ok(UpdateProject::default()));

    let form = NodeRef::<html::Form>::new();
    let save = state.save;
    let reload = Submission::new();
    let submit = move |mode: Mode| {
        let Ok(change) = change.get_untracked() else {
            if let Some(form) = form.get_untracked() {
                focus::to_wrong_field_of(&form);
            }
            return;
        };
        if change == UpdateProject::default() {
            return;
        }
        let etag = state.project.with_untracked(|project| project.etag.clone());
        let text = untrack(|| draft.text());
        reload.clear();
        save.submit(async move {
            let etag = etag.filter(|_| mode == Mode::Careful);
            let saved = state.save(text, change, etag).await;
            match &saved {
                Ok(()) => toasts.done("Saved"),
                // The form says it as soon as it is shown again.
                Err(error) if dirty.try_get_untracked().is_none() => {
                    toasts.problem(format!("The settings were not saved. {}", error.message()));
                }
                Err(_) => {}
            }
            saved
        });
    };
    let take_theirs = move |_| {
        reload.submit(async move {
            state.refresh().await?;
            // The page may be gone by now.
            let theirs = state
                .project
                .try_with_untracked(|project| SettingsText::of(&project.value));
            if let Some(theirs) = theirs {
                draft.set(&theirs);
            }
            save.clear();
            Ok(())
        });
    };
    Effect::new(move |before: Option<u32>| {
        let wishes = state.save_wish.get();
        if before.is_some_and(|before| before != wishes) {
            submit(Mode::Careful);
        }
        wishes
    });

    let stale = Memo::new(move |_| {
        save.error()
            .is_some_and(|error| error.is(ProblemCode::StaleVersion))
    });
    let failed = save.problem(&["name", "description", "system_prompt", "model"]);
    let of_parameters = save.problem(&PARAMETERS);
    let reload_failed = reload.problem(&[]);
    let problem = Signal::derive(move || {
        // A stale version has a notice of its own.
        reload_failed.get().or_else(|| {
            failed
                .get()
                .filter(|_| of_parameters.get().is_some() && !stale.get())
        })
    });
    let discard = move |_| {
        state
            .project
            .with_untracked(|project| draft.set(&SettingsText::of(&project.value)));
        save.clear();
    };
    view! {
        <form
            node_ref=form
            class="ph-form"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                submit(Mode::Careful);
            }
        >
            <TextField label="Project name" value=draft.name problem=save.field("name")/>
            <TextField label="Description" value=draft.description problem=save.field("description")/>
            <TextArea label="System prompt" value=draft.system_prompt rows=9 problem=save.field("system_prompt")/>
            <p class="ph-hint">
                {move || state.project.with(|project| format!("Version {}, changed ", project.value.prompt_version))}
                {move || state.project.with(|project| view! { <Ago time=project.value.updated_at.clone()/> })}
                ". Answers name the version they were given."
            </p>
            <ModelField state=state problem=save.field("model")/>
            <ParametersForm wrong=Signal::derive(move || change.get().err()) save=save/>
            <Problem text=problem/>
            {move || stale.get().then(|| view! {
                <div class="ph-notice" role="alert">
                    <Icon glyph=Glyph::Warning/>
                    <div class="ph-notice__text">
                        <p>"This project was changed elsewhere since you opened it, so nothing was saved."</p>
                        <div class="ph-bar">
                            <Button label="Reload, discard mine" size=Size::Small busy=reload.pending() on_click=take_theirs/>
                            <Button label="Overwrite" size=Size::Small busy=save.pending() on_click=move |_| submit(Mode::Overwrite)/>
                        </div>
                    </div>
                </div>
            })}
            <div class="ph-form__foot">
                <p class="ph-hint" role="status">{move || dirty.get().then_some("Unsaved changes")}</p>
                <span class="ph-bar__space"></span>
                <Button
                    label="Discard"
                    variant=Variant::Quiet
                    idle=Signal::derive(move || !dirty.get())
                    on_click=discard
                />
                <Button label="Save changes" variant=Variant::Primary busy=save.pending()/>
            </div>
        </form>
        <Transfer/>
        <DeleteProject/>
    }
}

/// The ways out of the project and into it.
#[component]
fn Transfer() -> impl IntoView {
    let state = use_project();
    view! {
        <div class="ph-form__apart ph-bar ph-bar--wrap">
            <a
                href=api::transfer::project_path(state.id)
                download=""
                rel="external"
                class="ph-button ph-button--small"
            >
                <Icon glyph=Glyph::Download/>
                "Export project"
            </a>
            <Button
                label="Import conversations"
                size=Size::Small
                glyph=Glyph::Upload
                on_click=move |_| state.import.open()
            />
        </div>
    }
}

#[component]
fn ModelField(state: ProjectState, problem: Signal<Option<String>>) -> impl IntoView {
    let model = state.draft.model;
    let hint = Signal::derive(move || {
        let known = state.catalogue.find(&model.get());
        known.as_ref().map(|model| {
            let details = model_name::details(model);
            let priced = if details.contains('$') {
                " per million tokens"
            } else {
                ""
            };
            details + priced
        })
    });
    state.catalogue.need();
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        let wishes = state.model_wish.get();
        // In a sheet the field comes only with the wish, so the first run may be one as well.
        if wishes != state.model_wish_met.get_value()
            && let Some(input) = input.get()
        {
            state.model_wish_met.set_value(wishes);
            // A field in a drawer that has been closed again takes no focus.
            let _ = input.focus();
        }
    });
    view! {
        <Combobox
            label="Model"
            value=model.into()
            on_choose=Callback::new(move |id| model.set(id))
            node_ref=input
            hint=hint
            problem=problem
        />
    }
}

#[component]
fn DeleteProject() -> impl IntoView {
    let state = use_project();
    let toasts = use_toasts();
    let open = RwSignal::new(false);
    let remove = Submission::new();
    let ask = move |_| {
        remove.clear();
        open.set(true);
    };
    let confirm = Callback::new(move |()| {
        remove.submit(async move {
            api::projects::remove(state.id).await?;
            SettingsDraft::forget(state.id);
            toasts.done("The project has been deleted");
            state.leave_to(routes::HOME);
            Ok(())
        });
    });
    let name = move || state.project.with(|project| project.value.name.clone());
    view! {
        <div class="ph-bar">
            <Button label="Delete project" variant=Variant::Danger size=Size::Small glyph=Glyph::Trash on_click=ask/>
        </div>
        <Confirm
            open=open
            title="Delete this project?"
            text=Signal::derive(move || format!("“{}” with all its conversations, files and versions will be gone for good.", name()))
            action="Delete project"
            busy=remove.pending()
            problem=remove.problem(&[])
            on_confirm=confirm
        />
    }
}

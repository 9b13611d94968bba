//! Import: a file is chosen and sent, and what came in is told.
//!
//! It goes on while its dialog is closed, and while the person is elsewhere on the page.

use leptos::{html, prelude::*};
use prompthub_dto::{
    ids::ProjectId,
    transfer::{ImportReport, ImportSkip, ImportedConversation},
};

use crate::{
    api::{self, ApiError, upload::Upload},
    components::{
        button::{Button, Variant},
        dialog::Dialog,
        feedback::ErrorNotice,
        focus,
        icon::{Glyph, Icon},
        part::{Part, part},
        size,
    },
    routes,
    state::{
        lasting::use_lasting,
        toasts::{Toasts, use_toasts},
    },
};

/// How many of what came in, and of what did not, are listed.
const LISTED: usize = 50;

/// How far an import is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// A file is to be chosen.
    Choose,
    /// The share that is sent, 0 to 1. All is sent long before the server has read it.
    Sending(f64),
    Failed(ApiError),
    Done(ImportReport),
}

/// One import after the other.
#[derive(Clone, Copy)]
pub struct Import {
    /// What the conversations are added to; `None` makes a project of the document.
    project: Option<ProjectId>,
    open: RwSignal<bool>,
    stage: RwSignal<Stage>,
    file: StoredValue<Option<web_sys::File>, LocalStorage>,
    running: StoredValue<Option<Upload>, LocalStorage>,
    /// Belongs to the page that shows it, which may be gone.
    on_done: StoredValue<Option<Callback<ProjectId>>>,
    toasts: Toasts,
}

impl Import {
    /// The one into this project. `on_done` hears where something came in.
    pub fn of(
        project: Option<ProjectId>,
        on_done: impl Fn(ProjectId) + Send + Sync + 'static,
    ) -> Self {
        let toasts = use_toasts();
        let import = use_lasting().only(project, || Self {
            project,
            open: RwSignal::new(false),
            stage: RwSignal::new(Stage::Choose),
            file: StoredValue::new_local(None),
            running: StoredValue::new_local(None),
            on_done: StoredValue::new(None),
            toasts,
        });
        import.on_done.set_value(Some(Callback::new(on_done)));
        // Whoever comes back did not ask for the dialog.
        on_cleanup(move || import.open.set(false));
        import
    }

    /// Opens the dialog: on what is under way, or for another file.
    pub fn open(self) {
        if matches!(self.stage.get_untracked(), Stage::Done(_)) {
            self.stage.set(Stage::Choose);
        }
        self.open.set(true);
    }

    fn begin(self, file: web_sys::File) {
        self.file.set_value(Some(file));
        self.send();
    }

    fn send(self) {
        let Some(file) = self.file.get_value() else {
            return;
        };
        self.stage.set(Stage::Sending(0.0));
        let on_progress = move |share| {
            let _ = self.stage.try_set(Stage::Sending(share));
        };
        let on_end = move |result: Result<ImportReport, ApiError>| match result {
            Ok(report) => {
                let project = report.project_id;
                if let Some(on_done) = self.on_done.get_value() {
                    on_done.try_run(project);
                }
                if !self.open.get_untracked() {
                    self.toasts.done(summary(&report));
                }
                self.stage.set(Stage::Done(report));
            }
            Err(ApiError::Cancelled) => self.stage.set(Stage::Choose),
            Err(error) => {
                if !self.open.get_untracked() {
                    let name = self.file_name();
                    let told = format!("{name} was not imported. {}", error.message());
                    self.toasts.problem(told);
                }
                self.stage.set(Stage::Failed(error));
            }
        };
        match api::transfer::import(self.project, &file, on_progress, on_end) {
            Ok(upload) => self.running.set_value(Some(upload)),
            Err(error) => self.stage.set(Stage::Failed(error)),
        }
    }

    fn cancel(self) {
        // Taken out first: cancelling calls back.
        if let Some(upload) = self.running.try_update_value(Option::take).flatten() {
            upload.cancel();
        }
    }

    fn file_name(self) -> String {
        self.file
            .with_value(|file| file.as_ref().map(web_sys::File::name))
            .unwrap_or_default()
    }
}

part!(import_part, Panel);

/// The dialog of an import, whose code comes when it is first open.
#[component]
pub fn ImportDialog(import: Import) -> impl IntoView {
    provide_context(import);
    let title = match import.project {
        Some(_) => "Import conversations",
        None => "Import project",
    };
    view! {
        <Dialog open=import.open title>
            <Part load=import_part lines=3/>
        </Dialog>
    }
}

#[component]
fn Panel() -> impl IntoView {
    let import: Import = expect_context();
    let input = NodeRef::<html::Input>::new();
    let choose = Callback::new(move |()| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    });
    // What grows in a stage must not build the stage anew.
    let stage = Memo::new(move |_| match import.stage.get() {
        Stage::Sending(_) => Stage::Sending(0.0),
        stage => stage,
    });
    view! {
        <input
            node_ref=input
            type="file"
            accept=".json,application/json"
            hidden
            aria-label="File to import"
            on:change:target=move |event| {
                let input = event.target();
                if let Some(file) = input.files().and_then(|files| files.item(0)) {
                    import.begin(file);
                }
                // So that choosing the same file once more is a change again.
                input.set_value("");
            }
        />
        {move || match stage.get() {
            Stage::Choose => view! { <Chooser import choose/> }.into_any(),
            Stage::Sending(_) => view! { <Sending import/> }.into_any(),
            Stage::Failed(error) => view! {
                <ErrorNotice error on_retry=Callback::new(move |()| import.send())/>
                <div class="ph-bar ph-bar--end">
                    <Button label="Choose another file" on_click=move |_| choose.run(())/>
                </div>
            }
            .into_any(),
            Stage::Done(report) => view! { <Report import report choose/> }.into_any(),
        }}
    }
}

#[component]
fn Chooser(import: Import, choose: Callback<()>) -> impl IntoView {
    // The dialog may have been there before its code.
    request_animation_frame(|| focus::to("dialog[open] [autofocus]"));
    let text = match import.project {
        Some(_) => {
            "Takes conversations and projects that were exported here, and the conversations.json of \
             a ChatGPT export. They are added to this project, and change nothing that is in it."
        }
        None => {
            "Takes a project that was exported here. It becomes a new project of yours, with its \
             settings, its prompt versions and its conversations."
        }
    };
    view! {
        <p>{text}</p>
        <div class="ph-bar ph-bar--end">
            <Button
                label="Choose a file"
                autofocus=true
                variant=Variant::Primary
                glyph=Glyph::Upload
                on_click=move |_| choose.run(())
            />
        </div>
    }
}

#[component]
fn Sending(import: Import) -> impl IntoView {
    let share = move || match import.stage.get() {
        Stage::Sending(share) if share < 1.0 => Some(share),
        _ => None,
    };
    // How long the server reads is not known, which a bar without a value says.
    let bar = NodeRef::<html::Progress>::new();
    Effect::new(move || {
        let share = share();
        let Some(bar) = bar.get() else { return };
        // Both names are valid, which is all that can be wrong.
        let _ = match share {
            Some(share) => bar.set_attribute("value", &share.to_string()),
            None => bar.remove_attribute("value"),
        };
    });
    view! {
        <p class="ph-import__file"><Icon glyph=Glyph::File/>{import.file_name()}</p>
        <progress node_ref=bar class="ph-import__progress" max="1" aria-label="Import"></progress>
        <div class="ph-bar">
            <p class="ph-hint" role="status">
                {move || if share().is_some() { "Sending…" } else { "The server is reading it…" }}
            </p>
            <span class="ph-bar__space"></span>
            <Button label="Cancel" on_click=move |_| import.cancel()/>
        </div>
    }
}

#[component]
fn Report(import: Import, report: ImportReport, choose: Callback<()>) -> impl IntoView {
    let summary = summary(&report);
    let left_out = left_out(&report);
    let project = report.project_id;
    let more = report.conversations.len().saturating_sub(LISTED);
    let close = move |_| import.open.set(false);
    view! {
        <p role="status">{summary}</p>
        <ul class="ph-import__list" aria-label="What came in">
            {report.conversations.into_iter().take(LISTED).map(|ImportedConversation { id, title, messages }| view! {
                <li class="ph-import__row">
                    <a href=routes::project(project, Some(id)) class="ph-import__link" on:click=close>{title}</a>
                    <span class="ph-hint">{count(messages, "message", "messages")}</span>
                </li>
            }).collect_view()}
        </ul>
        {(more > 0).then(|| view! { <p class="ph-hint">{format!("and {more} more")}</p> })}
        {left_out.map(|left_out| view! {
            <details class="ph-import__skipped">
                <summary>{left_out}</summary>
                <ul class="ph-import__list" aria-label="What was left out">
                    {report.skipped.into_iter().take(LISTED).map(|ImportSkip { pointer, reason }| view! {
                        <li><code>{pointer}</code>" "{reason}</li>
                    }).collect_view()}
                </ul>
            </details>
        })}
        <div class="ph-bar ph-bar--end">
            <Button label="Import another file" variant=Variant::Quiet on_click=move |_| choose.run(())/>
            {if import.project.is_none() {
                view! {
                    <a href=routes::project(project, None) class="ph-button ph-button--primary">"Open the project"</a>
                }
                .into_any()
            } else {
                view! { <Button label="Done" variant=Variant::Primary on_click=close/> }.into_any()
            }}
        </div>
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    size::count(i64::try_from(number).unwrap_or(i64::MAX), one, many)
}

/// What came in, in a sentence.
fn summary(report: &ImportReport) -> String {
    let conversations = u64::try_from(report.conversations.len()).unwrap_or(u64::MAX);
    if conversations == 0 {
        return "There was no conversation in the file.".to_owned();
    }
    format!(
        "{} came in, with {}.",
        count(conversations, "conversation", "conversations"),
        count(report.messages, "message", "messages"),
    )
}

/// How much did not come in, if something did not.
fn left_out(report: &ImportReport) -> Option<String> {
    (report.skipped_count > 0).then(|| {
        let parts = count(report.skipped_count, "part was", "parts were");
        format!("{parts} left out")
    })
}

#[cfg(test)]
mod tests {
    use prompthub_dto::transfer::ImportSource;

    use super::*;

    const ID: &str = "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f";

    fn report(conversations: usize, messages: u64, skipped_count: u64) -> ImportReport {
        let conversation = ImportedConversation {
            id: ID.parse().unwrap(),
            title: "Ablatives".to_owned(),
            messages,
        };
        ImportReport {
            source: ImportSource::Chatgpt,
            project_id: ID.parse().unwrap(),
            conversations: vec![conversation; conversations],
            messages,
            skipped: Vec::new(),
            skipped_count,
        }
    }

    #[test]
    fn a_report_says_what_came_in_and_what_did_not() {
        let full = report(2, 1, 1);
        assert_eq!(summary(&full), "2 conversations came in, with 1 message.");
        assert_eq!(left_out(&full).as_deref(), Some("1 part was left out"));
        let empty = report(0, 0, 0);
        assert_eq!(summary(&empty), "There was no conversation in the file.");
        assert_eq!(left_out(&empty), None);
    }
}

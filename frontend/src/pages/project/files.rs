//! The files of a project: upload, list, download, delete.

use leptos::{html, prelude::*};
use prompthub_dto::files::File;

use super::{
    state::use_project,
    uploads::{LIST, UploadItem, UploadState, Uploads},
};
use crate::{
    api,
    components::{
        asking::Asking,
        button::{Button, IconButton, Size},
        dialog::Confirm,
        focus::RowPlace,
        icon::{Glyph, Icon},
        list_end::ListEnd,
        rows::rows,
        size,
        time::Ago,
    },
    state::loaded::Progress,
};

#[component]
pub fn FilesPanel() -> impl IntoView {
    let state = use_project();
    let files = state.files;
    let input = NodeRef::<html::Input>::new();
    let deleting = Asking::<String>::new();
    let confirm = Callback::new(move |()| {
        let Some(name) = untrack(|| deleting.target()) else {
            return;
        };
        deleting.run(async move {
            api::files::remove(state.id, &name).await?;
            files.update(|files| files.retain(|file| file.name != name));
            Ok(())
        });
    });
    let ask = Callback::new(move |name: String| deleting.ask(name));
    let choose = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let none = Memo::new(move |_| {
        files.items().with(Vec::is_empty) && files.progress().get() == Progress::Complete
    });
    view! {
        <div class="ph-drop">
            <p class="ph-drop__hint">"Drop files anywhere on this page"</p>
            <Button label="Upload files" size=Size::Small glyph=Glyph::Upload on_click=choose/>
            <input
                node_ref=input
                type="file"
                multiple
                hidden
                aria-label="Files to upload"
                on:change:target=move |event| {
                    let input = event.target();
                    if let Some(files) = input.files() {
                        state.uploads.add_list(&files);
                    }
                    // So that choosing the same file once more is a change again.
                    input.set_value("");
                }
            />
        </div>
        <p class="ph-visually-hidden" role="status">{state.uploads.said()}</p>
        <ul class="ph-files" aria-label=LIST hidden=move || state.uploads.items().with(Vec::is_empty)>
            {rows(
                move || state.uploads.items().get(),
                |item| item.id.to_string(),
                |item| view! { <UploadRow item=item/> }.into_any(),
            )}
        </ul>
        <ul class="ph-files" aria-label="Files" hidden=move || files.items().with(Vec::is_empty)>
            {rows(
                move || files.items().get(),
                |file| format!("{} {}", file.id, file.sha256),
                move |file| view! { <FileRow file=file on_delete=ask/> }.into_any(),
            )}
        </ul>
        {move || none.get().then(|| view! {
            <p class="ph-hint">"No files yet. What you upload here belongs to the project and is there for all its conversations."</p>
        })}
        <ListEnd end=files.end() lines=2/>
        <Confirm
            open=deleting.open
            title="Delete this file?"
            text=Signal::derive(move || format!("“{}” will be gone for good.", deleting.target().unwrap_or_default()))
            action="Delete"
            busy=deleting.busy()
            problem=deleting.problem(&[])
            on_confirm=confirm
        />
    }
}

#[component]
fn FileRow(file: File, on_delete: Callback<String>) -> impl IntoView {
    let state = use_project();
    let name = file.name.clone();
    view! {
        <li class="ph-files__row">
            <Icon glyph=Glyph::File/>
            <div class="ph-files__text">
                <a
                    class="ph-files__name"
                    href=api::files::download_path(state.id, &file.name)
                    download=file.name.clone()
                    rel="external"
                >
                    {file.name.clone()}
                </a>
                <span class="ph-hint">{size::bytes(file.size)}" · "<Ago time=file.created_at/></span>
            </div>
            <IconButton
                label=format!("Delete {name}")
                glyph=Glyph::Trash
                size=Size::Small
                on_click=Callback::new(move |_| on_delete.run(name.clone()))
            />
        </li>
    }
}

#[component]
fn UploadRow(item: UploadItem) -> impl IntoView {
    let uploads = use_project().uploads;
    let name = item.name();
    let label = name.clone();
    // Each button goes when it is pressed, and the last one with its row.
    let act = move |act: fn(Uploads, UploadItem)| {
        let place = RowPlace::of_focus();
        act(uploads, item);
        if let Some(place) = place {
            place.keep();
        }
    };
    let share = move || match item.state.get() {
        UploadState::Sending(share) => Some(share),
        UploadState::Waiting => Some(0.0),
        UploadState::Exists | UploadState::Failed(_) => None,
    };
    let status = move || match item.state.get() {
        UploadState::Waiting => view! { <span class="ph-hint">"Waiting"</span> }.into_any(),
        // All is sent, but the server has not said yet that it has it.
        UploadState::Sending(share) if share >= 1.0 => {
            view! { <span class="ph-hint">"Storing…"</span> }.into_any()
        }
        UploadState::Sending(share) => view! {
            <span class="ph-hint ph-files__share">{format!("{:.0} %", share * 100.0)}</span>
        }
        .into_any(),
        UploadState::Exists => view! {
            <span class="ph-field__problem">"A file of this name is here already."</span>
            <Button label="Replace it" size=Size::Small on_click=move |_| act(Uploads::replace)/>
        }
        .into_any(),
        UploadState::Failed(reason) => view! {
            <span class="ph-field__problem">{reason}</span>
            <Button label="Retry" size=Size::Small on_click=move |_| act(Uploads::retry)/>
        }
        .into_any(),
    };
    view! {
        <li class="ph-files__row">
            <Icon glyph=Glyph::Upload/>
            <div class="ph-files__text">
                <span class="ph-files__name">{name.clone()}</span>
                {status}
                {move || share().map(|share| view! {
                    <progress class="ph-files__progress" max="1" value=share aria-label=format!("Upload of {label}")></progress>
                })}
            </div>
            <IconButton
                label=format!("Cancel {name}")
                glyph=Glyph::Close
                size=Size::Small
                on_click=Callback::new(move |_| act(Uploads::cancel))
            />
        </li>
    }
}

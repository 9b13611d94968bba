//! Uploads under way: a queue that the drawer shows. It goes on while the drawer is closed, and while the
//! person is elsewhere on the page.

use std::time::Duration;

use leptos::prelude::*;
use prompthub_dto::{files::File, ids::ProjectId, problem::ProblemCode, system::Instance};

use wasm_bindgen::JsCast;

use crate::{
    api::{self, ApiError, upload::Upload},
    components::size,
    state::{
        lasting::{Lasting, use_lasting},
        loaded::{Loaded, LoadedList},
        toasts::{Toasts, use_toasts},
    },
};

/// The name of the list that shows them.
pub const LIST: &str = "Uploads";

/// How many are sent at once. Browsers open six connections to a server that speaks HTTP/1.1, and
/// the chat needs some of them.
const AT_ONCE: usize = 2;

/// What is said where the project has a file of the name.
pub const EXISTS: &str = "a file of this name is here already.";

/// How far one upload is.
#[derive(Debug, Clone, PartialEq)]
pub enum UploadState {
    Waiting,
    /// The share that is sent, 0 to 1.
    Sending(f64),
    /// The project has a file of this name.
    Exists,
    Failed(String),
}

/// One file on its way.
#[derive(Clone, Copy)]
pub struct UploadItem {
    pub id: u32,
    pub state: RwSignal<UploadState>,
    file: StoredValue<web_sys::File, LocalStorage>,
    running: StoredValue<Option<Upload>, LocalStorage>,
    replace: StoredValue<bool>,
}

impl UploadItem {
    #[must_use]
    pub fn name(self) -> String {
        self.file.with_value(web_sys::File::name)
    }

    fn dispose(self) {
        self.state.dispose();
        self.file.dispose();
        self.running.dispose();
        self.replace.dispose();
    }
}

/// The uploads of one project.
#[derive(Clone, Copy)]
pub struct Uploads {
    project: ProjectId,
    /// The files of the project, to which is added what is uploaded.
    pub files: LoadedList<File>,
    items: RwSignal<Vec<UploadItem>>,
    next: StoredValue<u32>,
    /// Says how much the server takes for one file.
    instance: Loaded<Instance>,
    /// What has become of the last one.
    said: RwSignal<String>,
    lasting: Lasting,
    toasts: Toasts,
}

impl Uploads {
    /// Those of a project.
    pub fn of(project: ProjectId) -> Self {
        let (lasting, toasts) = (use_lasting(), use_toasts());
        let uploads = lasting.only(Some(project), || Self {
            project,
            files: LoadedList::unread(move |cursor: Option<String>| async move {
                api::files::list(project, cursor.as_deref()).await
            }),
            items: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            instance: Loaded::new(api::system::instance),
            said: RwSignal::new(String::new()),
            lasting,
            toasts,
        });
        // Others may have changed them since they were last read.
        uploads.files.reload();
        uploads
    }

    #[must_use]
    pub fn items(self) -> ReadSignal<Vec<UploadItem>> {
        self.items.read_only()
    }

    /// What has become of the last one, to be said aloud.
    #[must_use]
    pub fn said(self) -> RwSignal<String> {
        self.said
    }

    /// Queues files that the person has chosen or dropped.
    pub fn add(self, files: impl IntoIterator<Item = web_sys::File>) {
        for file in files {
            self.add_one(file);
        }
        self.start_waiting();
    }

    /// Queues a whole list of the browser's.
    pub fn add_list(self, files: &web_sys::FileList) {
        self.add((0..files.length()).filter_map(|index| files.item(index)));
    }

    fn add_one(self, file: web_sys::File) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let instance = self.instance.get_untracked().and_then(Result::ok);
        let limit = instance.map(|instance| instance.max_upload_bytes);
        let state = match limit.and_then(|limit| u32::try_from(limit).ok()) {
            Some(limit) if file.size() > f64::from(limit) => UploadState::Failed(format!(
                "Larger than the {} that this server takes.",
                size::bytes(limit.into())
            )),
            _ => UploadState::Waiting,
        };
        // Not of the view whose event this is, which may be closed before the upload has ended.
        let item = self.lasting.make(|| UploadItem {
            id,
            state: RwSignal::new(state),
            file: StoredValue::new_local(file),
            running: StoredValue::new_local(None),
            replace: StoredValue::new(false),
        });
        self.items.update(|items| items.push(item));
    }

    /// Sends it once more, in the place of the file that has its name.
    pub fn replace(self, item: UploadItem) {
        item.replace.set_value(true);
        self.retry(item);
    }

    pub fn retry(self, item: UploadItem) {
        item.state.set(UploadState::Waiting);
        self.start_waiting();
    }

    /// Stops it if it runs, and takes it off the list.
    pub fn cancel(self, item: UploadItem) {
        // Taken out first: cancelling calls back.
        let running = item.running.try_update_value(Option::take).flatten();
        self.take_off(item);
        if let Some(upload) = running {
            upload.cancel();
        }
        self.start_waiting();
    }

    fn take_off(self, item: UploadItem) {
        self.items
            .update(|items| items.retain(|other| other.id != item.id));
        // Once its row is off the page.
        set_timeout(move || item.dispose(), Duration::ZERO);
    }

    fn start_waiting(self) {
        let items = self.items.get_untracked();
        let sending =
            |item: &&UploadItem| matches!(item.state.get_untracked(), UploadState::Sending(_));
        let free = AT_ONCE.saturating_sub(items.iter().filter(sending).count());
        let waiting = items
            .iter()
            .filter(|item| item.state.get_untracked() == UploadState::Waiting);
        for item in waiting.take(free) {
            self.start(*item);
        }
    }

    fn start(self, item: UploadItem) {
        item.state.set(UploadState::Sending(0.0));
        let on_progress = move |share| {
            let _ = item.state.try_set(UploadState::Sending(share));
        };
        let on_end = move |result| self.end(item, result);
        let started = item.file.with_value(|file| {
            api::files::upload(
                self.project,
                file,
                &file.name(),
                item.replace.get_value(),
                on_progress,
                on_end,
            )
        });
        match started {
            Ok(upload) => item.running.set_value(Some(upload)),
            Err(error) => item.state.set(UploadState::Failed(error.message())),
        }
    }

    fn end(self, item: UploadItem, result: Result<File, ApiError>) {
        let name = item.name();
        match result {
            Ok(file) => {
                self.take_off(item);
                self.files.update(|files| {
                    files.retain(|other| other.name != file.name);
                    files.push(file);
                });
                self.said.set(format!("{name} is uploaded."));
            }
            Err(ApiError::Cancelled) => {}
            Err(error) if error.is(ProblemCode::FileExists) => {
                item.state.set(UploadState::Exists);
                self.say_trouble(format!("{name} was not uploaded: {EXISTS}"));
            }
            Err(error) => {
                let reason = error.message();
                self.say_trouble(format!("{name} was not uploaded. {reason}"));
                item.state.set(UploadState::Failed(reason));
            }
        }
        self.start_waiting();
    }

    /// Says what went wrong to whoever looks at the list, and to whoever does not.
    fn say_trouble(self, trouble: String) {
        if is_list_shown() {
            self.said.set(trouble);
        } else {
            self.toasts.problem(trouble);
        }
    }
}

fn is_list_shown() -> bool {
    let list = document().query_selector(&format!("ul[aria-label={LIST}]"));
    let list = list.ok().flatten();
    let list = list.and_then(|list| {
        list.parent_element()?
            .dyn_into::<web_sys::HtmlElement>()
            .ok()
    });
    list.is_some_and(|around| around.offset_parent().is_some())
}

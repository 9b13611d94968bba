//! The images of the message that is being written: files of the project, chosen or just uploaded.
//!
//! An image that is pasted, dropped or picked goes to the project's files first, under a name that is
//! free there, and is attached once it is stored.

use leptos::{html, prelude::*};
use prompthub_dto::{files::File, ids::ProjectId, problem::ProblemCode};

use super::{
    draft::Place,
    state::{ChatEvent, ChatState},
};
use crate::{
    api::{self, ApiError, upload::Upload},
    components::{
        button::{IconButton, Size},
        icon::{Glyph, Icon},
        menu::{Menu, MenuItem},
        rows::rows,
    },
};

/// The kinds of image that models take.
const KINDS: &str = "image/png,image/jpeg,image/webp,image/gif";
/// How many of the project's images the menu offers; the newest are last in the list.
const OFFERED: usize = 12;
/// The highest number that is tried for the name of one image.
const LAST_NUMBER: u32 = 4096;

/// Whether a model may take a file of this kind for an image.
#[must_use]
pub fn is_image(content_type: &str) -> bool {
    !content_type.is_empty() && KINDS.split(',').any(|kind| kind == content_type)
}

/// An image on its way to the project's files.
#[derive(Clone, Copy)]
pub struct Sending {
    id: u32,
    /// The draft that it goes with.
    place: Place,
    name: StoredValue<String>,
    /// The name that it is sent under.
    sent_as: StoredValue<String>,
    /// The share that is sent, 0 to 1.
    share: RwSignal<f64>,
    running: StoredValue<Option<Upload>, LocalStorage>,
}

/// The name of a file, made another by a number: `plan-2.png`.
fn numbered(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        _ if number < 2 => name.to_owned(),
        Some((stem, extension)) => format!("{stem}-{number}.{extension}"),
        None => format!("{name}-{number}"),
    }
}

impl ChatState {
    fn project_id(self) -> ProjectId {
        self.project.with_untracked(|project| project.id)
    }

    /// Attaches a file of the project.
    pub fn attach(self, name: String) {
        if self.images.with_untracked(|images| !images.contains(&name)) {
            self.images.update(|images| images.push(name));
            self.keep_draft();
        }
    }

    fn detach(self, name: &str) {
        self.images
            .update(|images| images.retain(|other| other != name));
        self.keep_draft();
    }

    /// Uploads those of the files that are images, for this message, and hands the rest to the project.
    /// Whether there was any image.
    pub fn attach_files(self, files: &web_sys::FileList) -> bool {
        let files = (0..files.length()).filter_map(|index| files.item(index));
        let (images, others): (Vec<_>, Vec<_>) = files.partition(|file| is_image(&file.type_()));
        if images.is_empty() {
            return false;
        }
        for file in images {
            let id = self.next_image.get_value();
            self.next_image.set_value(id.wrapping_add(1));
            let sending = Sending {
                id,
                place: untrack(|| self.place_in_box()),
                name: StoredValue::new(file.name()),
                sent_as: StoredValue::new(String::new()),
                share: RwSignal::new(0.0),
                running: StoredValue::new_local(None),
            };
            self.sending.update(|all| all.push(sending));
            self.send_image(sending, &file, 1);
        }
        if !others.is_empty() {
            self.on_files.run(others);
        }
        true
    }

    /// The first number from `number` on that makes a name which nothing known to this page has.
    fn free_number(self, name: &str, number: u32) -> u32 {
        let mut taken = self.image_names.get_untracked();
        taken.extend(self.images.get_untracked());
        for sending in self.sending.get_untracked() {
            taken.push(sending.sent_as.get_value());
        }
        let is_free = |number: &u32| !taken.contains(&numbered(name, *number));
        (number..LAST_NUMBER).find(is_free).unwrap_or(number)
    }

    fn send_image(self, sending: Sending, file: &web_sys::File, number: u32) {
        let project = self.project_id();
        let own = file.name();
        let number = self.free_number(&own, number);
        let name = numbered(&own, number);
        sending.sent_as.set_value(name.clone());
        let on_progress = move |share| {
            let _ = sending.share.try_set(share);
        };
        let on_end = {
            let file = file.clone();
            move |result: Result<File, ApiError>| match result {
                // Whoever pastes twice means two images. Where this page knows few of the project's
                // files, a long row of taken numbers is left in a few leaps.
                Err(error)
                    if error.is(ProblemCode::FileExists)
                        && number < LAST_NUMBER
                        && !self.sending.is_disposed() =>
                {
                    self.send_image(sending, &file, number.saturating_mul(2));
                }
                result => self.sent(sending, &file.name(), result),
            }
        };
        match api::files::upload(project, file, &name, false, on_progress, on_end) {
            Ok(upload) => sending.running.set_value(Some(upload)),
            Err(error) => self.sent(sending, &file.name(), Err(error)),
        }
    }

    /// An upload has ended; the pane may show another draft by now, or be gone.
    fn sent(self, sending: Sending, name: &str, result: Result<File, ApiError>) {
        let is_it = |other: &&Sending| other.id == sending.id;
        let place = self
            .sending
            .try_with_untracked(|all| all.iter().find(is_it).map(|found| found.place))
            .flatten();
        let in_box = place.is_some_and(|place| place == untrack(|| self.place_in_box()));
        self.sending
            .update(|all| all.retain(|other| other.id != sending.id));
        match result {
            Ok(file) => {
                self.tell(ChatEvent::FilesChanged);
                if in_box {
                    self.attach(file.name);
                } else {
                    place.unwrap_or(sending.place).attach(file.name);
                }
            }
            Err(ApiError::Cancelled) => {}
            Err(error) => self
                .toasts
                .problem(format!("{name} was not attached. {}", error.message())),
        }
    }

    /// The images on their way that go with what is in the box; tracks.
    pub(super) fn sending_here(self) -> Vec<Sending> {
        let mut sending = self.sending.get();
        let place = self.place_in_box();
        sending.retain(|sending| sending.place == place);
        sending
    }

    /// What goes with the draft of one place goes with that of another from now on.
    pub(super) fn move_sending(self, from: Place, to: Place) {
        if self.sending.with_untracked(Vec::is_empty) {
            return;
        }
        self.sending.update(|all| {
            for sending in all.iter_mut().filter(|sending| sending.place == from) {
                sending.place = to;
            }
        });
    }
}

/// The images above the text.
#[component]
pub fn Attached(state: ChatState) -> impl IntoView {
    let none = move || state.images.with(Vec::is_empty) && state.sending_here().is_empty();
    view! {
        <ul class="ph-images" aria-label="Images of this message" hidden=none>
            {rows(
                move || state.images.get(),
                Clone::clone,
                move |name| {
                    let removed = name.clone();
                    view! {
                        <li class="ph-images__one">
                            {picture(state.project_id(), &name)}
                            <IconButton
                                label=format!("Remove {name}")
                                glyph=Glyph::Close
                                size=Size::Small
                                on_click=Callback::new(move |_| state.detach(&removed))
                            />
                        </li>
                    }
                    .into_any()
                },
            )}
            {rows(
                move || state.sending_here(),
                |sending| sending.id.to_string(),
                move |sending| {
                    let name = sending.name.get_value();
                    let label = format!("Uploading {name}");
                    let cancel = move |_| {
                        // Taken out first: cancelling calls back.
                        if let Some(upload) = sending.running.try_update_value(Option::take).flatten() {
                            upload.cancel();
                        }
                    };
                    view! {
                        <li class="ph-images__one">
                            <span class="ph-images__wait">
                                <span class="ph-visually-hidden" role="status">{label.clone()}</span>
                                <span class="ph-spinner" aria-hidden="true"></span>
                                <progress class="ph-images__progress" max="1" value=sending.share aria-label=label></progress>
                            </span>
                            <IconButton
                                label=format!("Cancel {name}")
                                glyph=Glyph::Close
                                size=Size::Small
                                on_click=Callback::new(cancel)
                            />
                        </li>
                    }
                    .into_any()
                },
            )}
        </ul>
    }
}

/// The way to an image: a new one, or one of the project's.
#[component]
pub fn Attach(state: ChatState) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let items = Callback::new(move |()| {
        let choose = move || {
            if let Some(input) = input.get_untracked() {
                input.click();
            }
        };
        let upload = MenuItem::new("Upload an image", choose).glyph(Glyph::Upload);
        let known = state
            .image_names
            .get_untracked()
            .into_iter()
            .rev()
            .take(OFFERED);
        let known = known.map(|name| {
            MenuItem::new(name.clone(), move || state.attach(name.clone())).glyph(Glyph::File)
        });
        [upload].into_iter().chain(known).collect()
    });
    view! {
        <Menu label="Attach an image" class="ph-button ph-button--quiet ph-button--small ph-button--icon" items>
            <Icon glyph=Glyph::Image/>
        </Menu>
        <input
            node_ref=input
            type="file"
            accept=KINDS
            multiple
            hidden
            aria-label="Images to attach"
            on:change:target=move |event| {
                let input = event.target();
                if let Some(files) = input.files() {
                    state.attach_files(&files);
                }
                // So that choosing the same file once more is a change again.
                input.set_value("");
            }
        />
    }
}

/// The images of a message that was sent: their names, and whether they are still there.
pub fn sent_images(project: ProjectId, images: Vec<(String, bool)>) -> AnyView {
    if images.is_empty() {
        return ().into_any();
    }
    let one = |(name, there): (String, bool)| {
        let shown = if there {
            let address = api::files::download_path(project, &name);
            let picture = picture(project, &name);
            view! { <a href=address rel="external" download=name>{picture}</a> }.into_any()
        } else {
            view! { <span class="ph-hint">{format!("{name}, which is deleted")}</span> }.into_any()
        };
        view! { <li class="ph-images__one">{shown}</li> }
    };
    let all = images.into_iter().map(one).collect_view();
    view! { <ul class="ph-images" aria-label="Images">{all}</ul> }.into_any()
}

fn picture(project: ProjectId, name: &str) -> AnyView {
    let address = api::files::download_path(project, name);
    view! { <img class="ph-images__picture" src=address alt=name.to_owned() title=name.to_owned() loading="lazy"/> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        assert_eq!(numbered("plan.png", 1), "plan.png");
        assert_eq!(numbered("a.plan.png", 2), "a.plan-2.png");
        assert_eq!(numbered("plan", 3), "plan-3");
    }

    #[test]
    fn only_what_models_take_is_an_image() {
        assert!(is_image("image/png"));
        for kind in ["image/svg+xml", "text/plain", "", "image"] {
            assert!(!is_image(kind), "{kind}");
        }
    }
}

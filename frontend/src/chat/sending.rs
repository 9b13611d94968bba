//! Images on their way to the project's files, each for the draft that it goes with.
//!
//! An image that is pasted, dropped or picked goes to the project's files first, under a name that is
//! free there, and is attached once it is stored, also when the person has gone elsewhere meanwhile.

use std::time::Duration;

use leptos::prelude::*;
use prompthub_dto::{files::File, ids::ProjectId, problem::ProblemCode};

use super::{
    draft::Place,
    images::is_image,
    state::{ChatEvent, ChatState},
};
use crate::{
    api::{self, ApiError, upload::Upload},
    state::{
        lasting::{Lasting, use_lasting},
        toasts::{Toasts, use_toasts},
    },
};

/// The highest number that is tried for the name of one image.
const LAST_NUMBER: u32 = 4096;

/// An image on its way to the project's files.
#[derive(Clone, Copy)]
pub struct Sending {
    pub id: u32,
    /// The draft that it goes with.
    place: Place,
    file: StoredValue<web_sys::File, LocalStorage>,
    /// The name that it is sent under.
    sent_as: StoredValue<String>,
    /// The share that is sent, 0 to 1.
    pub share: RwSignal<f64>,
    /// Why it did not arrive.
    pub failure: RwSignal<Option<String>>,
    running: StoredValue<Option<Upload>, LocalStorage>,
}

impl Sending {
    /// The name that the person knows it by.
    #[must_use]
    pub fn name(self) -> String {
        self.file.with_value(web_sys::File::name)
    }

    fn dispose(self) {
        self.file.dispose();
        self.sent_as.dispose();
        self.share.dispose();
        self.failure.dispose();
        self.running.dispose();
    }
}

/// The images of one project that are on their way. They outlive the pane that they were given to.
#[derive(Clone, Copy)]
pub struct ImagesOnTheirWay {
    project: ProjectId,
    all: RwSignal<Vec<Sending>>,
    next: StoredValue<u32>,
    /// The pane that shows the project now, or showed it last.
    pane: StoredValue<Option<ChatState>>,
    lasting: Lasting,
    toasts: Toasts,
}

/// The name of a file, made another by a number: `plan-2.png`.
fn numbered(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        _ if number < 2 => name.to_owned(),
        Some((stem, extension)) => format!("{stem}-{number}.{extension}"),
        None => format!("{name}-{number}"),
    }
}

impl ImagesOnTheirWay {
    pub fn of(project: ProjectId) -> Self {
        let (lasting, toasts) = (use_lasting(), use_toasts());
        lasting.only(Some(project), || Self {
            project,
            all: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            pane: StoredValue::new(None),
            lasting,
            toasts,
        })
    }

    /// From now on this pane shows the project.
    pub fn show_in(self, pane: ChatState) {
        self.pane.set_value(Some(pane));
    }

    fn pane(self) -> Option<ChatState> {
        let pane = self.pane.get_value();
        pane.filter(|pane| !pane.draft.is_disposed())
    }

    fn add(self, file: web_sys::File, place: Place) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let sending = self.lasting.make(|| Sending {
            id,
            place,
            file: StoredValue::new_local(file),
            sent_as: StoredValue::new(String::new()),
            share: RwSignal::new(0.0),
            failure: RwSignal::new(None),
            running: StoredValue::new_local(None),
        });
        self.all.update(|all| all.push(sending));
        self.send(sending, 1);
    }

    /// The first number from `number` on that makes a name which nothing known to this page has.
    fn free_number(self, name: &str, number: u32) -> u32 {
        let mut taken = Vec::new();
        if let Some(pane) = self.pane() {
            taken.extend(pane.image_names.get_untracked());
            taken.extend(pane.images.get_untracked());
        }
        for sending in self.all.get_untracked() {
            taken.push(sending.sent_as.get_value());
        }
        let is_free = |number: &u32| !taken.contains(&numbered(name, *number));
        (number..LAST_NUMBER).find(is_free).unwrap_or(number)
    }

    fn send(self, sending: Sending, number: u32) {
        let own = sending.name();
        let number = self.free_number(&own, number);
        let name = numbered(&own, number);
        sending.sent_as.set_value(name.clone());
        let on_progress = move |share| {
            let _ = sending.share.try_set(share);
        };
        let on_end = move |result: Result<File, ApiError>| match result {
            // Whoever pastes twice means two images. Where this page knows few of the project's
            // files, a long row of taken numbers is left in a few leaps.
            Err(error) if error.is(ProblemCode::FileExists) && number < LAST_NUMBER => {
                self.send(sending, number.saturating_mul(2));
            }
            result => self.sent(sending, result),
        };
        let upload = sending.file.with_value(|file| {
            api::files::upload(self.project, file, &name, false, on_progress, on_end)
        });
        match upload {
            Ok(upload) => sending.running.set_value(Some(upload)),
            Err(error) => self.sent(sending, Err(error)),
        }
    }

    /// An upload has ended; the pane may show another draft by now, or be gone.
    fn sent(self, sending: Sending, result: Result<File, ApiError>) {
        let is_it = |other: &&Sending| other.id == sending.id;
        let place = self
            .all
            .with_untracked(|all| all.iter().find(is_it).map(|found| found.place));
        let place = place.unwrap_or(sending.place);
        let pane = self.pane();
        let in_box = pane.filter(|pane| place == untrack(|| pane.place_in_box()));
        match result {
            Ok(file) => {
                self.take_off(sending);
                if let Some(pane) = pane {
                    pane.tell(ChatEvent::FilesChanged);
                }
                match in_box {
                    Some(pane) => pane.attach(file.name),
                    None => place.attach(file.name),
                }
            }
            Err(ApiError::Cancelled) => self.take_off(sending),
            Err(error) => {
                let failure = format!("{} was not attached. {}", sending.name(), error.message());
                if in_box.is_none() {
                    self.toasts.problem(failure.clone());
                }
                sending.failure.set(Some(failure));
            }
        }
    }

    fn take_off(self, sending: Sending) {
        self.all
            .update(|all| all.retain(|other| other.id != sending.id));
        // Once its picture is off the page.
        set_timeout(move || sending.dispose(), Duration::ZERO);
    }

    /// Sends one that did not arrive once more.
    pub fn retry(self, sending: Sending) {
        sending.failure.set(None);
        sending.share.set(0.0);
        self.send(sending, 1);
    }

    /// Stops one, or forgets one that did not arrive.
    pub fn cancel(self, sending: Sending) {
        // Taken out first: cancelling calls back.
        let running = sending.running.try_update_value(Option::take).flatten();
        if sending.failure.with_untracked(Option::is_some) {
            self.take_off(sending);
        } else if let Some(upload) = running {
            upload.cancel();
        }
    }
}

impl ChatState {
    /// Uploads those of the files that are images, for this message, and hands the rest to the project.
    /// Whether there was any image.
    pub fn attach_files(self, files: &web_sys::FileList) -> bool {
        let files = (0..files.length()).filter_map(|index| files.item(index));
        let (images, others): (Vec<_>, Vec<_>) = files.partition(|file| is_image(&file.type_()));
        if images.is_empty() {
            return false;
        }
        for file in images {
            let place = untrack(|| self.place_in_box());
            self.sending.add(file, place);
        }
        if !others.is_empty() {
            self.on_files.run(others);
        }
        true
    }

    /// The images on their way that go with what is in the box; tracks.
    pub(super) fn sending_here(self) -> Vec<Sending> {
        let mut sending = self.sending.all.get();
        let place = self.place_in_box();
        sending.retain(|sending| sending.place == place);
        sending
    }

    /// What goes with the draft of one place goes with that of another from now on.
    pub(super) fn move_sending(self, from: Place, to: Place) {
        let all = self.sending.all;
        if all.with_untracked(Vec::is_empty) {
            return;
        }
        all.update(|all| {
            for sending in all.iter_mut().filter(|sending| sending.place == from) {
                sending.place = to;
            }
        });
    }
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
}

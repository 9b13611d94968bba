//! The images of a message, sent or being written: files of the project. `sending` brings new ones there.

use leptos::{html, prelude::*};
use prompthub_dto::ids::ProjectId;

use super::{sending::Sending, state::ChatState};
use crate::{
    api,
    components::{
        button::{Button, IconButton, Size},
        focus::RowPlace,
        icon::{Glyph, Icon},
        menu::{Menu, MenuItem},
        rows::rows,
    },
};

/// The kinds of image that models take.
const KINDS: &str = "image/png,image/jpeg,image/webp,image/gif";
/// How many of the project's images the menu offers; the newest are last in the list.
const OFFERED: usize = 12;

/// Whether a model may take a file of this kind for an image.
#[must_use]
pub fn is_image(content_type: &str) -> bool {
    !content_type.is_empty() && KINDS.split(',').any(|kind| kind == content_type)
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
}

/// What takes the focus when the last image is gone.
const FIELD: &str = ".ph-composer__field";

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
                                on_click=Callback::new(move |_| {
                                    let place = RowPlace::of_focus();
                                    state.detach(&removed);
                                    RowPlace::keep_or(place, FIELD);
                                })
                            />
                        </li>
                    }
                    .into_any()
                },
            )}
            {rows(
                move || state.sending_here(),
                |sending| sending.id.to_string(),
                move |sending| view! { <OnItsWay state sending/> }.into_any(),
            )}
        </ul>
    }
}

/// An image that is still to arrive, or that did not.
#[component]
fn OnItsWay(state: ChatState, sending: Sending) -> impl IntoView {
    let name = sending.name();
    let label = format!("Uploading {name}");
    let retry = move |_| {
        let place = RowPlace::of_focus();
        state.sending.retry(sending);
        RowPlace::keep_or(place, FIELD);
    };
    let cancel = move |_| {
        let place = RowPlace::of_focus();
        state.sending.cancel(sending);
        RowPlace::keep_or(place, FIELD);
    };
    view! {
        <li class="ph-images__one">
            {move || match sending.failure.get() {
                Some(failure) => view! {
                    <span class="ph-images__wait ph-images__wait--failed">
                        <span role="alert">{failure}</span>
                        <Button label="Retry" size=Size::Small on_click=retry/>
                    </span>
                }
                .into_any(),
                None => view! {
                    <span class="ph-images__wait">
                        <span class="ph-visually-hidden" role="status">{label.clone()}</span>
                        <span class="ph-spinner" aria-hidden="true"></span>
                        <progress class="ph-images__progress" max="1" value=sending.share aria-label=label.clone()></progress>
                    </span>
                }
                .into_any(),
            }}
            <IconButton
                label=format!("Cancel {name}")
                glyph=Glyph::Close
                size=Size::Small
                on_click=Callback::new(cancel)
            />
        </li>
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
    fn only_what_models_take_is_an_image() {
        assert!(is_image("image/png"));
        for kind in ["image/svg+xml", "text/plain", "", "image"] {
            assert!(!is_image(kind), "{kind}");
        }
    }
}

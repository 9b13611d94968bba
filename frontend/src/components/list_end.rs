//! What stands at the end of a list that is read page by page.

use leptos::{ev::MouseEvent, prelude::*};

use super::{
    button::{Button, Size},
    feedback::{ErrorNotice, Skeleton},
    focus,
};
use crate::state::loaded::{End, Progress};

/// Lines while more is loading, the problem when it could not be, a button when there is more.
#[component]
pub fn ListEnd(
    end: End,
    /// How many lines stand for what is loading.
    lines: usize,
) -> impl IntoView {
    move || match end.progress.get() {
        Progress::Loading => view! { <Skeleton lines=lines/> }.into_any(),
        Progress::Failed(error) => {
            view! { <ErrorNotice error=error on_retry=end.reload/> }.into_any()
        }
        Progress::More(_) => {
            let show_more = move |event: MouseEvent| {
                focus::stay_near(&event);
                end.more.run(());
            };
            view! {
                <div class="ph-bar ph-bar--centre">
                    <Button label="Show more" size=Size::Small on_click=show_more/>
                </div>
            }
            .into_any()
        }
        Progress::Complete => ().into_any(),
    }
}

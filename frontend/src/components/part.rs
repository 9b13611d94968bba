//! Parts of the page whose code comes when they are first shown.
//!
//! A part is a function that [`part!`] marks as a split point: in the program for visitors (`--cfg split`,
//! see `crates/xtask/src/page/split.rs`) its code, and what only it needs, is a file of its own. Other builds
//! have all code in one piece, and loading is a formality.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};

use super::{
    button::{Button, Size},
    feedback::Skeleton,
    icon::{Glyph, Icon},
};

/// What draws a part, once its code is there.
pub type Draw = fn() -> AnyView;

/// Why the code of a part did not come.
#[cfg(split)]
pub type Failure = leptos::wasm_split::SplitLoaderError;
#[cfg(not(split))]
pub type Failure = std::convert::Infallible;

/// A part on its way.
pub type Loading = Pin<Box<dyn Future<Output = Result<Draw, Failure>>>>;

/// `part!(name, View)` makes a function `name`, of a name that no other part has, that loads the component `View`, which takes no properties:
/// what it needs is in the context.
macro_rules! part {
    ($name:ident, $view:ident) => {
        fn $name() -> crate::components::part::Loading {
            #[cfg_attr(split, leptos::wasm_split::wasm_split($name, wasm_split_path = leptos::wasm_split, fallible))]
            fn $name() -> Result<crate::components::part::Draw, crate::components::part::Failure> {
                Ok(|| leptos::prelude::IntoAny::into_any(leptos::view! { <$view/> }))
            }
            crate::components::part::loading($name())
        }
    };
}
pub(crate) use part;

#[cfg(split)]
pub fn loading(part: impl Future<Output = Result<Draw, Failure>> + 'static) -> Loading {
    Box::pin(part)
}

#[cfg(not(split))]
pub fn loading(part: Result<Draw, Failure>) -> Loading {
    Box::pin(std::future::ready(part))
}

/// Shows a part, and until then lines in its place.
#[component]
pub fn Part(
    load: fn() -> Loading,
    /// How many lines stand for what is loading.
    lines: usize,
) -> impl IntoView {
    let part = RwSignal::new(None::<Result<Draw, ()>>);
    let begin = move || {
        spawn_local(async move {
            let loaded = load().await;
            // The person may have gone on by then.
            let _ = part.try_set(Some(loaded.map_err(|_| ())));
        });
    };
    begin();
    let retry = Callback::new(move |()| {
        part.set(None);
        begin();
    });
    move || match part.get() {
        None => view! { <Skeleton lines/> }.into_any(),
        Some(Ok(draw)) => draw(),
        Some(Err(())) => view! { <Missing retry/> }.into_any(),
    }
}

/// Says that the code of a part did not come. Which of the two reasons it has, no loader tells; the
/// second is only cured by the page of the newer server.
#[component]
fn Missing(retry: Callback<()>) -> impl IntoView {
    let reload = move |_| {
        // Refused only when the page is going away.
        let _ = window().location().reload();
    };
    view! {
        <div class="ph-notice ph-notice--problem" role="alert">
            <Icon glyph=Glyph::Warning/>
            <span class="ph-notice__text">
                "This part of the page could not be loaded. Either the server cannot be reached, or it has a newer \
                 page by now."
            </span>
            <Button label="Retry" size=Size::Small on_click=move |_| retry.run(())/>
            <Button label="Reload the page" size=Size::Small on_click=reload/>
        </div>
    }
}

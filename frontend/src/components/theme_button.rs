//! The button that turns the page light or dark. The third choice, the system's, is in settings.

use leptos::prelude::*;

use super::{button::IconButton, icon::Glyph};
use crate::state::theme::use_theme;

#[component]
pub fn ThemeButton() -> impl IntoView {
    let theme = use_theme();
    let glyph = Signal::derive(move || {
        if theme.is_dark() {
            Glyph::Sun
        } else {
            Glyph::Moon
        }
    });
    let title = Signal::derive(move || {
        let other = if theme.is_dark() { "light" } else { "dark" };
        format!("Switch to the {other} theme")
    });
    view! {
        <IconButton label="Theme" title=title glyph=glyph on_click=Callback::new(move |_| theme.toggle())/>
    }
}

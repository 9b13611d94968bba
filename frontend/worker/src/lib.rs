//! What the page does beside its main thread, so that typing and scrolling never wait for it.
//!
//! Two programs are made of this crate: `text` reads Markdown and formulas and is loaded with the
//! first message that is shown; `highlight` colours code, weighs far more, and is loaded with the
//! first code whose language it knows. Both follow texts that grow, and answer in the closed
//! vocabulary of `prompthub-markup`. Must not know the DOM; workers have none.

pub mod highlight;
mod language;
pub mod markdown;
mod math;
pub mod service;

use prompthub_markup::Update;

/// Follows one text that mostly grows at its end.
pub trait Follow: Default {
    /// What changes on the page now that the text is this one. `complete` says that nothing will be
    /// added; `language` is what the text is written in, where that is known.
    fn update(&mut self, text: &str, complete: bool, language: &str) -> Update;
}

//! What more than one view knows: who is signed in, the appearance, the viewport, the clock,
//! drafts and notices. Each is a small `Copy` handle in the context.
//!
//! Must not render, and must not outlive its meaning: what belongs to one page lives in that page.

pub mod catalogue;
pub mod clock;
pub mod drafts;
pub mod lasting;
pub mod loaded;
pub mod navigation;
pub mod session;
pub mod submission;
pub mod theme;
pub mod title;
pub mod toasts;
pub mod viewport;

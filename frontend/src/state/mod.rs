//! What more than one view knows, a small `Copy` handle in the context each: who is signed in (`session`), what
//! lasts as long (`lasting`), the appearance (`theme`), the `viewport`, the `clock`, the `catalogue` of models
//! and the notices (`toasts`). And what views are made with: what is read of the server (`loaded`) and written
//! to it (`submission`), what is typed (`drafts`), the way to other places (`navigation`) and the `title`.
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
pub mod tabs;
pub mod theme;
pub mod title;
pub mod toasts;
pub mod viewport;

//! Who is asking: sessions, passwords, and the extractors that prove it.
//!
//! Handlers never look at a cookie; they take a [`CurrentUser`] and so cannot forget to ask.

pub mod cross_origin;
mod current_user;
mod hashers;
pub mod keys;
pub mod limits;
pub mod passwords;
pub mod sealing;
pub mod sessions;

pub use current_user::CurrentUser;

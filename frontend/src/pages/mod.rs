//! The places of the page, one module each.
//!
//! Must not touch the network other than through `api`.

pub mod auth;
pub mod guard;
pub mod home;
pub mod not_found;
pub mod project;
pub mod search;
pub mod settings;
mod top_bar;
pub mod transfer;
pub mod usage;

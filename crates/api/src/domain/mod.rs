//! The decisions, one file a resource.
//!
//! Takes parsed values, never a request, and knows neither actix nor Diesel: what it needs of the
//! database are the store's functions. Whatever belongs to a person is looked up with its owner.

pub mod account;
pub mod chat;
pub mod conversations;
pub mod files;
pub mod models;
pub mod paging;
pub mod projects;
pub mod text;

//! The wire types of the API, shared by the server and the page.
//!
//! Owns the JSON shapes: requests, answers, stream events, problems and ids. Must not know a web
//! framework, a database or a provider. Requests refuse unknown fields; answers may grow new ones.

pub mod account;
pub mod chat;
mod content;
pub mod documents;
pub mod files;
pub mod ids;
pub mod models;
pub mod page;
mod parameters;
pub mod problem;
pub mod projects;
pub mod providers;
pub mod search;
pub mod stream;
pub mod system;
mod time;
pub mod transfer;
pub mod usage;

pub use page::Page;
pub use time::Timestamp;

/// Tells a `null` that was sent from a field that was not.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

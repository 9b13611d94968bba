//! PromptHub's database: connections, migrations, and one module for each group of tables.
//!
//! Owns everything Diesel, so that no other crate names a table. Must not decide what a person may
//! do: a function here looks a row up by its id and its owner and says what it found.
//!
//! Work is handed over as a closure, [`Store::read`] or [`Store::write`], which runs on a thread
//! where blocking is allowed and gets the connection that the functions of the table modules take
//! as their first argument. A write is one transaction.

mod conn;
mod error;
mod migrations;
mod postgres;
mod schema;
mod sql;
mod sqlite;
mod store;
mod text_enum;
mod url;
mod work;

pub mod blobs;
pub mod catalogues;
pub mod conversations;
pub mod files;
pub mod generations;
pub mod message_pages;
pub mod messages;
pub mod projects;
pub mod providers;
pub mod search;
pub mod sessions;
pub mod transfer;
pub mod usage;
pub mod users;

pub use catalogues::CatalogueStatus;
pub use conn::Conn;
pub use conversations::TitledBy;
pub use error::StoreError;
pub use messages::{FinishReason, MessageRole, MessageStatus};
pub use store::{Backend, Store};
pub use url::{DatabaseUrl, InvalidDatabaseUrl};
pub use users::UserRole;

use chrono::{NaiveDateTime, SubsecRound, Utc};

/// The present in UTC, cut to microseconds: what every database keeps, so that a time read back
/// equals the time written.
#[must_use]
pub fn now() -> NaiveDateTime {
    Utc::now().naive_utc().trunc_subsecs(6)
}

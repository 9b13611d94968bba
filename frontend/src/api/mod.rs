//! The typed client of the API, and the only code of the page that touches the network.
//!
//! One module a resource; each function is one operation and answers with a wire type or an
//! [`ApiError`]. Must not hold state or views, and must not decide what an error means to a person
//! beyond putting it into words.

pub mod account;
mod client;
pub mod conversations;
mod error;
pub mod files;
pub mod projects;
pub mod providers;
pub mod search;
pub mod stream;
pub mod system;
pub mod transfer;
pub mod upload;
pub mod usage;

pub use client::{Etag, Versioned, on_unauthenticated, read_failure};
pub use error::ApiError;

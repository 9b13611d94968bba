//! The decisions, one file a resource.
//!
//! Takes parsed values, never a request, and knows neither actix nor Diesel: what it needs of the
//! database are the store's functions. Whatever belongs to a person is looked up with its owner.

pub mod account;
mod attachments;
pub mod chat;
mod completion;
mod content;
mod context;
pub mod conversations;
pub mod email;
pub mod files;
pub mod models;
mod naming;
pub mod paging;
mod parameters;
mod place;
mod plan;
pub mod projects;
pub mod providers;
mod question;
pub mod search;
pub mod text;
pub mod title;
pub mod transfer;
pub mod turns;
pub mod usage;

use crate::error::ApiError;

/// Runs `work` to its end even when the caller goes away in the middle: for what stores something
/// and must then do something about it.
///
/// # Errors
/// What `work` says.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(work).await.map_err(ApiError::internal)?
}

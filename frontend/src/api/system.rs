//! The server itself, and the models that it offers.

use prompthub_dto::{Page, models::Model, system::Instance};

use super::{ApiError, client::get};

/// What anyone may know of the server before signing in.
pub async fn instance() -> Result<Instance, ApiError> {
    get("/api/instance").await
}

/// Every model that can be chosen, on one page.
pub async fn list_models() -> Result<Page<Model>, ApiError> {
    get("/api/models").await
}

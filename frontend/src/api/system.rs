//! The server itself, and the models that it offers.

use prompthub_dto::{Page, models::Model, system::Instance};

use super::{ApiError, client::{get, page_path}};

/// What anyone may know of the server before signing in.
pub async fn instance() -> Result<Instance, ApiError> {
    get("/api/instance").await
}

/// Every model that can be chosen.
pub async fn list_models() -> Result<Vec<Model>, ApiError> {
    let mut models = Vec::new();
    let mut cursor = None;
    loop {
        let path = page_path("/api/models", cursor.as_deref());
        let page: Page<Model> = get(&path).await?;
        models.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(models);
        }
    }
}

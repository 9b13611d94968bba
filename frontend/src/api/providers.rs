//! Accounts with providers of models.

use gloo_net::http::Request;
use prompthub_dto::{
    Page,
    ids::ProviderId,
    providers::{CreateProvider, Provider, ProviderPreset, ProviderTest, UpdateProvider},
};

use super::{
    ApiError,
    client::{NoContent, build, delete, get, patch, post, send},
};

/// The operator's and one's own, on one page.
pub async fn list() -> Result<Page<Provider>, ApiError> {
    get("/api/providers").await
}

/// The kinds of account that can be made, on one page.
pub async fn list_presets() -> Result<Page<ProviderPreset>, ApiError> {
    get("/api/providers/presets").await
}

pub async fn create(body: CreateProvider) -> Result<Provider, ApiError> {
    post("/api/providers", &body).await
}

pub async fn update(id: ProviderId, body: UpdateProvider) -> Result<Provider, ApiError> {
    patch(&format!("/api/providers/{id}"), &body).await
}

pub async fn remove(id: ProviderId) -> Result<NoContent, ApiError> {
    delete(&format!("/api/providers/{id}")).await
}

/// Makes one cheap call of the provider and says what came of it.
pub async fn test(id: ProviderId) -> Result<ProviderTest, ApiError> {
    send(build(Request::post(&format!("/api/providers/{id}/test")))?).await
}

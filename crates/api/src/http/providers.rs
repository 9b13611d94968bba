//! Accounts with providers of models.

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{Data, Json as Body, Path},
};
use prompthub_dto::{
    Page,
    ids::ProviderId,
    providers::{CreateProvider, Provider, ProviderPreset, ProviderTest, UpdateProvider},
};

use super::{
    extract::{Json, NoQuery},
    problem::{BodyErrors, Conflict, PathErrors, RateLimited, SignedIn, SignedInWrite},
};
use crate::{auth::CurrentUser, domain::providers, error::ApiError, state::App};

/// List the providers that one can use: the operator's, then one's own by name
#[utoipa::path(get, path = "/api/providers", operation_id = "list_providers", tag = "providers",
    responses((status = 200, description = "All of them.", body = Page<Provider>), SignedIn))]
pub async fn list_providers(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
) -> Result<Body<Page<Provider>>, ApiError> {
    Ok(Body(providers::list(&app, user.id).await?))
}

/// List the kinds of providers that an account can be made with
#[utoipa::path(get, path = "/api/providers/presets", operation_id = "list_provider_presets", tag = "providers",
    responses((status = 200, description = "All of them.", body = Page<ProviderPreset>), SignedIn))]
pub async fn list_provider_presets(_user: CurrentUser, _: NoQuery) -> Body<Page<ProviderPreset>> {
    Body(Page {
        items: providers::list_presets(),
        next_cursor: None,
    })
}

/// Set up a provider of one's own
///
/// Its models are asked for at once, and are there when its state is `ready`. At most 20.
#[utoipa::path(post, path = "/api/providers", operation_id = "create_provider", tag = "providers",
    request_body = CreateProvider,
    responses((status = 201, description = "Set up.", body = Provider,
        headers(("Location" = String, description = "The provider."))), SignedInWrite, BodyErrors, Conflict, RateLimited))]
pub async fn create_provider(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    Json(body): Json<CreateProvider>,
) -> Result<HttpResponse, ApiError> {
    let provider = providers::create(&app, user.id, body).await?;
    let mut response = HttpResponse::Created();
    if let Some(id) = provider.id {
        response.insert_header((LOCATION, format!("/api/providers/{id}")));
    }
    Ok(response.json(provider))
}

/// Get a provider of one's own
#[utoipa::path(get, path = "/api/providers/{provider_id}", operation_id = "get_provider", tag = "providers",
    params(("provider_id" = ProviderId, Path)),
    responses((status = 200, description = "The provider.", body = Provider), SignedIn, PathErrors))]
pub async fn get_provider(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProviderId>,
) -> Result<Body<Provider>, ApiError> {
    let provider = providers::get(&app, user.id, path.into_inner()).await?;
    Ok(Body(provider))
}

/// Change a provider of one's own
#[utoipa::path(patch, path = "/api/providers/{provider_id}", operation_id = "update_provider", tag = "providers",
    params(("provider_id" = ProviderId, Path)), request_body = UpdateProvider,
    responses((status = 200, description = "Changed.", body = Provider), SignedInWrite, PathErrors, BodyErrors, Conflict, RateLimited))]
pub async fn update_provider(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProviderId>,
    Json(body): Json<UpdateProvider>,
) -> Result<Body<Provider>, ApiError> {
    let provider = providers::update(&app, user.id, path.into_inner(), body).await?;
    Ok(Body(provider))
}

/// Delete a provider of one's own, with its key
#[utoipa::path(delete, path = "/api/providers/{provider_id}", operation_id = "delete_provider", tag = "providers",
    params(("provider_id" = ProviderId, Path)),
    responses((status = 204, description = "Gone."), SignedInWrite, PathErrors))]
pub async fn delete_provider(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProviderId>,
) -> Result<HttpResponse, ApiError> {
    providers::delete(&app, user.id, path.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Find out whether a provider of one's own works
///
/// Makes one cheap call: mostly for the list of models.
#[utoipa::path(post, path = "/api/providers/{provider_id}/test", operation_id = "test_provider", tag = "providers",
    params(("provider_id" = ProviderId, Path)),
    responses((status = 200, description = "What was found, also where the provider fails.", body = ProviderTest),
        SignedInWrite, PathErrors, RateLimited))]
pub async fn test_provider(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProviderId>,
) -> Result<Body<ProviderTest>, ApiError> {
    let found = providers::test(&app, user.id, path.into_inner()).await?;
    Ok(Body(found))
}

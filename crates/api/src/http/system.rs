//! The server itself: what strangers may know of it, and whether it is well.

use actix_web::{
    HttpResponse,
    web::{Data, Json as Body},
};
use prompthub_dto::system::{Health, HealthCheck, HealthState, Instance, Registration};
use prompthub_store::users;

use super::{
    extract::NoQuery,
    problem::{QueryErrors, ServerErrors, Unavailable},
};
use crate::{config, error::ApiError, state::App};

/// What anyone may know of this server
#[utoipa::path(get, path = "/api/instance", operation_id = "get_instance", tag = "system", security(()),
    responses((status = 200, description = "The server.", body = Instance), QueryErrors, ServerErrors))]
pub async fn instance(app: Data<App>, _: NoQuery) -> Result<Body<Instance>, ApiError> {
    let first_account = !app.store.read(users::any_exists).await?;
    Ok(Body(Instance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        registration: match app.config.registration {
            config::Registration::Open => Registration::Open,
            config::Registration::Closed => Registration::Closed,
        },
        first_account,
        default_model: app.config.default_model(),
        max_upload_bytes: app.config.max_upload_bytes,
    }))
}

/// Whether the process runs
#[utoipa::path(get, path = "/api/health/live", operation_id = "get_liveness", tag = "system", security(()),
    responses((status = 200, description = "It does.", body = Health)))]
pub async fn live() -> Body<Health> {
    Body(Health {
        status: HealthState::Ok,
        checks: Vec::new(),
    })
}

/// Whether the server can do its work at this moment
#[utoipa::path(get, path = "/api/health/ready", operation_id = "get_readiness", tag = "system", security(()),
    responses((status = 200, description = "It can.", body = Health), Unavailable))]
pub async fn ready(app: Data<App>) -> Result<HttpResponse, ApiError> {
    app.store.ping().await?;
    app.blobs.check().await?;
    let ok = |name: &str| HealthCheck {
        name: name.to_owned(),
        status: HealthState::Ok,
    };
    let checks = vec![ok("database"), ok("storage")];
    Ok(HttpResponse::Ok().json(Health {
        status: HealthState::Ok,
        checks,
    }))
}

/// An address of the API that has no operation.
pub async fn no_operation() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found("operation"))
}

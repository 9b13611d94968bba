//! Models that can be chosen.

use actix_web::web::{Data, Json as Body};
use prompthub_dto::{Page, models::Model};

use super::{extract::NoQuery, problem::SignedIn};
use crate::{auth::CurrentUser, domain::models, error::ApiError, state::App};

/// List the models that can be chosen
#[utoipa::path(get, path = "/api/models", operation_id = "list_models", tag = "models",
    responses((status = 200, description = "All of them, provider by provider.", body = Page<Model>), SignedIn))]
pub async fn list_models(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
) -> Result<Body<Page<Model>>, ApiError> {
    Ok(Body(Page {
        items: models::list(&app, user.id).await?,
        next_cursor: None,
    }))
}

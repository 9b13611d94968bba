//! What one's answers used and cost.

use actix_web::web::{Data, Json as Body};
use prompthub_dto::usage::{UsageQuery, UsageReport};

use super::{
    extract::Query,
    problem::{QueryErrors, SignedIn},
};
use crate::{auth::CurrentUser, domain::usage, error::ApiError, state::App};

/// Sum up what one's answers used and cost, by day, model, project and conversation
#[utoipa::path(get, path = "/api/usage", operation_id = "get_usage", tag = "models",
    params(UsageQuery),
    responses((status = 200, description = "The sums. What was spent in conversations and projects that are deleted by now is in them.", body = UsageReport), SignedIn, QueryErrors))]
pub async fn get_usage(
    app: Data<App>,
    user: CurrentUser,
    Query(query): Query<UsageQuery>,
) -> Result<Body<UsageReport>, ApiError> {
    Ok(Body(usage::report(&app, user.id, query).await?))
}

//! Searching one's own conversations.

use actix_web::web::{Data, Json as Body};
use prompthub_dto::{
    Page,
    search::{SearchHit, SearchQuery},
};

use super::{
    extract::Query,
    problem::{PathErrors, QueryErrors, SignedIn},
};
use crate::{
    auth::CurrentUser,
    domain::{paging::PageRequest, search},
    error::ApiError,
    state::App,
};

/// Search the titles and messages of one's own conversations, the best match first
#[utoipa::path(get, path = "/api/search", operation_id = "search_conversations", tag = "conversations",
    params(SearchQuery),
    responses((status = 200, description = "A page of titles and messages. Of more than 1,000 matches the newest 1,000 are ranked and listed.", body = Page<SearchHit>), SignedIn, PathErrors, QueryErrors))]
pub async fn search_conversations(
    app: Data<App>,
    user: CurrentUser,
    Query(query): Query<SearchQuery>,
) -> Result<Body<Page<SearchHit>>, ApiError> {
    let page = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    Ok(Body(
        search::search(&app, user.id, &query.q, query.project_id, page).await?,
    ))
}

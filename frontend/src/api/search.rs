//! Searching one's own conversations.

use prompthub_dto::{Page, ids::ProjectId, search::SearchHit};

use super::{
    ApiError,
    client::{encode, get},
};

/// How many finds come at a time.
const LIMIT: u32 = 30;

/// One page of what holds all the words, the best first; in one project or in all.
pub async fn find(
    words: &str,
    project: Option<ProjectId>,
    cursor: Option<&str>,
) -> Result<Page<SearchHit>, ApiError> {
    let mut path = format!("/api/search?limit={LIMIT}&q={}", encode(words));
    if let Some(project) = project {
        path.push_str("&project_id=");
        path.push_str(project.as_str());
    }
    if let Some(cursor) = cursor {
        path.push_str("&cursor=");
        path.push_str(&encode(cursor));
    }
    get(&path).await
}

//! Searching one's own conversations.

use std::{sync::Arc, time::Duration};

use prompthub_dto::{
    Page,
    chat::Role,
    ids::{ProjectId, UserId},
    search::{SearchHit, SnippetPiece},
};
use prompthub_store::{
    MessageRole, Store, StoreError, projects,
    search::{self, Search, SearchHitRow, SearchPlace, SearchTerms},
};

use super::{
    paging::PageRequest,
    projects::no_project,
    text::{Bounds, bounded},
};
use crate::{error::ApiError, state::App, wire};
use tokio::time::Instant;

/// How long what was stored may wait for its words. A search does not wait for that.
const GATHERING: Duration = Duration::from_secs(1);
/// How long a search waits for what its owner has just written.
const CATCHING_UP: Duration = Duration::from_millis(500);
/// Between two looks at what another process, or the housekeeping, is about to bring in.
const GLANCE: Duration = Duration::from_millis(5);
/// After so many entries the log says how far indexing is.
const TOLD_ABOUT: usize = 10_000;

const QUERY: Bounds = Bounds { min: 1, max: 200 };

/// The best first; nothing where there is no word in `query`.
///
/// # Errors
/// `not_found` when the project is not `owner`'s; complaints about `q`.
pub async fn search(
    app: &App,
    owner: UserId,
    query: &str,
    project: Option<ProjectId>,
    page: PageRequest<SearchPlace>,
) -> Result<Page<SearchHit>, ApiError> {
    // Here NUL reaches no database, and separates words as other characters do.
    let query = bounded("q", query.replace('\0', " "), QUERY)?;
    let terms = SearchTerms::parse(&query);
    catch_up(&app.store, owner).await?;
    let (after, limit) = (page.after, page.fetch());
    let turns = Arc::clone(&app.searches);
    let turn = turns.acquire_owned().await.map_err(ApiError::internal)?;
    let hits = app
        .store
        .read(move |conn| {
            // Until the work ends, even when nobody waits for it any more.
            let _turn = turn;
            if let Some(project) = project {
                projects::find(conn, owner, project)?.ok_or_else(no_project)?;
            }
            let Some(terms) = terms else {
                return Ok(Vec::new());
            };
            let search = Search {
                owner,
                terms,
                project,
                after,
                limit: usize::try_from(limit).unwrap_or(usize::MAX),
            };
            Ok::<_, ApiError>(search::find(conn, &search)?)
        })
        .await?;
    Ok(page.page(hits, |hit| hit.place, shown))
}

/// Brings what `owner` has stored into the index, so that they find what they have just written. After an
/// import of thousands the search answers with what is there so far.
async fn catch_up(store: &Store, owner: UserId) -> Result<(), StoreError> {
    let patience = Instant::now() + CATCHING_UP;
    while store
        .read(move |conn| search::is_behind(conn, owner))
        .await?
        && Instant::now() < patience
    {
        if store.write(search::index_pending).await? == 0 {
            tokio::time::sleep(GLANCE).await;
        }
    }
    Ok(())
}

/// Brings what anybody has stored, and what migrations have left to be indexed, into the index, again and again.
pub async fn keep_index(store: Store) {
    loop {
        tokio::time::sleep(GATHERING).await;
        if let Err(error) = index_all(&store).await {
            tracing::warn!(%error, "what was stored is not yet found by a search");
        }
    }
}

/// In many transactions, between which others have their turn. Each is kept, so a server that is stopped here goes on at
/// its next start.
async fn index_all(store: &Store) -> Result<(), StoreError> {
    let (mut total, mut told): (usize, usize) = (0, 0);
    while store.read(search::is_pending).await? {
        let indexed = store.write(search::index_pending).await?;
        if indexed == 0 {
            break;
        }
        total = total.saturating_add(indexed);
        if total.saturating_sub(told) >= TOLD_ABOUT {
            told = total;
            tracing::info!(total, "indexing titles and messages for the search");
        }
    }
    Ok(())
}

fn shown(hit: SearchHitRow) -> SearchHit {
    let (message_id, role) = hit.message.unzip();
    SearchHit {
        project_id: hit.project_id,
        conversation_id: hit.conversation_id,
        title: hit.title,
        message_id,
        role: role.map(|role| match role {
            MessageRole::User => Role::User,
            MessageRole::Assistant => Role::Assistant,
        }),
        snippet: hit
            .snippet
            .into_iter()
            .map(|piece| SnippetPiece {
                text: piece.text,
                matched: piece.matched,
            })
            .collect(),
        created_at: wire::timestamp(hit.created_at),
    }
}

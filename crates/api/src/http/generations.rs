//! Running answers: their state, their events, and stopping them.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Json as Body, Path},
};
use prompthub_dto::{chat::Generation, ids::GenerationId, stream::StreamEvent};

use super::{
    chat::event_stream,
    extract::NoQuery,
    problem::{PathErrors, SignedIn, SignedInWrite},
};
use crate::{
    auth::CurrentUser, domain::conversations, error::ApiError, generation::follow_anywhere,
    state::App,
};

/// The state of an answer
#[utoipa::path(get, path = "/api/generations/{generation_id}", operation_id = "get_generation", tag = "generations",
    params(("generation_id" = GenerationId, Path)),
    responses((status = 200, description = "The generation.", body = Generation), SignedIn, PathErrors))]
pub async fn get_generation(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<GenerationId>,
) -> Result<Body<Generation>, ApiError> {
    Ok(Body(
        conversations::find_generation(&app, user.id, path.into_inner()).await?,
    ))
}

/// Follow an answer from its beginning, or from where a reader was
#[utoipa::path(get, path = "/api/generations/{generation_id}/events", operation_id = "stream_generation", tag = "generations",
    params(("generation_id" = GenerationId, Path),
        ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that the reader has.")),
    responses((status = 200, description = "The events, until `done` or `error`.",
        content((StreamEvent = "text/event-stream"))), SignedIn, PathErrors))]
pub async fn stream_generation(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
    path: Path<GenerationId>,
) -> Result<HttpResponse, ApiError> {
    let (id, seen) = (path.into_inner(), last_event_id(&request));
    let look = move || {
        let app = app.clone();
        async move { conversations::find_answer(&app, user.id, id).await }
    };
    let answer = look().await?;
    Ok(event_stream().streaming(follow_anywhere(answer, seen, look)))
}

/// Stop an answer; the text so far is kept
#[utoipa::path(post, path = "/api/generations/{generation_id}/cancel", operation_id = "cancel_generation", tag = "generations",
    params(("generation_id" = GenerationId, Path)),
    responses((status = 200, description = "The generation as it is now.", body = Generation), SignedInWrite, PathErrors))]
pub async fn cancel_generation(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<GenerationId>,
) -> Result<Body<Generation>, ApiError> {
    Ok(Body(
        conversations::cancel_generation(&app, user.id, path.into_inner()).await?,
    ))
}

/// How many events the reader has; a header that is no number means none.
fn last_event_id(request: &HttpRequest) -> usize {
    let header = request.headers().get("last-event-id");
    header
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .unwrap_or(0)
}

//! Running answers: their state, their events, and stopping them.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, Json as Body, Path},
};
use futures_util::{Stream, stream};
use prompthub_dto::{
    chat::{Generation, Message, MessageStatus},
    ids::{GenerationId, UserId},
    stream::StreamEvent,
};

use super::{
    chat::event_stream,
    problem::{PathErrors, SignedIn, SignedInWrite},
};
use crate::{
    auth::CurrentUser,
    domain::conversations::{self, Answer},
    error::ApiError,
    generation::{follow, replay},
    state::App,
};

/// How often an answer that another process writes is looked at.
const POLL: Duration = Duration::from_millis(500);

/// The state of an answer
#[utoipa::path(get, path = "/api/generations/{generation_id}", operation_id = "get_generation", tag = "generations",
    params(("generation_id" = GenerationId, Path)),
    responses((status = 200, description = "The generation.", body = Generation), SignedIn, PathErrors))]
pub async fn get_generation(
    app: Data<App>,
    user: CurrentUser,
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
    path: Path<GenerationId>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let seen = last_event_id(&request);
    Ok(match conversations::find_answer(&app, user.id, id).await? {
        Answer::Live(live) => {
            // More than there are: the reader counted in another log. It starts over.
            let seen = if seen > live.event_count() { 0 } else { seen };
            event_stream().streaming(follow(live, seen, None))
        }
        Answer::Stored(message) => {
            event_stream().streaming(poll(app.get_ref().clone(), user.id, id, *message, seen))
        }
    })
}

/// Stop an answer; the text so far is kept
#[utoipa::path(post, path = "/api/generations/{generation_id}/cancel", operation_id = "cancel_generation", tag = "generations",
    params(("generation_id" = GenerationId, Path)),
    responses((status = 200, description = "The generation as it is now.", body = Generation), SignedInWrite, PathErrors))]
pub async fn cancel_generation(
    app: Data<App>,
    user: CurrentUser,
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

/// An answer as the database has it; while another process writes it, again whenever it has grown.
fn poll(
    app: App,
    user: UserId,
    id: GenerationId,
    message: Message,
    seen: usize,
) -> impl Stream<Item = Result<Bytes, ApiError>> {
    let first = Some((message, seen));
    stream::unfold(
        (app, first, String::new()),
        move |(app, next, shown)| async move {
            let (mut message, seen) = next?;
            while message.status == MessageStatus::Running && message.updated_at.as_str() == shown {
                tokio::time::sleep(POLL).await;
                match conversations::find_answer(&app, user, id).await {
                    Ok(Answer::Stored(newer)) => message = *newer,
                    // Deleted meanwhile, or the database is gone: the reader reconnects and is told.
                    Ok(Answer::Live(_)) | Err(_) => return None,
                }
            }
            let frames = replay(&message, seen);
            let shown = message.updated_at.as_str().to_owned();
            let next = (message.status == MessageStatus::Running)
                .then_some((message, seen.saturating_add(1)));
            Some((Ok(frames), (app, next, shown)))
        },
    )
}

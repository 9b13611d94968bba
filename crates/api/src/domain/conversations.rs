//! Conversations: listing, naming, and what is in them.

use std::time::Duration;

use chrono::NaiveDateTime;
use prompthub_dto::{
    Page,
    chat::{
        Conversation, CreateConversation, Generation, Message, MessageOrder, MessageStatus,
        UpdateConversation,
    },
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
    problem::FieldCode,
};
use prompthub_store::{
    MessageRole, TitledBy,
    conversations::{self, ConversationPatch, NewConversation},
    generations,
    message_pages::{MessagePage, PageBounds, find_page},
    messages, projects,
};

use super::{
    attachments,
    paging::{PageRequest, page_of},
    projects::no_project,
    text::{Bounds, name},
    title::UNTITLED,
    to_the_end,
};
use crate::{
    error::ApiError,
    generation::{Answer, StopReason},
    state::App,
    wire,
};

/// How often, and how many times, one looks whether another process has stopped an answer.
const CANCEL_LOOK: Duration = Duration::from_millis(100);
const CANCEL_LOOKS: u32 = 30;

/// Bytes of text in a page of messages, of which each may have 8 MiB.
const PAGE_BYTES: i64 = 4 * 1024 * 1024;

pub(super) const TITLE: Bounds = Bounds { min: 1, max: 200 };

/// # Errors
/// `not_found` when the project is not `owner`'s; complaints about the title.
pub async fn create(
    app: &App,
    owner: UserId,
    project: ProjectId,
    request: CreateConversation,
) -> Result<Conversation, ApiError> {
    let title = request
        .title
        .map(|text| name("title", &text, TITLE))
        .transpose()?;
    let titled_by = match title {
        Some(_) => TitledBy::Person,
        None => TitledBy::Generated,
    };
    let row = NewConversation {
        id: ConversationId::new(),
        project_id: project,
        owner_id: owner,
        title: title.unwrap_or_else(|| UNTITLED.to_owned()),
        titled_by,
        now: prompthub_store::now(),
    };
    app.store
        .write(move |conn| {
            projects::find(conn, owner, project)?.ok_or_else(no_project)?;
            Ok(wire::conversation(conversations::insert(conn, &row)?))
        })
        .await
}

/// Newest activity first.
///
/// # Errors
/// `not_found` when the project is not `owner`'s.
pub async fn list(
    app: &App,
    owner: UserId,
    project: ProjectId,
    archived: bool,
    page: PageRequest<(NaiveDateTime, ConversationId)>,
) -> Result<Page<Conversation>, ApiError> {
    let (after, fetch) = (page.after, page.fetch());
    let rows = app
        .store
        .read(move |conn| {
            projects::find(conn, owner, project)?.ok_or_else(no_project)?;
            Ok::<_, ApiError>(conversations::list(
                conn, owner, project, archived, after, fetch,
            )?)
        })
        .await?;
    Ok(page.page(
        rows,
        |row| (row.last_activity_at, row.id),
        wire::conversation,
    ))
}

/// # Errors
/// `not_found`, also where it is another's.
pub async fn find(app: &App, owner: UserId, id: ConversationId) -> Result<Conversation, ApiError> {
    let found = app
        .store
        .read(move |conn| conversations::find(conn, owner, id))
        .await?;
    found.map(wire::conversation).ok_or_else(no_conversation)
}

/// # Errors
/// `not_found`; complaints about the title; `active_message_id` must be an answer of the conversation.
pub async fn update(
    app: &App,
    owner: UserId,
    id: ConversationId,
    request: UpdateConversation,
) -> Result<Conversation, ApiError> {
    let title = request
        .title
        .map(|text| name("title", &text, TITLE))
        .transpose()?;
    let patch = ConversationPatch {
        title,
        pinned: request.pinned,
        archived: request.archived,
    };
    let active = request.active_message_id;
    app.store
        .write(move |conn| {
            if let Some(message) = active {
                let conversation = conversations::find(conn, owner, id)?;
                conversation.ok_or_else(no_conversation)?;
                messages::find(conn, owner, message)?
                    .filter(|row| row.conversation_id == id && row.role == MessageRole::Assistant)
                    .ok_or_else(|| {
                        ApiError::field(
                            "active_message_id",
                            FieldCode::Invalid,
                            "Is not an answer of this conversation.",
                        )
                    })?;
                conversations::show(conn, id, message)?;
            }
            conversations::update(conn, owner, id, &patch, prompthub_store::now())?
                .map(wire::conversation)
                .ok_or_else(no_conversation)
        })
        .await
}

/// Deletes the conversation with its messages; its running answer stops.
///
/// # Errors
/// `not_found`, also where it is another's.
pub async fn delete(app: &App, owner: UserId, id: ConversationId) -> Result<(), ApiError> {
    let app = app.clone();
    to_the_end(async move {
        let found = app
            .store
            .write(move |conn| conversations::delete(conn, owner, id))
            .await?;
        if !found {
            return Err(no_conversation());
        }
        app.hub.cancel_in_conversation(id);
        Ok(())
    })
    .await
}

/// Every message of the tree. A page ends early where its texts are long.
///
/// # Errors
/// `not_found`, also where the conversation is another's.
pub async fn list_messages(
    app: &App,
    owner: UserId,
    id: ConversationId,
    order: MessageOrder,
    page: PageRequest<(NaiveDateTime, MessageId)>,
) -> Result<Page<Message>, ApiError> {
    let order = match order {
        MessageOrder::Asc => messages::MessageOrder::OldestFirst,
        MessageOrder::Desc => messages::MessageOrder::NewestFirst,
    };
    let bounds = PageBounds {
        limit: page.limit.into(),
        bytes: PAGE_BYTES,
    };
    let (rows, more) = app
        .store
        .read(move |conn| {
            conversations::find(conn, owner, id)?.ok_or_else(no_conversation)?;
            let MessagePage { rows, more } = find_page(conn, id, order, page.after, bounds)?;
            let places: Vec<_> = rows.iter().map(|row| (row.created_at, row.id)).collect();
            let messages = attachments::show(conn, rows)?;
            Ok::<_, ApiError>((places.into_iter().zip(messages).collect(), more))
        })
        .await?;
    Ok(page_of(
        rows,
        more,
        |(place, _)| *place,
        |(_, message)| message,
    ))
}

/// # Errors
/// `not_found`, also where it is another's.
pub async fn find_generation(
    app: &App,
    owner: UserId,
    id: GenerationId,
) -> Result<Generation, ApiError> {
    let found = app
        .store
        .read(move |conn| generations::find(conn, owner, id))
        .await?;
    found
        .map(wire::generation)
        .ok_or_else(|| ApiError::not_found("generation"))
}

/// # Errors
/// `not_found`, also where it is another's.
pub async fn find_answer(app: &App, owner: UserId, id: GenerationId) -> Result<Answer, ApiError> {
    if let Some(live) = app.hub.find(id).filter(|live| live.owner_id == owner) {
        return Ok(Answer::Live(live));
    }
    let generation = find_generation(app, owner, id).await?;
    let message = generation.assistant_message_id;
    let row = app
        .store
        .read(move |conn| messages::find(conn, owner, message))
        .await?;
    row.map(|row| Answer::Stored(Box::new(wire::message(row))))
        .ok_or_else(|| ApiError::not_found("generation"))
}

/// Stops the answer and waits until its text is stored. One that has ended stays as it is.
///
/// # Errors
/// `not_found`, also where it is another's.
pub async fn cancel_generation(
    app: &App,
    owner: UserId,
    id: GenerationId,
) -> Result<Generation, ApiError> {
    if let Some(live) = app.hub.find(id).filter(|live| live.owner_id == owner) {
        live.stop(StopReason::Cancelled);
        live.wait().await;
        return find_generation(app, owner, id).await;
    }
    // Another process makes it, if anybody does. It notices within half a second; one that has died
    // never does, and its lease runs out.
    app.store
        .write(move |conn| generations::revoke_lease(conn, owner, id))
        .await?;
    let mut found = find_generation(app, owner, id).await?;
    for _ in 0..CANCEL_LOOKS {
        if found.status != MessageStatus::Running {
            break;
        }
        tokio::time::sleep(CANCEL_LOOK).await;
        found = find_generation(app, owner, id).await?;
    }
    Ok(found)
}

pub fn no_conversation() -> ApiError {
    ApiError::not_found("conversation")
}

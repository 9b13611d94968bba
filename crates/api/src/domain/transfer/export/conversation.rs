//! A conversation as it is written: the whole tree as JSON, or the path that is shown as Markdown.

use prompthub_dto::{
    documents::{
        AttachmentDocument, ConversationDocument, ConversationFormat, DOCUMENT_VERSION,
        MessageDocument, PromptDigest, TitleSource,
    },
    ids::{ConversationId, MessageId, ProjectId, UserId},
};
use prompthub_store::{
    Conn, TitledBy,
    conversations::{self, ConversationRow},
    messages::{MessagePlace, MessageRow},
    transfer,
};

use super::{Out, PAGE_BYTES, Stop};
use crate::{
    domain::{
        conversations::no_conversation,
        transfer::{markdown, prompt_digest},
    },
    error::ApiError,
    state::App,
    wire,
};

/// Messages that are looked up by their ids at a time.
const MESSAGES: usize = 100;

/// Writes a conversation's document; `false`, and nothing written, when the conversation is gone.
pub(super) async fn write(app: &App, out: &mut Out, row: ConversationRow) -> Result<bool, Stop> {
    let (owner, id) = (row.owner_id, row.id);
    let Some(mut rows) = page_of(app, owner, id, None).await? else {
        return Ok(false);
    };
    let digests = digests(app, row.project_id, id).await?;
    out.json_up_to(&document(row, digests), "[]}")?;
    out.text("[");
    let mut first = true;
    while let Some(last) = rows.last() {
        let place = (last.created_at, last.id);
        for row in rows {
            if !std::mem::take(&mut first) {
                out.text(",");
            }
            out.json(&message(row))?;
        }
        out.pass_on().await?;
        rows = page_of(app, owner, id, Some(place))
            .await?
            .ok_or_else(no_conversation)?;
    }
    out.text("]}");
    Ok(true)
}

/// The next messages; `None` when the conversation is gone.
async fn page_of(
    app: &App,
    owner: UserId,
    id: ConversationId,
    after: Option<MessagePlace>,
) -> Result<Option<Vec<MessageRow>>, ApiError> {
    let bytes = i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX);
    app.store
        .read(move |conn| {
            let rows = transfer::messages_after(conn, id, after, bytes)?;
            // Looked for last: then what was read was all there.
            let there = conversations::find(conn, owner, id)?;
            Ok(there.map(|_| rows))
        })
        .await
}

async fn digests(
    app: &App,
    project: ProjectId,
    conversation: ConversationId,
) -> Result<Vec<PromptDigest>, ApiError> {
    app.store
        .read(move |conn| {
            let mut digests = Vec::new();
            for number in transfer::versions_used(conn, conversation)? {
                if let Some(version) = transfer::version(conn, project, number)? {
                    digests.push(PromptDigest {
                        number,
                        sha256: prompt_digest(&version),
                    });
                }
            }
            Ok(digests)
        })
        .await
}

fn document(row: ConversationRow, prompt_versions: Vec<PromptDigest>) -> ConversationDocument {
    ConversationDocument {
        format: ConversationFormat::Conversation,
        version: DOCUMENT_VERSION,
        id: row.id,
        title: row.title,
        titled_by: match row.titled_by {
            TitledBy::Person => TitleSource::Person,
            TitledBy::Generated => TitleSource::Generated,
        },
        pinned: row.pinned,
        archived: row.archived,
        active_message_id: row.active_message_id,
        last_activity_at: wire::timestamp(row.last_activity_at),
        created_at: wire::timestamp(row.created_at),
        updated_at: wire::timestamp(row.updated_at),
        prompt_versions,
        messages: Vec::new(),
    }
}

fn message(row: MessageRow) -> MessageDocument {
    let message = wire::message(row);
    MessageDocument {
        id: message.id,
        parent_id: message.parent_id,
        role: message.role,
        content: message.content,
        attachments: message
            .attachments
            .into_iter()
            .map(|image| AttachmentDocument {
                file: image.file,
                offset: image.offset,
            })
            .collect(),
        reasoning: message.reasoning,
        status: message.status,
        model: message.model,
        requested_model: message.requested_model,
        response_model: message.response_model,
        fallbacks: message.fallbacks,
        omitted: message.omitted,
        prompt_version: message.prompt_version,
        finish_reason: message.finish_reason,
        usage: message.usage,
        first_token_ms: message.first_token_ms,
        duration_ms: message.duration_ms,
        problem: message.problem,
        created_at: message.created_at,
        updated_at: message.updated_at,
    }
}

/// Writes the path that is shown.
pub(super) async fn write_markdown(
    app: &App,
    out: &mut Out,
    row: ConversationRow,
) -> Result<(), Stop> {
    out.text(&markdown::head(&row));
    let (owner, id) = (row.owner_id, row.id);
    let path = match row.active_message_id {
        Some(leaf) => path(app, owner, id, leaf).await?,
        None => Vec::new(),
    };
    let mut rest = path.as_slice();
    while !rest.is_empty() {
        let mut bytes: usize = 0;
        let fitting = rest.iter().take(MESSAGES).take_while(|(_, size)| {
            bytes = bytes.saturating_add(*size);
            bytes <= PAGE_BYTES
        });
        let (page, more) = rest.split_at(fitting.count().max(1));
        rest = more;
        let ids: Vec<MessageId> = page.iter().map(|(id, _)| *id).collect();
        let wanted = ids.clone();
        let mut rows = app
            .store
            .read(move |conn| {
                let rows = transfer::messages_by_id(conn, id, &wanted)?;
                refuse_deleted(conn, owner, id)?;
                Ok::<_, ApiError>(rows)
            })
            .await?;
        for id in ids {
            let place = rows.iter().position(|row| row.id == id);
            if let Some(place) = place {
                out.text(&markdown::message(&rows.swap_remove(place)));
            }
        }
        out.pass_on().await?;
    }
    Ok(())
}

/// The ids from the first message to `leaf`, each with the bytes of its texts.
async fn path(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
    leaf: MessageId,
) -> Result<Vec<(MessageId, usize)>, ApiError> {
    let links = app
        .store
        .read(move |conn| {
            let links = transfer::links(conn, conversation)?;
            refuse_deleted(conn, owner, conversation)?;
            Ok::<_, ApiError>(links)
        })
        .await?;
    let mut by_id: std::collections::HashMap<_, _> = links
        .into_iter()
        .map(|(id, parent, size)| (id, (parent, size)))
        .collect();
    let mut path = Vec::new();
    let mut next = Some(leaf);
    while let Some(id) = next {
        let Some((parent, size)) = by_id.remove(&id) else {
            break;
        };
        path.push((id, usize::try_from(size).unwrap_or(0)));
        next = parent;
    }
    path.reverse();
    Ok(path)
}

/// To be called after something of a conversation was read: then that was all there.
///
/// # Errors
/// `not_found` when the conversation is gone.
fn refuse_deleted(conn: &mut Conn, owner: UserId, id: ConversationId) -> Result<(), ApiError> {
    let there = conversations::find(conn, owner, id)?;
    there.map(drop).ok_or_else(no_conversation)
}

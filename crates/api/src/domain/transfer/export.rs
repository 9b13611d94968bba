//! Exports: documents that are written while they are read.
//!
//! What an export promises: each conversation is as it was when the export came to it, and what came in while
//! it was being read may be there or not. The conversations are those of the project that were there
//! when the export passed their place in the order in which they were begun. Nothing is held meanwhile, neither a
//! transaction nor the writer; a slow reader keeps one page in memory. What is deleted in the middle of its own
//! export breaks the stream off, so that a document that ends is whole.

use std::fmt::Display;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use prompthub_dto::{
    documents::{
        ConversationDocument, ConversationFormat, DOCUMENT_VERSION, FileDocument, MessageDocument,
        ProjectDocument, ProjectFormat, PromptDigest, PromptVersionDocument, TitleSource,
    },
    ids::{ConversationId, MessageId, ProjectId, UserId},
    transfer::ExportFormat,
};
use prompthub_store::{
    TitledBy,
    conversations::{self, ConversationRow},
    files::{self, FileRow},
    messages::{MessagePlace, MessageRow},
    projects::{self, ProjectRow},
    transfer,
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{markdown, prompt_digest};
use crate::{
    domain::{conversations::no_conversation, projects::no_project, title::UNTITLED},
    error::{ApiError, log_fault},
    state::App,
    wire,
};

/// Text that is read, and bytes that are sent, at a time.
const PAGE_BYTES: usize = 512 * 1024;
const CONVERSATIONS: i64 = 100;
const FILES: i64 = 100;
/// Each may have a prompt of 100,000 characters.
const VERSIONS: i64 = 5;
/// Messages that are looked up by their ids at a time.
const MESSAGES: usize = 100;
/// Bytes of a file name without its extension.
const NAME_BYTES: usize = 120;

/// A document that is being made.
pub struct Export {
    /// Made from the title; with an extension.
    pub file_name: String,
    pub content_type: &'static str,
    /// Breaks off with an error where the document cannot be completed.
    pub body: BoxStream<'static, Result<Bytes, ApiError>>,
}

/// Exports a conversation.
///
/// # Errors
/// `not_found`, also where it is another's.
pub async fn export_conversation(
    app: &App,
    owner: UserId,
    id: ConversationId,
    format: ExportFormat,
    request_id: String,
) -> Result<Export, ApiError> {
    let row = app
        .store
        .read(move |conn| conversations::find(conn, owner, id))
        .await?
        .ok_or_else(no_conversation)?;
    let app = app.clone();
    Ok(match format {
        ExportFormat::Json => Export {
            file_name: file_name(&row.title, "json"),
            content_type: "application/json",
            body: stream(request_id, |mut out| async move {
                if !write_conversation(&app, &mut out, row).await? {
                    return Err(no_conversation().into());
                }
                out.flush().await
            }),
        },
        ExportFormat::Markdown => Export {
            file_name: file_name(&row.title, "md"),
            content_type: "text/markdown; charset=utf-8",
            body: stream(request_id, |mut out| async move {
                write_markdown(&app, &mut out, row).await?;
                out.flush().await
            }),
        },
    })
}

/// Exports a project; with `files`, the bytes of its files too.
///
/// # Errors
/// `not_found`, also where it is another's.
pub async fn export_project(
    app: &App,
    owner: UserId,
    id: ProjectId,
    files: bool,
    request_id: String,
) -> Result<Export, ApiError> {
    let (row, _) = app
        .store
        .read(move |conn| projects::find(conn, owner, id))
        .await?
        .ok_or_else(no_project)?;
    let app = app.clone();
    Ok(Export {
        file_name: file_name(&row.name, "json"),
        content_type: "application/json",
        body: stream(request_id, |mut out| async move {
            write_project(&app, &mut out, row, files).await?;
            out.flush().await
        }),
    })
}

/// Why a document is not written to its end.
enum Stop {
    /// Nobody reads it any more.
    Unread,
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Where a document is written. What has been written waits until the one before is taken.
struct Out {
    pages: mpsc::Sender<Result<Bytes, ApiError>>,
    page: Vec<u8>,
}

impl Out {
    fn text(&mut self, text: &str) {
        self.page.extend_from_slice(text.as_bytes());
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        serde_json::to_writer(&mut self.page, value).map_err(ApiError::internal)?;
        Ok(())
    }

    /// A document up to the lists at its end, which are empty in `value`, as `end` has them.
    fn json_up_to(&mut self, value: &impl Serialize, end: &str) -> Result<(), Stop> {
        let text = serde_json::to_string(value).map_err(ApiError::internal)?;
        let Some(head) = text.strip_suffix(end) else {
            return Err(
                ApiError::internal(anyhow::anyhow!("a document does not end in {end}")).into(),
            );
        };
        self.text(head);
        Ok(())
    }

    /// Sends what there is once it is enough.
    async fn pass_on(&mut self) -> Result<(), Stop> {
        if self.page.len() < PAGE_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Stop> {
        let page = std::mem::take(&mut self.page);
        if page.is_empty() {
            return Ok(());
        }
        let sent = self.pages.send(Ok(page.into())).await;
        sent.map_err(|_unread| Stop::Unread)
    }
}

/// The pages that `write` makes, each when the one before has been taken.
fn stream<W>(
    request_id: String,
    write: impl FnOnce(Out) -> W,
) -> BoxStream<'static, Result<Bytes, ApiError>>
where
    W: Future<Output = Result<(), Stop>> + Send + 'static,
{
    let (pages, mut taken) = mpsc::channel(1);
    let written = write(Out {
        pages: pages.clone(),
        page: Vec::new(),
    });
    tokio::spawn(async move {
        if let Err(Stop::Failed(error)) = written.await {
            log_fault(&error, &request_id);
            // Fails only when nobody reads any more.
            let _ = pages.send(Err(error)).await;
        }
    });
    futures_util::stream::poll_fn(move |context| taken.poll_recv(context)).boxed()
}

/// Writes a conversation's document; `false`, and nothing written, when the conversation is gone.
async fn write_conversation(app: &App, out: &mut Out, row: ConversationRow) -> Result<bool, Stop> {
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
        reasoning: message.reasoning,
        status: message.status,
        model: message.model,
        prompt_version: message.prompt_version,
        finish_reason: message.finish_reason,
        usage: message.usage,
        problem: message.problem,
        created_at: message.created_at,
        updated_at: message.updated_at,
    }
}

/// Writes the path that is shown.
async fn write_markdown(app: &App, out: &mut Out, row: ConversationRow) -> Result<(), Stop> {
    out.text(&markdown::head(&row));
    let (owner, id) = (row.owner_id, row.id);
    let path = match row.active_message_id {
        Some(leaf) => path(app, id, leaf).await?,
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
                conversations::find(conn, owner, id)?.ok_or_else(no_conversation)?;
                Ok::<_, ApiError>(transfer::messages_by_id(conn, id, &wanted)?)
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
    conversation: ConversationId,
    leaf: MessageId,
) -> Result<Vec<(MessageId, usize)>, ApiError> {
    let links = app
        .store
        .read(move |conn| transfer::links(conn, conversation))
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

async fn write_project(
    app: &App,
    out: &mut Out,
    row: ProjectRow,
    with_bytes: bool,
) -> Result<(), Stop> {
    let (owner, id, newest) = (row.owner_id, row.id, row.prompt_version);
    out.json_up_to(
        &project_document(row),
        "[],\"conversations\":[],\"files\":[]}",
    )?;
    out.text("[");
    write_versions(app, out, owner, id, newest).await?;
    out.text("],\"conversations\":[");
    let mut first = true;
    let mut after = None;
    loop {
        let rows = app
            .store
            .read(move |conn| {
                projects::find(conn, owner, id)?.ok_or_else(no_project)?;
                let rows = transfer::conversations_after(conn, owner, id, after, CONVERSATIONS)?;
                Ok::<_, ApiError>(rows)
            })
            .await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        for row in rows {
            let before = out.page.len();
            if !first {
                out.text(",");
            }
            if write_conversation(app, out, row).await? {
                first = false;
                out.pass_on().await?;
            } else {
                // Deleted before it was reached: as if it had not been listed.
                out.page.truncate(before);
            }
        }
    }
    out.text("],\"files\":[");
    write_files(app, out, owner, id, with_bytes).await?;
    out.text("]}");
    Ok(())
}

/// The newest first, as the head of the document has the newest.
async fn write_versions(
    app: &App,
    out: &mut Out,
    owner: UserId,
    project: ProjectId,
    newest: i32,
) -> Result<(), Stop> {
    let mut before = newest.checked_add(1);
    loop {
        let rows = app
            .store
            .read(move |conn| projects::list_versions(conn, owner, project, before, VERSIONS))
            .await?
            .ok_or_else(no_project)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        before = Some(last.number);
        for row in rows {
            if row.number != newest {
                out.text(",");
            }
            out.json(&PromptVersionDocument {
                number: row.number,
                system_prompt: row.system_prompt,
                model: row.model,
                parameters: wire::parameters(&row.parameters),
                created_at: wire::timestamp(row.created_at),
            })?;
            out.pass_on().await?;
        }
    }
}

fn project_document(row: ProjectRow) -> ProjectDocument {
    ProjectDocument {
        format: ProjectFormat::Project,
        version: DOCUMENT_VERSION,
        name: row.name,
        description: row.description,
        system_prompt: row.system_prompt,
        model: row.model,
        parameters: wire::parameters(&row.parameters),
        prompt_version: row.prompt_version,
        last_activity_at: wire::timestamp(row.last_activity_at),
        created_at: wire::timestamp(row.created_at),
        updated_at: wire::timestamp(row.updated_at),
        prompt_versions: Vec::new(),
        conversations: Vec::new(),
        files: Vec::new(),
    }
}

async fn write_files(
    app: &App,
    out: &mut Out,
    owner: UserId,
    project: ProjectId,
    with_bytes: bool,
) -> Result<(), Stop> {
    let mut first = true;
    let mut after = None;
    loop {
        let rows = app
            .store
            .read(move |conn| files::list(conn, owner, project, after, FILES))
            .await?
            .ok_or_else(no_project)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some((last.created_at, last.id));
        for row in rows {
            let before = out.page.len();
            if !first {
                out.text(",");
            }
            if write_file(app, out, owner, &row, with_bytes).await? {
                first = false;
                out.pass_on().await?;
            } else {
                out.page.truncate(before);
            }
        }
    }
}

/// Writes a file's entry; `false`, and nothing written, when the file is gone.
async fn write_file(
    app: &App,
    out: &mut Out,
    owner: UserId,
    row: &FileRow,
    with_bytes: bool,
) -> Result<bool, Stop> {
    let entry = FileDocument {
        name: row.name.clone(),
        size: row.size,
        content_type: row.content_type.clone(),
        sha256: row.sha256.clone(),
        created_at: wire::timestamp(row.created_at),
        data: None,
    };
    if !with_bytes {
        out.json(&entry)?;
        return Ok(true);
    }
    let mut bytes = match app.blobs.read(row.id, None).await {
        Ok(bytes) => bytes,
        Err(error) => {
            let (project, name) = (row.project_id, row.name.clone());
            let there = app
                .store
                .read(move |conn| files::find(conn, owner, project, &name))
                .await?;
            return match there.filter(|there| there.id == row.id) {
                Some(_) => Err(ApiError::from(error).into()),
                None => Ok(false),
            };
        }
    };
    out.json_up_to(&entry, "}")?;
    out.text(",\"data\":\"");
    // Base64 writes three bytes as four characters, so what is left over waits for the next piece.
    let mut waiting: Vec<u8> = Vec::new();
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(ApiError::from)?;
        for piece in chunk.chunks(PAGE_BYTES) {
            waiting.extend_from_slice(piece);
            let whole = waiting.len() - waiting.len() % 3;
            let rest = waiting.split_off(whole);
            out.text(&STANDARD.encode(&waiting));
            waiting = rest;
            out.pass_on().await?;
        }
    }
    out.text(&STANDARD.encode(&waiting));
    out.text("\"}");
    Ok(true)
}

/// A name that every file system takes and that shows where it ends.
fn file_name(title: &str, extension: impl Display) -> String {
    let mut name = String::new();
    for c in title.chars() {
        let c = match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            c if crate::domain::files::is_invisible(c) => continue,
            c => c,
        };
        if name.len().saturating_add(c.len_utf8()) > NAME_BYTES {
            break;
        }
        name.push(c);
    }
    let name = match name.trim_matches(|c: char| c.is_whitespace() || c == '.') {
        "" => UNTITLED,
        name => name,
    };
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_file_systems() {
        for (title, name) in [
            ("Notes for 2.4", "Notes for 2.4.md"),
            ("a/b\\c: \"d\"?", "a-b-c- -d--.md"),
            ("../../etc", "-..-etc.md"),
            (" . ", "New chat.md"),
            ("\u{202e}gnp.exe", "gnp.exe.md"),
            ("Café ☕", "Café ☕.md"),
        ] {
            assert_eq!(file_name(title, "md"), name, "{title:?}");
        }
        let long = file_name(&"é".repeat(200), "json");
        assert_eq!(long, format!("{}.json", "é".repeat(60)));
    }
}

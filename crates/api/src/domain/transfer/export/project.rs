//! A project as it is written: its settings, then its versions, conversations and files, list by list.

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::StreamExt;
use prompthub_dto::{
    documents::{
        DOCUMENT_VERSION, FileDocument, ProjectDocument, ProjectFormat, PromptVersionDocument,
    },
    ids::{ProjectId, UserId},
};
use prompthub_store::{
    files::{self, FileRow},
    projects::{self, ProjectRow},
    transfer,
};

use super::{Out, PAGE_BYTES, Stop, conversation};
use crate::{domain::projects::no_project, error::ApiError, state::App, wire};

const CONVERSATIONS: i64 = 100;
const FILES: i64 = 100;
/// Each may have a prompt of 100,000 characters.
const VERSIONS: i64 = 5;

/// Writes a project with all that is in it.
pub(super) async fn write(
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
            if conversation::write(app, out, row).await? {
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

//! Imports: a document that comes in, is checked whole, and is stored in one transaction or not at all.

use std::collections::{BTreeSet, HashMap, HashSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use prompthub_dto::{
    ids::{ProjectId, UserId},
    problem::{FieldCode, ProblemCode},
    transfer::{ImportReport, ImportedConversation},
};
use prompthub_store::{
    Conn,
    files::{self, NewFile},
    now,
    projects::{self, PromptVersionRow},
    transfer,
};

use super::{
    OneOfAPerson, document,
    draft::{ConversationDraft, Draft, FileDraft, Frame, ProjectDraft},
    prompt_digest,
    spool::{Spool, Spooled},
};
use crate::{
    domain::{attachments, projects::no_project, to_the_end},
    error::ApiError,
    files::PendingBlobs,
    state::App,
};

/// Characters of base64 that are decoded at a time; four of them are three bytes.
const PIECE: usize = 256 * 1024;
const VERSIONS: i64 = 20;
/// Names of files that are looked for at a time.
const NAMES: usize = 1000;

/// Where a document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Its conversations go into this project.
    Project(ProjectId),
    /// It is a project's document and becomes a new project.
    NewProject,
}

/// A document on its way in. Dropped before [`Import::finish`], it leaves nothing.
pub struct Import {
    app: App,
    owner: UserId,
    destination: Destination,
    spool: Spool,
    mine: OneOfAPerson,
}

impl Import {
    /// # Errors
    /// `not_found` when the project is not `owner`'s; `rate_limited` while another import of theirs runs.
    pub async fn begin(
        app: &App,
        owner: UserId,
        destination: Destination,
    ) -> Result<Self, ApiError> {
        if let Destination::Project(project) = destination {
            crate::domain::projects::find(app, owner, project).await?;
        }
        let mine = app.imports.begin(owner)?;
        Ok(Self {
            spool: Spool::new(&app.config.data_dir).await?,
            app: app.clone(),
            owner,
            destination,
            mine,
        })
    }

    /// Takes the next piece of the document.
    ///
    /// # Errors
    /// `payload_too_large`, or the disk's failure.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        check_size(&self.app, self.spool.size().saturating_add(more))?;
        self.spool.write(bytes).await
    }

    /// Reads the document and stores what is in it, all or nothing.
    ///
    /// # Errors
    /// `malformed_json`, complaints about what their JSON pointers name, `not_found` when the project was
    /// deleted meanwhile.
    pub async fn finish(self) -> Result<ImportReport, ApiError> {
        // Once the document is here whole, it is taken in even when the client does not wait.
        to_the_end(self.run()).await
    }

    async fn run(self) -> Result<ImportReport, ApiError> {
        let Self {
            app,
            owner,
            destination,
            spool,
            mine: _mine,
        } = self;
        let spooled = spool.finish().await?;
        let _turn = app.imports.turn().await?;
        let frame = Frame {
            owner,
            project: match destination {
                Destination::Project(project) => project,
                Destination::NewProject => ProjectId::new(),
            },
            now: now(),
        };
        let draft = tokio::task::spawn_blocking(move || read(spooled, &frame, destination))
            .await
            .map_err(ApiError::internal)??;
        match destination {
            Destination::Project(_) => into_project(&app, frame, draft).await,
            Destination::NewProject => as_project(&app, frame, draft).await,
        }
    }
}

/// # Errors
/// `payload_too_large` when a document of so many bytes is not taken.
pub fn check_size(app: &App, bytes: u64) -> Result<(), ApiError> {
    let limit = app.config.max_import_bytes;
    if bytes > limit {
        return Err(ApiError::new(
            ProblemCode::PayloadTooLarge,
            format!("A document may have at most {limit} bytes."),
        ));
    }
    Ok(())
}

fn read(spooled: Spooled, frame: &Frame, destination: Destination) -> Result<Draft, ApiError> {
    let draft = document::read(spooled.read()?, frame)?;
    if destination == Destination::NewProject && draft.project.is_none() {
        return Err(ApiError::field(
            "/format",
            FieldCode::Invalid,
            "Only a project's document becomes a project; import this one into a project.",
        ));
    }
    Ok(draft)
}

/// Stores the conversations of a document in a project that is there.
async fn into_project(app: &App, frame: Frame, mut draft: Draft) -> Result<ImportReport, ApiError> {
    if let Some(project) = draft.project.take() {
        for file in project.files {
            draft.skipped.add(
                &file.pointer,
                "a file; files come in only where the document becomes a new project",
            );
        }
    }
    let versions = known_versions(app, frame).await?;
    for conversation in &mut draft.conversations {
        find_versions(conversation, &versions);
    }
    let report = report(&draft, frame.project);
    let mut conversations = draft.conversations;
    app.store
        .write(move |conn| {
            projects::find(conn, frame.owner, frame.project)?.ok_or_else(no_project)?;
            for conversation in &mut conversations {
                find_images(conn, frame.project, conversation)?;
                transfer::insert_conversation(conn, &conversation.row, &conversation.messages)?;
            }
            // Last, so that nobody else's message to this project waits for all of the above.
            Ok::<_, ApiError>(projects::touch(conn, frame.project, frame.now)?)
        })
        .await?;
    Ok(report)
}

/// Finds the images of a conversation among the files that the project has.
fn find_images(
    conn: &mut Conn,
    project: ProjectId,
    conversation: &mut ConversationDraft,
) -> Result<(), ApiError> {
    let names = attachments::names_in(&conversation.messages);
    if names.is_empty() {
        return Ok(());
    }
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut ids = HashMap::new();
    for names in names.chunks(NAMES) {
        let found = files::find_all(conn, project, &[], names)?;
        ids.extend(found.into_iter().map(|file| (file.name, file.id)));
    }
    attachments::link(&mut conversation.messages, |name| ids.get(name).copied())
}

/// The numbers of a project's prompt versions by what they say.
type Versions = HashMap<String, BTreeSet<i32>>;

async fn known_versions(app: &App, frame: Frame) -> Result<Versions, ApiError> {
    let mut known = Versions::new();
    let mut before = None;
    loop {
        let rows: Vec<PromptVersionRow> = app
            .store
            .read(move |conn| {
                projects::list_versions(conn, frame.owner, frame.project, before, VERSIONS)
            })
            .await?
            .ok_or_else(no_project)?;
        let Some(last) = rows.last() else {
            return Ok(known);
        };
        before = Some(last.number);
        for row in rows {
            let numbers = known.entry(prompt_digest(&row)).or_default();
            numbers.insert(row.number);
        }
    }
}

/// Gives each answer the number that its prompt has in this project: its own where that says the same, else
/// the newest that does, and none where no version does.
fn find_versions(conversation: &mut ConversationDraft, known: &Versions) {
    for message in &mut conversation.messages {
        message.prompt_version = message.prompt_version.and_then(|number| {
            let same = known.get(conversation.digests.get(&number)?)?;
            same.get(&number).or(same.last()).copied()
        });
    }
}

/// Stores a document as a new project.
async fn as_project(app: &App, frame: Frame, mut draft: Draft) -> Result<ImportReport, ApiError> {
    let Some(ProjectDraft {
        row,
        versions,
        files,
    }) = draft.project.take()
    else {
        return Err(ApiError::internal(anyhow::anyhow!(
            "a project without a project"
        )));
    };
    let numbers: HashSet<i32> = versions.iter().map(|version| version.number).collect();
    for conversation in &mut draft.conversations {
        for message in &mut conversation.messages {
            let is_there = |number: &i32| numbers.contains(number);
            message.prompt_version = message.prompt_version.filter(is_there);
        }
    }
    let mut pending = PendingBlobs::new(app.store.clone(), app.blobs.clone());
    let limit = app.config.max_upload_bytes;
    let mut new_files = Vec::with_capacity(files.len());
    for file in files {
        new_files.push(store_file(&mut pending, file, frame, limit).await?);
    }
    let ids: HashMap<&str, _> = new_files
        .iter()
        .map(|file| (file.name.as_str(), file.id))
        .collect();
    for conversation in &mut draft.conversations {
        attachments::link(&mut conversation.messages, |name| ids.get(name).copied())?;
    }
    let report = report(&draft, frame.project);
    let conversations = draft.conversations;
    app.store
        .write(move |conn| {
            transfer::insert_project(conn, &row, &versions)?;
            for conversation in &conversations {
                transfer::insert_conversation(conn, &conversation.row, &conversation.messages)?;
            }
            for file in &new_files {
                files::insert(conn, file, false)?;
            }
            Ok::<_, ApiError>(())
        })
        .await?;
    pending.settle(Vec::new());
    Ok(report)
}

fn report(draft: &Draft, project: ProjectId) -> ImportReport {
    let count = |messages: usize| u64::try_from(messages).unwrap_or(u64::MAX);
    let conversations: Vec<_> = draft
        .conversations
        .iter()
        .map(|conversation| ImportedConversation {
            id: conversation.row.id,
            title: conversation.row.title.clone(),
            messages: count(conversation.messages.len()),
        })
        .collect();
    ImportReport {
        source: draft.source,
        project_id: project,
        messages: conversations.iter().map(|one| one.messages).sum(),
        conversations,
        skipped: draft.skipped.list.clone(),
        skipped_count: draft.skipped.count,
    }
}

/// Writes a file's bytes to the storage, and says what its row will be.
async fn store_file(
    pending: &mut PendingBlobs,
    file: FileDraft,
    frame: Frame,
    limit: u64,
) -> Result<NewFile, ApiError> {
    let complaint = |code, message: String| {
        Err(ApiError::field(
            format!("{}/data", file.pointer),
            code,
            message,
        ))
    };
    let too_long = || {
        complaint(
            FieldCode::TooLong,
            format!("A file may have at most {limit} bytes."),
        )
    };
    // Four characters are three bytes, but for the last.
    let characters = u64::try_from(file.data.len()).unwrap_or(u64::MAX);
    if characters / 4 * 3 > limit.saturating_add(2) {
        return too_long();
    }
    let (id, mut writer) = pending.begin().await?;
    for piece in file.data.as_bytes().chunks(PIECE) {
        let Ok(bytes) = STANDARD.decode(piece) else {
            writer.abort().await;
            return complaint(FieldCode::Invalid, "Must be base64.".to_owned());
        };
        writer.write(Bytes::from(bytes)).await?;
    }
    let written = writer.finish().await?;
    if written.size > limit {
        return too_long();
    }
    let size = i64::try_from(written.size).map_err(ApiError::internal)?;
    if size != file.size || written.sha256 != file.sha256 {
        return complaint(
            FieldCode::Invalid,
            "Is not of the size and the hash that the document says.".to_owned(),
        );
    }
    let content_type = mime_guess::from_path(&file.name).first_or_octet_stream();
    Ok(NewFile {
        id,
        project_id: frame.project,
        content_type: content_type.essence_str().to_owned(),
        name: file.name,
        size,
        sha256: written.sha256,
        now: file.created_at,
    })
}

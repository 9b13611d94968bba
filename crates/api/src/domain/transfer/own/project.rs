//! A project's document, checked: its settings, versions and files.

use std::collections::HashSet;

use prompthub_dto::{
    Timestamp,
    documents::{FileDocument, ProjectDocument, PromptVersionDocument},
    ids::PromptVersionId,
    problem::FieldCode,
    projects::UpdateProject,
    transfer::ImportSource,
};
use prompthub_store::projects::{ProjectRow, PromptVersionRow};

use super::{invalid, time, within};
use crate::{
    domain::{
        files::FileName,
        projects::Fields,
        transfer::draft::{Draft, FileDraft, Frame, ProjectDraft, Skipped},
    },
    error::ApiError,
};

/// The highest number of a prompt version: far more than anybody makes, and far from where numbers end.
const MAX_PROMPT_VERSION: i32 = 1_000_000;

/// A project with all that is in it.
///
/// # Errors
/// As [`conversation`].
pub(in crate::domain::transfer) fn project(
    document: ProjectDocument,
    frame: &Frame,
    mut skipped: Skipped,
) -> Result<Draft, ApiError> {
    if !(1..=MAX_PROMPT_VERSION).contains(&document.prompt_version) {
        return Err(ApiError::field(
            "/prompt_version",
            FieldCode::OutOfRange,
            format!("Must be 1 to {MAX_PROMPT_VERSION}."),
        ));
    }
    let fields = Fields::parse(UpdateProject {
        name: Some(document.name),
        description: Some(document.description),
        system_prompt: Some(document.system_prompt),
        model: Some(document.model),
        parameters: Some(document.parameters),
    })
    .map_err(|error| within(error, ""))?;
    let at = |name: &str, time: &Timestamp| super::time(time, || format!("/{name}"), frame);
    let row = ProjectRow {
        id: frame.project,
        owner_id: frame.owner,
        name: fields.name.unwrap_or_default(),
        description: fields.description.unwrap_or_default(),
        system_prompt: fields.system_prompt.unwrap_or_default(),
        model: fields.model.unwrap_or_default(),
        parameters: fields.parameters.unwrap_or_else(|| "{}".to_owned()),
        prompt_version: document.prompt_version,
        revision: i64::from(document.prompt_version),
        last_activity_at: at("last_activity_at", &document.last_activity_at)?,
        created_at: at("created_at", &document.created_at)?,
        updated_at: at("updated_at", &document.updated_at)?,
    };
    let versions = versions(document.prompt_versions, &row, frame)?;
    let mut conversations = Vec::with_capacity(document.conversations.len());
    for (index, conversation) in document.conversations.into_iter().enumerate() {
        let pointer = format!("/conversations/{index}");
        conversations.push(super::conversation(
            conversation,
            &pointer,
            frame,
            &mut skipped,
        )?);
    }
    let files = files(document.files, frame, &mut skipped)?;
    Ok(Draft {
        source: ImportSource::Project,
        project: Some(ProjectDraft {
            row,
            versions,
            files,
        }),
        conversations,
        skipped,
    })
}

fn versions(
    documents: Vec<PromptVersionDocument>,
    project: &ProjectRow,
    frame: &Frame,
) -> Result<Vec<PromptVersionRow>, ApiError> {
    let mut numbers = HashSet::new();
    let mut versions = Vec::with_capacity(documents.len());
    for (index, version) in documents.into_iter().enumerate() {
        let pointer = format!("/prompt_versions/{index}");
        let complaint = |text| Err(invalid(format!("{pointer}/number"), text));
        if !(1..=project.prompt_version).contains(&version.number) {
            return complaint("Must be 1 to the project's `prompt_version`.");
        }
        if !numbers.insert(version.number) {
            return complaint("Is the number of another version, too.");
        }
        let fields = Fields::parse(UpdateProject {
            system_prompt: Some(version.system_prompt),
            model: Some(version.model),
            parameters: Some(version.parameters),
            ..UpdateProject::default()
        })
        .map_err(|error| within(error, &pointer))?;
        versions.push(PromptVersionRow {
            id: PromptVersionId::new(),
            project_id: frame.project,
            number: version.number,
            system_prompt: fields.system_prompt.unwrap_or_default(),
            model: fields.model.unwrap_or_default(),
            parameters: fields.parameters.unwrap_or_else(|| "{}".to_owned()),
            author_id: Some(frame.owner),
            created_at: time(
                &version.created_at,
                || format!("{pointer}/created_at"),
                frame,
            )?,
        });
    }
    let newest = versions
        .iter()
        .find(|version| version.number == project.prompt_version);
    let says_the_same = newest.is_some_and(|newest| {
        (&newest.system_prompt, &newest.model, &newest.parameters)
            == (&project.system_prompt, &project.model, &project.parameters)
    });
    if !says_the_same {
        return Err(invalid(
            "/prompt_version".to_owned(),
            "The version of this number must be there, and say what the project says.",
        ));
    }
    Ok(versions)
}

fn files(
    documents: Vec<FileDocument>,
    frame: &Frame,
    skipped: &mut Skipped,
) -> Result<Vec<FileDraft>, ApiError> {
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for (index, file) in documents.into_iter().enumerate() {
        let pointer = format!("/files/{index}");
        let name = FileName::parse(&file.name)
            .ok()
            .filter(|name| name.as_str() == file.name)
            .ok_or_else(|| invalid(format!("{pointer}/name"), "Is no name of a file."))?;
        if !names.insert(name.as_str().to_owned()) {
            return Err(invalid(
                format!("{pointer}/name"),
                "Is the name of another file, too.",
            ));
        }
        let created_at = time(&file.created_at, || format!("{pointer}/created_at"), frame)?;
        match file.data {
            None => skipped.add(&pointer, "a file whose bytes are not in the document"),
            Some(data) => files.push(FileDraft {
                pointer,
                name: file.name,
                size: file.size,
                sha256: file.sha256,
                created_at,
                data,
            }),
        }
    }
    Ok(files)
}

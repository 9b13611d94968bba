//! The images of messages: found among the project's files, stored with the message, and shown or
//! sent again for as long as the file is there.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use prompthub_dto::{
    chat::{Attachment, Message},
    ids::{FileId, ProjectId},
    problem::FieldCode,
};
use prompthub_llm::Image;
use prompthub_store::{
    Conn, StoreError,
    files::{self, FileRow},
    messages::MessageRow,
};

use super::content::NamedImage;
use crate::{error::ApiError, files::Blobs, wire};

/// Bytes of one image. A provider may take less: `llm::Provider::max_image_bytes`.
const MAX_IMAGE_BYTES: i64 = 5 * 1024 * 1024;
/// Bytes of all the images of one request, earlier messages' included.
pub(super) const MAX_REQUEST_BYTES: u64 = 20 * 1024 * 1024;

/// The files of a project by id, those that the messages at hand refer to.
pub(super) type Files = HashMap<FileId, FileRow>;

/// The files that `rows` show, as far as they are there, and those that `named` names.
pub(super) fn find_files(
    conn: &mut Conn,
    project: ProjectId,
    rows: &[MessageRow],
    named: &[NamedImage],
) -> Result<Files, StoreError> {
    let ids: Vec<FileId> = stored_in(rows).collect();
    let names: Vec<&str> = named.iter().map(|image| image.file.as_str()).collect();
    if ids.is_empty() && names.is_empty() {
        return Ok(Files::new());
    }
    let found = files::find_all(conn, project, &ids, &names)?;
    Ok(found.into_iter().map(|row| (row.id, row)).collect())
}

/// The images as they are stored with a new message.
///
/// # Errors
/// Complaints about those that are no file of the project or too large.
pub(super) fn attach(named: &[NamedImage], files: &Files) -> Result<Vec<Attachment>, ApiError> {
    let mut attachments = Vec::with_capacity(named.len());
    let mut bytes = 0_i64;
    for image in named {
        let complain = |code, message: String| Err(ApiError::field(&image.field, code, message));
        let Some(file) = files.values().find(|file| file.name == image.file) else {
            let message = "The project has no file of this name.".to_owned();
            return complain(FieldCode::Invalid, message);
        };
        bytes = bytes.saturating_add(file.size);
        if file.size > MAX_IMAGE_BYTES {
            let message = format!("An image may have at most {MAX_IMAGE_BYTES} bytes.");
            return complain(FieldCode::TooLong, message);
        }
        if u64::try_from(bytes).unwrap_or(0) > MAX_REQUEST_BYTES {
            let message =
                format!("A message's images may have at most {MAX_REQUEST_BYTES} bytes together.");
            return complain(FieldCode::TooLong, message);
        }
        attachments.push(Attachment {
            file: image.file.clone(),
            file_id: Some(file.id),
            offset: image.offset,
        });
    }
    Ok(attachments)
}

/// As a message's row has it.
///
/// # Errors
/// When it cannot be written as JSON, which is a fault of ours.
pub(super) fn to_json(attachments: &[Attachment]) -> Result<Option<String>, ApiError> {
    wire::json(Some(&attachments).filter(|list| !list.is_empty()))
}

/// The bytes of an image; `None` once its file is deleted.
///
/// # Errors
/// A complaint about the image's kind, as `field`; when the storage fails.
pub(super) async fn load(
    blobs: &Blobs,
    attachment: &Attachment,
    files: &Files,
    field: &str,
) -> Result<Option<Image>, ApiError> {
    let file = attachment.file_id.and_then(|id| files.get(&id));
    let Some(file) = file else { return Ok(None) };
    let mut chunks = match blobs.read(file.id, None).await {
        Ok(chunks) => chunks,
        // Deleted a moment ago.
        Err(error) if error.is_gone() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or_default());
    while let Some(chunk) = chunks.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    match Image::new(bytes) {
        Ok(image) => Ok(Some(image)),
        Err(_) => Err(ApiError::field(
            field,
            FieldCode::Invalid,
            format!("{} is no PNG, JPEG, WebP or GIF.", attachment.file),
        )),
    }
}

/// Messages as the API shows them: an image whose file is deleted has no `file_id`.
///
/// # Errors
/// When the database fails.
pub(super) fn show(conn: &mut Conn, rows: Vec<MessageRow>) -> Result<Vec<Message>, StoreError> {
    let ids: Vec<FileId> = stored_in(&rows).collect();
    let present = match ids.is_empty() {
        true => Vec::new(),
        false => files::present(conn, &ids)?,
    };
    let messages = rows.into_iter().map(|row| {
        let mut message = wire::message(row);
        for attachment in &mut message.attachments {
            attachment.file_id = attachment.file_id.filter(|id| present.contains(id));
        }
        message
    });
    Ok(messages.collect())
}

/// The names of the files that `rows` show.
pub(super) fn names_in(rows: &[MessageRow]) -> Vec<String> {
    let images = rows
        .iter()
        .flat_map(|row| wire::attachments(row.attachments.as_deref()));
    images.map(|image| image.file).collect()
}

/// Gives the images of `rows` the ids of their files, where those are known by name.
///
/// # Errors
/// When they cannot be written as JSON, which is a fault of ours.
pub(super) fn link(
    rows: &mut [MessageRow],
    id_of: impl Fn(&str) -> Option<FileId>,
) -> Result<(), ApiError> {
    for row in rows.iter_mut().filter(|row| row.attachments.is_some()) {
        let mut images = wire::attachments(row.attachments.as_deref());
        for image in &mut images {
            image.file_id = id_of(&image.file);
        }
        row.attachments = to_json(&images)?;
    }
    Ok(())
}

fn stored_in(rows: &[MessageRow]) -> impl Iterator<Item = FileId> {
    rows.iter()
        .filter(|row| row.attachments.is_some())
        .flat_map(|row| wire::attachments(row.attachments.as_deref()))
        .filter_map(|attachment| attachment.file_id)
}

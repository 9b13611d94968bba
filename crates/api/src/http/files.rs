//! Files of a project: multipart uploads, and downloads that a browser saves and never shows.

use std::{ops::Range, time::Duration};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE,
            CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentRangeSpec, ETAG, Header, IF_RANGE,
            LOCATION, Range as RangeHeader,
        },
    },
    web::{Data, Json as Body, Path, Payload},
};
use futures_util::TryStreamExt;
use prompthub_dto::{
    Page,
    files::{File, UploadQuery, UploadedFiles},
    ids::ProjectId,
    page::PageQuery,
    problem::{FieldCode, ProblemCode},
};

use super::{
    conditional::none_match,
    extract::{NoQuery, Query, drain, in_time},
    problem::{
        BodyErrors, Conflict, PathErrors, QueryErrors, RangeNotSatisfiable, SignedIn, SignedInWrite,
    },
};
use crate::{
    auth::CurrentUser,
    domain::{
        files::{self, FileName, Upload},
        paging::PageRequest,
    },
    error::ApiError,
    state::App,
};

/// A download runs no script and reaches nothing, even where a browser shows it all the same.
pub(super) const DOWNLOAD_CSP: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// The form of an upload.
#[derive(utoipa::ToSchema)]
#[schema(as = UploadForm)]
#[expect(dead_code, reason = "only its schema is used; uploads are streams")]
pub struct UploadForm {
    /// The file; the field may be there many times.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// Upload one file or many; all of them appear, or none
#[utoipa::path(post, path = "/api/projects/{project_id}/files", operation_id = "upload_files", tag = "files",
    params(("project_id" = ProjectId, Path), UploadQuery),
    request_body(content = inline(UploadForm), content_type = "multipart/form-data"),
    responses((status = 201, description = "Stored.", body = UploadedFiles, headers(("Location" = String))), SignedInWrite, PathErrors, BodyErrors, Conflict))]
pub async fn upload_files(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    path: Path<ProjectId>,
    Query(query): Query<UploadQuery>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let project = path.into_inner();
    let (payload, mut rest) = share(payload);
    let received = async {
        is_form(&request)?;
        let mut upload = Upload::begin(&app, user.id, project, query.replace).await?;
        let mut form = Multipart::new(request.headers(), payload);
        receive(&mut upload, &mut form, app.config.body_timeout()).await?;
        Ok::<_, ApiError>(upload)
    };
    let upload = match received.await {
        Ok(upload) => upload,
        Err(error) => {
            drain(&mut rest).await;
            return Err(error);
        }
    };
    let items = upload.commit().await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/projects/{project}/files")))
        .json(UploadedFiles { items }))
}

/// Of the multipart types only the form's, and with what tells its parts apart.
fn is_form(request: &HttpRequest) -> Result<(), ApiError> {
    let mime = request.mime_type().ok().flatten();
    let form = mime.filter(|mime| mime.essence_str() == "multipart/form-data");
    match form {
        Some(form) if form.get_param("boundary").is_some() => Ok(()),
        Some(_) => Err(ApiError::new(
            ProblemCode::BadRequest,
            "Content-Type: the form's boundary is missing.",
        )),
        None => Err(ApiError::new(
            ProblemCode::UnsupportedMediaType,
            "Send the files as multipart/form-data.",
        )),
    }
}

/// `patience` is how long the next piece of the form may take.
async fn receive(
    upload: &mut Upload,
    form: &mut Multipart,
    patience: Duration,
) -> Result<(), ApiError> {
    while let Some(mut field) = in_time(patience, form.try_next()).await?? {
        let name = file_name(&field)?;
        let (id, mut writer) = upload.next_file().await?;
        let received = receive_file(upload, &mut field, &mut writer, patience).await;
        match received {
            Ok(()) => upload.end_file(id, name, writer).await?,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn receive_file(
    upload: &Upload,
    field: &mut Field,
    writer: &mut crate::files::BlobWriter,
    patience: Duration,
) -> Result<(), ApiError> {
    while let Some(chunk) = in_time(patience, field.try_next()).await?? {
        upload.write(writer, chunk).await?;
    }
    Ok(())
}

fn file_name(field: &Field) -> Result<FileName, ApiError> {
    match field.name() {
        Some("file") => {}
        Some(other) => {
            return Err(ApiError::field(
                other,
                FieldCode::Unknown,
                "Is not a field of this form; send files as `file`.",
            ));
        }
        None => {
            return Err(ApiError::field(
                "file",
                FieldCode::Required,
                "The part needs a name.",
            ));
        }
    }
    let name = field
        .content_disposition()
        .and_then(|header| header.get_filename());
    FileName::parse(name.unwrap_or_default())
}

impl From<MultipartError> for ApiError {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::ContentTypeMissing
            | MultipartError::ContentTypeParse
            | MultipartError::ContentTypeIncompatible => Self::new(
                ProblemCode::UnsupportedMediaType,
                "Send the files as multipart/form-data.",
            ),
            MultipartError::Payload(error) => error.into(),
            _ => Self::new(ProblemCode::BadRequest, "The form cannot be read."),
        }
    }
}

/// The payload for the form, and a second handle to throw the rest of it away.
fn share(payload: Payload) -> (Shared, Shared) {
    let shared = Shared(std::rc::Rc::new(std::cell::RefCell::new(
        payload.into_inner(),
    )));
    (shared.clone(), shared)
}

#[derive(Clone)]
struct Shared(std::rc::Rc<std::cell::RefCell<actix_web::dev::Payload>>);

impl futures_util::Stream for Shared {
    type Item = Result<bytes::Bytes, actix_web::error::PayloadError>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::pin::Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// List a project's files, oldest first
#[utoipa::path(get, path = "/api/projects/{project_id}/files", operation_id = "list_files", tag = "files",
    params(("project_id" = ProjectId, Path), PageQuery),
    responses((status = 200, description = "A page of files.", body = Page<File>), SignedIn, PathErrors, QueryErrors))]
pub async fn list_files(
    app: Data<App>,
    user: CurrentUser,
    path: Path<ProjectId>,
    Query(query): Query<PageQuery>,
) -> Result<Body<Page<File>>, ApiError> {
    let page = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    Ok(Body(
        files::list(&app, user.id, path.into_inner(), page).await?,
    ))
}

/// What the file has in it.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
struct FileBytes(#[expect(dead_code, reason = "only described")] String);

/// Download a file or a range of it
#[utoipa::path(get, path = "/api/projects/{project_id}/files/{filename}", operation_id = "download_file", tag = "files",
    params(("project_id" = ProjectId, Path), ("filename" = String, Path),
        ("Range" = Option<String>, Header, description = "One range of bytes, e.g. `bytes=0-99`."),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag`; 304 while it is the current one.")),
    responses((status = 200, description = "The bytes.", body = inline(FileBytes), content_type = "application/octet-stream", headers(("ETag" = String))),
        (status = 206, description = "The range.", body = inline(FileBytes), content_type = "application/octet-stream", headers(("Content-Range" = String))),
        (status = 304, description = "Not changed."), SignedIn, PathErrors, RangeNotSatisfiable))]
pub async fn download_file(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
    path: Path<(ProjectId, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, name) = path.into_inner();
    let file = files::find(&app, user.id, project, name.clone()).await?;
    if let Some(answer) = download(&app, &request, &file).await? {
        return Ok(answer);
    }
    // It was deleted or replaced after it was found.
    let file = files::find(&app, user.id, project, name).await?;
    let answer = download(&app, &request, &file).await?;
    answer.ok_or_else(|| files::without_bytes(&file))
}

/// `None` when the bytes are not there any more.
async fn download(
    app: &App,
    request: &HttpRequest,
    file: &File,
) -> Result<Option<HttpResponse>, ApiError> {
    let tag = format!("\"{}\"", file.sha256);
    if none_match(request, &tag) {
        let unchanged = HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish();
        return Ok(Some(unchanged));
    }
    let size = u64::try_from(file.size).unwrap_or(0);
    let range = wanted_range(request, size, &tag)?;
    let Some(bytes) = files::read(app, file.id, range.clone()).await? else {
        return Ok(None);
    };
    let mut head = HttpResponse::build(match range {
        Some(_) => StatusCode::PARTIAL_CONTENT,
        None => StatusCode::OK,
    });
    head.insert_header((CONTENT_TYPE, file.content_type.as_str()))
        .insert_header((CONTENT_DISPOSITION, attachment(&file.name)))
        .insert_header((CONTENT_SECURITY_POLICY, DOWNLOAD_CSP))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((ETAG, tag));
    let length = match &range {
        Some(range) => {
            head.insert_header((
                CONTENT_RANGE,
                ContentRangeSpec::Bytes {
                    range: Some((range.start, range.end.saturating_sub(1))),
                    instance_length: Some(size),
                }
                .to_string(),
            ));
            range.end.saturating_sub(range.start)
        }
        None => size,
    };
    Ok(Some(head.body(SizedStream::new(length, bytes))))
}

/// The one range that is asked for; `None` for the whole file. What is no range of bytes, or more
/// than one, may be ignored (RFC 9110, 14.2).
fn wanted_range(
    request: &HttpRequest,
    size: u64,
    tag: &str,
) -> Result<Option<Range<u64>>, ApiError> {
    let unchanged = request
        .headers()
        .get(IF_RANGE)
        .is_none_or(|value| value.as_bytes() == tag.as_bytes());
    let header = RangeHeader::parse(request)
        .ok()
        .filter(|_| unchanged && request.headers().contains_key("range"));
    let Some(RangeHeader::Bytes(specs)) = header else {
        return Ok(None);
    };
    let [spec] = specs.as_slice() else {
        return Ok(None);
    };
    match spec.to_satisfiable_range(size) {
        Some((first, last)) => Ok(Some(first..last.saturating_add(1))),
        None => Err(ApiError::RangeNotSatisfiable { size }),
    }
}

/// `attachment` with the name in ASCII for old clients and in full for others (RFC 6266).
pub(super) fn attachment(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded: String = name.bytes().map(percent_encoded).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// As RFC 8187 has extended values: all but its `attr-char` as `%XX`.
fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

/// Delete a file
#[utoipa::path(delete, path = "/api/projects/{project_id}/files/{filename}", operation_id = "delete_file", tag = "files",
    params(("project_id" = ProjectId, Path), ("filename" = String, Path)),
    responses((status = 204, description = "Gone."), SignedInWrite, PathErrors))]
pub async fn delete_file(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<(ProjectId, String)>,
) -> Result<HttpResponse, ApiError> {
    let (project, name) = path.into_inner();
    files::delete(&app, user.id, project, name).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_header() {
        assert_eq!(
            attachment("a\"b\\c\u{e9} %.txt"),
            "attachment; filename=\"a_b_c_ _.txt\"; filename*=UTF-8''a%22b%5Cc%C3%A9%20%25.txt"
        );
    }
}

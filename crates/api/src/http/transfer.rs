//! Exports, streamed as attachments, and imports, received piece by piece.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header::{
        CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    },
    web::{Data, Path, Payload},
};
use futures_util::StreamExt;
use prompthub_dto::{
    documents::{ConversationDocument, ImportDocument, ProjectDocument},
    ids::{ConversationId, ProjectId},
    problem::ProblemCode,
    transfer::{ExportQuery, ImportReport, ProjectExportQuery},
};

use super::{
    extract::{NoQuery, Query, RequestId, drain, in_time},
    files::{DOWNLOAD_CSP, attachment},
    problem::{
        BodyErrors, PathErrors, QueryErrors, RateLimited, ServerErrors, SignedIn, SignedInWrite,
    },
};
use crate::{
    auth::CurrentUser,
    domain::transfer::{self, Destination, Export, Import},
    error::ApiError,
    state::App,
};

/// Export a conversation: the whole tree as JSON, or the path that is shown as Markdown
#[utoipa::path(get, path = "/api/conversations/{conversation_id}/export", operation_id = "export_conversation", tag = "transfer",
    params(("conversation_id" = ConversationId, Path), ExportQuery),
    responses((status = 200, description = "The document, as an attachment.", content((ConversationDocument = "application/json"), (String = "text/markdown")),
        headers(("Content-Disposition" = String))), SignedIn, PathErrors, QueryErrors))]
pub async fn export_conversation(
    app: Data<App>,
    user: CurrentUser,
    request_id: RequestId,
    path: Path<ConversationId>,
    Query(query): Query<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let export =
        transfer::export_conversation(&app, user.id, id, query.format, request_id.0).await?;
    Ok(download(export))
}

/// Export a project with all its conversations, and with `files=true` the bytes of its files
#[utoipa::path(get, path = "/api/projects/{project_id}/export", operation_id = "export_project", tag = "transfer",
    params(("project_id" = ProjectId, Path), ProjectExportQuery),
    responses((status = 200, description = "The document, as an attachment. Each conversation in it is as it was when the export came to it; \
        where the document cannot be completed, the connection breaks off.", body = ProjectDocument,
        headers(("Content-Disposition" = String))), SignedIn, PathErrors, QueryErrors))]
pub async fn export_project(
    app: Data<App>,
    user: CurrentUser,
    request_id: RequestId,
    path: Path<ProjectId>,
    Query(query): Query<ProjectExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let export = transfer::export_project(&app, user.id, id, query.files, request_id.0).await?;
    Ok(download(export))
}

fn download(export: Export) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, export.content_type))
        .insert_header((CONTENT_DISPOSITION, attachment(&export.file_name)))
        .insert_header((CONTENT_SECURITY_POLICY, DOWNLOAD_CSP))
        .streaming(export.body)
}

/// Import conversations into a project: what was exported here, or ChatGPT's conversations.json
#[utoipa::path(post, path = "/api/projects/{project_id}/import", operation_id = "import_into_project", tag = "transfer",
    params(("project_id" = ProjectId, Path)), request_body = ImportDocument,
    responses((status = 201, description = "All of it is stored.", body = ImportReport, headers(("Location" = String))),
        SignedInWrite, PathErrors, BodyErrors, RateLimited))]
pub async fn import_into_project(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
    path: Path<ProjectId>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let report = receive(&app, &request, user, Destination::Project(id), payload).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/projects/{id}/conversations")))
        .json(report))
}

/// Import a project that was exported here as a new one
#[utoipa::path(post, path = "/api/projects/import", operation_id = "import_project", tag = "transfer",
    request_body = ProjectDocument,
    responses((status = 201, description = "All of it is stored.", body = ImportReport, headers(("Location" = String))),
        SignedInWrite, BodyErrors, RateLimited, ServerErrors))]
pub async fn import_project(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let report = receive(&app, &request, user, Destination::NewProject, payload).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/projects/{}", report.project_id)))
        .json(report))
}

/// Takes the document in; what is refused is still read, within bounds, so that the client sees why.
async fn receive(
    app: &App,
    request: &HttpRequest,
    user: CurrentUser,
    destination: Destination,
    payload: Payload,
) -> Result<ImportReport, ApiError> {
    let mut body = payload.into_inner();
    let received = async {
        let mut import = Import::begin(app, user.id, destination).await?;
        refuse_unread(app, request)?;
        while let Some(chunk) = in_time(app.config.body_timeout(), body.next()).await? {
            import.write(&chunk?).await?;
        }
        Ok::<_, ApiError>(import)
    };
    match received.await {
        Ok(import) => import.finish().await,
        Err(error) => {
            drain(&mut body).await;
            Err(error)
        }
    }
}

/// What the head of the request says against its body.
fn refuse_unread(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        return Err(ApiError::new(
            ProblemCode::UnsupportedMediaType,
            "Send the document as application/json.",
        ));
    }
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    transfer::check_size(app, length.unwrap_or(0))
}

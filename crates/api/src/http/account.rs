//! Accounts and sessions.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{LOCATION, USER_AGENT},
    web::{Data, Json as Body, Path},
};
use prompthub_dto::{
    Page,
    account::{ChangePassword, Login, Register, Session, UpdateMe, User},
    ids::SessionId,
};

use super::{
    extract::{ClientAddress, Json, NoQuery},
    problem::{BodyErrors, Conflict, PathErrors, RateLimited, SignedIn, SignedInWrite},
};
use crate::{
    auth::{CurrentUser, sessions::TypedSession},
    domain::account::{self, Proven},
    error::ApiError,
    state::App,
};

/// Longer ones are cut: they are shown to a person.
const USER_AGENT_CHARS: usize = 300;

/// Register an account and sign in
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register", tag = "account",
    request_body = Register, security(()),
    responses((status = 201, description = "Registered and signed in; the cookie is the session.", body = User,
        headers(("Location" = String), ("Set-Cookie" = String))), SignedInWrite, BodyErrors, Conflict, RateLimited))]
pub async fn register(
    app: Data<App>,
    _: NoQuery,
    request: HttpRequest,
    ClientAddress(address): ClientAddress,
    Json(body): Json<Register>,
) -> Result<HttpResponse, ApiError> {
    app.limits.check_address(address)?;
    let Proven { user, proof } = account::register(&app, body).await?;
    sign_in(&request, address, &user, &proof)?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, "/api/auth/me"))
        .json(user))
}

/// Sign in
#[utoipa::path(post, path = "/api/auth/login", operation_id = "login", tag = "account",
    request_body = Login, security(()),
    responses((status = 200, description = "Signed in; the cookie is the session.", body = User,
        headers(("Set-Cookie" = String))), SignedInWrite, BodyErrors, RateLimited))]
pub async fn login(
    app: Data<App>,
    _: NoQuery,
    request: HttpRequest,
    ClientAddress(address): ClientAddress,
    Json(body): Json<Login>,
) -> Result<Body<User>, ApiError> {
    app.limits.check_address(address)?;
    let Proven { user, proof } = account::login(&app, body).await?;
    sign_in(&request, address, &user, &proof)?;
    Ok(Body(user))
}

fn sign_in(
    request: &HttpRequest,
    address: Option<std::net::IpAddr>,
    user: &User,
    proof: &str,
) -> Result<(), ApiError> {
    let user_agent = request
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let user_agent = user_agent.map(|text| text.chars().take(USER_AGENT_CHARS).collect::<String>());
    let address = address.map(|address| address.to_string());
    TypedSession::of(request).sign_in(user.id, proof, user_agent.as_deref(), address.as_deref())
}

/// Sign out: the session ends
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "logout", tag = "account",
    responses((status = 204, description = "Signed out."), SignedInWrite))]
pub async fn logout(request: HttpRequest, _user: CurrentUser, _: NoQuery) -> HttpResponse {
    TypedSession::of(&request).sign_out();
    HttpResponse::NoContent().finish()
}

/// The account that is signed in
#[utoipa::path(get, path = "/api/auth/me", operation_id = "get_me", tag = "account",
    responses((status = 200, description = "The account.", body = User), SignedIn))]
pub async fn get_me(app: Data<App>, user: CurrentUser, _: NoQuery) -> Result<Body<User>, ApiError> {
    Ok(Body(account::find(&app, user.id).await?))
}

/// Change one's own name or email
#[utoipa::path(patch, path = "/api/auth/me", operation_id = "update_me", tag = "account",
    request_body = UpdateMe,
    responses((status = 200, description = "The account as it is now.", body = User), SignedInWrite, BodyErrors, Conflict, RateLimited))]
pub async fn update_me(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    ClientAddress(address): ClientAddress,
    Json(body): Json<UpdateMe>,
) -> Result<Body<User>, ApiError> {
    if body.email.is_some() {
        app.limits.check_address(address)?;
    }
    Ok(Body(account::update(&app, user.id, body).await?))
}

/// Delete one's own account and everything in it
#[utoipa::path(delete, path = "/api/auth/me", operation_id = "delete_me", tag = "account",
    responses((status = 204, description = "Gone, with all projects, conversations and files."), SignedInWrite))]
pub async fn delete_me(
    app: Data<App>,
    request: HttpRequest,
    user: CurrentUser,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    account::delete(&app, user.id).await?;
    TypedSession::of(&request).sign_out();
    Ok(HttpResponse::NoContent().finish())
}

/// Change one's own password; every other session ends
#[utoipa::path(put, path = "/api/auth/password", operation_id = "change_password", tag = "account",
    request_body = ChangePassword,
    responses((status = 204, description = "Changed."), SignedInWrite, BodyErrors, RateLimited))]
pub async fn change_password(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    ClientAddress(address): ClientAddress,
    Json(body): Json<ChangePassword>,
) -> Result<HttpResponse, ApiError> {
    app.limits.check_address(address)?;
    account::change_password(&app, user.id, user.session_id, body).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Where the account is signed in
///
/// At most 1000 sessions: a new one then ends the one that was seen longest ago.
#[utoipa::path(get, path = "/api/auth/sessions", operation_id = "list_sessions", tag = "account",
    responses((status = 200, description = "All of them, newest first.", body = Page<Session>), SignedIn))]
pub async fn list_sessions(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
) -> Result<Body<Page<Session>>, ApiError> {
    let items = account::list_sessions(&app, user.id, user.session_id).await?;
    Ok(Body(Page {
        items,
        next_cursor: None,
    }))
}

/// End a session
#[utoipa::path(delete, path = "/api/auth/sessions/{session_id}", operation_id = "delete_session", tag = "account",
    params(("session_id" = SessionId, Path)),
    responses((status = 204, description = "Ended."), SignedInWrite, PathErrors))]
pub async fn end_session(
    app: Data<App>,
    user: CurrentUser,
    _: NoQuery,
    path: Path<SessionId>,
) -> Result<HttpResponse, ApiError> {
    account::end_session(&app, user.id, path.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

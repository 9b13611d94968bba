//! The account and its sessions.

use gloo_net::http::Request;
use prompthub_dto::{
    Page,
    account::{ChangePassword, Login, Register, Session, UpdateMe, User},
    ids::SessionId,
};

use super::{
    ApiError,
    client::{NoContent, build, delete, get, json, patch, post, send_for_nothing},
};

pub async fn register(body: Register) -> Result<User, ApiError> {
    post("/api/auth/register", &body).await
}

pub async fn login(body: Login) -> Result<User, ApiError> {
    post("/api/auth/login", &body).await
}

pub async fn logout() -> Result<NoContent, ApiError> {
    send_for_nothing(build(Request::post("/api/auth/logout"))?).await
}

pub async fn me() -> Result<User, ApiError> {
    get("/api/auth/me").await
}

pub async fn update_me(body: UpdateMe) -> Result<User, ApiError> {
    patch("/api/auth/me", &body).await
}

pub async fn delete_me() -> Result<NoContent, ApiError> {
    delete("/api/auth/me").await
}

pub async fn change_password(body: ChangePassword) -> Result<NoContent, ApiError> {
    send_for_nothing(json(Request::put("/api/auth/password"), &body)?).await
}

/// Every session of the account, on one page.
pub async fn list_sessions() -> Result<Page<Session>, ApiError> {
    get("/api/auth/sessions").await
}

pub async fn delete_session(id: SessionId) -> Result<NoContent, ApiError> {
    delete(&format!("/api/auth/sessions/{id}")).await
}

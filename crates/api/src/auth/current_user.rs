//! The proof that somebody is signed in.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use prompthub_dto::{
    ids::{SessionId, UserId},
    problem::ProblemCode,
};

use super::sessions::TypedSession;
use crate::error::ApiError;

/// The one who is asking. A handler that takes it answers 401 to strangers.
///
/// Sessions are deleted with their account, so a session proves that the account is there.
#[derive(Debug, Clone, Copy)]
pub struct CurrentUser {
    pub id: UserId,
    pub session_id: SessionId,
}

impl FromRequest for CurrentUser {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(current(request))
    }
}

fn current(request: &HttpRequest) -> Result<CurrentUser, ApiError> {
    let session = TypedSession::of(request);
    let Some((id, session_id)) = session.current() else {
        return Err(ApiError::new(
            ProblemCode::Unauthenticated,
            "Nobody is signed in.",
        ));
    };
    session.keep_alive()?;
    Ok(CurrentUser { id, session_id })
}

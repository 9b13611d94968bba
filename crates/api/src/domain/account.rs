//! Accounts: registering, signing in, and what people change about themselves.

use prompthub_dto::{
    account::{ChangePassword, Login, Register, Session, UpdateMe, User},
    ids::{SessionId, UserId},
    problem::{FieldCode, ProblemCode},
};
use prompthub_store::{
    Conn,
    sessions::{self},
    users::{self, NewUser, UserPatch, UserRow},
};

use super::{
    email::Email,
    text::{Bounds, Complaints, name},
    to_the_end,
};
use crate::{
    auth::passwords::{Password, proof},
    config::Registration,
    error::ApiError,
    files::sweep,
    state::App,
    wire,
};

const NAME: Bounds = Bounds { min: 0, max: 100 };

/// Makes an account. The first one is the administrator's and is taken even when registration is
/// closed.
///
/// # Errors
/// `registration_closed`, `email_taken`, or complaints about the fields.
pub async fn register(app: &App, request: Register) -> Result<Proven, ApiError> {
    let mut complaints = Complaints::default();
    let email = complaints.take(Email::parse(&request.email))?;
    let password = complaints.take(Password::parse("password", &request.password))?;
    let shown_name = complaints.take(name("name", request.name.as_deref().unwrap_or(""), NAME))?;
    let (Some(email), Some(password), Some(name)) = (email, password, shown_name) else {
        return Err(complaints.into_error());
    };
    let open = app.config.registration == Registration::Open;
    if !open && app.store.read(users::any_exists).await? {
        return Err(registration_closed());
    }
    let password_hash = app.passwords.hash(password).await?;
    let row = NewUser {
        id: UserId::new(),
        email_key: email.key().to_owned(),
        email: email.shown().to_owned(),
        name,
        password_hash,
        now: prompthub_store::now(),
    };
    let inserted = app
        .store
        .write(move |conn| {
            // Asked again inside the transaction: hashing takes long enough for another to be first, who may not
            // have committed yet.
            if !open {
                users::lock_registration(conn)?;
                if users::any_exists(conn)? {
                    return Err(registration_closed());
                }
            }
            Ok::<_, ApiError>(users::insert(conn, &row)?)
        })
        .await;
    match inserted {
        Ok(row) => Ok(Proven::new(row)),
        Err(error) => Err(email_taken(error)),
    }
}

fn registration_closed() -> ApiError {
    ApiError::new(
        ProblemCode::RegistrationClosed,
        "Ask the operator for an account.",
    )
}

fn email_taken(error: ApiError) -> ApiError {
    match error {
        ApiError::Store(error) if error.is_unique("users.email_key") => ApiError::new(
            ProblemCode::EmailTaken,
            "Sign in, or use another email address.",
        ),
        other => other,
    }
}

/// Somebody whose password was right a moment ago.
pub struct Proven {
    pub user: User,
    /// Of the password that was checked; the session begins only while it is still the one.
    pub proof: String,
}

impl Proven {
    fn new(row: UserRow) -> Self {
        Self {
            proof: proof(&row.password_hash),
            user: wire::user(row),
        }
    }
}

/// Who signs in with `request`. An unknown address takes as long as a wrong password and is
/// answered the same.
///
/// # Errors
/// `invalid_credentials` or `rate_limited`.
pub async fn login(app: &App, request: Login) -> Result<Proven, ApiError> {
    let email = Email::guess(&request.email);
    app.limits.check_account(email.key())?;
    let key = email.key().to_owned();
    let found = app
        .store
        .read(move |conn| users::find_by_email_key(conn, &key))
        .await?;
    let hash = found.as_ref().map(|row| row.password_hash.as_str());
    let matches = app
        .passwords
        .verify(Password::guess(&request.password), hash)
        .await?;
    match found {
        Some(row) if matches => at_todays_cost(app, row, &request.password).await,
        _ => Err(wrong_credentials()),
    }
}

fn wrong_credentials() -> ApiError {
    ApiError::new(
        ProblemCode::InvalidCredentials,
        "No account has this email and password.",
    )
}

/// Somebody whose password was right. A hash of another cost than today's is made anew, which only now can be done; no
/// session ends with it.
async fn at_todays_cost(app: &App, row: UserRow, password: &str) -> Result<Proven, ApiError> {
    if !app.passwords.is_outdated(&row.password_hash) {
        return Ok(Proven::new(row));
    }
    let hash = app.passwords.hash(Password::guess(password)).await?;
    let (new, id) = (hash.clone(), row.id);
    let there = app
        .store
        .write(move |conn| {
            users::lock(conn, id)?;
            let found = users::find(conn, id)?;
            let checked = |found: &UserRow| found.password_hash == row.password_hash;
            if found.as_ref().is_some_and(checked) {
                users::set_password(conn, id, &new, prompthub_store::now())?;
                return users::find(conn, id);
            }
            Ok(found)
        })
        .await?;
    let row = there.ok_or_else(wrong_credentials)?;
    // Somebody else may have been quicker: another sign-in, or a change of the password.
    let is_right = row.password_hash == hash
        || app
            .passwords
            .verify(Password::guess(password), Some(&row.password_hash))
            .await?;
    match is_right {
        true => Ok(Proven::new(row)),
        false => Err(wrong_credentials()),
    }
}

/// # Errors
/// `unauthenticated` when the account is gone.
pub async fn find(app: &App, id: UserId) -> Result<User, ApiError> {
    let row = app.store.read(move |conn| users::find(conn, id)).await?;
    row.map(wire::user).ok_or_else(gone)
}

/// # Errors
/// Complaints about the fields; `email_taken`; `current_password` must be right for a new address.
pub async fn update(app: &App, id: UserId, request: UpdateMe) -> Result<User, ApiError> {
    let mut complaints = Complaints::default();
    let new_name = request
        .name
        .map(|text| name("name", &text, NAME))
        .transpose();
    let new_name = complaints.take(new_name)?;
    let new_email = request.email.map(|text| Email::parse(&text)).transpose();
    let new_email = complaints.take(new_email)?;
    complaints.into_result()?;
    let email = new_email.flatten();
    let mut checked = None;
    if email.is_some() {
        let claimed = request.current_password.ok_or_else(|| {
            ApiError::field(
                "current_password",
                FieldCode::Required,
                "Enter the current password to change the email address.",
            )
        })?;
        checked = Some(confirm_password(app, id, &claimed).await?);
    }
    let patch = UserPatch {
        name: new_name.flatten(),
        email: email.map(|email| (email.shown().to_owned(), email.key().to_owned())),
    };
    let updated = app
        .store
        .write(move |conn| {
            if let Some(checked) = &checked {
                refuse_changed(conn, id, checked)?;
            }
            Ok::<_, ApiError>(users::update(conn, id, &patch, prompthub_store::now())?)
        })
        .await
        .map_err(email_taken)?;
    updated.map(wire::user).ok_or_else(gone)
}

/// Sets a new password and ends every session but `keep`.
///
/// # Errors
/// Complaints about the fields, a wrong `current_password` among them.
pub async fn change_password(
    app: &App,
    id: UserId,
    keep: SessionId,
    request: ChangePassword,
) -> Result<(), ApiError> {
    let new = Password::parse("new_password", &request.new_password)?;
    let checked = confirm_password(app, id, &request.current_password).await?;
    let hash = app.passwords.hash(new).await?;
    app.store
        .write(move |conn| {
            refuse_changed(conn, id, &checked)?;
            if !users::set_password(conn, id, &hash, prompthub_store::now())? {
                return Err(gone());
            }
            sessions::delete_others(conn, id, Some(keep))?;
            Ok(())
        })
        .await
}

/// The stored hash that `claimed` belongs to. By the time of a write another one may be stored: [`refuse_changed`].
async fn confirm_password(app: &App, id: UserId, claimed: &str) -> Result<String, ApiError> {
    let row = app
        .store
        .read(move |conn| users::find(conn, id))
        .await?
        .ok_or_else(gone)?;
    app.limits.check_account(&row.email_key)?;
    if app
        .passwords
        .verify(Password::guess(claimed), Some(&row.password_hash))
        .await?
    {
        return Ok(row.password_hash);
    }
    Err(wrong_password())
}

/// Refuses what was confirmed with a password that has been replaced since, as if the new one had been there already:
/// whoever changes a password must be sure that the old one does nothing any more.
fn refuse_changed(conn: &mut Conn, id: UserId, checked: &str) -> Result<(), ApiError> {
    users::lock(conn, id)?;
    let row = users::find(conn, id)?.ok_or_else(gone)?;
    match row.password_hash == checked {
        true => Ok(()),
        false => Err(wrong_password()),
    }
}

fn wrong_password() -> ApiError {
    ApiError::field(
        "current_password",
        FieldCode::Invalid,
        "Is not the current password.",
    )
}

/// Deletes the account and all that is its own; its running answers stop.
///
/// # Errors
/// When the database fails.
pub async fn delete(app: &App, id: UserId) -> Result<(), ApiError> {
    let app = app.clone();
    to_the_end(async move {
        let garbage = app
            .store
            .write(move |conn| {
                let files = prompthub_store::files::owned_by(conn, id)?;
                users::delete(conn, id)?;
                Ok::<_, ApiError>(files)
            })
            .await?;
        app.hub.cancel_owned_by(id);
        sweep::remove_later(&app.store, &app.blobs, garbage);
        Ok(())
    })
    .await
}

/// # Errors
/// When the database fails.
pub async fn list_sessions(
    app: &App,
    user: UserId,
    current: SessionId,
) -> Result<Vec<Session>, ApiError> {
    let rows = app
        .store
        .read(move |conn| sessions::list(conn, user, prompthub_store::now()))
        .await?;
    Ok(rows.into_iter().map(|row| session(row, current)).collect())
}

fn session(row: sessions::SessionRow, current: SessionId) -> Session {
    Session {
        id: row.id,
        current: row.id == current,
        user_agent: row.user_agent,
        ip_address: row.ip_address,
        created_at: wire::timestamp(row.created_at),
        last_seen_at: wire::timestamp(row.last_seen_at),
        expires_at: wire::timestamp(row.expires_at),
    }
}

/// # Errors
/// `not_found` when it is no session of `user`.
pub async fn end_session(app: &App, user: UserId, id: SessionId) -> Result<(), ApiError> {
    let found = app
        .store
        .write(move |conn| sessions::delete(conn, user, id))
        .await?;
    if found {
        Ok(())
    } else {
        Err(ApiError::not_found("session"))
    }
}

fn gone() -> ApiError {
    ApiError::new(
        ProblemCode::Unauthenticated,
        "The account no longer exists.",
    )
}

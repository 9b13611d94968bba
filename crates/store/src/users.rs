//! Accounts.

use chrono::NaiveDateTime;
use diesel::{
    dsl::{exists, sql},
    prelude::*,
    select,
    sql_types::Text,
};
use prompthub_dto::ids::UserId;

use crate::{Conn, StoreError, blobs, now, schema::users, sql, text_enum::text_enum};

text_enum! {
    /// What an account may do beyond its own things.
    UserRole {
        /// The first account; runs the server.
        Admin = "admin",
        User = "user",
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub struct UserRow {
    pub id: UserId,
    /// As the person wrote it.
    pub email: String,
    /// As it is compared: trimmed, NFKC-normalised, lower-cased.
    pub email_key: String,
    pub name: String,
    pub role: UserRole,
    pub password_hash: String,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub email_key: String,
    pub name: String,
    pub password_hash: String,
    pub now: NaiveDateTime,
}

/// Changes to an account; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub name: Option<String>,
    /// The e-mail as written, and as it is compared.
    pub email: Option<(String, String)>,
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct Changes<'a> {
    name: Option<&'a str>,
    email: Option<&'a str>,
    email_key: Option<&'a str>,
    updated_at: NaiveDateTime,
}

/// Adds an account. The first one becomes the administrator, even when several arrive at once.
///
/// # Errors
/// [`StoreError::Unique`] of `users.email_key` when the e-mail has an account.
pub fn insert(conn: &mut Conn, new: &NewUser) -> Result<UserRow, StoreError> {
    let role = if any_exists(conn)? {
        UserRole::User
    } else {
        // Whoever comes second waits for the first to commit, and then finds its row.
        sql::lock_first_account(conn)?;
        if any_exists(conn)? {
            UserRole::User
        } else {
            UserRole::Admin
        }
    };
    let row = UserRow {
        id: new.id,
        email: new.email.clone(),
        email_key: new.email_key.clone(),
        name: new.name.clone(),
        role,
        password_hash: new.password_hash.clone(),
        created_at: new.now,
        updated_at: new.now,
    };
    diesel::insert_into(users::table)
        .values(&row)
        .execute(conn)?;
    Ok(row)
}

/// Makes registrations that do this take their turns, until each ends: the second finds the first one's account.
///
/// # Errors
/// When the database fails.
pub fn lock_registration(conn: &mut Conn) -> Result<(), StoreError> {
    sql::lock_first_account(conn)
}

/// Whether anybody has registered yet.
pub fn any_exists(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(select(exists(users::table.select(users::id))).get_result(conn)?)
}

pub fn find(conn: &mut Conn, id: UserId) -> Result<Option<UserRow>, StoreError> {
    let query = users::table.find(id).select(UserRow::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// Finds the account of an e-mail, given as it is compared.
pub fn find_by_email_key(conn: &mut Conn, email_key: &str) -> Result<Option<UserRow>, StoreError> {
    let query = users::table
        .filter(users::email_key.eq(email_key))
        .select(UserRow::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// Changes an account; `None` when it does not exist.
///
/// # Errors
/// [`StoreError::Unique`] of `users.email_key` when the new e-mail has another account.
pub fn update(
    conn: &mut Conn,
    id: UserId,
    patch: &UserPatch,
    now: NaiveDateTime,
) -> Result<Option<UserRow>, StoreError> {
    let changes = Changes {
        name: patch.name.as_deref(),
        email: patch.email.as_ref().map(|(email, _)| email.as_str()),
        email_key: patch.email.as_ref().map(|(_, key)| key.as_str()),
        updated_at: now,
    };
    diesel::update(users::table.find(id))
        .set(&changes)
        .execute(conn)?;
    find(conn, id)
}

/// The beginnings of all password hashes, as far as they say how they were made, each once.
///
/// # Errors
/// When the database fails.
pub fn hash_kinds(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    // Of `$2b$12$…` the part up to the salt.
    let kind = sql::<Text>("substr(password_hash, 1, 7)");
    Ok(users::table.select(kind).distinct().load(conn)?)
}

/// Makes transactions of one person that do this take their turns, until each ends.
///
/// # Errors
/// When the database fails.
pub fn lock(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
    sql::lock_person(conn, id)
}

/// Stores a new password hash; `false` when the account does not exist.
pub fn set_password(
    conn: &mut Conn,
    id: UserId,
    hash: &str,
    now: NaiveDateTime,
) -> Result<bool, StoreError> {
    let changed = diesel::update(users::table.find(id))
        .set((users::password_hash.eq(hash), users::updated_at.eq(now)))
        .execute(conn)?;
    Ok(changed > 0)
}

/// Deletes an account and everything that is its own; `false` when it does not exist. The blobs of
/// its files become garbage.
pub fn delete(conn: &mut Conn, id: UserId) -> Result<bool, StoreError> {
    // No upload may slip in between counting the blobs and deleting the files.
    sql::lock_account(conn, id)?;
    blobs::discard_of_user(conn, id, now())?;
    Ok(diesel::delete(users::table.find(id)).execute(conn)? > 0)
}

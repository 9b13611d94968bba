//! What providers said of their models, and when.
//!
//! A list is kept once under the hash of its text, however many accounts have it, and goes with the
//! last of them. Must not read the lists.

use chrono::NaiveDateTime;
use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use prompthub_dto::ids::ProviderId;

use crate::{
    Conn, StoreError,
    schema::{catalogues, model_lists},
    sql,
    text_enum::text_enum,
};

text_enum! {
    /// What came of asking for a list the last time.
    CatalogueStatus {
        Ready = "ready",
        /// The provider refused, or the account cannot be used.
        Failed = "failed",
        /// The provider did not answer.
        Unreachable = "unreachable",
    }
}

/// How the list of one account is.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = catalogues, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct CatalogueRow {
    /// The id of a person's account, or the slug of one of the operator's.
    pub id: String,
    /// `None` for the operator's.
    pub provider_id: Option<ProviderId>,
    pub status: CatalogueStatus,
    /// What is wrong, in words.
    pub problem: Option<String>,
    /// The hash of the newest list that came.
    pub digest: Option<String>,
    /// How many models that list has.
    pub model_count: i32,
    /// When it was last asked for.
    pub checked_at: NaiveDateTime,
}

/// A list of models, as JSON, and the hash of it.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = model_lists)]
pub struct ModelList {
    pub digest: String,
    pub models: String,
}

/// How the list of an account was left: one of the operator's by its slug, a person's by its id.
///
/// # Errors
/// When the database fails.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<CatalogueRow>, StoreError> {
    let query = catalogues::table.find(id).select(CatalogueRow::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// The list with this hash, as JSON.
///
/// # Errors
/// When the database fails.
pub fn find_list(conn: &mut Conn, digest: &str) -> Result<Option<String>, StoreError> {
    let query = model_lists::table.find(digest).select(model_lists::models);
    Ok(query.get_result(conn).optional()?)
}

fn has_list(conn: &mut Conn, digest: &str) -> Result<bool, StoreError> {
    let query = model_lists::table.find(digest).select(model_lists::digest);
    Ok(query.get_result::<String>(conn).optional()?.is_some())
}

/// Stores how a list is, and the list itself if it is a new one. Lists that nobody has any more go.
///
/// # Errors
/// [`StoreError::ForeignKey`] when the account is gone.
pub fn store(
    conn: &mut Conn,
    row: &CatalogueRow,
    list: Option<&ModelList>,
) -> Result<(), StoreError> {
    sql::lock_catalogues(conn)?;
    if let Some(list) = list
        && !has_list(conn, &list.digest)?
    {
        diesel::insert_into(model_lists::table)
            .values(list)
            .execute(conn)?;
    }
    let known = diesel::update(catalogues::table.find(&row.id))
        .set(row)
        .execute(conn)?;
    if known == 0 {
        diesel::insert_into(catalogues::table)
            .values(row)
            .execute(conn)?;
    }
    forget_unused_lists(conn)
}

/// Forgets what is known of the models of a person's account.
///
/// # Errors
/// When the database fails.
pub fn delete(conn: &mut Conn, provider: ProviderId) -> Result<(), StoreError> {
    let catalogue = catalogues::table.filter(catalogues::provider_id.eq(provider));
    diesel::delete(catalogue).execute(conn)?;
    Ok(())
}

/// Takes out the lists that no account has any more.
fn forget_unused_lists(conn: &mut Conn) -> Result<(), StoreError> {
    let users = catalogues::table.filter(catalogues::digest.eq(model_lists::digest.nullable()));
    diesel::delete(model_lists::table.filter(not(exists(users)))).execute(conn)?;
    Ok(())
}

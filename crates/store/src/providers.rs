//! People's own accounts with providers of models.
//!
//! Keeps keys sealed as they come; what opens them is none of its business.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use prompthub_dto::ids::{ProviderId, UserId};

use crate::{
    Conn, StoreError,
    catalogues::CatalogueRow,
    schema::{catalogues, providers},
    sql::direct,
};

/// An account with a provider.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = providers, treat_none_as_default_value = false)]
pub struct ProviderRow {
    pub id: ProviderId,
    pub owner_id: UserId,
    /// Unique among the owner's.
    pub slug: String,
    pub preset: String,
    pub name: String,
    /// `None` for the preset's own.
    pub base_url: Option<String>,
    /// As the server sealed it.
    pub sealed_key: Option<String>,
    /// What may be shown of the key.
    pub key_hint: Option<String>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

impl std::fmt::Debug for ProviderRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderRow")
            .field("id", &self.id)
            .field("slug", &self.slug)
            .finish_non_exhaustive()
    }
}

/// A key as it is stored: sealed, and what may be shown of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    pub sealed: String,
    pub hint: Option<String>,
}

/// Changes to an account; `None` leaves a value as it is, `Some(None)` takes it away.
#[derive(Clone, Default)]
pub struct ProviderPatch {
    pub name: Option<String>,
    pub base_url: Option<Option<String>>,
    pub key: Option<Option<SealedKey>>,
}

#[derive(AsChangeset)]
#[diesel(table_name = providers)]
struct Changes<'a> {
    name: Option<&'a str>,
    base_url: Option<Option<&'a str>>,
    sealed_key: Option<Option<&'a str>>,
    key_hint: Option<Option<&'a str>>,
    updated_at: NaiveDateTime,
}

/// An account, and how its list of models is; `None` before it was first asked for.
pub type WithCatalogue = (ProviderRow, Option<CatalogueRow>);

/// Adds an account.
///
/// # Errors
/// [`StoreError::Unique`] of `providers.slug` when the owner has one of this slug.
pub fn insert(conn: &mut Conn, row: &ProviderRow) -> Result<(), StoreError> {
    diesel::insert_into(providers::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}

/// A person's accounts, by name whatever its case: in Rust, since each database has its own order of names.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut Conn, owner: UserId) -> Result<Vec<WithCatalogue>, StoreError> {
    let query = providers::table
        .left_join(catalogues::table)
        .filter(providers::owner_id.eq(owner))
        .select((
            ProviderRow::as_select(),
            Option::<CatalogueRow>::as_select(),
        ));
    let mut accounts: Vec<WithCatalogue> = query.load(conn)?;
    accounts.sort_by_cached_key(|(row, _)| (row.name.to_lowercase(), row.id));
    Ok(accounts)
}

/// The slugs of a person's accounts.
///
/// # Errors
/// When the database fails.
pub fn slugs(conn: &mut Conn, owner: UserId) -> Result<Vec<String>, StoreError> {
    let query = providers::table
        .filter(providers::owner_id.eq(owner))
        .select(providers::slug);
    Ok(query.load(conn)?)
}

/// Finds a person's account.
///
/// # Errors
/// When the database fails.
pub fn find(
    conn: &mut Conn,
    owner: UserId,
    id: ProviderId,
) -> Result<Option<WithCatalogue>, StoreError> {
    let query = providers::table
        .left_join(catalogues::table)
        .filter(providers::id.eq(id))
        .filter(providers::owner_id.eq(owner))
        .select((
            ProviderRow::as_select(),
            Option::<CatalogueRow>::as_select(),
        ));
    Ok(query.get_result(conn).optional()?)
}

/// Finds a person's account by its slug, as every question to one of its models does.
///
/// # Errors
/// When the database fails.
pub fn find_by_slug(
    conn: &mut Conn,
    owner: UserId,
    slug: &str,
) -> Result<Option<WithCatalogue>, StoreError> {
    let query = providers::table
        .left_join(catalogues::table)
        .filter(providers::owner_id.eq(owner))
        .filter(providers::slug.eq(slug));
    Ok(direct!(conn => {
        let columns = (ProviderRow::as_select(), Option::<CatalogueRow>::as_select());
        query.select(columns).get_result(conn)
    })
    .optional()?)
}

/// Changes a person's account; `false` when there is none of theirs.
///
/// # Errors
/// When the database fails.
pub fn update(
    conn: &mut Conn,
    owner: UserId,
    id: ProviderId,
    patch: &ProviderPatch,
    now: NaiveDateTime,
) -> Result<bool, StoreError> {
    let key = patch.key.as_ref().map(Option::as_ref);
    let changes = Changes {
        name: patch.name.as_deref(),
        base_url: patch.base_url.as_ref().map(Option::as_deref),
        sealed_key: key.map(|key| key.map(|key| key.sealed.as_str())),
        key_hint: key.map(|key| key.and_then(|key| key.hint.as_deref())),
        updated_at: now,
    };
    let account = providers::table
        .find(id)
        .filter(providers::owner_id.eq(owner));
    Ok(diesel::update(account).set(&changes).execute(conn)? > 0)
}

/// Deletes a person's account and what is known of its models; `false` when there is none of theirs.
///
/// # Errors
/// When the database fails.
pub fn delete(conn: &mut Conn, owner: UserId, id: ProviderId) -> Result<bool, StoreError> {
    let account = providers::table
        .find(id)
        .filter(providers::owner_id.eq(owner));
    Ok(diesel::delete(account).execute(conn)? > 0)
}

/// A sealed key, and whose it is.
#[derive(Clone)]
pub struct OwnedKey {
    pub id: ProviderId,
    pub owner_id: UserId,
    pub sealed: String,
}

/// Every sealed key of every account.
///
/// # Errors
/// When the database fails.
pub fn sealed_keys(conn: &mut Conn) -> Result<Vec<OwnedKey>, StoreError> {
    let query = providers::table
        .filter(providers::sealed_key.is_not_null())
        .order(providers::id)
        .select((
            providers::id,
            providers::owner_id,
            providers::sealed_key.assume_not_null(),
        ));
    let rows: Vec<(ProviderId, UserId, String)> = query.load(conn)?;
    let keys = rows.into_iter().map(|(id, owner_id, sealed)| OwnedKey {
        id,
        owner_id,
        sealed,
    });
    Ok(keys.collect())
}

/// Stores the same key, sealed anew.
///
/// # Errors
/// When the database fails.
pub fn reseal(conn: &mut Conn, id: ProviderId, sealed: &str) -> Result<(), StoreError> {
    diesel::update(providers::table.find(id))
        .set(providers::sealed_key.eq(sealed))
        .execute(conn)?;
    Ok(())
}

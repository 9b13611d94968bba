//! What can go wrong with the database, the same for every one of them.
//!
//! Owns the translation of Diesel's errors. Messages are for the operator's log; none is meant for
//! a stranger to read.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A boxed cause.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A value is taken. Names the table and the column that decides, e.g. `users.email_key`.
    #[error("a value of {0} is taken")]
    Unique(&'static str),
    /// The row belongs to one that is not there, or not any more.
    #[error("the row belongs to one that does not exist")]
    ForeignKey(#[source] DieselError),
    /// The database cannot be reached or used at present; the same may work later.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// The schema could not be brought up to date.
    #[error("a migration failed")]
    Migration(#[source] Cause),
    /// Anything else that the database refused.
    #[error("the database refused a statement")]
    Database(#[source] DieselError),
    /// A number cannot grow any further. Names the table and the column, e.g. `projects.prompt_version`.
    #[error("{0} cannot grow any further")]
    Exhausted(&'static str),
    /// The work itself panicked; its transaction was rolled back.
    #[error("work on the database panicked: {0}")]
    Internal(String),
}

/// Every unique constraint that a request can run into: SQLite's columns, PostgreSQL's name, ours.
const UNIQUE: [(&str, &str, &str); 5] = [
    (
        "users.email_key",
        "users_email_key_unique",
        "users.email_key",
    ),
    (
        "sessions.key_hash",
        "sessions_key_hash_unique",
        "sessions.key_hash",
    ),
    (
        "prompt_versions.project_id, prompt_versions.number",
        "prompt_versions_number_unique",
        "prompt_versions.number",
    ),
    (
        "files.project_id, files.name",
        "files_name_unique",
        "files.name",
    ),
    (
        "providers.owner_id, providers.slug",
        "providers_slug_unique",
        "providers.slug",
    ),
];

impl StoreError {
    /// Whether a value of this column (`users.email_key`, `files.name`, …) is taken.
    #[must_use]
    pub fn is_unique(&self, column: &str) -> bool {
        matches!(self, Self::Unique(name) if *name == column)
    }

    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            return match error {
                DieselError::BrokenTransactionManager => Self::unavailable(error),
                other => Self::Database(other),
            };
        };
        match kind {
            DatabaseErrorKind::UniqueViolation => {
                let constraint = information.constraint_name();
                let message = information.message();
                UNIQUE
                    .iter()
                    .find(|(columns, name, _)| {
                        constraint == Some(name)
                            || message.strip_prefix("UNIQUE constraint failed: ") == Some(columns)
                    })
                    .map(|(_, _, ours)| Self::Unique(ours))
                    .unwrap_or(Self::Database(error))
            }
            DatabaseErrorKind::ForeignKeyViolation => Self::ForeignKey(error),
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure => Self::unavailable(error),
            _ if is_passing(information.message()) => Self::unavailable(error),
            _ => Self::Database(error),
        }
    }
}

/// Whether the message is of a state that passes: another process holds the lock, the disk is
/// full, the server is going down. Diesel has no kinds for these, and SQLite no codes through it.
fn is_passing(message: &str) -> bool {
    const BEGINNINGS: [&str; 10] = [
        "database is locked",
        "deadlock detected",
        "database or disk is full",
        "disk I/O error",
        "unable to open database file",
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "could not receive data from server",
        "SSL connection has been closed",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| message.starts_with(beginning))
}

/// The text of an error on one line: libpq's spread over several.
pub(crate) fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

//! Which database to use, as the operator names it.
//!
//! Decides by the scheme alone, since Diesel would take any text for the path of an SQLite file.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use url::Url;

/// When an attempt to connect is given up.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the database is: `sqlite://<path>`, `postgres://…` or `postgresql://…`.
///
/// `sqlite:///var/lib/x.db` is an absolute path and `sqlite://data/x.db` a relative one; the path
/// is taken as it stands, without percent-decoding. Its `Display` leaves the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Kind);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite(PathBuf),
    Postgres(Box<Url>),
}

/// Why a text names no database that this build can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    #[error("the database URL has no scheme; it begins with sqlite:// or postgres://")]
    NoScheme,
    #[error("this build has no MySQL support; use sqlite:// or postgres://")]
    Mysql,
    #[error("unknown database scheme `{0}`; use sqlite:// or postgres://")]
    UnknownScheme(String),
    #[error(
        "the SQLite URL names no file; write sqlite:///absolute/path or sqlite://relative/path"
    )]
    NoPath,
    #[error("an in-memory SQLite database would lose everything; name a file")]
    InMemory,
    #[error("the SQLite URL takes no query; PromptHub sets the pragmas itself")]
    SqliteQuery,
    #[error("the PostgreSQL URL cannot be read: {0}")]
    Postgres(url::ParseError),
}

impl DatabaseUrl {
    /// Reads a database URL.
    ///
    /// # Errors
    /// Says in one line what is wrong with it, without repeating a password.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(InvalidDatabaseUrl::NoScheme)?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => sqlite_path(rest).map(|path| Self(Kind::Sqlite(path))),
            "postgres" | "postgresql" => Url::parse(text)
                .map(|url| Self(Kind::Postgres(Box::new(url))))
                .map_err(InvalidDatabaseUrl::Postgres),
            "mysql" | "mariadb" => Err(InvalidDatabaseUrl::Mysql),
            other => Err(InvalidDatabaseUrl::UnknownScheme(other.to_owned())),
        }
    }

    /// The file whose lock says that an SQLite database has its one process; `None` for a server.
    #[must_use]
    pub fn lock_file(&self) -> Option<PathBuf> {
        match &self.0 {
            Kind::Sqlite(path) => {
                let mut path = path.clone().into_os_string();
                path.push(".lock");
                Some(path.into())
            }
            Kind::Postgres(_) => None,
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}

fn sqlite_path(rest: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    match rest {
        "" | "/" => Err(InvalidDatabaseUrl::NoPath),
        ":memory:" | "/:memory:" => Err(InvalidDatabaseUrl::InMemory),
        path if path.contains('?') => Err(InvalidDatabaseUrl::SqliteQuery),
        path => Ok(PathBuf::from(path)),
    }
}

/// What libpq gets: the URL with a time limit for connecting and a name for `pg_stat_activity`,
/// unless the operator set them.
pub(crate) fn libpq_url(url: &Url) -> String {
    let mut url = url.clone();
    let timeout = CONNECT_TIMEOUT.as_secs().to_string();
    for (key, value) in [
        ("connect_timeout", timeout.as_str()),
        ("application_name", "prompthub"),
    ] {
        if !url.query_pairs().any(|(name, _)| name == key) {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
    url.into()
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Kind::Postgres(url) => {
                f.write_str("postgres://")?;
                if !url.username().is_empty() {
                    write!(f, "{}@", url.username())?;
                }
                f.write_str(url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                // The query is left out as well: libpq takes a password there too.
                f.write_str(url.path())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_paths_are_absolute_or_relative() {
        for (text, path) in [
            ("sqlite:///var/lib/x.db", "/var/lib/x.db"),
            ("sqlite://data/x.db", "data/x.db"),
            ("SQLite://./my data/x y.db", "./my data/x y.db"),
        ] {
            let url = DatabaseUrl::parse(text).unwrap();
            assert!(*url.kind() == Kind::Sqlite(PathBuf::from(path)), "{text}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (text, expected) in [
            ("", InvalidDatabaseUrl::NoScheme),
            ("data/x.db", InvalidDatabaseUrl::NoScheme),
            ("sqlite://", InvalidDatabaseUrl::NoPath),
            ("sqlite://:memory:", InvalidDatabaseUrl::InMemory),
            ("sqlite://x.db?mode=ro", InvalidDatabaseUrl::SqliteQuery),
            ("mysql://localhost/x", InvalidDatabaseUrl::Mysql),
            (
                "redis://localhost",
                InvalidDatabaseUrl::UnknownScheme("redis".into()),
            ),
        ] {
            assert_eq!(DatabaseUrl::parse(text), Err(expected), "{text}");
        }
        assert!(matches!(
            DatabaseUrl::parse("postgres://h:port/x"),
            Err(InvalidDatabaseUrl::Postgres(_))
        ));
    }

    #[test]
    fn the_password_is_never_shown() {
        let text =
            "postgres://ada:secret@db.example:5433/prompthub?password=secret&sslmode=require";
        let url = DatabaseUrl::parse(text).unwrap();
        assert_eq!(url.to_string(), "postgres://ada@db.example:5433/prompthub");
        assert!(!format!("{url:?}").contains("secret"));
    }

    #[test]
    fn libpq_gets_a_time_limit_unless_one_is_set() {
        let url = Url::parse("postgres://h/x").unwrap();
        assert_eq!(
            libpq_url(&url),
            "postgres://h/x?connect_timeout=5&application_name=prompthub"
        );
        let url = Url::parse("postgres://h/x?connect_timeout=1").unwrap();
        assert_eq!(
            libpq_url(&url),
            "postgres://h/x?connect_timeout=1&application_name=prompthub"
        );
    }
}

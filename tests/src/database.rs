//! A database for each server under test: an SQLite file, or a database on a PostgreSQL server.
//!
//! `PROMPTHUB_TEST_DATABASE` is `sqlite` (the default) or `postgres`; the latter needs
//! `PROMPTHUB_TEST_POSTGRES_URL`, the URL of an account that may create databases.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use prompthub_store::{DatabaseUrl, Store};
use tokio::sync::OnceCell;
use url::Url;

/// A database of one test.
pub enum TestDatabase {
    /// The server makes the file in its own folder, and it goes when the folder goes.
    Sqlite,
    Postgres {
        admin: Url,
        name: String,
    },
}

/// The migrated database that all others are copies of: copying costs less than migrating.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// A database that nobody else uses.
    pub async fn create() -> Self {
        let Some(admin) = postgres_admin() else {
            return Self::Sqlite;
        };
        let template = TEMPLATE.get_or_init(|| make_template(admin.clone())).await;
        let name = unique_name("test");
        execute(
            &admin,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        Self::Postgres { admin, name }
    }

    /// What the server is given as `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { admin, name } => Some(with_database(admin, name).to_string()),
        }
    }

    /// Makes it useless to the server, whose folder is `data_dir`: PostgreSQL ends its connections and takes no new
    /// ones, and in the SQLite file somebody else is writing.
    pub(crate) async fn begin_outage(&self, data_dir: &Path) -> Outage {
        let Self::Postgres { admin, name } = self else {
            let file = data_dir.join("prompthub.db");
            let file = file.to_str().expect("a path of ours");
            let mut writer = SqliteConnection::establish(file).expect("the file is there");
            writer
                .batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE")
                .expect("the turn to write comes");
            return Outage::Sqlite(writer);
        };
        let (admin, name) = (admin.clone(), name.clone());
        execute(
            &admin,
            &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
        )
        .await;
        execute(&admin, &end_connections(&name)).await;
        Outage::Postgres { admin, name }
    }

    /// Drops the database, whoever may still be connected.
    pub fn drop_now(&self) {
        if let Self::Postgres { admin, name } = self {
            // A database that stays behind on a test server is no reason to fail a test.
            let _ = execute_blocking(
                admin,
                &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            );
        }
    }
}

/// While it lasts, the server cannot write to its database.
pub enum Outage {
    Sqlite(SqliteConnection),
    Postgres { admin: Url, name: String },
}

impl Outage {
    pub async fn end(self) {
        match self {
            Self::Sqlite(mut writer) => writer.batch_execute("ROLLBACK").expect("it is open"),
            Self::Postgres { admin, name } => {
                let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
                execute(&admin, &allow).await;
            }
        }
    }
}

/// Whether this run is on PostgreSQL, and with which account.
fn postgres_admin() -> Option<Url> {
    match std::env::var("PROMPTHUB_TEST_DATABASE").as_deref() {
        Err(_) | Ok("" | "sqlite") => None,
        Ok("postgres") => {
            let url = std::env::var("PROMPTHUB_TEST_POSTGRES_URL")
                .expect("PROMPTHUB_TEST_DATABASE=postgres needs PROMPTHUB_TEST_POSTGRES_URL");
            Some(url.parse().expect("PROMPTHUB_TEST_POSTGRES_URL is a URL"))
        }
        Ok(other) => panic!("PROMPTHUB_TEST_DATABASE is sqlite or postgres, not {other:?}"),
    }
}

async fn make_template(admin: Url) -> String {
    let name = unique_name("template");
    execute(&admin, &format!("CREATE DATABASE {name}")).await;
    let url = DatabaseUrl::parse(with_database(&admin, &name).as_str()).expect("a PostgreSQL URL");
    let store = Store::connect(&url).await.expect("the test server answers");
    store.migrate().await.expect("the migrations run");
    drop(store);
    // A template must have no connection, and a pool closes its connections when it likes.
    execute(&admin, &end_connections(&name)).await;
    name
}

fn end_connections(name: &str) -> String {
    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
}

/// Several test processes may share a PostgreSQL server.
fn unique_name(kind: &str) -> String {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("prompthub_{kind}_{}_{number}", std::process::id())
}

fn with_database(admin: &Url, name: &str) -> Url {
    let mut url = admin.clone();
    url.set_path(name);
    url
}

async fn execute(admin: &Url, sql: &str) {
    let (admin, sql) = (admin.clone(), sql.to_owned());
    tokio::task::spawn_blocking(move || execute_blocking(&admin, &sql))
        .await
        .expect("a statement does not panic")
        .expect("the test server does what its administrator says");
}

fn execute_blocking(admin: &Url, sql: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::establish(admin.as_str())?;
    connection.batch_execute(sql)?;
    Ok(())
}

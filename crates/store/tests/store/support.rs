//! A fresh, migrated database for each test, and rows to put into it.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
};

use chrono::NaiveDateTime;
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use prompthub_dto::ids::{ConversationId, FileId, MessageId, ProjectId, UserId};
use prompthub_store::{
    Conn, DatabaseUrl, MessageRole, MessageStatus, Store, StoreError, TitledBy,
    conversations::{self, ConversationRow, NewConversation},
    files::NewFile,
    messages::NewMessage,
    now,
    projects::{self, NewProject, ProjectRow},
    users::{self, NewUser, UserRow},
};
use tempfile::TempDir;

/// Runs each body on an empty SQLite database and on an empty PostgreSQL database.
macro_rules! on_every_database {
    ($($(#[$doc:meta])* async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "not every test needs all of its file's names")]
            use super::*;

            async fn body($store: prompthub_store::Store) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let database = $crate::support::Sqlite::new();
                let store = prompthub_store::Store::connect(&database.url).await.unwrap();
                store.migrate().await.unwrap();
                body(store).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some((_database, store)) = $crate::support::Postgres::connected().await else { return };
                body(store).await;
            }
        }
    )+};
}
pub(crate) use on_every_database;

/// An SQLite database that does not exist yet, in a folder that goes with the value.
pub(crate) struct Sqlite {
    pub(crate) url: DatabaseUrl,
    pub(crate) folder: TempDir,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("data/prompthub.db");
        Self {
            url: format!("sqlite://{}", path.display()).parse().unwrap(),
            folder,
        }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("data/prompthub.db")
    }
}

/// An empty PostgreSQL database, which goes with the value.
pub(crate) struct Postgres {
    pub(crate) url: DatabaseUrl,
    pub(crate) plain_url: String,
    admin: String,
    name: String,
}

impl Postgres {
    /// `None` when no server was named.
    pub(crate) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let admin = env::var("PROMPTHUB_TEST_POSTGRES_URL").ok()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("store_test_{}_{number}", process::id());
        let mut url = url::Url::parse(&admin).unwrap();
        url.set_path(&name);
        PgConnection::establish(&admin)
            .unwrap()
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        Some(Self {
            url: url.as_str().parse().unwrap(),
            plain_url: url.into(),
            admin,
            name,
        })
    }
}

impl Postgres {
    /// With its tables, and connected to; `None` where there is no server for tests.
    pub(crate) async fn connected() -> Option<(Self, Store)> {
        let database = Self::new()?;
        let store = Store::connect(&database.url).await.unwrap();
        store.migrate().await.unwrap();
        Some((database, store))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = PgConnection::establish(&self.admin).map(|mut conn| {
            conn.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
        });
    }
}

/// Reads, with the error type settled.
pub(crate) async fn read<T: Send + 'static>(
    store: &Store,
    f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read(f).await.unwrap()
}

/// Writes, with the error type settled.
pub(crate) async fn write<T: Send + 'static>(
    store: &Store,
    f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(f).await.unwrap()
}

/// A moment this many seconds after a fixed one.
pub(crate) fn at(seconds: u32) -> NaiveDateTime {
    chrono::DateTime::from_timestamp(1_700_000_000 + i64::from(seconds), 123_456_000)
        .unwrap()
        .naive_utc()
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        id: UserId::new(),
        email: format!("{name}@Example.com"),
        email_key: format!("{}@example.com", name.to_lowercase()),
        name: name.to_owned(),
        password_hash: "hash".to_owned(),
        now: now(),
    }
}

pub(crate) async fn add_user(store: &Store, name: &str) -> UserRow {
    let new = new_user(name);
    write(store, move |conn| users::insert(conn, &new)).await
}

pub(crate) fn new_project(owner: UserId, name: &str, now: NaiveDateTime) -> NewProject {
    NewProject {
        id: ProjectId::new(),
        owner_id: owner,
        name: name.to_owned(),
        description: String::new(),
        system_prompt: "You are helpful.".to_owned(),
        model: "demo/echo".to_owned(),
        parameters: "{}".to_owned(),
        now,
    }
}

pub(crate) async fn add_project(store: &Store, owner: UserId, name: &str) -> ProjectRow {
    let new = new_project(owner, name, now());
    write(store, move |conn| projects::insert(conn, &new)).await
}

pub(crate) fn new_file(project: ProjectId, name: &str, now: NaiveDateTime) -> NewFile {
    NewFile {
        id: FileId::new(),
        project_id: project,
        name: name.to_owned(),
        size: 5_000_000_000,
        content_type: "text/plain".to_owned(),
        sha256: "0".repeat(64),
        now,
    }
}

pub(crate) fn new_conversation(project: &ProjectRow, now: NaiveDateTime) -> NewConversation {
    NewConversation {
        id: ConversationId::new(),
        project_id: project.id,
        owner_id: project.owner_id,
        title: "Hello".to_owned(),
        titled_by: TitledBy::Generated,
        now,
    }
}

pub(crate) async fn add_conversation(store: &Store, project: &ProjectRow) -> ConversationRow {
    let new = new_conversation(project, now());
    write(store, move |conn| conversations::insert(conn, &new)).await
}

pub(crate) fn new_message(
    conversation: ConversationId,
    parent: Option<MessageId>,
    role: MessageRole,
) -> NewMessage {
    let status = match role {
        MessageRole::User => MessageStatus::Complete,
        MessageRole::Assistant => MessageStatus::Running,
    };
    NewMessage {
        id: MessageId::new(),
        conversation_id: conversation,
        parent_id: parent,
        role,
        content: "Salve".to_owned(),
        status,
        answerer: None,
        prompt_version: None,
        generation_id: None,
        attachments: None,
        now: now(),
    }
}

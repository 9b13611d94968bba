//! The server that is killed: its folder, its database, its starts and its ends.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query,
    sql_types::Text,
};
use prompthub_tests::{Installation, Upstream, binary::Served};

use crate::answers;

/// How long a lease runs here: on PostgreSQL, answers of a killed process are called running until
/// it has run out.
const LEASE_SECONDS: u64 = 2;

/// One server after the other on the same data.
pub struct Trial {
    installation: Installation,
    http: reqwest::Client,
}

impl Trial {
    pub async fn new() -> Self {
        let upstream = Upstream::improvising(answers::script).await;
        let lease = LEASE_SECONDS.to_string();
        let settings = [("PROMPTHUB_LEASE_SECONDS", lease.as_str())];
        Self {
            installation: Installation::new(upstream, &settings).await,
            http: reqwest::Client::builder()
                .no_proxy()
                // Each server is another one.
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client without options that could fail"),
        }
    }

    /// Whether the database is a file that nobody but the server opens.
    pub fn is_embedded(&self) -> bool {
        self.installation.database_url().is_none()
    }

    /// How long answers of a killed process may be called running after the next has started.
    pub fn patience(&self) -> Duration {
        if self.is_embedded() {
            Duration::ZERO
        } else {
            Duration::from_secs(4 * LEASE_SECONDS)
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.installation.data_dir()
    }

    /// Starts the server and waits until it calls itself ready.
    pub async fn start(&self) -> Served {
        let mut served = self.installation.start().await;
        let address = served.base_url.trim_end_matches('/').len();
        served.base_url.truncate(address);
        let ready = format!("{}/api/health/ready", served.base_url);
        let ready = self.http.get(ready).send().await;
        assert_eq!(ready.expect("it listens").status(), 200);
        served
    }

    /// Starts the server and kills it after so long, wherever it is by then.
    pub async fn start_and_kill(&self, after: Duration) {
        let mut child = self.installation.command().spawn().expect("it runs");
        tokio::time::sleep(after).await;
        child.kill().await.expect("it was ours");
    }

    /// Checks the database as the last process left it, in a copy, so that the next one finds
    /// exactly that.
    pub fn check_crash_image(&self) {
        if self.is_embedded() {
            let copy = tempfile::tempdir().expect("a temporary folder");
            for name in ["prompthub.db", "prompthub.db-wal"] {
                let from = self.data_dir().join(name);
                if from.exists() {
                    fs::copy(from, copy.path().join(name)).expect("room for a copy");
                }
            }
            check_sqlite(&copy.path().join("prompthub.db"));
        }
    }

    /// Checks the database where it is; the server may be running.
    pub fn check_database(&self) {
        if self.is_embedded() {
            check_sqlite(&self.data_dir().join("prompthub.db"));
        }
    }

    /// Every file has its bytes. All other bytes are on the list of garbage, and on SQLite, where
    /// no other process can be in the middle of an upload, they go soon after the start.
    pub async fn check_blobs(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let files = self.ids("SELECT id FROM files");
            let garbage = self.ids("SELECT blob_id AS id FROM blob_garbage");
            let blobs = file_names(&self.data_dir().join("files"));
            for id in &files {
                assert!(blobs.contains(id), "file {id} has lost its bytes");
            }
            let strays: Vec<_> = blobs.iter().filter(|name| !files.contains(*name)).collect();
            if strays.is_empty() {
                return;
            }
            if !self.is_embedded() {
                let staged = |name: &str| name.split('#').next().unwrap_or_default().to_owned();
                for name in strays {
                    assert!(garbage.contains(&staged(name)), "{name} is never collected");
                }
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {strays:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn ids(&self, query: &str) -> HashSet<String> {
        let query = sql_query(query);
        let rows: Vec<Id> = match self.installation.database_url() {
            None => query.load(&mut open(&self.data_dir().join("prompthub.db"))),
            Some(url) => query.load(&mut PgConnection::establish(&url).expect("it listens")),
        }
        .expect("the tables exist");
        rows.into_iter().map(|row| row.id).collect()
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct Complaint {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

#[derive(QueryableByName)]
struct BrokenKey {
    #[diesel(sql_type = Text)]
    table: String,
}

fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("the database opens")
}

fn check_sqlite(path: &Path) {
    let mut conn = open(path);
    let complaints: Vec<Complaint> = sql_query("PRAGMA integrity_check")
        .load(&mut conn)
        .expect("it can be checked");
    let complaints: Vec<_> = complaints
        .into_iter()
        .map(|row| row.integrity_check)
        .collect();
    assert_eq!(complaints, ["ok"]);
    let broken: Vec<BrokenKey> = sql_query("PRAGMA foreign_key_check")
        .load(&mut conn)
        .expect("it can be checked");
    let broken: Vec<_> = broken.into_iter().map(|row| row.table).collect();
    assert!(
        broken.is_empty(),
        "rows that refer to nothing in {broken:?}"
    );
}

fn file_names(folder: &Path) -> HashSet<String> {
    let entries = fs::read_dir(folder).expect("the storage folder");
    entries
        .map(|entry| {
            let name = entry.expect("a readable folder").file_name();
            name.into_string().expect("UTF-8")
        })
        .collect()
}

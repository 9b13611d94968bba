//! The schema's way up, down and up again.

use std::{collections::BTreeSet, fs, path::Path};

use diesel::{Connection, PgConnection, SqliteConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use prompthub_store::Store;

use crate::support::{Postgres, Sqlite, add_user};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

fn names(database: &str) -> BTreeSet<String> {
    fs::read_dir(Path::new(FOLDER).join(database))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn every_database_has_the_same_migrations_each_way() {
    let expected = names("sqlite");
    assert!(!expected.is_empty());
    for folder in fs::read_dir(FOLDER).unwrap() {
        let database = folder.unwrap().file_name().into_string().unwrap();
        assert_eq!(names(&database), expected, "{database}");
        for name in &expected {
            for file in ["up.sql", "down.sql"] {
                assert!(
                    Path::new(FOLDER)
                        .join(&database)
                        .join(name)
                        .join(file)
                        .is_file(),
                    "{name}"
                );
            }
        }
    }
}

async fn migrate(url: &prompthub_store::DatabaseUrl) -> Store {
    let store = Store::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store
}

#[tokio::test]
async fn sqlite_goes_up_down_and_up() {
    let database = Sqlite::new();
    drop(migrate(&database.url).await);
    let mut conn = SqliteConnection::establish(database.path().to_str().unwrap()).unwrap();
    let migrations = FileBasedMigrations::from_path(Path::new(FOLDER).join("sqlite")).unwrap();
    let undone = conn.revert_all_migrations(migrations).unwrap().len();
    assert_eq!(undone, names("sqlite").len());
    add_user(&migrate(&database.url).await, "ada").await;
}

#[tokio::test]
async fn postgres_goes_up_down_and_up() {
    let Some(database) = Postgres::new() else {
        return;
    };
    drop(migrate(&database.url).await);
    let mut conn = PgConnection::establish(&database.plain_url).unwrap();
    let migrations = FileBasedMigrations::from_path(Path::new(FOLDER).join("postgres")).unwrap();
    let undone = conn.revert_all_migrations(migrations).unwrap().len();
    assert_eq!(undone, names("postgres").len());
    add_user(&migrate(&database.url).await, "ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_start_at_once() {
    let sqlite = Sqlite::new();
    let postgres = Postgres::new();
    for url in [
        Some(sqlite.url.clone()),
        postgres.as_ref().map(|it| it.url.clone()),
    ] {
        let Some(url) = url else { continue };
        // Exists before the race: making the file itself is not what is tested.
        let first = Store::connect(&url).await.unwrap();
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { Store::connect(&url).await.unwrap().migrate().await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        add_user(&first, "ada").await;
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    use diesel::connection::SimpleConnection;
    let database = Sqlite::new();
    drop(migrate(&database.url).await);
    let mut conn = SqliteConnection::establish(database.path().to_str().unwrap()).unwrap();
    conn.batch_execute(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')",
    )
    .unwrap();
    let store = Store::connect(&database.url).await.unwrap();
    let refused = store.migrate().await.unwrap_err();
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    assert!(
        reason.contains("29990101000000") && reason.contains("newer"),
        "{reason}"
    );
}

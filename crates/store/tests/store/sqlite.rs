//! What is SQLite's alone.

use std::{error::Error, fs, sync::mpsc};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use prompthub_store::{Backend, DatabaseUrl, Store, StoreError, users};

use crate::support::{Sqlite, add_user, new_user, read};

async fn connect(database: &Sqlite) -> Store {
    let store = Store::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    store
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let database = Sqlite::new();
    let store = connect(&database).await;
    assert_eq!(store.backend(), Backend::Sqlite);
    let folder = database.path().parent().unwrap().to_owned();
    assert_eq!(
        fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    assert!(
        files.len() >= 3,
        "the database, its -wal and its -shm: {files:?}"
    );
    for file in files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{file:?}"
        );
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    let database = Sqlite::new();
    let store = connect(&database).await;
    let new = new_user("ada");
    let refused = store.read(move |conn| users::insert(conn, &new)).await;
    assert!(
        matches!(refused, Err(StoreError::Database(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_queued_is_finished_when_the_store_is_dropped() {
    let database = Sqlite::new();
    let store = connect(&database).await;
    let (begun, has_begun) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let first = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(move |_| {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                    Ok::<_, StoreError>(())
                })
                .await
        }
    });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
        .await
        .unwrap();
    // Polled once, so that it is queued; then its caller goes away.
    let new = new_user("ada");
    let id = new.id;
    let mut second = Box::pin({
        let store = store.clone();
        async move { store.write(move |conn| users::insert(conn, &new)).await }
    });
    assert!(poll_once(&mut second).await.is_none());
    drop(second);
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || drop(store))
        .await
        .unwrap();

    let store = connect(&database).await;
    assert!(
        read(&store, move |conn| users::find(conn, id))
            .await
            .is_some()
    );
}

/// Polls a future once; `None` when it is not ready.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn a_job_may_own_the_last_handle() {
    let database = Sqlite::new();
    let store = connect(&database).await;
    let (ended, has_ended) = mpsc::channel();
    let handle = store.clone();
    let task = tokio::spawn(async move {
        let inner = handle.clone();
        handle
            .write(move |_| {
                drop(inner);
                ended.send(()).unwrap();
                Ok::<_, StoreError>(())
            })
            .await
    });
    drop(store);
    task.await.unwrap().unwrap();
    has_ended.recv().unwrap();
}

#[tokio::test]
async fn another_process_that_holds_the_lock_is_waited_for_and_then_reported() {
    let database = Sqlite::new();
    let store = connect(&database).await;
    let mut other = SqliteConnection::establish(database.path().to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let new = new_user("ada");
    let refused = store.write(move |conn| users::insert(conn, &new)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    read(&store, users::any_exists).await;
    other.batch_execute("ROLLBACK").unwrap();
    add_user(&store, "ada").await;
}

#[tokio::test]
async fn a_lost_transaction_fails_its_batch_and_not_the_next() {
    let database = Sqlite::new();
    let store = connect(&database).await;
    // What SQLite does by itself when the disk is full.
    let refused = store
        .write(|conn| {
            users::insert(conn, &new_user("ada"))?;
            conn.batch_execute("ROLLBACK")?;
            Ok::<_, StoreError>(())
        })
        .await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(!read(&store, users::any_exists).await);
    add_user(&store, "ada").await;
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(
        &file,
        "This is no database, and long enough to be seen as none. ".repeat(20),
    )
    .unwrap();
    for path in [
        file.clone(),
        file.join("below.db"),
        folder.path().to_owned(),
    ] {
        let url: DatabaseUrl = format!("sqlite://{}", path.display()).parse().unwrap();
        let Err(error) = Store::connect(&url).await else {
            panic!("{url} was opened")
        };
        let reason = error.source().unwrap().to_string();
        assert!(
            reason.starts_with(path.to_str().unwrap()) && !reason.contains('\n'),
            "{reason}"
        );
    }
}

/// Whoever still reads keeps a part of the log in use: that is said, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_in_use_is_not_emptied() {
    let database = Sqlite::new();
    let store = connect(&database).await;
    let mut reader = SqliteConnection::establish(database.path().to_str().unwrap()).unwrap();
    reader
        .batch_execute("BEGIN; SELECT COUNT(*) FROM users")
        .unwrap();
    add_user(&store, "ada").await;
    let settled = store.settle().await;
    assert!(
        matches!(settled, Err(StoreError::Unavailable(_))),
        "{settled:?}"
    );
    reader.batch_execute("COMMIT").unwrap();
    store.settle().await.unwrap();
    let log = database.path().with_extension("db-wal");
    assert_eq!(fs::metadata(log).unwrap().len(), 0);
    assert!(read(&store, users::any_exists).await);
}

//! What is PostgreSQL's alone.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query};
use prompthub_store::{
    Backend, DatabaseUrl, MessageRole, Store, StoreError,
    messages::{self, TextSoFar},
    now,
    projects::{self, ProjectPatch, UpdateOutcome},
};

use crate::support::{Postgres, add_conversation, add_project, add_user, new_message, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_reported_and_replaced() {
    let Some((database, store)) = Postgres::connected().await else {
        return;
    };
    assert_eq!(store.backend(), Backend::Postgres);
    add_user(&store, "ada").await;
    let mut admin = PgConnection::establish(&database.plain_url).unwrap();
    sql_query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .execute(&mut admin)
        .unwrap();
    // The first call may find the dead connection; the ones after it must not.
    if let Err(error) = store.ping().await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    store.ping().await.unwrap();
    add_user(&store, "bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_within_a_write_is_unavailable() {
    let Some(database) = Postgres::new() else {
        return;
    };
    let store = Store::connect(&database.url).await.unwrap();
    let outcome = store
        .write(|conn| {
            sql_query("SELECT pg_terminate_backend(pg_backend_pid())").execute(conn)?;
            Ok::<_, StoreError>(())
        })
        .await;
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    store.ping().await.unwrap();
}

/// A deletion takes its locks in an order of its own.
#[tokio::test]
async fn texts_do_not_wait_for_whoever_deletes_one_of_them() {
    let Some((database, store)) = Postgres::connected().await else {
        return;
    };
    let ada = add_user(&store, "Ada").await;
    let project = add_project(&store, ada.id, "P").await;
    let conversation = add_conversation(&store, &project).await.id;
    let ids = write(&store, move |conn| {
        let answer = new_message(conversation, None, MessageRole::Assistant);
        let first = messages::insert(conn, &answer)?.id;
        let second = new_message(conversation, None, MessageRole::Assistant);
        Ok([first, messages::insert(conn, &second)?.id])
    })
    .await;

    let mut other = PgConnection::establish(&database.plain_url).unwrap();
    let deletion = format!("BEGIN; DELETE FROM messages WHERE id = '{}'", ids[0]);
    other.batch_execute(&deletion).unwrap();
    let written = write(&store, move |conn| {
        let texts = ids.map(|id| TextSoFar {
            id,
            content: "so far".to_owned(),
            reasoning: None,
        });
        messages::write_texts(conn, &texts, now())
    });
    let written = tokio::time::timeout(Duration::from_secs(20), written).await;
    assert_eq!(written, Ok(1), "the other one alone");
    other.batch_execute("COMMIT").unwrap();
}

/// A deletion of the account locks the person first and the projects then; whoever changes a project and notes who
/// did it must not hold the one while it waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_project_holds_nothing_while_its_owner_is_locked() {
    let Some((database, store)) = Postgres::connected().await else {
        return;
    };
    let ada = add_user(&store, "Ada").await;
    let project = add_project(&store, ada.id, "P").await;

    let mut deletion = PgConnection::establish(&database.plain_url).unwrap();
    let lock = format!(
        "BEGIN; SELECT 1 FROM users WHERE id = '{}' FOR UPDATE",
        ada.id
    );
    deletion.batch_execute(&lock).unwrap();
    let (changing, id) = (store.clone(), project.id);
    let change = tokio::spawn(async move {
        write(&changing, move |conn| {
            let patch = ProjectPatch {
                system_prompt: Some("Another".to_owned()),
                ..ProjectPatch::default()
            };
            projects::update(conn, ada.id, id, None, &patch, ada.id, now())
        })
        .await
    });
    let mut admin = PgConnection::establish(&database.plain_url).unwrap();
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let patience = Instant::now() + Duration::from_secs(20);
    while sql_query(waiting).execute(&mut admin).unwrap() == 0 {
        assert!(Instant::now() < patience, "the change does not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lock = format!("SELECT 1 FROM projects WHERE id = '{id}' FOR UPDATE NOWAIT; COMMIT");
    deletion.batch_execute(&lock).unwrap();
    let outcome = change.await.unwrap();
    assert!(matches!(outcome, UpdateOutcome::Updated(..)), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_callers_than_connections_all_get_their_turn() {
    let Some(database) = Postgres::new() else {
        return;
    };
    let store = Store::connect(&database.url).await.unwrap();
    let tasks: Vec<_> = (0..300)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.ping().await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_in_one_line() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url: DatabaseUrl = format!("postgres://ada:secret@127.0.0.1:{port}/x")
        .parse()
        .unwrap();
    let begun = Instant::now();
    let Err(error) = Store::connect(&url).await else {
        panic!("connected")
    };
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it does not wait for ever"
    );
    let reason = error.source().unwrap().to_string();
    assert!(reason.contains("refused"), "{reason}");
    assert!(
        !reason.contains('\n') && !reason.contains("secret"),
        "{reason}"
    );
}

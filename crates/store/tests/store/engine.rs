//! Reads and writes, whatever they do.

use diesel::Connection;
use prompthub_store::{StoreError, users};

use crate::support::{add_user, new_user, on_every_database, read};

#[derive(Debug)]
enum Failure {
    Wanted,
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

on_every_database! {
    async fn many_writers_are_all_answered_and_all_stored(store: Store) {
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { add_user(&store, &format!("user{number}")).await })
            })
            .collect();
        for task in tasks {
            let row = task.await.unwrap();
            let found = read(&store, move |conn| users::find(conn, row.id)).await;
            assert_eq!(found, Some(row), "a row is there to the microsecond once it is acknowledged");
        }
    }

    async fn a_failing_or_panicking_write_takes_back_only_its_own(store: Store) {
        let tasks: Vec<_> = (0..60)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    let new = new_user(&format!("user{number}"));
                    let id = new.id;
                    let result = store
                        .write(move |conn| {
                            users::insert(conn, &new)?;
                            match number % 4 {
                                0 => Err(Failure::Wanted),
                                1 => panic!("on purpose"),
                                2 => conn
                                    .transaction::<(), diesel::result::Error, _>(|_| {
                                        panic!("in a nested transaction, on purpose")
                                    })
                                    .map_err(|error| Failure::Store(error.into())),
                                _ => Ok(()),
                            }
                        })
                        .await;
                    (number, id, result)
                })
            })
            .collect();
        for task in tasks {
            let (number, id, result) = task.await.unwrap();
            match number % 4 {
                0 => assert!(matches!(result, Err(Failure::Wanted))),
                1 => assert!(
                    matches!(&result, Err(Failure::Store(StoreError::Internal(text))) if text == "on purpose"),
                    "{result:?}"
                ),
                2 => assert!(matches!(result, Err(Failure::Store(StoreError::Internal(_))))),
                _ => assert!(result.is_ok(), "{result:?}"),
            }
            let found = read(&store, move |conn| users::find(conn, id)).await;
            assert_eq!(found.is_some(), number % 4 == 3, "{number}");
        }
    }

    async fn a_panicking_read_harms_nobody(store: Store) {
        for _ in 0..20 {
            let result: Result<(), StoreError> = store
                .read(|conn| {
                    conn.transaction::<(), StoreError, _>(|_| panic!("on purpose"))
                })
                .await;
            assert!(matches!(result, Err(StoreError::Internal(_))));
        }
        store.ping().await.unwrap();
        add_user(&store, "ada").await;
    }

    async fn a_write_goes_on_when_its_caller_stops_waiting(store: Store) {
        let new = new_user("ada");
        let id = new.id;
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let task = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(move |conn| {
                        begun.send(()).unwrap();
                        wait.recv().unwrap();
                        users::insert(conn, &new)
                    })
                    .await
            }
        });
        has_begun.await.unwrap();
        task.abort();
        assert!(task.await.is_err());
        go.send(()).unwrap();
        // Nobody is told when it commits, so it is asked for until it is there.
        let written = async {
            while read(&store, move |conn| users::find(conn, id)).await.is_none() {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(10);
        tokio::time::timeout(patience, written).await.unwrap();
    }
}

//! The search index: that it follows what is stored, whichever way that changes.

use std::{path::Path, time::Duration};

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection, sql_query, sql_types::BigInt,
};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use prompthub_dto::ids::{GenerationId, UserId};
use prompthub_store::{
    MessageRole, MessageStatus, Store,
    generations::{self, NewGeneration},
    messages,
    search::{self, Search, SearchTerms},
    users,
};

use crate::support::{
    Postgres, Sqlite, add_conversation, add_project, add_user, at, new_message, on_every_database,
    read, write,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

/// How many titles and messages of a person are found once all is indexed.
async fn count(store: &Store, owner: UserId, words: &str) -> usize {
    while write(store, search::index_pending).await > 0 {}
    assert!(!read(store, move |conn| search::is_behind(conn, owner)).await);
    let search = Search {
        owner,
        terms: SearchTerms::parse(words).unwrap(),
        project: None,
        after: None,
        limit: 100,
    };
    read(store, move |conn| search::find(conn, &search))
        .await
        .len()
}

/// Somebody with a conversation called "Hello": a question "Salve" and an answer with this status.
async fn exchange(store: &Store, name: &str, status: MessageStatus) -> UserId {
    let user = add_user(store, name).await;
    let project = add_project(store, user.id, "P").await;
    let conversation = add_conversation(store, &project).await;
    write(store, move |conn| {
        let question = new_message(conversation.id, None, MessageRole::User);
        let question = messages::insert(conn, &question)?;
        let mut answer = new_message(conversation.id, Some(question.id), MessageRole::Assistant);
        answer.status = status;
        let answer = messages::insert(conn, &answer)?;
        if status == MessageStatus::Running {
            let generation = NewGeneration {
                id: GenerationId::new(),
                conversation_id: conversation.id,
                user_message_id: question.id,
                assistant_message_id: answer.id,
                owner_id: user.id,
                model: "demo/echo".to_owned(),
                lease_owner: "node".to_owned(),
                lease_expires_at: at(0),
                now: at(0),
            };
            generations::insert(conn, &generation)?;
        }
        Ok(())
    })
    .await;
    user.id
}

on_every_database! {
    async fn what_is_being_written_is_not_indexed(store: Store) {
        let ada = exchange(&store, "Ada", MessageStatus::Running).await;
        assert_eq!(count(&store, ada, "salve").await, 1);
        write(&store, |conn| generations::interrupt_running(conn, at(1))).await;
        assert_eq!(count(&store, ada, "salve").await, 2);
        write(&store, |conn| generations::interrupt_running(conn, at(2))).await;
        assert_eq!(count(&store, ada, "salve").await, 2);
    }

    async fn what_is_stored_is_listed_until_it_is_indexed(store: Store) {
        let ada = exchange(&store, "Ada", MessageStatus::Complete).await;
        let bob = add_user(&store, "Bob").await.id;
        let is_behind = |owner| read(&store, move |conn| search::is_behind(conn, owner));
        assert!(is_behind(ada).await && !is_behind(bob).await);
        // A start does not wait for it.
        store.migrate().await.unwrap();
        assert!(is_behind(ada).await);
        // A title and two messages.
        assert_eq!(write(&store, search::index_pending).await, 3);
        assert_eq!(write(&store, search::index_pending).await, 0);
        assert!(!is_behind(ada).await);
    }

    async fn long_messages_are_indexed_few_at_a_time(store: Store) {
        let user = add_user(&store, "Ada").await;
        let project = add_project(&store, user.id, "P").await;
        let conversation = add_conversation(&store, &project).await;
        write(&store, move |conn| {
            for _ in 0..3 {
                let mut message = new_message(conversation.id, None, MessageRole::User);
                message.content = "salve ".repeat(100_000);
                messages::insert(conn, &message)?;
            }
            Ok(())
        })
        .await;
        // The title, and one message of 600,000 bytes; two would be more than a million.
        assert_eq!(write(&store, search::index_pending).await, 2);
        assert_eq!(write(&store, search::index_pending).await, 1);
        assert_eq!(count(&store, user.id, "salve").await, 3);
    }

    async fn what_is_gone_leaves_the_queue(store: Store) {
        let ada = exchange(&store, "Ada", MessageStatus::Complete).await;
        write(&store, move |conn| users::delete(conn, ada)).await;
        assert_eq!(write(&store, search::index_pending).await, 3);
        assert!(!read(&store, search::is_pending).await);
    }

    async fn everybody_has_an_index_of_their_own(store: Store) {
        let ada = exchange(&store, "Ada", MessageStatus::Complete).await;
        let bob = exchange(&store, "Bob", MessageStatus::Complete).await;
        assert_eq!(count(&store, ada, "hello").await, 1);
        write(&store, move |conn| users::delete(conn, ada)).await;
        assert_eq!(count(&store, ada, "hello").await, 0);
        assert_eq!(count(&store, bob, "hello").await, 1);
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[tokio::test]
async fn sqlite_indexes_what_was_there_and_forgets_what_is_gone() {
    let database = Sqlite::new();
    let store = Store::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    let ada = exchange(&store, "Ada", MessageStatus::Complete).await;
    let bob = exchange(&store, "Bob", MessageStatus::Running).await;
    drop(store);

    let mut conn = SqliteConnection::establish(database.path().to_str().unwrap()).unwrap();
    let migrations = FileBasedMigrations::from_path(Path::new(FOLDER).join("sqlite")).unwrap();
    while conn
        .revert_last_migration(migrations.clone())
        .unwrap()
        .to_string()
        != "20261122000005"
    {}
    let store = Store::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(count(&store, ada, "salve").await, 2);
    assert_eq!(count(&store, ada, "hello").await, 1);
    assert_eq!(count(&store, bob, "salve").await, 1);

    // Gaps among the rows, and then rows that may change their places.
    write(&store, move |conn| users::delete(conn, ada)).await;
    let check = "VACUUM; INSERT INTO search_index (search_index) VALUES ('integrity-check');";
    conn.batch_execute(check).unwrap();
    assert_eq!(count(&store, bob, "hello salve").await, 0);
    assert_eq!(count(&store, bob, "hello").await, 1);
    write(&store, move |conn| users::delete(conn, bob)).await;
    for table in ["search_entries", "search_index"] {
        let left: Count = sql_query(format!("SELECT count(*) AS count FROM {table}"))
            .get_result(&mut conn)
            .unwrap();
        assert_eq!(left.count, 0, "{table}");
    }
}

#[tokio::test]
async fn postgres_indexes_what_was_there_and_forgets_what_is_gone() {
    let Some((database, store)) = Postgres::connected().await else {
        return;
    };
    let ada = exchange(&store, "Ada", MessageStatus::Complete).await;

    let mut conn = PgConnection::establish(&database.plain_url).unwrap();
    let migrations = FileBasedMigrations::from_path(Path::new(FOLDER).join("postgres")).unwrap();
    while conn
        .revert_last_migration(migrations.clone())
        .unwrap()
        .to_string()
        != "20261122000005"
    {}
    store.migrate().await.unwrap();
    assert_eq!(count(&store, ada, "salve").await, 2);
    assert_eq!(count(&store, ada, "hello").await, 1);
    write(&store, move |conn| users::delete(conn, ada)).await;
    let left: Count = sql_query("SELECT count(*) AS count FROM search_entries")
        .get_result(&mut conn)
        .unwrap();
    assert_eq!(left.count, 0);
}

/// Neither a start nor the index waits for a server that is indexing.
#[tokio::test]
async fn postgres_leaves_alone_what_another_server_is_indexing() {
    let Some((database, store)) = Postgres::connected().await else {
        return;
    };
    let ada = exchange(&store, "Ada", MessageStatus::Complete).await;

    let mut other = PgConnection::establish(&database.plain_url).unwrap();
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(7237408823);";
    other.batch_execute(lock).unwrap();
    tokio::time::timeout(Duration::from_secs(20), store.migrate())
        .await
        .expect("the start goes on")
        .unwrap();
    assert_eq!(write(&store, search::index_pending).await, 0);
    assert!(read(&store, move |conn| search::is_behind(conn, ada)).await);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(write(&store, search::index_pending).await, 3);
    assert!(!read(&store, move |conn| search::is_behind(conn, ada)).await);
}

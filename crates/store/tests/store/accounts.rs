//! Accounts and sessions.

use prompthub_dto::ids::{SessionId, UserId};
use prompthub_store::{
    UserRole,
    sessions::{self, NewSession},
    users::{self, UserPatch},
};

use crate::support::{add_user, at, new_user, on_every_database, read, write};

fn new_session(user: UserId, key_hash: &str, expires_at: chrono::NaiveDateTime) -> NewSession {
    NewSession {
        id: SessionId::new(),
        key_hash: key_hash.to_owned(),
        user_id: user,
        state: "{}".to_owned(),
        user_agent: Some("curl".to_owned()),
        ip_address: None,
        now: at(0),
        expires_at,
    }
}

on_every_database! {
    async fn of_many_first_accounts_one_is_the_administrator(store: Store) {
        let tasks: Vec<_> = (0..24)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { add_user(&store, &format!("user{number}")).await.role })
            })
            .collect();
        let mut administrators = 0;
        for task in tasks {
            administrators += u32::from(task.await.unwrap() == UserRole::Admin);
        }
        assert_eq!(administrators, 1);
    }

    async fn registrations_that_take_their_turns_find_the_one_before(store: Store) {
        let tasks: Vec<_> = (0..24)
            .map(|number| {
                let (store, new) = (store.clone(), new_user(&format!("user{number}")));
                tokio::spawn(async move {
                    write(&store, move |conn| {
                        users::lock_registration(conn)?;
                        if users::any_exists(conn)? {
                            return Ok(0);
                        }
                        users::insert(conn, &new).map(|_| 1)
                    })
                    .await
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += task.await.unwrap();
        }
        assert_eq!(made, 1);
    }

    async fn an_email_has_one_account(store: Store) {
        assert!(!read(&store, users::any_exists).await);
        let ada = add_user(&store, "Ada").await;
        assert!(read(&store, users::any_exists).await);

        let again = new_user("ADA");
        let refused = store.write(move |conn| users::insert(conn, &again)).await.unwrap_err();
        assert!(refused.is_unique("users.email_key"), "{refused:?}");
        assert!(!refused.is_unique("files.name"));

        let bob = add_user(&store, "Bob").await;
        let patch = UserPatch { name: None, email: Some((ada.email.clone(), ada.email_key.clone())) };
        let refused =
            store.write(move |conn| users::update(conn, bob.id, &patch, at(1))).await.unwrap_err();
        assert!(refused.is_unique("users.email_key"), "{refused:?}");
        let found = read(&store, |conn| users::find_by_email_key(conn, "ada@example.com")).await;
        assert_eq!(found, Some(ada));
    }

    async fn an_account_changes_only_what_is_sent(store: Store) {
        let ada = add_user(&store, "Ada").await;
        let patch = UserPatch { name: Some("Ada L.".to_owned()), email: None };
        let changed = write(&store, move |conn| users::update(conn, ada.id, &patch, at(9))).await;
        let changed = changed.unwrap();
        assert_eq!((changed.name.as_str(), &changed.email), ("Ada L.", &ada.email));
        assert_eq!((changed.created_at, changed.updated_at), (ada.created_at, at(9)));
        assert!(write(&store, move |conn| users::set_password(conn, ada.id, "new", at(10))).await);

        let nobody = UserId::new();
        let patch = UserPatch::default();
        assert_eq!(write(&store, move |conn| users::update(conn, nobody, &patch, at(1))).await, None);
        assert!(!write(&store, move |conn| users::set_password(conn, nobody, "new", at(1))).await);
        assert!(!write(&store, move |conn| users::delete(conn, nobody)).await);
    }

    async fn it_is_known_how_passwords_were_hashed(store: Store) {
        assert!(read(&store, users::hash_kinds).await.is_empty());
        for (name, hash) in [("Ada", "$2b$12$abc"), ("Bob", "$2b$12$def"), ("Eve", "$2b$04$abc")] {
            let id = add_user(&store, name).await.id;
            write(&store, move |conn| users::set_password(conn, id, hash, at(1))).await;
        }
        let mut kinds = read(&store, users::hash_kinds).await;
        kinds.sort();
        assert_eq!(kinds, ["$2b$04$", "$2b$12$"]);
    }

    async fn a_session_lives_until_it_expires_or_ends(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let new = new_session(ada, "k1", at(100));
        let row = write(&store, move |conn| sessions::insert(conn, &new)).await;
        let find = |now| read(&store, move |conn| sessions::find_by_key_hash(conn, "k1", now));
        assert_eq!(find(at(99)).await, Some(row.clone()));
        assert_eq!(find(at(100)).await, None);

        let update =
            |now| write(&store, move |conn| sessions::update(conn, "k1", "{\"a\":1}", now, at(200)));
        assert!(!update(at(150)).await, "an expired session does not come back");
        assert!(update(at(50)).await);
        let seen = find(at(150)).await.unwrap();
        assert_eq!((seen.state.as_str(), seen.last_seen_at), ("{\"a\":1}", at(50)));

        assert_eq!(write(&store, |conn| sessions::delete_expired(conn, at(199))).await, 0);
        assert_eq!(write(&store, |conn| sessions::delete_expired(conn, at(200))).await, 1);
        assert!(!write(&store, |conn| sessions::delete_by_key_hash(conn, "k1")).await);
    }

    async fn sessions_beyond_so_many_end_from_the_one_seen_longest_ago(store: Store) {
        let (ada, bob) = (add_user(&store, "Ada").await.id, add_user(&store, "Bob").await.id);
        for (user, key) in [(bob, "b1"), (ada, "a1"), (ada, "a2"), (ada, "a3"), (ada, "a4")] {
            let new = new_session(user, key, at(100));
            write(&store, move |conn| sessions::insert(conn, &new)).await;
        }
        write(&store, |conn| sessions::update(conn, "a1", "{}", at(5), at(100))).await;
        let end = |most| write(&store, move |conn| sessions::end_beyond(conn, ada, most));
        assert_eq!(end(4).await, 0);
        assert_eq!(end(2).await, 2);
        let left = read(&store, move |conn| sessions::list(conn, ada, at(6))).await;
        let keys: Vec<_> = left.iter().map(|row| row.key_hash.as_str()).collect();
        assert_eq!(keys, ["a1", "a4"]);
        assert_eq!(read(&store, move |conn| sessions::list(conn, bob, at(6))).await.len(), 1);
    }

    async fn a_person_ends_only_their_own_sessions(store: Store) {
        let (ada, bob) = (add_user(&store, "Ada").await.id, add_user(&store, "Bob").await.id);
        for (user, key) in [(ada, "a1"), (ada, "a2"), (ada, "a3"), (bob, "b1")] {
            let new = new_session(user, key, at(100));
            write(&store, move |conn| sessions::insert(conn, &new)).await;
        }
        let list = |user| read(&store, move |conn| sessions::list(conn, user, at(1)));
        let (adas, bobs) = (list(ada).await, list(bob).await);
        assert_eq!((adas.len(), bobs.len()), (3, 1));
        let (of_ada, of_bob) = (adas[0].id, bobs[0].id);
        assert!(!write(&store, move |conn| sessions::delete(conn, ada, of_bob)).await);
        let ended =
            write(&store, move |conn| sessions::delete_others(conn, ada, Some(of_ada))).await;
        assert_eq!(ended, 2);
        assert_eq!(list(ada).await[0].id, of_ada);
        assert!(write(&store, move |conn| sessions::delete(conn, ada, of_ada)).await);
        assert_eq!(write(&store, move |conn| sessions::delete_others(conn, bob, None)).await, 1);
        let new = new_session(bob, "b2", at(100));
        write(&store, move |conn| sessions::insert(conn, &new)).await;
        assert!(write(&store, move |conn| users::delete(conn, bob)).await);
        assert_eq!(list(bob).await, []);
    }
}

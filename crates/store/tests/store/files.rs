//! Files and the blobs that nothing refers to.

use prompthub_dto::ids::{FileId, ProjectId};
use prompthub_store::{Store, StoreError, blobs, files, now, projects, users};

use crate::support::{add_project, add_user, at, new_file, on_every_database, read, write};

async fn garbage(store: &Store) -> Vec<FileId> {
    let after_now = now() + chrono::TimeDelta::seconds(1);
    let listed = read(store, move |conn| {
        blobs::garbage(conn, after_now, None, 100)
    });
    let mut ids: Vec<_> = listed.await.into_iter().map(|(_, id)| id).collect();
    ids.sort();
    ids
}

async fn add_file(store: &Store, project: ProjectId, name: &str) -> FileId {
    let new = new_file(project, name, now());
    let id = new.id;
    write(store, move |conn| blobs::announce(conn, id, now())).await;
    let (row, _) = write(store, move |conn| files::insert(conn, &new, false)).await;
    row.id
}

on_every_database! {
    async fn an_upload_that_never_ends_leaves_a_trace(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = add_project(&store, ada, "P").await.id;
        let (done, lost) = (FileId::new(), FileId::new());
        write(&store, move |conn| {
            blobs::announce(conn, done, at(1))?;
            blobs::announce(conn, lost, at(2))
        })
        .await;
        let new = files::NewFile { id: done, ..new_file(project, "a.txt", at(3)) };
        let (row, _) = write(&store, move |conn| files::insert(conn, &new, false)).await;
        assert_eq!(row.size, 5_000_000_000);
        assert_eq!(read(&store, |conn| blobs::garbage(conn, at(2), None, 10)).await, []);
        let listed = read(&store, |conn| blobs::garbage(conn, at(3), None, 10)).await;
        assert_eq!(listed, [(at(2), lost)]);
        write(&store, move |conn| blobs::forget(conn, lost)).await;
        assert_eq!(garbage(&store).await, []);
    }

    async fn the_list_of_garbage_goes_on_where_it_was_left(store: Store) {
        let mut expected: Vec<_> = (0..10).map(|number| (at(number / 4), FileId::new())).collect();
        let listed = expected.clone();
        write(&store, move |conn| {
            listed.iter().try_for_each(|(since, id)| blobs::announce(conn, *id, *since))
        })
        .await;
        expected.sort();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let batch = read(&store, move |conn| blobs::garbage(conn, at(9), after, 3)).await;
            let Some(last) = batch.last() else { break };
            after = Some(*last);
            seen.extend(batch);
        }
        assert_eq!(seen, expected);
    }

    async fn a_name_is_taken_or_replaced(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = add_project(&store, ada, "P").await.id;
        let old = add_file(&store, project, "a.txt").await;
        let again = new_file(project, "a.txt", now());
        let refused =
            store.write(move |conn| files::insert(conn, &again, false)).await.unwrap_err();
        assert!(refused.is_unique("files.name"), "{refused:?}");
        assert_eq!(garbage(&store).await, []);

        let again = new_file(project, "a.txt", now());
        let (row, replaced) = write(&store, move |conn| files::insert(conn, &again, true)).await;
        assert_eq!(replaced, Some(old));
        assert_eq!(garbage(&store).await, [old]);
        let found = read(&store, move |conn| files::find(conn, ada, project, "a.txt")).await;
        assert_eq!(found, Some(row));
    }

    async fn of_many_replacements_at_once_one_stays_and_no_blob_is_lost(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = add_project(&store, ada, "P").await.id;
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let new = new_file(project, "a.txt", now());
                    write(&store, move |conn| files::insert(conn, &new, true)).await
                })
            })
            .collect();
        let (mut all, mut replaced) = (Vec::new(), Vec::new());
        for task in tasks {
            let (row, old) = task.await.unwrap();
            all.push(row.id);
            replaced.extend(old);
        }
        let kept = read(&store, move |conn| files::find(conn, ada, project, "a.txt")).await.unwrap();
        all.retain(|id| *id != kept.id);
        all.sort();
        replaced.sort();
        assert_eq!(replaced, all, "each is said to be replaced once");
        assert_eq!(garbage(&store).await, all);
    }

    async fn what_is_deleted_leaves_its_blobs_to_the_sweep(store: Store) {
        let (ada, bob) = (add_user(&store, "Ada").await.id, add_user(&store, "Bob").await.id);
        let first = add_project(&store, ada, "P").await.id;
        let second = add_project(&store, ada, "Q").await.id;
        let of_bob = add_project(&store, bob, "R").await.id;
        let mut expected = vec![
            add_file(&store, first, "a").await,
            add_file(&store, first, "b").await,
            add_file(&store, second, "c").await,
        ];
        let kept = add_file(&store, of_bob, "d").await;
        let mut owned = read(&store, move |conn| files::owned_by(conn, ada)).await;
        owned.sort();
        assert_eq!(owned, expected);

        assert_eq!(write(&store, move |conn| files::delete(conn, bob, first, "a")).await, None);
        let row = write(&store, move |conn| files::delete(conn, ada, first, "a")).await.unwrap();
        assert_eq!(row.id, expected[0]);
        write(&store, move |conn| projects::delete(conn, ada, first, None)).await;
        assert_eq!(garbage(&store).await, expected[..2]);
        assert!(write(&store, move |conn| users::delete(conn, ada)).await);
        expected.sort();
        assert_eq!(garbage(&store).await, expected);
        let found = read(&store, move |conn| files::find(conn, bob, of_bob, "d")).await;
        assert_eq!(found.unwrap().id, kept);
    }

    async fn files_are_listed_by_their_owner_in_pages(store: Store) {
        let (ada, bob) = (add_user(&store, "Ada").await.id, add_user(&store, "Bob").await.id);
        let project = add_project(&store, ada, "P").await.id;
        let expected = write(&store, move |conn| {
            (0..10)
                .map(|n| {
                    let new = new_file(project, &n.to_string(), at(n / 4));
                    files::insert(conn, &new, false).map(|(row, _)| row)
                })
                .collect::<Result<Vec<_>, _>>()
        })
        .await;
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = read(&store, move |conn| files::list(conn, ada, project, after, 3)).await;
            let page = page.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id));
            seen.extend(page);
        }
        assert_eq!(seen, expected);
        assert_eq!(read(&store, move |conn| files::list(conn, bob, project, None, 3)).await, None);
        assert_eq!(read(&store, move |conn| files::find(conn, bob, project, "1")).await, None);
    }

    async fn a_file_needs_its_project(store: Store) {
        let new = new_file(ProjectId::new(), "a", now());
        let refused = store.write(move |conn| files::insert(conn, &new, false)).await;
        assert!(matches!(refused, Err(StoreError::ForeignKey(_))), "{refused:?}");
    }
}

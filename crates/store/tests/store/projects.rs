//! Projects, their revisions, their prompt versions, and their list.

use prompthub_dto::ids::{ProjectId, PromptVersionId, UserId};
use prompthub_store::{
    Store, StoreError, files,
    projects::{self, DeleteOutcome, ProjectPatch, ProjectRow, PromptVersionRow, UpdateOutcome},
    transfer,
};

use crate::support::{
    add_project, add_user, at, new_file, new_project, on_every_database, read, write,
};

async fn update(
    store: &Store,
    project: &ProjectRow,
    expected: Option<i64>,
    patch: ProjectPatch,
) -> UpdateOutcome {
    let (owner, id) = (project.owner_id, project.id);
    write(store, move |conn| {
        projects::update(conn, owner, id, expected, &patch, owner, at(5))
    })
    .await
}

async fn versions(store: &Store, owner: UserId, id: ProjectId) -> Option<Vec<i32>> {
    let rows = read(store, move |conn| {
        projects::list_versions(conn, owner, id, None, 100)
    })
    .await?;
    Some(rows.iter().map(|row| row.number).collect())
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

on_every_database! {
    async fn only_a_changed_prompt_makes_a_version(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = add_project(&store, ada, "Latin").await;
        let patch = ProjectPatch { name: text("Greek"), ..ProjectPatch::default() };
        let UpdateOutcome::Updated(row, 0) = update(&store, &project, None, patch).await else {
            panic!("updated")
        };
        assert_eq!((row.name.as_str(), row.revision, row.prompt_version), ("Greek", 2, 1));
        assert_eq!(row.system_prompt, project.system_prompt);

        let same = ProjectPatch {
            name: text("Greek"),
            system_prompt: text("You are helpful."),
            ..ProjectPatch::default()
        };
        let UpdateOutcome::Updated(row, _) = update(&store, &project, Some(2), same).await else {
            panic!("updated")
        };
        assert_eq!((row.revision, row.prompt_version), (2, 1));

        let patch = ProjectPatch {
            system_prompt: text("You answer in Greek."),
            parameters: text("{\"seed\":1}"),
            ..ProjectPatch::default()
        };
        let outcome = update(&store, &project, Some(2), patch).await;
        let found = read(&store, move |conn| projects::find(conn, ada, project.id)).await.unwrap();
        assert_eq!(outcome, UpdateOutcome::Updated(found.0.clone(), found.1));
        assert_eq!((found.0.revision, found.0.prompt_version), (3, 2));
        assert_eq!(versions(&store, ada, project.id).await, Some(vec![2, 1]));
        let second = read(&store, move |conn| {
            projects::list_versions(conn, ada, project.id, Some(2), 1)
        });
        assert_eq!(second.await.unwrap()[0].system_prompt, "You are helpful.");
    }

    async fn the_highest_version_is_listed_and_is_the_last(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = ProjectRow {
            id: ProjectId::new(),
            prompt_version: i32::MAX,
            ..add_project(&store, ada, "Latin").await
        };
        let version = PromptVersionRow {
            id: PromptVersionId::new(),
            project_id: project.id,
            number: i32::MAX,
            system_prompt: project.system_prompt.clone(),
            model: project.model.clone(),
            parameters: project.parameters.clone(),
            author_id: Some(ada),
            created_at: at(1),
        };
        let row = project.clone();
        write(&store, move |conn| transfer::insert_project(conn, &row, &[version])).await;
        assert_eq!(versions(&store, ada, project.id).await, Some(vec![i32::MAX]));
        let patch = ProjectPatch { model: text("demo/other"), ..ProjectPatch::default() };
        let refused = store
            .write(move |conn| projects::update(conn, ada, project.id, None, &patch, ada, at(5)))
            .await;
        assert!(matches!(refused, Err(StoreError::Exhausted(_))), "{refused:?}");
        assert_eq!(versions(&store, ada, project.id).await, Some(vec![i32::MAX]));
    }

    async fn of_many_updates_of_one_revision_one_wins(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = add_project(&store, ada, "Latin").await;
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let (store, project) = (store.clone(), project.clone());
                tokio::spawn(async move {
                    let patch =
                        ProjectPatch { model: text(&format!("demo/{number}")), ..ProjectPatch::default() };
                    update(&store, &project, Some(1), patch).await
                })
            })
            .collect();
        let mut updated = 0;
        for task in tasks {
            match task.await.unwrap() {
                UpdateOutcome::Updated(..) => updated += 1,
                outcome => assert_eq!(outcome, UpdateOutcome::Stale),
            }
        }
        assert_eq!(updated, 1);
        assert_eq!(versions(&store, ada, project.id).await, Some(vec![2, 1]));
    }

    async fn unconditional_updates_at_once_all_count(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let project = add_project(&store, ada, "Latin").await;
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let (store, project) = (store.clone(), project.clone());
                tokio::spawn(async move {
                    let patch =
                        ProjectPatch { model: text(&format!("demo/{number}")), ..ProjectPatch::default() };
                    update(&store, &project, None, patch).await
                })
            })
            .collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), UpdateOutcome::Updated(..)));
        }
        let (row, _) = read(&store, move |conn| projects::find(conn, ada, project.id)).await.unwrap();
        assert_eq!((row.revision, row.prompt_version), (13, 13));
    }

    async fn another_persons_project_is_not_there(store: Store) {
        let (ada, bob) = (add_user(&store, "Ada").await.id, add_user(&store, "Bob").await.id);
        let project = add_project(&store, ada, "Latin").await;
        let id = project.id;
        let stolen = ProjectRow { owner_id: bob, ..project.clone() };
        let patch = ProjectPatch { name: text("Mine"), ..ProjectPatch::default() };
        assert_eq!(update(&store, &stolen, None, patch).await, UpdateOutcome::NotFound);
        assert_eq!(read(&store, move |conn| projects::find(conn, bob, id)).await, None);
        assert_eq!(versions(&store, bob, id).await, None);
        let outcome = write(&store, move |conn| projects::delete(conn, bob, id, None)).await;
        assert_eq!(outcome, DeleteOutcome::NotFound);
        assert!(read(&store, move |conn| projects::find(conn, ada, id)).await.is_some());
    }

    async fn a_stale_deletion_is_refused(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let id = add_project(&store, ada, "Latin").await.id;
        let delete = |expected| write(&store, move |conn| projects::delete(conn, ada, id, expected));
        assert_eq!(delete(Some(2)).await, DeleteOutcome::Stale);
        assert_eq!(delete(Some(1)).await, DeleteOutcome::Deleted);
        assert_eq!(delete(None).await, DeleteOutcome::NotFound);
    }

    async fn pages_hold_every_project_once_in_order(store: Store) {
        let (ada, bob) = (add_user(&store, "Ada").await.id, add_user(&store, "Bob").await.id);
        let mut expected = write(&store, move |conn| {
            projects::insert(conn, &new_project(bob, "Bob's", at(3)))?;
            (0..25)
                // Several share a moment, so the ids must decide.
                .map(|number| projects::insert(conn, &new_project(ada, "P", at(number / 6))))
                .collect::<Result<Vec<_>, _>>()
        })
        .await;
        expected.sort_by_key(|row| std::cmp::Reverse((row.last_activity_at, row.id)));
        let busiest = expected[7].id;
        write(&store, move |conn| {
            files::insert(conn, &new_file(busiest, "a", at(1)), false)?;
            files::insert(conn, &new_file(busiest, "b", at(1)), false)
        })
        .await;

        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = read(&store, move |conn| projects::list(conn, ada, after, 7)).await;
            let Some((last, _)) = page.last() else { break };
            after = Some((last.last_activity_at, last.id));
            seen.extend(page);
        }
        let rows: Vec<_> = seen.iter().map(|(row, _)| row.clone()).collect();
        assert_eq!(rows, expected);
        for (row, file_count) in seen {
            assert_eq!(file_count, if row.id == busiest { 2 } else { 0 });
        }
    }

    async fn activity_moves_a_project_up_and_never_down(store: Store) {
        let ada = add_user(&store, "Ada").await.id;
        let new = new_project(ada, "P", at(10));
        let id = write(&store, move |conn| projects::insert(conn, &new)).await.id;
        for (touched, expected) in [(20, 20), (15, 20)] {
            write(&store, move |conn| projects::touch(conn, id, at(touched))).await;
            let (row, _) = read(&store, move |conn| projects::find(conn, ada, id)).await.unwrap();
            assert_eq!((row.last_activity_at, row.revision), (at(expected), 1));
        }
    }
}

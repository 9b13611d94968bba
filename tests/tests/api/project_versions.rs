//! Prompt versions, and entity tags: `If-Match` against lost changes.

use prompthub_dto::{
    Page,
    problem::ProblemCode,
    projects::{Project, PromptVersion},
};
use prompthub_tests::{Client, client::path, spawn_app};
use serde_json::json;

async fn versions(client: &Client, project: &Project) -> Vec<PromptVersion> {
    client
        .get(&format!("{}/versions", path(project)))
        .send()
        .await
        .json::<Page<PromptVersion>>()
        .items
}

#[tokio::test]
async fn a_change_of_the_prompt_makes_a_version() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "system_prompt": "One."}))
        .await;
    ada.update_project(&project, json!({"name": "Records"}))
        .await;
    ada.update_project(&project, json!({"system_prompt": "One."}))
        .await;
    assert_eq!(
        versions(&ada, &project).await.len(),
        1,
        "nothing that the model is told has changed"
    );

    let changed = ada
        .update_project(&project, json!({"system_prompt": "Two."}))
        .await;
    assert_eq!(changed.prompt_version, 2);
    ada.update_project(&project, json!({"model": "demo/echo"}))
        .await;
    ada.update_project(&project, json!({"parameters": {"temperature": 0.1}}))
        .await;
    let answer = ada
        .get(&format!("{}/versions", path(&project)))
        .send()
        .await;
    insta::assert_json_snapshot!(answer.redacted()["items"][2], @r#"
    {
      "author_id": "[id]",
      "created_at": "[time]",
      "id": "[id]",
      "model": "openrouter/openrouter/auto",
      "number": 2,
      "parameters": {},
      "system_prompt": "Two."
    }
    "#);
    let numbers: Vec<_> = versions(&ada, &project)
        .await
        .iter()
        .map(|version| version.number)
        .collect();
    assert_eq!(numbers, [4, 3, 2, 1]);

    let page: Page<PromptVersion> = ada
        .get(&format!("{}/versions?limit=3", path(&project)))
        .send()
        .await
        .json();
    let cursor = page.next_cursor.expect("there is one more");
    let last = ada
        .get(&format!("{}/versions", path(&project)))
        .query(&[("cursor", &cursor)])
        .send()
        .await;
    let last: Page<PromptVersion> = last.json();
    assert_eq!(
        last.items
            .iter()
            .map(|version| version.number)
            .collect::<Vec<_>>(),
        [1]
    );
}

#[tokio::test]
async fn a_stale_change_is_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let first = ada.get(&path(&project)).send().await;
    let tag = first.header("etag").expect("an ETag").to_owned();
    let change = async |tag: &str, name: &str| {
        ada.patch(&path(&project))
            .header("if-match", tag)
            .json(&json!({"name": name}))
            .send()
            .await
    };
    let changed = change(&tag, "Mine").await;
    changed.expect_status(200);
    let newer = changed.header("etag").expect("an ETag").to_owned();
    assert_ne!(newer, tag);

    change(&tag, "Theirs")
        .await
        .assert_problem(ProblemCode::StaleVersion);
    change("\"nonsense\"", "Theirs")
        .await
        .assert_problem(ProblemCode::StaleVersion);
    change("*", "Anything").await.expect_status(200);
    assert_eq!(
        ada.get(&path(&project)).send().await.json::<Project>().name,
        "Anything"
    );

    let delete = ada
        .delete(&path(&project))
        .header("if-match", &tag)
        .send()
        .await;
    delete.assert_problem(ProblemCode::StaleVersion);
    ada.get(&path(&project)).send().await.expect_status(200);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_stale() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let tag = ada
        .get(&path(&project))
        .send()
        .await
        .header("etag")
        .expect("an ETag")
        .to_owned();
    let changes = (0..6).map(|number| {
        let body = json!({"system_prompt": format!("Prompt {number}")});
        ada.patch(&path(&project))
            .header("if-match", &tag)
            .json(&body)
            .send()
    });
    let answers = futures_util::future::join_all(changes).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.assert_problem(ProblemCode::StaleVersion);
    }
    assert_eq!(versions(&ada, &project).await.len(), 2);
}

/// Files and messages make no revision, so the tag of one must not keep them from being seen.
#[tokio::test]
async fn a_project_is_shown_as_it_is_whatever_tag_is_sent() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let tag = ada
        .get(&path(&project))
        .send()
        .await
        .header("etag")
        .expect("an ETag")
        .to_owned();
    ada.upload(&project, "a.txt", b"a").await;
    ada.chat(&project, "Hello").await;
    for candidates in [&tag, "*"] {
        let again = ada
            .get(&path(&project))
            .header("if-none-match", candidates)
            .send()
            .await;
        let now: Project = again.expect_status(200).json();
        assert_eq!(now.file_count, 1);
        assert!(now.last_activity_at.as_str() > project.last_activity_at.as_str());
    }
    // Nor do they stand in the way of a change.
    ada.patch(&path(&project))
        .header("if-match", &tag)
        .json(&json!({"name": "Records"}))
        .send()
        .await
        .expect_status(200);
}

//! Projects: making, listing, changing with `If-Match`, prompt versions, deleting.

use prompthub_dto::{
    Page,
    problem::{FieldCode, ProblemCode},
    projects::Project,
};
use prompthub_tests::{client::path, spawn_app};
use serde_json::{Value, json};

#[tokio::test]
async fn a_project_is_made_and_found() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body = json!({
        "name": "Latin tutor", "description": "For beginners", "system_prompt": "You are patient.",
        "model": "demo/echo", "parameters": {"temperature": 0.5, "max_tokens": 100, "stop": ["END"], "reasoning_effort": "low"},
    });
    let made = ada.post("/api/projects").json(&body).send().await;
    made.expect_status(201);
    insta::assert_json_snapshot!(made.redacted(), @r#"
    {
      "created_at": "[time]",
      "description": "For beginners",
      "file_count": 0,
      "id": "[id]",
      "last_activity_at": "[time]",
      "model": "demo/echo",
      "name": "Latin tutor",
      "parameters": {
        "max_tokens": 100,
        "reasoning_effort": "low",
        "stop": [
          "END"
        ],
        "temperature": 0.5
      },
      "prompt_version": 1,
      "system_prompt": "You are patient.",
      "updated_at": "[time]"
    }
    "#);
    let project: Project = made.json();
    assert_eq!(made.header("location"), Some(path(&project).as_str()));
    let found = ada.get(&path(&project)).send().await;
    assert_eq!(found.expect_status(200).json::<Project>(), project);
    assert_eq!(found.header("etag"), made.header("etag"));
    let listed: Page<Project> = ada.get("/api/projects").send().await.json();
    assert_eq!(
        listed,
        Page {
            items: vec![project],
            next_cursor: None
        }
    );
}

#[tokio::test]
async fn a_name_is_all_that_a_project_needs() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("  Notes  ").await;
    assert_eq!(project.name, "Notes");
    assert_eq!(project.model, "openrouter/openrouter/auto");
    assert_eq!(
        (project.description.as_str(), project.system_prompt.as_str()),
        ("", "")
    );
}

#[tokio::test]
async fn projects_are_listed_page_by_page_latest_activity_first() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(ada.create_project(&format!("Project {number}")).await);
    }
    ada.chat(&made[1], "Hello").await;

    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut request = ada.get("/api/projects").query(&[("limit", "2")]);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Page<Project> = request.send().await.json();
        assert!(page.items.len() <= 2);
        names.extend(page.items.into_iter().map(|project| project.name));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(
        names,
        [
            "Project 1",
            "Project 4",
            "Project 3",
            "Project 2",
            "Project 0"
        ]
    );
}

#[tokio::test]
async fn a_list_says_what_is_wrong_with_its_query() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let lists = [
        "/api/projects".to_owned(),
        format!("{}/versions", path(&project)),
        format!("{}/files", path(&project)),
        format!("{}/conversations", path(&project)),
    ];
    for list in lists {
        let ask = async |query: &str| ada.get(&format!("{list}?{query}")).send().await;
        ask("limit=0")
            .await
            .assert_invalid(&[("limit", FieldCode::OutOfRange)]);
        ask("limit=201")
            .await
            .assert_invalid(&[("limit", FieldCode::OutOfRange)]);
        for unreadable in ["limit=-1", "limit=ten", "limit=99999999999999", "limit="] {
            ask(unreadable)
                .await
                .assert_invalid(&[("limit", FieldCode::Invalid)]);
        }
        ask("cursor=nonsense")
            .await
            .assert_invalid(&[("cursor", FieldCode::Invalid)]);
        ask("cursor=%00%FF")
            .await
            .assert_invalid(&[("cursor", FieldCode::Invalid)]);
        ask("page=2")
            .await
            .assert_invalid(&[("page", FieldCode::Unknown)]);
        ask("limit=200").await.expect_status(200);
    }
}

#[tokio::test]
async fn making_a_project_says_what_is_wrong_with_which_field() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "Notes"});
        body[field] = value;
        body
    };
    let parameters = |field: &str, value: Value| with("parameters", json!({field: value}));
    let cases = [
        (json!({}), "name", FieldCode::Required),
        (with("name", json!("")), "name", FieldCode::Required),
        (with("name", json!("   ")), "name", FieldCode::Required),
        (
            with("name", json!("two\nlines")),
            "name",
            FieldCode::Invalid,
        ),
        (
            with("name", json!("x".repeat(101))),
            "name",
            FieldCode::TooLong,
        ),
        (with("name", json!(null)), "name", FieldCode::WrongType),
        (with("name", json!({"a": 1})), "name", FieldCode::WrongType),
        (
            with("description", json!("x".repeat(1001))),
            "description",
            FieldCode::TooLong,
        ),
        (
            with("system_prompt", json!("x".repeat(100_001))),
            "system_prompt",
            FieldCode::TooLong,
        ),
        (
            with("system_prompt", json!("nul\u{0}")),
            "system_prompt",
            FieldCode::Invalid,
        ),
        (
            with("system_prompt", json!(true)),
            "system_prompt",
            FieldCode::WrongType,
        ),
        (with("owner_id", json!("x")), "owner_id", FieldCode::Unknown),
        (
            with("prompt_version", json!(9)),
            "prompt_version",
            FieldCode::Unknown,
        ),
        (
            parameters("temperature", json!(2.1)),
            "parameters.temperature",
            FieldCode::OutOfRange,
        ),
        (
            parameters("temperature", json!(-0.1)),
            "parameters.temperature",
            FieldCode::OutOfRange,
        ),
        (
            parameters("temperature", json!("hot")),
            "parameters.temperature",
            FieldCode::WrongType,
        ),
        (
            parameters("top_p", json!(1.5)),
            "parameters.top_p",
            FieldCode::OutOfRange,
        ),
        (
            parameters("max_tokens", json!(0)),
            "parameters.max_tokens",
            FieldCode::OutOfRange,
        ),
        (
            parameters("max_tokens", json!(1_000_001)),
            "parameters.max_tokens",
            FieldCode::OutOfRange,
        ),
        (
            parameters("max_tokens", json!(1.5)),
            "parameters.max_tokens",
            FieldCode::WrongType,
        ),
        (
            parameters("stop", json!(["1", "2", "3", "4", "5"])),
            "parameters.stop",
            FieldCode::TooLong,
        ),
        (
            parameters("stop", json!("END")),
            "parameters.stop",
            FieldCode::WrongType,
        ),
        (
            parameters("stop", json!(["END", "x".repeat(201)])),
            "parameters.stop.1",
            FieldCode::TooLong,
        ),
        (
            parameters("stop", json!([""])),
            "parameters.stop.0",
            FieldCode::Required,
        ),
        (
            parameters("reasoning_effort", json!("extreme")),
            "parameters.reasoning_effort",
            FieldCode::Invalid,
        ),
        (
            parameters("top_k", json!(5)),
            "parameters.top_k",
            FieldCode::Unknown,
        ),
    ];
    for (body, field, code) in cases {
        let answer = ada.post("/api/projects").json(&body).send().await;
        answer.assert_invalid(&[(field, code)]);
    }
    for model in ["openrouter", "openrouter/", "/auto"] {
        let answer = ada
            .post("/api/projects")
            .json(&with("model", json!(model)))
            .send()
            .await;
        answer.assert_invalid(&[("model", FieldCode::Invalid)]);
    }
    let listed: Page<Project> = ada.get("/api/projects").send().await.json();
    assert_eq!(listed.items, []);
}

#[tokio::test]
async fn the_longest_values_are_taken() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body = json!({
        "name": "ü".repeat(100), "description": "日".repeat(1000), "system_prompt": "🦀".repeat(100_000),
    });
    let project = ada.create_project_with(body).await;
    assert_eq!(project.system_prompt.chars().count(), 100_000);
}

#[tokio::test]
async fn what_is_not_sent_stays() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "system_prompt": "Be brief.", "parameters": {"temperature": 1.0}}))
        .await;
    let renamed = ada
        .update_project(&project, json!({"name": "Records"}))
        .await;
    assert_eq!(renamed.name, "Records");
    assert_eq!(renamed.system_prompt, "Be brief.");
    assert_eq!(renamed.parameters, project.parameters);
    let unchanged = ada.update_project(&project, json!({})).await;
    assert_eq!(unchanged, renamed);
    let emptied = ada
        .update_project(&project, json!({"system_prompt": "", "parameters": {}}))
        .await;
    assert_eq!(emptied.system_prompt, "");
    assert_eq!(emptied.parameters.temperature, None);
}

#[tokio::test]
async fn a_deleted_project_is_gone_with_its_files() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"a").await;
    let chat = ada.chat(&project, "Hello").await;
    ada.delete(&path(&project)).send().await.expect_status(204);
    ada.get(&path(&project))
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
    ada.get(&format!("{}/files/a.txt", path(&project)))
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
    let conversation = format!("/api/conversations/{}/messages", chat.conversation_id);
    ada.get(&conversation)
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
    ada.delete(&path(&project))
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn an_id_that_is_none_is_told_from_one_that_names_nothing() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for id in [
        "x",
        "0",
        "%00",
        "..%2f..%2fetc",
        "%F0%9F%A6%80",
        "' OR 1=1 --",
        "019aa9f58c007cc398c4dc0c0c07398f",
    ] {
        let answer = ada.get(&format!("/api/projects/{id}")).send().await;
        answer.assert_invalid(&[("project_id", FieldCode::Invalid)]);
    }
    let unknown = ada
        .get("/api/projects/019aa9f5-8c00-7cc3-98c4-dc0c0c07398f")
        .send()
        .await;
    unknown.assert_problem(ProblemCode::NotFound);
    let project = ada.create_project("Notes").await;
    ada.get(
        &path(&project)
            .to_uppercase()
            .replace("/API/PROJECTS", "/api/projects"),
    )
    .send()
    .await
    .expect_status(200);
}

//! Documents that are wrong, too large, or too many: each is refused whole and told where it is wrong.

use prompthub_dto::{
    problem::{FieldCode, ProblemCode},
    transfer::ImportReport,
};
use prompthub_tests::{
    TestApp,
    client::path,
    spawn_app,
    upstream::{Gate, PATIENCE},
};
use serde_json::{Value, json};

use crate::transfer::{export, export_conversation, import, rich_project};

#[tokio::test]
async fn what_is_wrong_with_a_document_is_pointed_at() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.chat(&project, "Hello").await;
    let conversation = ada.conversations(&project).await.remove(0);
    let whole = export_conversation(&ada, conversation.id.as_str()).await;
    let changed = |pointer: &str, value: Value| {
        let mut document = whole.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    let (question, answer) = (
        whole["messages"][0]["id"].clone(),
        whole["messages"][1]["id"].clone(),
    );
    let stranger = json!("019aa9f5-8c00-7cc3-98c4-dc0c0c07398f");
    for (pointer, value, code) in [
        ("/title", json!(""), FieldCode::Required),
        ("/title", json!("x".repeat(201)), FieldCode::TooLong),
        ("/title", json!(null), FieldCode::WrongType),
        ("/pinned", json!("yes"), FieldCode::WrongType),
        ("/version", json!(3), FieldCode::Invalid),
        ("/format", json!("prompthub.song"), FieldCode::Invalid),
        ("/created_at", json!("yesterday"), FieldCode::Invalid),
        ("/active_message_id", stranger.clone(), FieldCode::Invalid),
        ("/messages", json!({}), FieldCode::WrongType),
        ("/messages/1/id", question.clone(), FieldCode::Invalid),
        ("/messages/1/id", json!("1"), FieldCode::Invalid),
        ("/messages/1/parent_id", stranger, FieldCode::Invalid),
        ("/messages/1/parent_id", answer.clone(), FieldCode::Invalid),
        ("/messages/0/parent_id", answer, FieldCode::Invalid),
        ("/messages/1/role", json!("system"), FieldCode::Invalid),
        ("/messages/1/status", json!("fine"), FieldCode::Invalid),
        ("/messages/1/model", json!("a\nb"), FieldCode::Invalid),
        ("/messages/1/content", json!(1), FieldCode::WrongType),
        (
            "/messages/1/content",
            json!("x".repeat(9_000_000)),
            FieldCode::TooLong,
        ),
        ("/messages/1/created_at", json!(0), FieldCode::WrongType),
        (
            "/messages/1/prompt_version",
            json!(1e300),
            FieldCode::WrongType,
        ),
        (
            "/messages/1/usage/cost_usd",
            json!("1e5"),
            FieldCode::Invalid,
        ),
        (
            "/messages/1/usage/cost_usd",
            json!("-1"),
            FieldCode::Invalid,
        ),
        (
            "/messages/1/usage/prompt_tokens",
            json!(-1),
            FieldCode::OutOfRange,
        ),
    ] {
        let answer = import(&ada, &project, &changed(pointer, value)).await;
        answer.assert_invalid(&[(pointer, code)]);
    }
    let mut unknown = whole.clone();
    unknown["messages"][0]["stars"] = json!(5);
    import(&ada, &project, &unknown)
        .await
        .assert_invalid(&[("/messages/0/stars", FieldCode::Unknown)]);
    for body in [
        "",
        "{",
        "[1,",
        "{} {}",
        "\"\\ud800",
        "{\"format\":\"\u{1}\"}",
    ] {
        ada.post(&format!("{}/import", path(&project)))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .assert_problem(ProblemCode::MalformedJson);
    }
    ada.post(&format!("{}/import", path(&project)))
        .body("{}")
        .send()
        .await
        .assert_problem(ProblemCode::UnsupportedMediaType);
    // Nothing of all that has been stored.
    assert_eq!(ada.conversations(&project).await.len(), 1);
    // A second answer, with NUL in it, is taken and mended.
    let mended = import(
        &ada,
        &project,
        &changed("/messages/1/content", json!("a\u{0}b")),
    )
    .await;
    let report: ImportReport = mended.expect_status(201).json();
    assert_eq!(report.skipped[0].pointer, "/messages/1/content");
    let copy = ada.messages(report.conversations[0].id.as_str()).await;
    assert_eq!(copy[1].content, "a\u{fffd}b");
}

/// What is stored could have been made here: a person's message has no model and no bill, and an image comes after the one
/// before it.
#[tokio::test]
async fn what_could_not_have_been_made_here_is_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let chat = ada.chat(&project, "Hello").await;
    let whole = export_conversation(&ada, chat.conversation_id.as_str()).await;
    let problem = json!({
        "type": "x", "title": "x", "status": 500, "code": "internal", "detail": "x".repeat(20_000),
        "request_id": "r",
    });
    for (pointer, value, code) in [
        ("/messages/0/status", json!("failed"), FieldCode::Invalid),
        ("/messages/0/status", json!("running"), FieldCode::Invalid),
        ("/messages/0/model", json!("acme/m1"), FieldCode::Invalid),
        ("/messages/0/prompt_version", json!(1), FieldCode::Invalid),
        (
            "/messages/0/finish_reason",
            json!("stop"),
            FieldCode::Invalid,
        ),
        (
            "/messages/0/usage",
            json!({"prompt_tokens": 1}),
            FieldCode::Invalid,
        ),
        ("/messages/0/problem", problem.clone(), FieldCode::Invalid),
        ("/messages/1/problem", problem, FieldCode::TooLong),
    ] {
        let mut document = whole.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        let answer = import(&ada, &project, &document).await;
        answer.assert_invalid(&[(pointer, code)]);
    }
    let mut crossed = whole.clone();
    crossed["messages"][0]["attachments"] =
        json!([{"file": "a.png", "offset": 3}, {"file": "b.png", "offset": 2}]);
    let answer = import(&ada, &project, &crossed).await;
    answer.assert_invalid(&[("/messages/0/attachments/1/offset", FieldCode::Invalid)]);
    let mut unanswered = whole.clone();
    unanswered["messages"].as_array_mut().unwrap().truncate(1);
    unanswered["active_message_id"] = unanswered["messages"][0]["id"].clone();
    let answer = import(&ada, &project, &unanswered).await;
    answer.assert_invalid(&[("/active_message_id", FieldCode::Invalid)]);
}

/// Conversations are read in the order of time and id, and a page of the newest must hold no message without what it answers.
#[tokio::test]
async fn no_message_comes_in_before_the_one_that_it_follows() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let chat = ada.chat(&project, "Hello").await;
    let whole = export_conversation(&ada, chat.conversation_id.as_str()).await;
    let mut older = whole.clone();
    older["messages"][1]["created_at"] = json!("2001-01-01T00:00:00Z");
    older["messages"][1]["updated_at"] = json!("2001-01-01T00:00:00Z");
    let mut turned = older.clone();
    turned["messages"].as_array_mut().unwrap().reverse();
    for mut document in [older, turned] {
        // A question is shown by its answer.
        document["active_message_id"] = whole["messages"][0]["id"].clone();
        let answer = import(&ada, &project, &document).await;
        let report: ImportReport = answer.expect_status(201).json();
        let id = report.conversations[0].id;
        let [question, answer] = ada.messages(id.as_str()).await.try_into().unwrap();
        assert_eq!(answer.parent_id, Some(question.id));
        assert!(answer.created_at.as_str() >= question.created_at.as_str());
        assert_eq!(
            question.created_at.as_str(),
            whole["messages"][0]["created_at"]
        );
        let conversation = ada.get(&format!("/api/conversations/{id}")).send().await;
        assert_eq!(
            conversation.json::<Value>()["active_message_id"],
            json!(answer.id)
        );
    }
}

#[tokio::test]
async fn a_project_that_is_wrong_anywhere_leaves_nothing() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = rich_project(&app, &ada).await;
    let whole = export(&ada, project.id.as_str()).await;
    let count = ada.get("/api/projects").send().await.json::<Value>()["items"].clone();
    for (pointer, value) in [
        ("/name", json!("")),
        ("/model", json!("nobody")),
        ("/parameters/temperature", json!(3)),
        ("/prompt_version", json!(3)),
        ("/system_prompt", json!("Something else")),
        ("/prompt_versions/1/number", json!(2)),
        ("/prompt_versions/1/number", json!(0)),
        (
            "/prompt_versions/1/system_prompt",
            json!("x".repeat(100_001)),
        ),
        (
            "/conversations/1/messages/1/parent_id",
            json!("019aa9f5-8c00-7cc3-98c4-dc0c0c07398f"),
        ),
        ("/files/1/name", json!("data.bin")),
        ("/files/1/name", json!("../x")),
        ("/files/1/data", json!("not base64!")),
        ("/files/1/data", json!("QQ==")),
        ("/files/0/data", json!("")),
    ] {
        let mut document = whole.clone();
        *document.pointer_mut(pointer).unwrap() = value.clone();
        let answer = ada
            .post("/api/projects/import")
            .json(&document)
            .send()
            .await;
        let problem = answer.assert_problem(ProblemCode::ValidationFailed);
        let field = problem.errors[0].field.as_str();
        let expected = match pointer {
            // The two must agree, and which of them is wrong nobody can tell.
            "/system_prompt" => "/prompt_version",
            pointer => pointer,
        };
        assert_eq!(field, expected, "{value}");
    }
    // What comes after the highest number would have none.
    let mut endless = whole.clone();
    endless["prompt_version"] = json!(i32::MAX);
    endless["prompt_versions"][0]["number"] = json!(i32::MAX);
    let answer = ada.post("/api/projects/import").json(&endless).send().await;
    answer.assert_invalid(&[("/prompt_version", FieldCode::OutOfRange)]);
    assert_eq!(
        ada.get("/api/projects").send().await.json::<Value>()["items"],
        count
    );
    app.expect_blobs(2).await;
    // A conversation makes no project.
    let conversation = whole["conversations"][0].clone();
    let answer = ada
        .post("/api/projects/import")
        .json(&conversation)
        .send()
        .await;
    answer.assert_invalid(&[("/format", FieldCode::Invalid)]);
}

#[tokio::test]
async fn a_document_may_be_only_so_large() {
    let app = TestApp::with(|config| config.max_import_bytes = 10_000).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let small = json!([]);
    import(&ada, &project, &small).await.expect_status(201);
    let place = format!("{}/import", path(&project));
    let large = format!("[{}]", " ".repeat(10_000));
    ada.post(&place)
        .header("content-type", "application/json")
        .body(large.clone())
        .send()
        .await
        .assert_problem(ProblemCode::PayloadTooLarge);
    // Nor does it help not to say how much it is.
    let pieces = large.into_bytes();
    let pieces = pieces
        .chunks(1_000)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
    let pieces: Vec<_> = pieces.collect();
    ada.post(&place)
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(futures_util::stream::iter(
            pieces,
        )))
        .send()
        .await
        .assert_problem(ProblemCode::PayloadTooLarge);
    // The refusals hold up nobody.
    import(&ada, &project, &small).await.expect_status(201);
}

/// A body of `[`, and of `]` once the gate is open; the channel says when the first has been taken.
fn slow_body(gate: &Gate, taken: tokio::sync::mpsc::UnboundedSender<()>) -> reqwest::Body {
    let gate = gate.clone();
    reqwest::Body::wrap_stream(futures_util::stream::unfold(0, move |step| {
        let (gate, taken) = (gate.clone(), taken.clone());
        async move {
            match step {
                0 => Some((Ok::<_, std::io::Error>("["), 1)),
                1 => {
                    // Nobody listens any more only when the test is over.
                    let _ = taken.send(());
                    gate.passed().await;
                    Some((Ok("]"), 2))
                }
                _ => None,
            }
        }
    }))
}

#[tokio::test]
async fn an_import_whose_sender_goes_away_leaves_nothing_and_lets_the_next_one_in() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.chat(&project, "Hello").await;
    let document = export(&ada, project.id.as_str()).await;
    let elsewhere = ada.create_project("Elsewhere").await;
    let (gate, (taken, mut takings)) = (Gate::new(), tokio::sync::mpsc::unbounded_channel());
    let slow = ada
        .post(&format!("{}/import", path(&elsewhere)))
        .header("content-type", "application/json")
        .body(slow_body(&gate, taken));
    let call = tokio::spawn(slow.send());
    takings.recv().await.unwrap();
    call.abort();
    // The person's turn ends once the server has noticed.
    let let_in = async {
        loop {
            let answer = import(&ada, &elsewhere, &document).await;
            if answer.status == 201 {
                break;
            }
            answer.assert_problem(ProblemCode::RateLimited);
        }
    };
    tokio::time::timeout(PATIENCE, let_in)
        .await
        .expect("the next import has its turn");
    assert_eq!(ada.conversations(&elsewhere).await.len(), 1);
}

#[tokio::test]
async fn a_person_imports_one_document_at_a_time() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let project = ada.create_project("Notes").await;
    let (gate, (taken, mut takings)) = (Gate::new(), tokio::sync::mpsc::unbounded_channel());
    let begin = || {
        let slow = ada
            .post(&format!("{}/import", path(&project)))
            .header("content-type", "application/json")
            .body(slow_body(&gate, taken.clone()));
        tokio::spawn(slow.send())
    };
    let mut slow = begin();
    takings.recv().await.unwrap();
    // It may not have begun yet, and may even find one of these in its way; then it begins anew.
    let refused = loop {
        let answer = import(&ada, &project, &json!([])).await;
        if answer.status != 201 {
            break answer;
        }
        if slow.is_finished() {
            slow = begin();
        }
    };
    refused.assert_problem(ProblemCode::RateLimited);
    assert!(refused.header("retry-after").is_some());
    let theirs = bob.create_project("Theirs").await;
    import(&bob, &theirs, &json!([])).await.expect_status(201);
    gate.open();
    slow.await.unwrap().expect_status(201);
    import(&ada, &project, &json!([])).await.expect_status(201);
}

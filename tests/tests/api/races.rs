//! Requests that meet: whichever comes first, what is stored makes sense and nobody gets a fault.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use prompthub_dto::{
    chat::MessageStatus,
    problem::{FieldCode, ProblemCode},
};
use prompthub_tests::{
    Answer, Client, TestApp,
    app::PASSWORD,
    client::path,
    raw::Multipart,
    spawn_app,
    upstream::{Connection, Gate, Script, StreamScript},
};
use serde_json::json;

/// How often two requests are sent off together.
const ROUNDS: usize = 15;

fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn of_many_questions_at_once_a_conversation_takes_one() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let conversation = ada.chat(&project, "Hello").await.conversation_id;
    let _first = app.upstream.request().await;
    let gate = Gate::new();
    app.upstream.next(Script::answer("Once").after(&gate));
    let asking = tokio::spawn({
        let (ada, project) = (ada.clone(), project.clone());
        async move {
            let body = json!({"message": "Again", "conversation_id": conversation});
            join_all((0..12).map(|_| ada.say(&project, body.clone()).send())).await
        }
    });
    // The one that was taken is let go only when the others cannot but have been refused.
    let _taken = app.upstream.request().await;
    let refused = ada
        .say(
            &project,
            json!({"message": "Late", "conversation_id": conversation}),
        )
        .send()
        .await;
    refused.assert_problem(ProblemCode::AnswerRunning);
    let messages = ada.messages(conversation.as_str()).await;
    assert_eq!(messages.len(), 4, "one question more, and its answer");
    gate.open();
    let answers = asking.await.unwrap();
    // A request that comes in after the answer has ended is a question of its own.
    let taken = answers.iter().filter(|one| one.status == 200).count();
    let questions = ada.messages(conversation.as_str()).await.len() / 2 - 1;
    assert_eq!(taken, questions, "{:?}", statuses(&answers));
    for answer in answers.iter().filter(|one| one.status != 200) {
        answer.assert_problem(ProblemCode::AnswerRunning);
    }
}

#[tokio::test]
async fn an_old_password_signs_nobody_in_while_it_is_being_replaced() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let mut password = PASSWORD.to_owned();
    for round in 0..ROUNDS {
        let new_password = format!("another good password {round}");
        let stranger = app.client();
        let body = json!({"current_password": password, "new_password": new_password});
        let (changed, signed_in) = tokio::join!(
            ada.put("/api/auth/password").json(&body).send(),
            stranger.sign_in("ada@example.com", &password),
        );
        assert!(changed.status.is_success(), "{changed}");
        assert!(
            matches!(signed_in.status.as_u16(), 200 | 401),
            "{signed_in}"
        );
        assert!(
            !stranger.is_signed_in().await,
            "round {round}: the old password still opens a session"
        );
        assert!(ada.is_signed_in().await, "the one who changed it stays");
        password = new_password;
    }
}

/// A password that has been replaced replaces nothing any more, however soon it was sent.
#[tokio::test]
async fn of_two_who_change_a_password_at_once_one_knows_the_current_one() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let mut password = PASSWORD.to_owned();
    for round in 0..ROUNDS {
        let other = app.client();
        other
            .sign_in("ada@example.com", &password)
            .await
            .expect_status(200);
        let change = |new_password: &str| json!({"current_password": password, "new_password": new_password});
        let wanted = [
            format!("one good password {round}"),
            format!("another good password {round}"),
        ];
        let answers: [Answer; 2] = tokio::join!(
            ada.put("/api/auth/password")
                .json(&change(&wanted[0]))
                .send(),
            other
                .put("/api/auth/password")
                .json(&change(&wanted[1]))
                .send(),
        )
        .into();
        let winner = answers.iter().position(|answer| answer.status == 204);
        let winner = winner.expect("one of them changes it");
        let loser = &answers[1 - winner];
        match loser.status.as_u16() {
            // Its session had ended with the change.
            401 => {}
            _ => drop(loser.assert_invalid(&[("current_password", FieldCode::Invalid)])),
        }
        let clients = [&ada, &other];
        assert!(clients[winner].is_signed_in().await);
        assert!(!clients[1 - winner].is_signed_in().await);
        password.clone_from(&wanted[winner]);
        ada.sign_in("ada@example.com", &password)
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn downloads_meet_the_replacement_and_the_end_of_the_file() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let place = format!("{}/files/a.txt", path(&project));
    let texts = ["one".to_owned(), "another".to_owned()];
    for round in 0..8 * ROUNDS {
        ada.upload(&project, "a.txt", texts[0].as_bytes()).await;
        let end = async {
            if round % 2 == 0 {
                return ada.delete(&place).send().await;
            }
            let body = Multipart::new().file("a.txt", texts[1].as_bytes());
            ada.post(&format!("{}/files?replace=true", path(&project)))
                .header("content-type", &Multipart::content_type())
                .body(body.finish())
                .send()
                .await
        };
        let downloads = join_all((0..6).map(|_| ada.get(&place).send()));
        let (end, downloads) = tokio::join!(end, downloads);
        assert!(end.status.is_success(), "{end}");
        for answer in downloads {
            match answer.status.as_u16() {
                200 => assert!(texts.contains(&answer.text()), "{answer}"),
                _ => drop(answer.assert_problem(ProblemCode::NotFound)),
            }
        }
        if round % 2 == 1 {
            ada.delete(&place).send().await.expect_status(204);
        }
    }
}

#[tokio::test]
async fn signing_in_meets_the_end_of_the_account() {
    let app = spawn_app().await;
    for round in 0..ROUNDS {
        let email = format!("ada{round}@example.com");
        let ada = app.register(&email).await;
        let late = app.client();
        let (deleted, signed_in) = tokio::join!(
            ada.delete("/api/auth/me").send(),
            late.sign_in(&email, PASSWORD),
        );
        assert_eq!(deleted.status.as_u16(), 204, "{deleted}");
        assert!(
            matches!(signed_in.status.as_u16(), 200 | 401),
            "{signed_in}"
        );
        assert!(!late.is_signed_in().await);
    }
}

/// What a caller of a whole answer is told when its place is deleted under it.
async fn ask_and_delete(app: &TestApp, ada: &Client, delete: impl AsyncFnOnce(&Client)) -> Answer {
    let project = ada.create_project("Notes").await;
    app.upstream
        .next(StreamScript::new().delta("So far").silence());
    let call = tokio::spawn({
        let (ada, project) = (ada.clone(), project.clone());
        async move { ada.say(&project, json!({"message": "Hello"})).send().await }
    });
    let upstream = app.upstream.request().await;
    delete(ada).await;
    assert_eq!(upstream.closed().await, Connection::Abandoned);
    call.await.unwrap()
}

#[tokio::test]
async fn an_answer_whose_place_is_deleted_is_not_found() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let answer = ask_and_delete(&app, &ada, async |ada| {
        let project = ada.projects().await.remove(0);
        let conversation = ada.conversations(&project).await.remove(0);
        let path = format!("/api/conversations/{}", conversation.id);
        ada.delete(&path).send().await.expect_status(204);
    })
    .await;
    answer.assert_problem(ProblemCode::NotFound);
    let answer = ask_and_delete(&app, &ada, async |ada| {
        let project = ada.projects().await.remove(0);
        ada.delete(&path(&project)).send().await.expect_status(204);
    })
    .await;
    answer.assert_problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn deleting_and_writing_take_their_locks_in_one_order() {
    let app = TestApp::with(|config| config.max_generations = 1000).await;
    for round in 0..4 {
        let email = format!("ada{round}@example.com");
        let ada = app.register(&email).await;
        let project = ada.create_project("Notes").await;
        let conversation = ada
            .say(&project, json!({"message": "Hello", "model": "demo/echo"}))
            .send()
            .await;
        let conversation =
            conversation.expect_status(200).json::<serde_json::Value>()["conversation_id"]
                .as_str()
                .unwrap()
                .to_owned();
        let ask = |n: usize| {
            let body = match n % 2 {
                0 => json!({"message": "More", "model": "demo/echo"}),
                _ => {
                    json!({"message": "More", "model": "demo/echo", "conversation_id": conversation})
                }
            };
            ada.say(&project, body).send()
        };
        let upload = |n: usize| {
            ada.send_files(
                &project,
                Multipart::new().file(&format!("{n}.txt"), b"text"),
            )
        };
        let rename = |n: usize| {
            ada.patch(&path(&project))
                .json(&json!({"system_prompt": format!("Version {n}")}))
                .send()
        };
        let gone = async {
            tokio::task::yield_now().await;
            match round % 3 {
                0 => {
                    let path = format!("/api/conversations/{conversation}");
                    ada.delete(&path).send().await
                }
                1 => ada.delete(&path(&project)).send().await,
                _ => ada.delete("/api/auth/me").send().await,
            }
        };
        let (asked, uploaded, renamed, gone) = tokio::join!(
            join_all((0..12).map(ask)),
            join_all((0..6).map(upload)),
            join_all((0..6).map(rename)),
            gone,
        );
        assert_eq!(gone.status.as_u16(), 204, "round {round}: {gone}");
        for answer in asked.iter().chain(&uploaded).chain(&renamed) {
            assert!(
                matches!(answer.status.as_u16(), 200 | 201 | 401 | 404 | 409),
                "round {round}: {answer}"
            );
        }
        for answer in &asked {
            if answer.status == 200 {
                let status = answer.json::<serde_json::Value>()["assistant_message"]["status"]
                    .as_str()
                    .map(ToOwned::to_owned);
                assert_ne!(status.as_deref(), Some("running"), "{answer}");
            }
        }
    }
    // What is gone has left nothing that runs, and what is left can be used.
    let eve = app.register("eve@example.com").await;
    let project = eve.create_project("Notes").await;
    let reply = eve.chat(&project, "Hello").await;
    assert_eq!(reply.assistant_message.status, MessageStatus::Complete);
}

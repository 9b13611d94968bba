//! Accounts: registering, signing in, one's own details, passwords, deletion.

use prompthub_dto::{
    account::{Role, User},
    problem::{FieldCode, ProblemCode},
};
use prompthub_tests::{TestApp, app::PASSWORD, spawn_app};
use serde_json::json;

#[tokio::test]
async fn registering_signs_in() {
    let app = spawn_app().await;
    let ada = app.client();
    let body = json!({"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada"});
    let answer = ada.post("/api/auth/register").json(&body).send().await;
    answer.expect_status(201);
    insta::assert_json_snapshot!(answer.redacted(), @r#"
    {
      "created_at": "[time]",
      "email": "Ada@Example.com",
      "id": "[id]",
      "name": "Ada",
      "role": "admin"
    }
    "#);
    assert_eq!(ada.me().await, answer.json::<User>());
}

#[tokio::test]
async fn only_the_first_account_is_the_administrator() {
    let app = spawn_app().await;
    let clients: Vec<_> = (0..8).map(|_| app.client()).collect();
    let registrations = clients
        .iter()
        .enumerate()
        .map(|(number, client)| async move {
            let email = format!("user{number}@example.com");
            client
                .register(&email, PASSWORD)
                .await
                .expect_status(201)
                .json::<User>()
                .role
        });
    let roles = futures_util::future::join_all(registrations).await;
    assert_eq!(
        roles.iter().filter(|role| **role == Role::Admin).count(),
        1,
        "{roles:?}"
    );
}

#[tokio::test]
async fn an_email_is_one_however_it_is_written() {
    let app = spawn_app().await;
    app.register("ada@example.com").await;
    for spelling in [
        "ada@example.com",
        "  Ada@EXAMPLE.com ",
        "ａｄａ@example.com",
    ] {
        let stranger = app.client();
        stranger
            .register(spelling, PASSWORD)
            .await
            .assert_problem(ProblemCode::EmailTaken);
        stranger
            .sign_in(spelling, PASSWORD)
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn one_email_gets_one_account_however_many_ask_at_once() {
    let app = spawn_app().await;
    let clients: Vec<_> = (0..8).map(|_| app.client()).collect();
    let registrations = clients
        .iter()
        .map(|client| client.register("ada@example.com", PASSWORD));
    let answers = futures_util::future::join_all(registrations).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.assert_problem(ProblemCode::EmailTaken);
    }
}

#[tokio::test]
async fn registration_says_what_is_wrong_with_which_field() {
    let app = spawn_app().await;
    let long = |length: usize| "x".repeat(length);
    let cases = [
        (json!({}), "email", FieldCode::Required),
        (
            json!({"email": "ada@example.com"}),
            "password",
            FieldCode::Required,
        ),
        (
            json!({"email": null, "password": PASSWORD}),
            "email",
            FieldCode::WrongType,
        ),
        (
            json!({"email": 7, "password": PASSWORD}),
            "email",
            FieldCode::WrongType,
        ),
        (
            json!({"email": "ada@example.com", "password": ["x"]}),
            "password",
            FieldCode::WrongType,
        ),
        (
            json!({"email": "", "password": PASSWORD}),
            "email",
            FieldCode::Required,
        ),
        (
            json!({"email": "ada", "password": PASSWORD}),
            "email",
            FieldCode::Invalid,
        ),
        (
            json!({"email": "@example.com", "password": PASSWORD}),
            "email",
            FieldCode::Invalid,
        ),
        (
            json!({"email": "ada@", "password": PASSWORD}),
            "email",
            FieldCode::Invalid,
        ),
        (
            json!({"email": "a da@example.com", "password": PASSWORD}),
            "email",
            FieldCode::Invalid,
        ),
        (
            json!({"email": "ada\u{0}@example.com", "password": PASSWORD}),
            "email",
            FieldCode::Invalid,
        ),
        (
            json!({"email": "ada\r\n@example.com", "password": PASSWORD}),
            "email",
            FieldCode::Invalid,
        ),
        (
            json!({"email": format!("{}@example.com", long(250)), "password": PASSWORD}),
            "email",
            FieldCode::TooLong,
        ),
        (
            json!({"email": "ada@example.com", "password": "1234567"}),
            "password",
            FieldCode::TooShort,
        ),
        (
            json!({"email": "ada@example.com", "password": long(1025)}),
            "password",
            FieldCode::TooLong,
        ),
        (
            json!({"email": "ada@example.com", "password": PASSWORD, "name": long(101)}),
            "name",
            FieldCode::TooLong,
        ),
        (
            json!({"email": "ada@example.com", "password": PASSWORD, "role": "admin"}),
            "role",
            FieldCode::Unknown,
        ),
        (
            json!({"email": "ada@example.com", "password": PASSWORD, "id": "x"}),
            "id",
            FieldCode::Unknown,
        ),
    ];
    let stranger = app.client();
    for (body, field, code) in cases {
        let answer = stranger.post("/api/auth/register").json(&body).send().await;
        answer.assert_invalid(&[(field, code)]);
    }
    assert!(!stranger.is_signed_in().await);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let app = spawn_app().await;
    let body = json!({"email": "ada", "password": "short", "name": "x".repeat(101)});
    let answer = app
        .client()
        .post("/api/auth/register")
        .json(&body)
        .send()
        .await;
    let problem = answer.assert_invalid(&[
        ("email", FieldCode::Invalid),
        ("password", FieldCode::TooShort),
        ("name", FieldCode::TooLong),
    ]);
    let messages: Vec<_> = problem
        .errors
        .iter()
        .map(|error| error.message.as_str())
        .collect();
    insta::assert_json_snapshot!(messages, @r#"
    [
      "Enter an email address, such as ada@example.com.",
      "Use at least 8 characters.",
      "Use at most 100 characters."
    ]
    "#);
}

#[tokio::test]
async fn passwords_count_to_their_last_character() {
    let app = spawn_app().await;
    let shared = "p".repeat(100);
    let passwords = [
        (
            "long@example.com",
            format!("{shared}1"),
            format!("{shared}2"),
        ),
        (
            "nul@example.com",
            "secret\u{0}one".to_owned(),
            "secret\u{0}two".to_owned(),
        ),
        ("longest@example.com", "ü".repeat(1024), "ü".repeat(1023)),
    ];
    for (email, right, wrong) in passwords {
        app.client()
            .register(email, &right)
            .await
            .expect_status(201);
        app.client().sign_in(email, &right).await.expect_status(200);
        app.client()
            .sign_in(email, &wrong)
            .await
            .assert_problem(ProblemCode::InvalidCredentials);
    }
    // The same password, typed on keyboards that compose characters differently.
    app.client()
        .register("nfc@example.com", "pass\u{f6}word")
        .await
        .expect_status(201);
    app.client()
        .sign_in("nfc@example.com", "passo\u{308}word")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_look_the_same() {
    let app = spawn_app().await;
    app.register("ada@example.com").await;
    let mut known = app
        .client()
        .sign_in("ada@example.com", "not the password")
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
    let mut unknown = app
        .client()
        .sign_in("eve@example.com", "not the password")
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
    known.request_id.clear();
    unknown.request_id.clear();
    assert_eq!(known, unknown);
    // Nor does the form of what was tried say more.
    app.client()
        .sign_in("no email", "x")
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
}

#[tokio::test]
async fn one_can_change_ones_own_details() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let answer = ada
        .patch("/api/auth/me")
        .json(&json!({"name": "Ada Lovelace"}))
        .send()
        .await;
    answer.expect_status(200);
    assert_eq!(ada.me().await.name, "Ada Lovelace");
    assert_eq!(ada.me().await.email, "ada@example.com");

    let change = json!({"email": "lovelace@example.com", "current_password": PASSWORD});
    ada.patch("/api/auth/me")
        .json(&change)
        .send()
        .await
        .expect_status(200);
    assert_eq!(ada.me().await.email, "lovelace@example.com");
    app.client()
        .sign_in("lovelace@example.com", PASSWORD)
        .await
        .expect_status(200);
    app.client()
        .sign_in("ada@example.com", PASSWORD)
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
}

#[tokio::test]
async fn a_new_email_needs_the_password_and_must_be_free() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    app.register("bob@example.com").await;
    let change = async |body| ada.patch("/api/auth/me").json(&body).send().await;

    let without = change(json!({"email": "new@example.com"})).await;
    without.assert_invalid(&[("current_password", FieldCode::Required)]);
    let wrong =
        change(json!({"email": "new@example.com", "current_password": "not it at all"})).await;
    wrong.assert_invalid(&[("current_password", FieldCode::Invalid)]);
    let taken = change(json!({"email": "BOB@example.com", "current_password": PASSWORD})).await;
    taken.assert_problem(ProblemCode::EmailTaken);
    let malformed = change(json!({"email": "new", "current_password": PASSWORD})).await;
    malformed.assert_invalid(&[("email", FieldCode::Invalid)]);
    let role = change(json!({"role": "admin"})).await;
    role.assert_invalid(&[("role", FieldCode::Unknown)]);
    assert_eq!(ada.me().await.email, "ada@example.com");
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body = json!({"current_password": PASSWORD, "new_password": "a better password"});
    ada.put("/api/auth/password")
        .json(&body)
        .send()
        .await
        .expect_status(204);
    app.client()
        .sign_in("ada@example.com", PASSWORD)
        .await
        .assert_problem(ProblemCode::InvalidCredentials);
    app.client()
        .sign_in("ada@example.com", "a better password")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let change = async |body| ada.put("/api/auth/password").json(&body).send().await;
    let wrong =
        change(json!({"current_password": "not it at all", "new_password": "a better password"}))
            .await;
    wrong.assert_invalid(&[("current_password", FieldCode::Invalid)]);
    let short = change(json!({"current_password": PASSWORD, "new_password": "short"})).await;
    short.assert_invalid(&[("new_password", FieldCode::TooShort)]);
    let missing = change(json!({"new_password": "a better password"})).await;
    missing.assert_invalid(&[("current_password", FieldCode::Required)]);
    app.client()
        .sign_in("ada@example.com", PASSWORD)
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_all_its_things() {
    let app = spawn_app().await;
    app.register("admin@example.com").await;
    let ada = app.register("ada@example.com").await;
    let elsewhere = app.sign_in("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"a").await;
    ada.chat(&project, "Hello").await;

    ada.delete("/api/auth/me").send().await.expect_status(204);
    assert!(!ada.is_signed_in().await);
    assert!(!elsewhere.is_signed_in().await);
    ada.sign_in("ada@example.com", PASSWORD)
        .await
        .assert_problem(ProblemCode::InvalidCredentials);

    // The e-mail is free again, and whoever takes it inherits nothing.
    let successor = app.register("ada@example.com").await;
    assert_eq!(successor.me().await.role, Role::User);
    let projects = successor.get("/api/projects").send().await;
    insta::assert_json_snapshot!(projects.redacted(), @r#"
    {
      "items": [],
      "next_cursor": null
    }
    "#);
}

#[tokio::test]
async fn closed_registration_takes_the_first_account_only() {
    let app =
        TestApp::with(|config| config.registration = prompthub_api::Registration::Closed).await;
    app.client()
        .register("admin@example.com", PASSWORD)
        .await
        .expect_status(201);
    let second = app.client().register("ada@example.com", PASSWORD).await;
    second.assert_problem(ProblemCode::RegistrationClosed);
    app.client()
        .sign_in("admin@example.com", PASSWORD)
        .await
        .expect_status(200);
}

#[tokio::test]
async fn anyone_may_know_what_the_server_is() {
    let app = spawn_app().await;
    let instance = app.client().get("/api/instance").send().await;
    instance.expect_status(200);
    insta::assert_json_snapshot!(instance.redacted(), @r#"
    {
      "default_model": "openrouter/openrouter/auto",
      "first_account": true,
      "max_upload_bytes": 26214400,
      "registration": "open",
      "version": "0.1.0"
    }
    "#);
    app.register("ada@example.com").await;
    let instance = app.client().get("/api/instance").send().await;
    assert_eq!(instance.redacted()["first_account"], false);
}

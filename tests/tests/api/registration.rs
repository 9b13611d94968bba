//! Registering: what it makes, what it refuses, and who is the administrator.

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
async fn closed_registration_takes_one_of_many_first_accounts() {
    for _ in 0..4 {
        let app =
            TestApp::with(|config| config.registration = prompthub_api::Registration::Closed).await;
        let clients: Vec<_> = (0..8).map(|_| app.client()).collect();
        let registrations = clients
            .iter()
            .enumerate()
            .map(|(number, client)| async move {
                let email = format!("user{number}@example.com");
                client.register(&email, PASSWORD).await
            });
        let answers = futures_util::future::join_all(registrations).await;
        let (made, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(made.len(), 1);
        for answer in refused {
            answer.assert_problem(ProblemCode::RegistrationClosed);
        }
    }
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

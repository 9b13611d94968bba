//! Accounts: one's own details, the password, deletion, and what strangers may know.

use prompthub_dto::{
    account::Role,
    problem::{FieldCode, ProblemCode},
};
use prompthub_tests::{app::PASSWORD, spawn_app};
use serde_json::json;

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

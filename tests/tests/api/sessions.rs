//! Sessions: the cookie, and that what ends a session really ends it.

use prompthub_dto::{Page, account::Session, problem::ProblemCode};
use prompthub_store::{DatabaseUrl, Store, users};
use prompthub_tests::{Answer, Client, TestApp, app::PASSWORD, spawn_app};
use serde_json::json;

/// `name=value` of the session cookie that an answer sets.
fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie
        .split(';')
        .next()
        .expect("a cookie has a value")
        .to_owned()
}

/// The status that a request with this cookie, and no other, gets.
async fn status_with(app: &TestApp, cookie: &str) -> u16 {
    app.client()
        .get("/api/auth/me")
        .header("cookie", cookie)
        .send()
        .await
        .status
        .as_u16()
}

async fn sessions_of(client: &Client) -> Vec<Session> {
    client
        .get("/api/auth/sessions")
        .send()
        .await
        .json::<Page<Session>>()
        .items
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let app = spawn_app().await;
    let answer = app.client().register("ada@example.com", PASSWORD).await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(
            cookie.contains(attribute),
            "{attribute} is missing: {cookie}"
        );
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(
        !cookie.contains("Secure"),
        "a plain http server must be usable: {cookie}"
    );
    assert_eq!(answer.header("strict-transport-security"), None);
}

#[tokio::test]
async fn under_https_the_cookie_is_secure_and_bound_to_the_host() {
    let app = TestApp::with(|config| {
        config.public_url = Some("https://chat.example".parse().unwrap());
    })
    .await;
    let answer = app.client().register("ada@example.com", PASSWORD).await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    assert!(
        cookie.contains("Secure") && cookie.contains("Path=/"),
        "{cookie}"
    );
    let transport = answer
        .header("strict-transport-security")
        .expect("HSTS under https");
    assert!(transport.starts_with("max-age="), "{transport}");
    assert_eq!(status_with(&app, &cookie_of(&answer)).await, 200);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let app = spawn_app().await;
    let ada = app.client();
    let stolen = cookie_of(&ada.register("ada@example.com", PASSWORD).await);
    assert_eq!(status_with(&app, &stolen).await, 200);
    ada.sign_out().await;
    assert!(!ada.is_signed_in().await);
    assert_eq!(status_with(&app, &stolen).await, 401);
}

#[tokio::test]
async fn signing_in_makes_a_new_session_id() {
    let app = spawn_app().await;
    let ada = app.client();
    let first = cookie_of(&ada.register("ada@example.com", PASSWORD).await);
    let second = cookie_of(&ada.sign_in("ada@example.com", PASSWORD).await);
    assert_ne!(first, second);
    assert_eq!(status_with(&app, &second).await, 200);
    // The browser's session before is replaced, not left lying about.
    assert_eq!(status_with(&app, &first).await, 401);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let elsewhere = app.sign_in("ada@example.com").await;
    let body = json!({"current_password": PASSWORD, "new_password": "a better password"});
    ada.put("/api/auth/password")
        .json(&body)
        .send()
        .await
        .expect_status(204);
    assert!(ada.is_signed_in().await);
    assert!(!elsewhere.is_signed_in().await);
}

#[tokio::test]
async fn sessions_can_be_seen_and_ended_one_by_one() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let phone = app.client();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let signed_in = phone
        .post("/api/auth/login")
        .header("user-agent", "Phone/1.0")
        .json(&body)
        .send()
        .await;
    signed_in.expect_status(200);

    let sessions = sessions_of(&ada).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|session| session.current).count(), 1);
    let other = sessions
        .iter()
        .find(|session| !session.current)
        .expect("the phone's");
    assert_eq!(other.user_agent.as_deref(), Some("Phone/1.0"));
    assert_eq!(other.ip_address.as_deref(), Some("127.0.0.1"));

    ada.delete(&format!("/api/auth/sessions/{}", other.id))
        .send()
        .await
        .expect_status(204);
    assert!(!phone.is_signed_in().await);
    assert!(ada.is_signed_in().await);
    assert_eq!(sessions_of(&ada).await.len(), 1);
}

#[tokio::test]
async fn ending_ones_own_session_signs_out() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let own = sessions_of(&ada).await.remove(0);
    ada.delete(&format!("/api/auth/sessions/{}", own.id))
        .send()
        .await
        .expect_status(204);
    assert!(!ada.is_signed_in().await);
}

#[tokio::test]
async fn nobody_ends_anothers_session() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let session = sessions_of(&ada).await.remove(0);
    let answer = bob
        .delete(&format!("/api/auth/sessions/{}", session.id))
        .send()
        .await;
    answer.assert_problem(ProblemCode::NotFound);
    assert!(ada.is_signed_in().await);
    assert_eq!(sessions_of(&bob).await.len(), 1);
}

#[tokio::test]
async fn a_forged_cookie_is_no_session_and_no_fault() {
    let app = spawn_app().await;
    let answer = app.client().register("ada@example.com", PASSWORD).await;
    let cookie = cookie_of(&answer);
    let (name, value) = cookie.split_once('=').expect("name=value");
    let flipped = if value.ends_with('A') { "B" } else { "A" };
    let forgeries = [
        format!("{name}="),
        format!("{name}=nonsense"),
        format!("{name}={}", "x".repeat(3_000)),
        format!("{name}={}{flipped}", &value[..value.len() - 1]),
        format!("{name}=%00%ff"),
        format!("{name}={value}x"),
        format!("{name}=\"{value}"),
        "=".to_owned(),
        ";;;".to_owned(),
    ];
    for forgery in forgeries {
        let answer = app
            .client()
            .get("/api/auth/me")
            .header("cookie", &forgery)
            .send()
            .await;
        answer.assert_problem(ProblemCode::Unauthenticated);
    }
}

#[tokio::test]
async fn signing_out_without_a_session_is_refused_like_everything_else() {
    let app = spawn_app().await;
    let answer = app.client().post("/api/auth/logout").send().await;
    answer.assert_problem(ProblemCode::Unauthenticated);
}

/// The kinds of password hashes that a stopped server has stored.
async fn stored_hashes(app: &TestApp) -> Vec<String> {
    let file = || format!("sqlite://{}/prompthub.db", app.data_dir.display());
    let url = app.database_url().unwrap_or_else(file);
    let store = Store::connect(&DatabaseUrl::parse(&url).unwrap())
        .await
        .unwrap();
    store.read(users::hash_kinds).await.unwrap()
}

#[tokio::test]
async fn another_cost_of_passwords_reaches_an_account_when_it_signs_in() {
    let mut before = spawn_app().await;
    let ada = cookie_of(&before.client().register("ada@example.com", PASSWORD).await);
    before.client().register("bob@example.com", PASSWORD).await;
    before.stop();
    assert_eq!(stored_hashes(&before).await, ["$2b$04$"]);
    let mut after = TestApp::with(|config| {
        config.data_dir.clone_from(&before.data_dir);
        config.database_url = before.database_url();
        config.password_cost = 5;
    })
    .await;
    let wrong = after
        .client()
        .sign_in("ada@example.com", "not the password")
        .await;
    wrong.assert_problem(ProblemCode::InvalidCredentials);
    // Several sign-ins may find the old hash at once; each of them opens a session.
    let clients: Vec<_> = (0..4).map(|_| after.client()).collect();
    let sign_ins = clients
        .iter()
        .map(|client| client.sign_in("ada@example.com", PASSWORD));
    for answer in futures_util::future::join_all(sign_ins).await {
        answer.expect_status(200);
        assert_eq!(status_with(&after, &cookie_of(&answer)).await, 200);
    }
    assert_eq!(status_with(&after, &ada).await, 200, "no session has ended");
    after.sign_in("ada@example.com").await;
    after.stop();
    let mut kinds = stored_hashes(&before).await;
    kinds.sort();
    assert_eq!(kinds, ["$2b$04$", "$2b$05$"]);
}

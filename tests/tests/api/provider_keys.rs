//! The keys of providers: sealed where they lie, never shown, never logged, and brought along when the
//! server's secret key changes.

use diesel::{Connection, RunQueryDsl, connection::SimpleConnection, sql_types::Text};
use prompthub_dto::{
    problem::ProblemCode,
    providers::{Provider, ProviderStatus, ProviderTest},
};
use prompthub_tests::{Client, Installation, Upstream, binary, upstream::Script};
use serde_json::{Value, json};

use crate::provider_accounts::{account, path};

const KEY: &str = "sk-secret-5b1f0c9e7a-tail";
const PASSWORD: &str = "correct horse";

/// An installation whose people may name `upstream`.
async fn installation(upstream: &Upstream, settings: &[(&'static str, &str)]) -> Installation {
    let allowed = upstream.host_port();
    let mut all = vec![
        ("PROMPTHUB_PROVIDER_ALLOWLIST", allowed.as_str()),
        // Or the model would be asked for a title, too.
        ("PROMPTHUB_TITLES", "words"),
    ];
    all.extend(settings);
    Installation::new(Upstream::start().await, &all).await
}

fn keyed(upstream: &Upstream) -> Value {
    let mut body = account(upstream);
    body["api_key"] = json!(KEY);
    body
}

async fn chat_with(client: &Client, upstream: &Upstream) {
    let project = client.create_project("Notes").await;
    let body = json!({"message": "Hello", "model": "mine/acme/m1"});
    client.say(&project, body).send().await.expect_status(200);
    let request = upstream.request().await;
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
}

#[derive(diesel::QueryableByName)]
struct Sealed {
    #[diesel(sql_type = Text)]
    sealed_key: String,
}

/// Changes the rows of an installation's database from outside, and shows the sealed keys.
fn meddle(installation: &Installation, statement: &str) -> Vec<String> {
    const KEYS: &str = "SELECT sealed_key FROM providers WHERE sealed_key IS NOT NULL ORDER BY id";
    let rows: Vec<Sealed> = match installation.database_url() {
        Some(url) => {
            let mut conn = diesel::PgConnection::establish(&url).unwrap();
            conn.batch_execute(statement).unwrap();
            diesel::sql_query(KEYS).load(&mut conn).unwrap()
        }
        None => {
            let file = installation.data_dir().join("prompthub.db");
            let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
            conn.batch_execute(statement).unwrap();
            diesel::sql_query(KEYS).load(&mut conn).unwrap()
        }
    };
    rows.into_iter().map(|row| row.sealed_key).collect()
}

/// Whatever goes wrong: the key is in no answer, no log, no export and no row.
#[tokio::test]
async fn a_key_is_seen_by_its_provider_alone() {
    let upstream = Upstream::start().await;
    let installation = installation(&upstream, &[("PROMPTHUB_LOG", "trace")]).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let served = installation.start_logging(&log).await;
    let ada = served.client();
    ada.register("ada@example.com", PASSWORD)
        .await
        .expect_status(201);
    let mut seen = String::new();
    let mut look = |text: String| seen.push_str(&text);

    let created = ada
        .post("/api/providers")
        .json(&keyed(&upstream))
        .send()
        .await;
    look(created.text());
    let created: Provider = created.json();
    // Refused bodies, too, are not repeated.
    let refused = json!({"preset": "nope", "name": "", "api_key": KEY});
    look(
        ada.post("/api/providers")
            .json(&refused)
            .send()
            .await
            .text(),
    );
    let refused = json!({"preset": "groq", "name": "x", "api_key": format!("{KEY}\n{KEY}")});
    look(
        ada.post("/api/providers")
            .json(&refused)
            .send()
            .await
            .text(),
    );
    let project = ada
        .create_project_with(json!({"name": "Notes", "model": "mine/m"}))
        .await;
    let quoting = format!("Incorrect API key provided: {KEY}");
    for status in [400, 401, 403, 429, 500] {
        upstream.list_models(Script::error(status, &quoting));
        upstream.next(Script::error(status, &quoting));
        upstream.next(Script::error(status, &quoting));
        upstream.next(Script::error(status, &quoting));
        look(
            ada.post(&format!("{}/test", path(&created)))
                .send()
                .await
                .text(),
        );
        look(
            ada.say(&project, json!({"message": "Hello"}))
                .send()
                .await
                .text(),
        );
        upstream
            .next(Script::status(302).header("Location", &format!("http://127.0.0.1:1/?{KEY}")));
        look(
            ada.say(&project, json!({"message": "Hello"}))
                .send()
                .await
                .text(),
        );
    }
    for list in ["/api/providers", "/api/models", "/api/projects"] {
        look(ada.get(list).send().await.text());
    }
    look(
        ada.get(&format!("/api/projects/{}/export", project.id))
            .send()
            .await
            .text(),
    );
    for conversation in ada.conversations(&project).await {
        look(
            ada.get(&format!("/api/conversations/{}/messages", conversation.id))
                .send()
                .await
                .text(),
        );
    }
    let sealed = meddle(&installation, "SELECT 1");
    assert_eq!(sealed.len(), 1);
    look(sealed[0].clone());
    served.stop().await;
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(
        log.contains("the provider failed"),
        "the log is there: {} bytes",
        log.len()
    );
    look(log);
    for part in [KEY, "5b1f0c9e7a"] {
        let at = seen.find(part);
        assert_eq!(
            at.map(|at| &seen[at.saturating_sub(200)..at]),
            None,
            "{part}"
        );
    }
}

/// A sealed key opens in its own row alone: copied to another's, it is worth nothing.
#[tokio::test]
async fn a_key_that_is_copied_to_another_row_does_not_open() {
    let upstream = Upstream::start().await;
    let installation = installation(&upstream, &[]).await;
    let served = installation.start().await;
    let (ada, eve) = (served.client(), served.client());
    ada.register("ada@example.com", PASSWORD)
        .await
        .expect_status(201);
    eve.register("eve@example.com", PASSWORD)
        .await
        .expect_status(201);
    ada.create_provider(keyed(&upstream)).await;
    chat_with(&ada, &upstream).await;
    let mut body = keyed(&upstream);
    body["api_key"] = json!("sk-eves-own-0123456789");
    let eves = eve.create_provider(body).await;
    let keys = meddle(
        &installation,
        "UPDATE providers SET sealed_key = (SELECT MIN(sealed_key) FROM providers WHERE name = 'Mine' AND id = (SELECT MIN(id) FROM providers))",
    );
    assert_eq!(keys[0], keys[1]);

    let project = eve.create_project("Notes").await;
    let body = json!({"message": "Hello", "model": "mine/acme/m1"});
    let answer = eve.say(&project, body).send().await;
    let problem = answer.assert_problem(ProblemCode::ProviderKeyUnreadable);
    assert!(problem.detail.contains("Enter it again"), "{problem:?}");
    let state = eve.provider("mine").await.state;
    assert_eq!(state.status, ProviderStatus::Failed);
    assert!(state.problem.unwrap().contains("Enter it again"));
    let test = eve.post(&format!("{}/test", path(&eves))).send().await;
    let test: ProviderTest = test.expect_status(200).json();
    assert!(
        !test.ok && test.message.contains("Enter it again"),
        "{test:?}"
    );
    assert!(upstream.requests().len() == 1, "nobody was asked with it");
    // Entered again, it works.
    eve.patch(&path(&eves))
        .json(&json!({"api_key": KEY}))
        .send()
        .await
        .expect_status(200);
    chat_with(&eve, &upstream).await;
    chat_with(&ada, &upstream).await;
}

async fn rotate(installation: &Installation, settings: &[(&str, &str)]) -> binary::Ended {
    let data_dir = installation.data_dir();
    let database = installation.database_url();
    let mut environment = vec![("PROMPTHUB_DATA_DIR", data_dir.to_str().unwrap())];
    environment.extend(database.as_deref().map(|url| ("DATABASE_URL", url)));
    environment.extend(settings);
    binary::run(&["rotate-key"], &environment).await
}

/// The generated key is replaced, again and again; then by the operator's own, and that by another.
#[tokio::test]
async fn keys_survive_a_change_of_the_secret_key() {
    let upstream = Upstream::start().await;
    let mut installation = installation(&upstream, &[]).await;
    let served = installation.start().await;
    let ada = served.client();
    ada.register("ada@example.com", PASSWORD)
        .await
        .expect_status(201);
    ada.create_provider(keyed(&upstream)).await;
    served.stop().await;
    let file = installation.data_dir().join("secret.key");
    let first = std::fs::read_to_string(&file).unwrap();
    let sealed = meddle(&installation, "SELECT 1");

    let rotated = rotate(&installation, &[]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(
        rotated.stdout.contains("1 provider's key is sealed"),
        "{rotated:?}"
    );
    assert_ne!(std::fs::read_to_string(&file).unwrap(), first);
    assert_ne!(meddle(&installation, "SELECT 1"), sealed);
    signed_in_chat(&installation, &upstream).await;

    let (second, third) = (
        "operators-own-key-0123456789abcdef",
        "another-key-0123456789abcdefghijkl",
    );
    let rotated = rotate(&installation, &[("PROMPTHUB_SECRET_KEY", second)]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    installation.set("PROMPTHUB_SECRET_KEY", second);
    signed_in_chat(&installation, &upstream).await;

    // A wrong old key changes nothing; nor does the same one, or one that is too short.
    let sealed = meddle(&installation, "SELECT 1");
    for (old, new, words) in [
        ("a-wrong-key-0123456789abcdefghijklmn", third, "opens none"),
        (second, second, "is the old one"),
        (second, "short", "at least 32"),
    ] {
        let settings = [
            ("PROMPTHUB_OLD_SECRET_KEY", old),
            ("PROMPTHUB_SECRET_KEY", new),
        ];
        let rotated = rotate(&installation, &settings).await;
        assert_eq!(rotated.code, Some(1), "{rotated:?}");
        assert!(rotated.stderr.contains(words), "{rotated:?}");
        assert!(!rotated.stderr.contains(second), "{rotated:?}");
        assert_eq!(rotated.stderr.trim().lines().count(), 1, "{rotated:?}");
    }
    assert_eq!(meddle(&installation, "SELECT 1"), sealed);

    let settings = [
        ("PROMPTHUB_OLD_SECRET_KEY", second),
        ("PROMPTHUB_SECRET_KEY", third),
    ];
    // Run twice, as after a kill in between: what is done is left alone.
    for _ in 0..2 {
        let rotated = rotate(&installation, &settings).await;
        assert_eq!(rotated.code, Some(0), "{rotated:?}");
        assert!(
            rotated.stdout.contains("1 provider's key is sealed"),
            "{rotated:?}"
        );
    }
    installation.set("PROMPTHUB_SECRET_KEY", third);
    signed_in_chat(&installation, &upstream).await;
}

async fn signed_in_chat(installation: &Installation, upstream: &Upstream) {
    let served = installation.start().await;
    let ada = served.client();
    ada.sign_in("ada@example.com", PASSWORD)
        .await
        .expect_status(200);
    chat_with(&ada, upstream).await;
    served.stop().await;
}

/// Without a rotation, a new secret key leaves the keys closed, and says so where they are needed.
#[tokio::test]
async fn a_secret_key_that_changes_without_a_rotation_is_noticed() {
    let upstream = Upstream::start().await;
    let mut installation = installation(&upstream, &[]).await;
    let served = installation.start().await;
    let ada = served.client();
    ada.register("ada@example.com", PASSWORD)
        .await
        .expect_status(201);
    ada.create_provider(keyed(&upstream)).await;
    served.stop().await;
    installation.set("PROMPTHUB_SECRET_KEY", "operators-own-key-0123456789abcdef");
    let served = installation.start().await;
    let ada = served.client();
    ada.sign_in("ada@example.com", PASSWORD)
        .await
        .expect_status(200);
    let project = ada.create_project("Notes").await;
    let body = json!({"message": "Hello", "model": "mine/acme/m1"});
    let answer = ada.say(&project, body).send().await;
    answer.assert_problem(ProblemCode::ProviderKeyUnreadable);
    assert!(
        ada.conversations(&project).await.is_empty(),
        "nothing is stored of it"
    );
    // Another model is asked, where one is named.
    let body = json!({
        "message": "Hello", "model": "mine/acme/m1", "parameters": {"fallback_models": ["demo/echo"]},
    });
    let reply = ada.ask(&project, body).await;
    let failed = &reply.assistant_message.fallbacks[0];
    assert_eq!(failed.problem_code, ProblemCode::ProviderKeyUnreadable);
}

//! Tests about the API as a whole and about these tests: nothing is left out.

use std::{collections::BTreeSet, fs, path::Path};

use prompthub_dto::problem::{FieldCode, ProblemCode};
use prompthub_tests::{Answer, Client, Request, raw::Multipart, spawn_app};
use reqwest::Method;
use serde_json::{Value, json};

/// One operation of the API's description.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) path: String,
    /// In lower case, as the document has it.
    pub(crate) method: String,
    id: String,
    /// The media type of the body, for those that take one.
    body: Option<String>,
}

/// All the operations of an OpenAPI document.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("a document has paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let body = operation["requestBody"]["content"].as_object();
            operations.push(Operation {
                path: path.clone(),
                method: method.to_owned(),
                id: operation["operationId"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                body: body.and_then(|content| content.keys().next().cloned()),
            });
        }
    }
    operations
}

impl Operation {
    /// A request for the operation with this path, and a body that is as small as is valid.
    fn request(&self, client: &Client, path: &str) -> Request {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).expect("a method");
        let request = client.request(method, path);
        match self.body.as_deref() {
            None => request,
            Some("multipart/form-data") => request
                .header("content-type", &Multipart::content_type())
                .body(Multipart::new().file("a.txt", b"a").finish()),
            Some(_) => request.json(&self.smallest_body()),
        }
    }

    fn smallest_body(&self) -> Value {
        match self.id.as_str() {
            "chat" => json!({"message": "Hello"}),
            "create_message" => json!({"content": "Hello"}),
            _ => json!({}),
        }
    }

    async fn send(&self, client: &Client, path: &str) -> Answer {
        self.request(client, path).send().await
    }
}

/// What anyone may call; all else needs a session.
const OPEN: &[&str] = &[
    "register",
    "login",
    "get_instance",
    "get_liveness",
    "get_readiness",
];

#[tokio::test]
async fn every_operation_refuses_a_stranger() {
    let app = spawn_app().await;
    let stranger = app.client();
    let document: Value = stranger.get("/openapi.json").send().await.json();
    let mut open = BTreeSet::new();
    for operation in operations(&document) {
        if OPEN.contains(&operation.id.as_str()) {
            open.insert(operation.id);
            continue;
        }
        let id = "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f";
        let path = filled(&operation.path, |_| id.to_owned());
        operation
            .send(&stranger, &path)
            .await
            .assert_problem(ProblemCode::Unauthenticated);
        // Nor does a stranger learn which values would be right.
        let nonsense = filled(&operation.path, |_| "nonsense".to_owned());
        operation
            .send(&stranger, &nonsense)
            .await
            .assert_problem(ProblemCode::Unauthenticated);
    }
    assert_eq!(
        open.iter().map(String::as_str).collect::<Vec<_>>(),
        sorted(OPEN),
        "an exception that is none"
    );
}

/// Also where there is no query at all; but for what monitors ask.
#[tokio::test]
async fn every_operation_refuses_a_query_that_it_does_not_know() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let document: Value = ada.get("/openapi.json").send().await.json();
    for operation in operations(&document) {
        if ["get_liveness", "get_readiness"].contains(&operation.id.as_str()) {
            continue;
        }
        let id = "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f";
        let path = filled(&operation.path, |_| id.to_owned());
        let answer = operation.send(&ada, &format!("{path}?nope=1")).await;
        answer.assert_invalid(&[("nope", FieldCode::Unknown)]);
    }
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn nobody_reaches_anothers_things() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"a").await;
    let chat = ada.chat(&project, "Hello").await;
    let provider = ada
        .create_provider(json!({"preset": "groq", "name": "Mine", "api_key": "gsk-0123456789"}))
        .await;
    let session =
        ada.get("/api/auth/sessions").send().await.json::<Value>()["items"][0]["id"].clone();

    let document: Value = bob.get("/openapi.json").send().await.json();
    let mut tried = 0;
    for operation in operations(&document) {
        if !operation.path.contains('{') {
            continue;
        }
        let path = filled(&operation.path, |name| match name {
            "project_id" => project.id.to_string(),
            "filename" => "a.txt".to_owned(),
            "conversation_id" => chat.conversation_id.to_string(),
            "message_id" => chat.assistant_message.id.to_string(),
            "generation_id" => chat
                .assistant_message
                .generation_id
                .expect("an answer has one")
                .to_string(),
            "provider_id" => provider.id.expect("one's own has one").to_string(),
            "session_id" => session.as_str().expect("an id").to_owned(),
            other => panic!("{}: what is Ada's {other}?", operation.path),
        });
        operation
            .send(&bob, &path)
            .await
            .assert_problem(ProblemCode::NotFound);
        tried += 1;
    }
    assert!(tried >= 18, "only {tried} operations");

    // Nothing of it has been changed either.
    assert_eq!(
        ada.get(&prompthub_tests::client::path(&project))
            .send()
            .await
            .json::<Value>()["name"],
        "Notes"
    );
    assert_eq!(ada.files(&project).await.len(), 1);
    assert_eq!(ada.messages(chat.conversation_id.as_str()).await.len(), 2);
    assert_eq!(ada.provider("mine").await.name, "Mine");
    assert!(bob.providers().await.iter().all(|provider| provider.shared));
    for list in ["/api/projects"] {
        assert_eq!(
            bob.get(list).send().await.json::<Value>()["items"],
            json!([]),
            "{list}"
        );
    }
}

/// What no test from outside can bring about.
const NEVER_SEEN: &[(ProblemCode, &str)] = &[
    (
        ProblemCode::Internal,
        "a fault of ours that no test should know of",
    ),
    (
        ProblemCode::Forbidden,
        "no operation yet is an administrator's alone",
    ),
];

/// Every problem that clients may have to handle is produced by a test that checks it whole.
#[test]
fn every_problem_is_produced_by_some_test() {
    let sources = suite_sources();
    for code in ProblemCode::ALL {
        let name = format!("ProblemCode::{code:?}");
        let named = match code {
            ProblemCode::ValidationFailed => "assert_invalid(".to_owned(),
            _ => name.clone(),
        };
        let excepted = NEVER_SEEN.iter().any(|(exception, _)| exception == code);
        assert_eq!(
            sources.contains(&named),
            !excepted,
            "{name}: tested xor listed as never seen"
        );
    }
}

#[test]
fn no_test_is_switched_off() {
    let sources = suite_sources();
    let ignored = ["#[ign", "ore"].concat();
    assert!(!sources.contains(&ignored));
}

#[test]
fn every_database_has_the_same_migrations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let names = |database: &str| -> BTreeSet<String> {
        let entries =
            fs::read_dir(root.join(database)).unwrap_or_else(|error| panic!("{database}: {error}"));
        let names = entries.map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        });
        names.filter(|name| !name.starts_with('.')).collect()
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    for database in fs::read_dir(&root).expect("migrations") {
        let database = database
            .expect("readable")
            .file_name()
            .to_string_lossy()
            .into_owned();
        assert_eq!(names(&database), sqlite, "{database}");
        for migration in &sqlite {
            for file in ["up.sql", "down.sql"] {
                assert!(
                    root.join(&database).join(migration).join(file).is_file(),
                    "{database}/{migration}/{file}"
                );
            }
        }
    }
    assert!(root.join("postgres").is_dir());
}

/// The text of this suite, without this module, which names things only to look for them.
fn suite_sources() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    let files = fs::read_dir(folder).expect("the suite's sources");
    files
        .map(|file| file.expect("readable").path())
        .filter(|path| !path.ends_with("about_tests.rs"))
        .map(|path| fs::read_to_string(path).expect("text"))
        .collect()
}

/// `path` with its `{parameters}` replaced.
fn filled(path: &str, value: impl Fn(&str) -> String) -> String {
    path.split('/')
        .map(|segment| {
            match segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) => value(name),
                None => segment.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn sorted(names: &[&'static str]) -> Vec<&'static str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

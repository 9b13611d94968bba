//! The description of the API: served, complete, and the one that is in the repository.

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{binary, contract, spawn_app};
use serde_json::{Value, json};

#[tokio::test]
async fn the_document_in_the_repository_is_current() {
    let printed = binary::run(&["openapi"], &[]).await;
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml"))
        .unwrap_or_default();
    assert!(
        kept == printed.stdout,
        "openapi.yaml is not what `prompthub openapi` prints; write it anew with: prompthub openapi > openapi.yaml"
    );
}

#[tokio::test]
async fn the_document_is_served_in_both_forms() {
    let app = spawn_app().await;
    let stranger = app.client();
    let yaml = stranger.get("/openapi.yaml").send().await;
    assert!(
        yaml.expect_status(200).text().starts_with("openapi: 3.1"),
        "{yaml}"
    );
    assert!(
        yaml.header("content-type")
            .is_some_and(|kind| kind.contains("yaml")),
        "{:?}",
        yaml.headers
    );
    let printed = binary::run(&["openapi", "--format", "json"], &[])
        .await
        .stdout;
    for path in ["/openapi.yaml", "/openapi.json"] {
        let head = stranger.request(reqwest::Method::HEAD, path).send().await;
        assert!(head.expect_status(200).body.is_empty(), "{head}");
    }
    let json = stranger.get("/openapi.json").send().await;
    assert_eq!(
        json.expect_status(200).json::<Value>(),
        serde_json::from_str::<Value>(&printed).unwrap()
    );
}

/// `UploadedFiles` and lists show their items' examples.
#[test]
fn every_answer_has_an_example_that_is_one() {
    let types = contract::answered_types();
    assert!(types.len() > 15, "{types:?}");
    for name in types.iter().filter(|name| *name != "UploadedFiles") {
        contract::check_example(name);
    }
    contract::check_example("File");
    let examples = include_str!("../../../crates/api/src/http/openapi/examples.json");
    let examples: Value = serde_json::from_str(examples).unwrap();
    for name in examples.as_object().unwrap().keys() {
        assert!(
            types.contains(name) || ["File", "Message"].contains(&name.as_str()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_interactive_page_is_ours_alone() {
    let app = spawn_app().await;
    let stranger = app.client();
    let mut page = stranger.get("/docs").send().await;
    if let Some(location) = page.header("location").map(str::to_owned) {
        page = stranger.get(&location).send().await;
    }
    let html = page.expect_status(200).text();
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html")),
        "{page}"
    );
    for foreign in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(
            !html.contains(foreign),
            "the page loads from another host: {html}"
        );
    }
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        !policy.contains("http:") && !policy.contains("https:"),
        "{policy}"
    );
}

/// A generator stops at the first name that leads nowhere.
#[tokio::test]
async fn every_reference_leads_somewhere() {
    let app = spawn_app().await;
    let document: Value = app.client().get("/openapi.json").send().await.json();
    let mut places = vec![&document];
    let mut count = 0;
    while let Some(place) = places.pop() {
        match place {
            Value::Array(items) => places.extend(items),
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let pointer = reference
                        .strip_prefix('#')
                        .expect("a place in the document");
                    assert!(
                        document.pointer(pointer).is_some(),
                        "{reference} is not there"
                    );
                    count += 1;
                }
                places.extend(fields.values());
            }
            _ => {}
        }
    }
    assert!(count > 100, "only {count} references");
}

/// What makes a generated client read well.
#[tokio::test]
async fn every_operation_is_described() {
    let app = spawn_app().await;
    let document: Value = app.client().get("/openapi.json").send().await.json();
    let mut ids = std::collections::BTreeSet::new();
    let operations = crate::about_tests::operations(&document);
    assert!(
        operations.len() >= 30,
        "only {} operations",
        operations.len()
    );
    for operation in operations {
        let body = &document["paths"][&operation.path][&operation.method];
        let name = format!("{} {}", operation.method, operation.path);
        let id = body["operationId"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} has no operationId"));
        assert!(
            id.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{id}"
        );
        assert!(ids.insert(id.to_owned()), "{id} names two operations");
        assert!(
            body["tags"].as_array().is_some_and(|tags| tags.len() == 1),
            "{name} needs one tag"
        );
        assert!(
            body["summary"]
                .as_str()
                .is_some_and(|summary| !summary.is_empty()),
            "{name} has no summary"
        );
        let responses = body["responses"]
            .as_object()
            .unwrap_or_else(|| panic!("{name} has no responses"));
        assert!(
            responses.keys().any(|status| status.starts_with('2')),
            "{name} never succeeds"
        );
        for (status, response) in responses {
            let problem = response["content"]
                .get("application/problem+json")
                .is_some()
                || response["$ref"]
                    .as_str()
                    .is_some_and(|reference| reference.starts_with("#/components/responses/"));
            assert!(
                !status.starts_with('4') || problem,
                "{name}: {status} is no typed problem"
            );
        }
    }
}

/// What a client reads off the document is what the server sends.
#[tokio::test]
async fn codes_and_events_are_described_as_they_are_sent() {
    let app = spawn_app().await;
    let document: Value = app.client().get("/openapi.json").send().await.json();
    let schemas = &document["components"]["schemas"];
    let described: Vec<&str> = schemas["ProblemCode"]["enum"]
        .as_array()
        .expect("the codes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for code in ProblemCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        assert!(described.contains(&code.as_str()), "{code:?}");
    }
    let mut examples = Vec::new();
    for response in document["components"]["responses"]
        .as_object()
        .expect("the shared responses")
        .values()
    {
        let example = &response["content"]["application/problem+json"]["example"];
        examples.push(example["code"].as_str().expect("a code"));
    }
    assert!(
        examples.iter().all(|code| described.contains(code)),
        "{examples:?}"
    );

    let events = &schemas["StreamEvent"];
    for tag in [
        "started",
        "fallback",
        "delta",
        "reasoning",
        "snapshot",
        "usage",
        "done",
        "error",
    ] {
        let reference = events["discriminator"]["mapping"][tag].as_str();
        let name = reference
            .and_then(|reference| reference.strip_prefix("#/components/schemas/"))
            .unwrap_or_else(|| panic!("{tag} is not described"));
        assert_eq!(schemas[name]["properties"]["type"]["enum"], json!([tag]));
    }
    assert!(schemas["UsageEvent"]["properties"]["cost_usd"].is_object());
    for (name, schema) in schemas.as_object().expect("schemas") {
        if let Some(item) = name.strip_prefix("Page_") {
            let items = &schema["properties"]["items"]["items"]["$ref"];
            assert_eq!(*items, format!("#/components/schemas/{item}"), "{name}");
        }
    }
}

/// What a generator would make nameless classes of, or values that nobody can send.
#[tokio::test]
async fn variants_have_names_and_parameters_have_values() {
    let app = spawn_app().await;
    let document: Value = app.client().get("/openapi.json").send().await.json();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for (name, schema) in schemas {
        for variant in schema["oneOf"].as_array().into_iter().flatten() {
            let is_nameless = variant.get("properties").is_some();
            assert!(!is_nameless, "{name} has a variant without a name");
        }
    }
    let mut parameters = 0;
    for operation in crate::about_tests::operations(&document) {
        let operation = &document["paths"][&operation.path][&operation.method];
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let kind = &parameter["schema"]["type"];
            assert!(!kind.is_array(), "{parameter} may be null");
            parameters += 1;
        }
    }
    assert!(parameters > 50, "only {parameters}");
}

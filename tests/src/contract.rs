//! The description of the API, held against what the server really answers.
//!
//! Every answer that a test reads passes through here: its status and type must be described for the
//! operation, and its body must be what the schema says, with no field that the schema does not have.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Answer;

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::load);

/// What a client may meet at any address: generated ones treat it as they treat what they do not know.
const ANYWHERE: [u16; 3] = [405, 414, 431];

/// Where a described answer refers to the schema of its body.
const JSON_SCHEMA: &str = "/content/application~1json/schema/$ref";

struct Contract {
    document: Value,
    /// With nothing allowed beside what is described, as schemas of answers are read here.
    components: Value,
    /// By the place of the schema in the document.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Fails the test when `answer` is not what the description promises for what was asked.
#[track_caller]
pub fn check(answer: &Answer) {
    let (method, address) = answer
        .asked
        .split_once(' ')
        .expect("a method and an address");
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let Some(operation) = CONTRACT.operation(&method.to_lowercase(), path) else {
        return;
    };
    let status = answer.status.as_u16();
    let described = &operation["responses"][status.to_string()];
    let id = operation["operationId"].as_str().unwrap_or_default();
    if described.is_null() {
        assert!(
            ANYWHERE.contains(&status),
            "{id} is not described with {status}: {answer}"
        );
        return;
    }
    let described = CONTRACT.resolved(described);
    let Some(content) = described["content"].as_object() else {
        assert!(
            answer.body.is_empty(),
            "{id} is described without a body: {answer}"
        );
        return;
    };
    let sent = answer.header("content-type").unwrap_or_default();
    let kind = sent.split(';').next().unwrap_or_default().trim();
    let matches = |described: &&String| {
        described.as_str() == kind
            || described.as_str() == "*/*"
            || (described.ends_with("/octet-stream"))
    };
    let Some(described) = content.keys().find(matches) else {
        panic!("{id} is not described with the type {kind}: {answer}");
    };
    if kind.ends_with("json") && described == kind {
        let body = serde_json::from_slice(&answer.body)
            .unwrap_or_else(|error| panic!("{error}: {answer}"));
        CONTRACT.validate(
            &content[described]["schema"],
            &body,
            &format!("{id} ({status})"),
        );
    }
}

/// Fails the test when `event` is none of those that the description has.
#[track_caller]
pub fn check_event(event: &Value) {
    CONTRACT.validate(
        &json!({"$ref": "#/components/schemas/StreamEvent"}),
        event,
        "an event",
    );
}

/// The names of the types of whole answers that succeed; of a list, the type of its items.
#[must_use]
pub fn answered_types() -> BTreeSet<String> {
    let operations = CONTRACT.document["paths"].as_object().expect("paths");
    let operations = operations.values().flat_map(|item| item.as_object());
    let answers = operations
        .flat_map(|item| item.values())
        .filter_map(|operation| operation["responses"].as_object())
        .flatten()
        .filter(|(status, _)| status.starts_with('2'));
    answers
        .filter_map(|(_, answer)| schema_name(answer.pointer(JSON_SCHEMA)?.as_str()?))
        .map(|name| name.strip_prefix("Page_").unwrap_or(name).to_owned())
        .collect()
}

/// The example of a type; fails the test when there is none, or when it is not what is described.
#[track_caller]
pub fn check_example(name: &str) {
    let reference = json!({"$ref": format!("#/components/schemas/{name}")});
    let example = &CONTRACT.resolved(&reference)["example"];
    assert!(!example.is_null(), "{name} has no example");
    CONTRACT.validate(&reference, example, &format!("the example of {name}"));
}

impl Contract {
    fn load() -> Self {
        let text = prompthub_api::openapi::json().expect("it can be written");
        let document: Value = serde_json::from_str(&text).expect("it is JSON");
        let mut components = document["components"].clone();
        let requests = in_requests(&document);
        let schemas = components["schemas"].as_object_mut().expect("schemas");
        for (name, schema) in schemas {
            // What a person may send is closed already, where it is.
            if !requests.contains(name) {
                close(schema);
            }
        }
        Self {
            document,
            components,
            validators: Mutex::default(),
        }
    }

    /// The operation of a concrete path; the one with the fewest parameters, as the server routes.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let paths = self.document["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        item.get(method)
    }

    fn resolved<'a>(&'a self, described: &'a Value) -> &'a Value {
        let Some(reference) = described["$ref"].as_str() else {
            return described;
        };
        let place = self.document.pointer(reference.trim_start_matches('#'));
        place.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    #[track_caller]
    fn validate(&self, schema: &Value, body: &Value, what: &str) {
        let key = schema.to_string();
        let validator = {
            let mut validators = self
                .validators
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                validators
                    .entry(key)
                    .or_insert_with(|| Arc::new(self.compiled(schema))),
            )
        };
        let complaints: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(
            complaints.is_empty(),
            "{what} is not as described: {complaints:#?} in {body:#}"
        );
    }

    fn compiled(&self, schema: &Value) -> Validator {
        let root = json!({"allOf": [schema], "components": self.components});
        jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{error}: {schema}"))
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let fits = |(template, sent): (&&str, &&str)| template.starts_with('{') || template == sent;
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

/// The names of the schemas that bodies of requests refer to, however far.
fn in_requests(document: &Value) -> BTreeSet<String> {
    let operations = document["paths"].as_object().into_iter().flatten();
    let mut places: Vec<&Value> = operations
        .flat_map(|(_, item)| item.as_object().into_iter().flatten())
        .map(|(_, operation)| &operation["requestBody"])
        .collect();
    let mut names = BTreeSet::new();
    while let Some(place) = places.pop() {
        match place {
            Value::Array(items) => places.extend(items),
            Value::Object(fields) => {
                if let Some(name) = fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(schema_name)
                    && names.insert(name.to_owned())
                {
                    places.push(&document["components"]["schemas"][name]);
                }
                places.extend(fields.values());
            }
            _ => {}
        }
    }
    names
}

fn schema_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// Allows no properties but those that are described.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(fields) => {
            let is_whole =
                fields.contains_key("properties") && !fields.contains_key("additionalProperties");
            if is_whole || fields.contains_key("allOf") {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "allOf")
                .for_each(|(_, field)| close(field));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

    use super::*;

    fn answer(asked: &str, status: u16, body: &Value) -> Answer {
        let json = HeaderValue::from_static("application/json");
        Answer {
            asked: asked.to_owned(),
            status: reqwest::StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            body: body.to_string().into(),
        }
    }

    fn complaint(answer: &Answer) -> String {
        let checked = std::panic::catch_unwind(|| check(answer));
        let complaint = checked
            .err()
            .and_then(|panic| panic.downcast::<String>().ok());
        complaint.map_or_else(String::new, |text| *text)
    }

    #[test]
    fn what_is_not_described_is_complained_about() {
        let live = "GET /api/health/live";
        let body = json!({"status": "ok", "checks": []});
        assert_eq!(complaint(&answer(live, 200, &body)), "");
        let mut more = body.clone();
        more["uptime"] = json!(7);
        let cases = [
            (answer(live, 200, &more), "uptime"),
            (
                answer(live, 200, &json!({"status": "splendid", "checks": []})),
                "splendid",
            ),
            (answer(live, 200, &json!({"checks": []})), "required"),
            (answer(live, 418, &body), "with 418"),
            (
                answer(
                    "DELETE /api/projects/019aa9f5-8c00-7cc3-98c4-dc0c0c07398f",
                    204,
                    &body,
                ),
                "without a body",
            ),
        ];
        for (answer, named) in cases {
            let complaint = complaint(&answer);
            assert!(complaint.contains(named), "{named}: {complaint:?}");
        }
    }
}

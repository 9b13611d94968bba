//! How a model is to answer: which values are allowed, what a question changes of them, and what a
//! model does not take.

use prompthub_dto::{
    chat::ParameterOverrides,
    problem::{FieldCode, FieldError},
    projects::{Parameters, ReasoningEffort, ResponseFormat},
};
use prompthub_llm as llm;
use serde_json::Value;

use super::{
    models::ModelName,
    text::{Bounds, Complaints, bounded},
};
use crate::error::{ApiError, field_error};

const STOP: Bounds = Bounds { min: 1, max: 200 };
const STOP_COUNT: usize = 4;
const FALLBACK_COUNT: usize = 5;
/// OpenAI's bound; Anthropic knows no name.
const FORMAT_NAME: Bounds = Bounds { min: 1, max: 64 };
const SCHEMA_BYTES: usize = 20_000;
const SCHEMA_DEPTH: usize = 20;

/// The parameters as JSON, the same text for the same parameters.
///
/// # Errors
/// Complaints about the fields, each as `parameters.<name>`.
pub fn to_json(parameters: &Parameters) -> Result<String, ApiError> {
    check(parameters)?;
    serde_json::to_string(parameters).map_err(ApiError::internal)
}

/// The parameters of one answer: the project's, but for what the question sets or unsets.
///
/// # Errors
/// Complaints about what the question sets.
pub fn merged(
    project: Parameters,
    question: Option<ParameterOverrides>,
) -> Result<Parameters, ApiError> {
    let Some(question) = question else {
        return Ok(project);
    };
    check(&changed(Parameters::default(), question.clone()))?;
    Ok(changed(project, question))
}

fn changed(parameters: Parameters, by: ParameterOverrides) -> Parameters {
    fn list<T>(changed: Option<Option<Vec<T>>>, list: Vec<T>) -> Vec<T> {
        changed.map_or(list, Option::unwrap_or_default)
    }
    Parameters {
        temperature: by.temperature.unwrap_or(parameters.temperature),
        top_p: by.top_p.unwrap_or(parameters.top_p),
        max_tokens: by.max_tokens.unwrap_or(parameters.max_tokens),
        stop: list(by.stop, parameters.stop),
        seed: by.seed.unwrap_or(parameters.seed),
        reasoning_effort: by.reasoning_effort.unwrap_or(parameters.reasoning_effort),
        response_format: by.response_format.unwrap_or(parameters.response_format),
        fallback_models: list(by.fallback_models, parameters.fallback_models),
    }
}

/// The parameters as providers are given them.
#[must_use]
pub fn to_llm(parameters: Parameters) -> llm::Parameters {
    llm::Parameters {
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        max_tokens: parameters.max_tokens,
        stop: parameters.stop,
        seed: parameters.seed,
        reasoning_effort: parameters.reasoning_effort.map(|effort| match effort {
            ReasoningEffort::None => llm::ReasoningEffort::None,
            ReasoningEffort::Minimal => llm::ReasoningEffort::Minimal,
            ReasoningEffort::Low => llm::ReasoningEffort::Low,
            ReasoningEffort::Medium => llm::ReasoningEffort::Medium,
            ReasoningEffort::High => llm::ReasoningEffort::High,
        }),
        response_format: parameters.response_format.map(|format| match format {
            ResponseFormat::JsonObject => llm::ResponseFormat::JsonObject,
            ResponseFormat::JsonSchema {
                name,
                schema,
                strict,
            } => llm::ResponseFormat::JsonSchema {
                name,
                schema,
                strict,
            },
        }),
    }
}

/// # Errors
/// A complaint about each parameter that is set and that the model does not take so, as far as that is known
/// of its provider and from the catalogue.
pub fn refuse_unsupported(
    provider: &dyn llm::Provider,
    entry: Option<&llm::CatalogueEntry>,
    model: &str,
    parameters: &llm::Parameters,
) -> Result<(), ApiError> {
    let mut complaints: Vec<FieldError> = Vec::new();
    let mut complain = |name: &str, code, message: String| {
        let field = format!("parameters.{name}");
        if complaints.iter().all(|complaint| complaint.field != field) {
            complaints.push(field_error(field, code, message));
        }
    };
    for (name, words) in provider.unsupported(parameters) {
        complain(name, FieldCode::Invalid, words.to_owned());
    }
    if let Some(entry) = entry {
        for name in entry.unsupported(parameters) {
            let message = format!("{model} does not take this.");
            complain(name, FieldCode::Invalid, message);
        }
        if let (Some(most), Some(wanted)) = (entry.max_output_tokens, parameters.max_tokens)
            && wanted > most
        {
            let message = format!("{model} gives at most {most} tokens.");
            complain("max_tokens", FieldCode::OutOfRange, message);
        }
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Validation(complaints))
    }
}

fn check(parameters: &Parameters) -> Result<(), ApiError> {
    let mut complaints = Complaints::default();
    complaints.take(range("temperature", parameters.temperature, 2.0))?;
    complaints.take(range("top_p", parameters.top_p, 1.0))?;
    if parameters
        .max_tokens
        .is_some_and(|tokens| !(1..=1_000_000).contains(&tokens))
    {
        complaints.take::<()>(Err(out_of_range("max_tokens", "Must be 1 to 1000000.")))?;
    }
    complaints.take(at_most("stop", parameters.stop.len(), STOP_COUNT, "texts"))?;
    for (index, text) in parameters.stop.iter().enumerate().take(STOP_COUNT) {
        let field = format!("parameters.stop.{index}");
        complaints.take(bounded(&field, text.clone(), STOP))?;
    }
    if let Some(ResponseFormat::JsonSchema { name, schema, .. }) = &parameters.response_format {
        complaints.take(format_name(name))?;
        complaints.take(json_schema(schema))?;
    }
    let models = &parameters.fallback_models;
    complaints.take(at_most(
        "fallback_models",
        models.len(),
        FALLBACK_COUNT,
        "models",
    ))?;
    for (index, model) in models.iter().enumerate().take(FALLBACK_COUNT) {
        let field = format!("parameters.fallback_models.{index}");
        complaints.take(ModelName::parse_as(&field, model))?;
    }
    complaints.into_result()
}

fn range(name: &str, value: Option<f64>, max: f64) -> Result<(), ApiError> {
    match value {
        Some(value) if !(0.0..=max).contains(&value) => {
            Err(out_of_range(name, format!("Must be 0 to {max}.")))
        }
        _ => Ok(()),
    }
}

fn out_of_range(name: &str, message: impl Into<String>) -> ApiError {
    ApiError::field(
        format!("parameters.{name}"),
        FieldCode::OutOfRange,
        message.into(),
    )
}

fn at_most(name: &str, count: usize, max: usize, what: &str) -> Result<(), ApiError> {
    if count <= max {
        return Ok(());
    }
    Err(ApiError::field(
        format!("parameters.{name}"),
        FieldCode::TooLong,
        format!("Must be at most {max} {what}."),
    ))
}

fn format_name(name: &str) -> Result<(), ApiError> {
    const FIELD: &str = "parameters.response_format.name";
    bounded(FIELD, name.to_owned(), FORMAT_NAME)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.chars().all(allowed) {
        return Ok(());
    }
    Err(ApiError::field(
        FIELD,
        FieldCode::Invalid,
        "Must be letters, digits, _ and -.",
    ))
}

/// Whether the schema means anything is the provider's to say; here it is only kept small.
fn json_schema(schema: &Value) -> Result<(), ApiError> {
    let complain = |code, message: String| {
        Err(ApiError::field(
            "parameters.response_format.schema",
            code,
            message,
        ))
    };
    if !schema.is_object() {
        return complain(FieldCode::WrongType, "Must be an object.".to_owned());
    }
    if depth(schema) > SCHEMA_DEPTH {
        let message = format!("Must be nested at most {SCHEMA_DEPTH} deep.");
        return complain(FieldCode::TooLong, message);
    }
    let text = schema.to_string();
    if text.len() > SCHEMA_BYTES {
        let message = format!("Must be at most {SCHEMA_BYTES} bytes.");
        return complain(FieldCode::TooLong, message);
    }
    if text.contains("\\u0000") {
        return complain(FieldCode::Invalid, "Must not contain NUL.".to_owned());
    }
    Ok(())
}

/// How deep it is nested. The reader of a body bounds that, so this ends.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    deepest.unwrap_or(0).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn format(name: &str, schema: Value) -> Parameters {
        Parameters {
            response_format: Some(ResponseFormat::JsonSchema {
                name: name.to_owned(),
                schema,
                strict: true,
            }),
            ..Parameters::default()
        }
    }

    fn complaints(parameters: &Parameters) -> Vec<String> {
        match check(parameters) {
            Ok(()) => Vec::new(),
            Err(ApiError::Validation(errors)) => {
                errors.into_iter().map(|error| error.field).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_schema_is_small_and_an_object() {
        assert!(complaints(&format("answer_1", json!({"type": "object"}))).is_empty());
        let mut deep = json!({});
        for _ in 0..SCHEMA_DEPTH {
            deep = json!({"a": deep});
        }
        for schema in [
            json!([]),
            deep,
            json!({"a": "x".repeat(SCHEMA_BYTES)}),
            json!({"a": "\0"}),
        ] {
            assert_eq!(
                complaints(&format("a", schema)),
                ["parameters.response_format.schema"]
            );
        }
        for name in ["", "a b", "ä", &"a".repeat(65)] {
            assert_eq!(
                complaints(&format(name, json!({}))),
                ["parameters.response_format.name"],
                "{name}"
            );
        }
    }

    #[test]
    fn what_a_question_sets_or_unsets_takes_the_place_of_the_projects() {
        let project = Parameters {
            temperature: Some(0.5),
            top_p: Some(0.5),
            max_tokens: Some(10),
            stop: vec!["a".to_owned()],
            fallback_models: vec!["a/b".to_owned()],
            ..Parameters::default()
        };
        let question = ParameterOverrides {
            temperature: Some(Some(0.0)),
            top_p: Some(None),
            seed: Some(Some(7)),
            stop: Some(Some(vec!["b".to_owned()])),
            fallback_models: Some(None),
            ..ParameterOverrides::default()
        };
        let expected = Parameters {
            temperature: Some(0.0),
            max_tokens: Some(10),
            stop: vec!["b".to_owned()],
            seed: Some(7),
            ..Parameters::default()
        };
        assert_eq!(merged(project.clone(), Some(question)).unwrap(), expected);
        for nothing in [None, Some(ParameterOverrides::default())] {
            assert_eq!(merged(project.clone(), nothing).unwrap(), project);
        }
        let too_hot = ParameterOverrides {
            temperature: Some(Some(2.5)),
            ..ParameterOverrides::default()
        };
        assert!(merged(project, Some(too_hot)).is_err());
    }

    #[test]
    fn fallback_models_have_names() {
        let models = |names: &[&str]| Parameters {
            fallback_models: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Parameters::default()
        };
        assert!(complaints(&models(&["a/b", "c/d/e"])).is_empty());
        assert_eq!(
            complaints(&models(&["a/b", "nothing", "a/"])),
            [
                "parameters.fallback_models.1",
                "parameters.fallback_models.2"
            ]
        );
        assert_eq!(
            complaints(&models(&["a/b"; 6])),
            ["parameters.fallback_models"]
        );
    }
}

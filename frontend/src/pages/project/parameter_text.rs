//! A project's parameters as text and back: what a form shows of them, and what it makes of it.
//!
//! Pure data. Whether a value is allowed is the server's to say; here it only has to be one.

use prompthub_dto::projects::{Parameters, ReasoningEffort, ResponseFormat};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::settings_draft::SettingsText;

/// The names of parameters whose text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong(pub Vec<&'static str>);

/// How much a model may think, as the wire has it.
pub const EFFORTS: [(&str, ReasoningEffort); 5] = [
    ("none", ReasoningEffort::None),
    ("minimal", ReasoningEffort::Minimal),
    ("low", ReasoningEffort::Low),
    ("medium", ReasoningEffort::Medium),
    ("high", ReasoningEffort::High),
];

pub const JSON_OBJECT: &str = "json_object";
pub const JSON_SCHEMA: &str = "json_schema";

/// The fields of a text that are parameters.
#[must_use]
pub fn of(parameters: &Parameters) -> SettingsText {
    fn text(number: Option<impl ToString>) -> String {
        number.map(|number| number.to_string()).unwrap_or_default()
    }
    let effort = EFFORTS
        .iter()
        .find(|(_, effort)| Some(*effort) == parameters.reasoning_effort);
    let (format, schema) = match &parameters.response_format {
        None => ("", String::new()),
        Some(ResponseFormat::JsonObject) => (JSON_OBJECT, String::new()),
        Some(format) => (JSON_SCHEMA, schema_text(format)),
    };
    SettingsText {
        temperature: text(parameters.temperature),
        top_p: text(parameters.top_p),
        max_tokens: text(parameters.max_tokens),
        seed: text(parameters.seed),
        stop: parameters
            .stop
            .iter()
            .map(|stop| escape(stop))
            .collect::<Vec<_>>()
            .join("\n"),
        reasoning_effort: effort.map(|(name, _)| *name).unwrap_or_default().to_owned(),
        response_format: format.to_owned(),
        json_schema: schema,
        fallback_models: parameters.fallback_models.join("\n"),
        ..SettingsText::default()
    }
}

/// The parameters that a text stands for.
///
/// # Errors
/// Those that cannot be read.
pub fn parse(text: &SettingsText) -> Result<Parameters, Wrong> {
    let mut wrong = Vec::new();
    let parameters = Parameters {
        temperature: number(&text.temperature, "temperature", &mut wrong),
        top_p: number(&text.top_p, "top_p", &mut wrong),
        max_tokens: number(&text.max_tokens, "max_tokens", &mut wrong),
        seed: number(&text.seed, "seed", &mut wrong),
        stop: lines(&text.stop).map(unescape).collect(),
        reasoning_effort: EFFORTS
            .iter()
            .find(|(name, _)| *name == text.reasoning_effort)
            .map(|(_, effort)| *effort),
        response_format: match text.response_format.as_str() {
            JSON_OBJECT => Some(ResponseFormat::JsonObject),
            JSON_SCHEMA => {
                let format = read_schema(&text.json_schema);
                if format.is_none() {
                    wrong.push("response_format");
                }
                format
            }
            _ => None,
        },
        fallback_models: lines(&text.fallback_models).map(str::to_owned).collect(),
    };
    if wrong.is_empty() {
        Ok(parameters)
    } else {
        Err(Wrong(wrong))
    }
}

/// The lines of a text that say something.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty())
}

/// The number in a field; nothing in it means that the provider decides.
///
/// It is read as JSON, the form in which it is sent, but for the comma that many people and their keyboards
/// have in place of the point.
fn number<T: DeserializeOwned>(
    text: &str,
    name: &'static str,
    wrong: &mut Vec<&'static str>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = serde_json::from_str(&text.replace(',', ".")).ok();
    if number.is_none() {
        wrong.push(name);
    }
    number
}

/// A text in one line, that fields of a form leave as it is: they make a line feed of a carriage return.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

/// The reverse of [`escape`]. A backslash before anything else is a backslash.
fn unescape(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        let after = rest.as_str();
        match (next, after.chars().next()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some('\\')) => text.push('\\'),
            _ => {
                text.push(next);
                continue;
            }
        }
        rest.next();
    }
    text
}

/// A format without its `type`, which the form says elsewhere.
fn schema_text(format: &ResponseFormat) -> String {
    match serde_json::to_value(format) {
        Ok(Value::Object(mut fields)) => {
            fields.remove("type");
            pretty(&Value::Object(fields))
        }
        Ok(_) | Err(_) => String::new(),
    }
}

fn read_schema(text: &str) -> Option<ResponseFormat> {
    let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    fields.insert("type".to_owned(), JSON_SCHEMA.into());
    serde_json::from_str(&Value::Object(fields).to_string()).ok()
}

/// The browser can indent; code of ours that does would have to be downloaded.
#[cfg(target_arch = "wasm32")]
fn pretty(value: &Value) -> String {
    let text = value.to_string();
    js_sys::JSON::parse(&text)
        .and_then(|value| {
            js_sys::JSON::stringify_with_replacer_and_space(
                &value,
                &wasm_bindgen::JsValue::NULL,
                &2.into(),
            )
        })
        .map_or(text, String::from)
}

#[cfg(not(target_arch = "wasm32"))]
fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_read_back() {
        let parameters = Parameters {
            temperature: Some(0.7),
            top_p: Some(1.0),
            max_tokens: Some(1000),
            stop: vec!["END".to_owned(), "\n\n".to_owned(), "a\\nb".to_owned()],
            seed: Some(-4),
            reasoning_effort: Some(ReasoningEffort::None),
            response_format: Some(ResponseFormat::JsonSchema {
                name: "answer".to_owned(),
                schema: json!({"type": "object", "properties": {"name": {}}}),
                strict: true,
            }),
            fallback_models: vec!["a/b".to_owned(), "c/d".to_owned()],
        };
        assert_eq!(parse(&of(&parameters)), Ok(parameters));
        let nothing = Parameters::default();
        assert_eq!(of(&nothing), SettingsText::default());
        assert_eq!(parse(&of(&nothing)), Ok(nothing));
    }

    #[test]
    fn a_comma_is_as_good_as_a_point() {
        let text = SettingsText {
            temperature: "0,7".to_owned(),
            ..SettingsText::default()
        };
        assert_eq!(parse(&text).map(|read| read.temperature), Ok(Some(0.7)));
        // A thousand is not one.
        let text = SettingsText {
            max_tokens: "1,000".to_owned(),
            ..SettingsText::default()
        };
        assert_eq!(parse(&text), Err(Wrong(vec!["max_tokens"])));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let text = SettingsText {
            temperature: "warm".to_owned(),
            max_tokens: "1.5".to_owned(),
            response_format: JSON_SCHEMA.to_owned(),
            json_schema: "{\"name\": \"a\"}".to_owned(),
            ..SettingsText::default()
        };
        assert_eq!(
            parse(&text),
            Err(Wrong(vec!["temperature", "max_tokens", "response_format"]))
        );
    }

    proptest! {
        #[test]
        fn every_stop_text_fits_into_a_line(texts in proptest::collection::vec(r"(?s)(.|[\\nr\n\r]){1,10}", 0..4)) {
            let parameters = Parameters {
                stop: texts,
                ..Parameters::default()
            };
            let text = of(&parameters);
            prop_assert!(!text.stop.contains('\r'));
            prop_assert_eq!(lines(&text.stop).count(), parameters.stop.len());
            prop_assert_eq!(parse(&text), Ok(parameters));
        }
    }
}

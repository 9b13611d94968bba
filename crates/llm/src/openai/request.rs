//! The body of a request for a chat completion.
//!
//! Owns its JSON. Must not leave anything to a provider's default that the product promises.

use serde::Serialize;

use super::{Quirks, ReasoningStyle, SeedField, TokenLimit};
use crate::{
    CompletionRequest, ErrorKind, Parameters, ProviderError, ReasoningEffort, ResponseFormat, Role,
    content,
};

#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Plugin]>::is_empty")]
    plugins: &'static [Plugin],
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Debug, Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: JsonSchema<'a> },
}

#[derive(Debug, Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    strict: bool,
    schema: &'a serde_json::Value,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct Reasoning {
    effort: &'static str,
}

#[derive(Debug, Serialize)]
struct Plugin {
    id: &'static str,
    enabled: bool,
}

/// OpenRouter's models with little context drop the middle of a long prompt unless told not to; a
/// prompt that does not fit is to be an error.
const NO_COMPRESSION: &[Plugin] = &[Plugin {
    id: "context-compression",
    enabled: false,
}];

impl<'a> Body<'a> {
    pub(super) fn new(
        request: &'a CompletionRequest,
        quirks: Quirks,
    ) -> Result<Self, ProviderError> {
        let parameters = &request.parameters;
        if let Some((_, words)) = unsupported(parameters, quirks).first() {
            return Err(ProviderError::new(ErrorKind::Refused, words));
        }
        let (seed, random_seed) = match quirks.seed {
            SeedField::RandomSeed => (None, parameters.seed),
            SeedField::Seed | SeedField::Unknown => (parameters.seed, None),
        };
        let system = request
            .system_prompt
            .as_deref()
            .filter(|prompt| !prompt.is_empty());
        let system = system.map(|content| Message {
            role: "system",
            content: Content::Text(content),
        });
        let messages = request.messages.iter().map(|message| Message {
            role: role(message.role),
            content: content(&message.content),
        });
        let effort = parameters.reasoning_effort.map(effort);
        let (max_tokens, max_completion_tokens) = match quirks.token_limit {
            TokenLimit::MaxTokens => (parameters.max_tokens, None),
            TokenLimit::MaxCompletionTokens => (None, parameters.max_tokens),
        };
        let (reasoning, reasoning_effort) = match quirks.reasoning {
            ReasoningStyle::Flat => (None, effort),
            ReasoningStyle::Object => (effort.map(|effort| Reasoning { effort }), None),
        };
        Ok(Self {
            model: &request.model,
            messages: system.into_iter().chain(messages).collect(),
            stream: true,
            stream_options: quirks.ask_for_usage.then_some(StreamOptions {
                include_usage: true,
            }),
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            max_tokens,
            max_completion_tokens,
            stop: &parameters.stop,
            seed,
            random_seed,
            response_format: parameters.response_format.as_ref().map(format),
            reasoning,
            reasoning_effort,
            user: request.user.as_deref().filter(|_| !quirks.withhold_user),
            plugins: if quirks.forbid_compression {
                NO_COMPRESSION
            } else {
                &[]
            },
        })
    }
}

/// The parameters that the provider does not take, and why.
pub(super) fn unsupported(
    parameters: &Parameters,
    quirks: Quirks,
) -> Vec<(&'static str, &'static str)> {
    match (quirks.seed, parameters.seed) {
        (SeedField::Unknown, Some(_)) => vec![("seed", "This provider takes no seed.")],
        _ => Vec::new(),
    }
}

fn content(content: &content::Content) -> Content<'_> {
    match content {
        content::Content::Text(text) => Content::Text(text),
        content::Content::Parts(parts) => Content::Parts(
            parts
                .iter()
                .map(|part| match part {
                    content::Part::Text(text) => Part::Text { text },
                    content::Part::Image(image) => Part::ImageUrl {
                        image_url: ImageUrl {
                            url: image.data_url(),
                        },
                    },
                })
                .collect(),
        ),
    }
}

fn format(format: &ResponseFormat) -> Format<'_> {
    match format {
        ResponseFormat::JsonObject => Format::JsonObject,
        ResponseFormat::JsonSchema {
            name,
            schema,
            strict,
        } => Format::JsonSchema {
            json_schema: JsonSchema {
                name,
                strict: *strict,
                schema,
            },
        },
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn effort(effort: ReasoningEffort) -> &'static str {
    match effort {
        ReasoningEffort::None => "none",
        ReasoningEffort::Minimal => "minimal",
        ReasoningEffort::Low => "low",
        ReasoningEffort::Medium => "medium",
        ReasoningEffort::High => "high",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ChatMessage, Image, presets};

    fn full() -> CompletionRequest {
        let message = |role, content: &str| ChatMessage {
            role,
            content: content.into(),
        };
        CompletionRequest {
            model: "acme/m1:free".to_owned(),
            system_prompt: Some("Be terse.".to_owned()),
            messages: vec![
                message(Role::User, "Hi"),
                message(Role::Assistant, "Hello"),
                message(Role::User, "Again"),
            ],
            parameters: Parameters {
                temperature: Some(0.7),
                top_p: Some(1.0),
                max_tokens: Some(20),
                stop: vec!["END".to_owned()],
                seed: Some(-1),
                reasoning_effort: Some(ReasoningEffort::Low),
                response_format: None,
            },
            user: Some("u1".to_owned()),
            ..CompletionRequest::default()
        }
    }

    fn body(request: &CompletionRequest, quirks: Quirks) -> serde_json::Value {
        serde_json::to_value(Body::new(request, quirks).unwrap()).unwrap()
    }

    #[test]
    fn each_preset_writes_its_dialect() {
        let common = json!({
            "model": "acme/m1:free",
            "messages": [
                {"role": "system", "content": "Be terse."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": "Again"},
            ],
            "stream": true, "temperature": 0.7, "top_p": 1.0, "stop": ["END"], "seed": -1, "user": "u1",
        });
        for (quirks, own) in [
            (
                presets::OPENROUTER,
                json!({
                    "max_completion_tokens": 20, "reasoning": {"effort": "low"},
                    "plugins": [{"id": "context-compression", "enabled": false}],
                }),
            ),
            (
                presets::OPENAI,
                json!({
                    "max_completion_tokens": 20, "reasoning_effort": "low",
                    "stream_options": {"include_usage": true},
                }),
            ),
            (
                presets::COMPATIBLE,
                json!({
                    "max_tokens": 20, "reasoning_effort": "low",
                    "stream_options": {"include_usage": true},
                }),
            ),
        ] {
            let mut expected = common.as_object().unwrap().clone();
            expected.extend(own.as_object().unwrap().clone());
            assert_eq!(body(&full(), quirks), json!(expected), "{quirks:?}");
        }
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let request = CompletionRequest {
            model: "m".to_owned(),
            system_prompt: Some(String::new()),
            ..CompletionRequest::default()
        };
        assert_eq!(
            body(&request, Quirks::default()),
            json!({"model": "m", "messages": [], "stream": true})
        );
    }

    #[test]
    fn images_and_formats_are_openais() {
        let image = Image::new(b"\xFF\xD8\xFF".as_slice()).unwrap();
        let parts = vec![
            content::Part::Text("What is this?".to_owned()),
            content::Part::Image(image),
        ];
        let schema = json!({"type": "object"});
        let request = CompletionRequest {
            model: "m".to_owned(),
            messages: vec![ChatMessage {
                role: Role::User,
                content: content::Content::Parts(parts),
            }],
            parameters: Parameters {
                seed: Some(7),
                response_format: Some(ResponseFormat::JsonSchema {
                    name: "answer".to_owned(),
                    schema: schema.clone(),
                    strict: true,
                }),
                ..Parameters::default()
            },
            user: Some("u1".to_owned()),
            ..CompletionRequest::default()
        };
        let quirks = Quirks {
            seed: SeedField::RandomSeed,
            withhold_user: true,
            ..Quirks::default()
        };
        let body = |request, quirks| Body::new(request, quirks).map(|body| json!(body));
        assert_eq!(
            body(&request, quirks).unwrap(),
            json!({
                "model": "m",
                "messages": [{"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/"}},
                ]}],
                "stream": true,
                "random_seed": 7,
                "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}},
            })
        );
        let quirks = Quirks {
            seed: SeedField::Unknown,
            ..quirks
        };
        assert_eq!(
            body(&request, quirks).unwrap_err().message,
            "This provider takes no seed."
        );
    }
}

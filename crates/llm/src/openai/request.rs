//! The body of a request for a chat completion.
//!
//! Owns its JSON. Must not leave anything to a provider's default that the product promises.

use serde::Serialize;

use super::{Quirks, ReasoningStyle, TokenLimit};
use crate::{CompletionRequest, ReasoningEffort, Role};

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
    content: &'a str,
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
    pub(super) fn new(request: &'a CompletionRequest, quirks: Quirks) -> Self {
        let parameters = &request.parameters;
        let system = request
            .system_prompt
            .as_deref()
            .filter(|prompt| !prompt.is_empty());
        let system = system.map(|content| Message {
            role: "system",
            content,
        });
        let messages = request.messages.iter().map(|message| Message {
            role: role(message.role),
            content: &message.content,
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
        Self {
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
            seed: parameters.seed,
            reasoning,
            reasoning_effort,
            user: request.user.as_deref(),
            plugins: if quirks.forbid_compression {
                NO_COMPRESSION
            } else {
                &[]
            },
        }
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
    use crate::{ChatMessage, Parameters, openai::OpenAiOptions};

    fn full() -> CompletionRequest {
        let message = |role, content: &str| ChatMessage {
            role,
            content: content.to_owned(),
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
            },
            user: Some("u1".to_owned()),
        }
    }

    fn body(request: &CompletionRequest, options: &OpenAiOptions) -> serde_json::Value {
        serde_json::to_value(Body::new(request, options.quirks)).unwrap()
    }

    #[test]
    fn each_preset_writes_its_dialect() {
        let url = url::Url::parse("http://h/v1").unwrap();
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
        for (options, own) in [
            (
                OpenAiOptions::openrouter(url.clone(), None, url.clone()),
                json!({
                    "max_completion_tokens": 20, "reasoning": {"effort": "low"},
                    "plugins": [{"id": "context-compression", "enabled": false}],
                }),
            ),
            (
                OpenAiOptions::openai(url.clone(), None),
                json!({
                    "max_completion_tokens": 20, "reasoning_effort": "low",
                    "stream_options": {"include_usage": true},
                }),
            ),
            (
                OpenAiOptions::compatible("x", url, None),
                json!({
                    "max_tokens": 20, "reasoning_effort": "low",
                    "stream_options": {"include_usage": true},
                }),
            ),
        ] {
            let mut expected = common.as_object().unwrap().clone();
            expected.extend(own.as_object().unwrap().clone());
            assert_eq!(body(&full(), &options), json!(expected), "{}", options.slug);
        }
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let url = url::Url::parse("http://h/v1").unwrap();
        let request = CompletionRequest {
            model: "m".to_owned(),
            system_prompt: Some(String::new()),
            ..CompletionRequest::default()
        };
        let options = OpenAiOptions {
            quirks: Quirks::default(),
            ..OpenAiOptions::openai(url, None)
        };
        assert_eq!(
            body(&request, &options),
            json!({"model": "m", "messages": [], "stream": true})
        );
    }
}

//! Requests, and what Anthropic is sent for them.

use serde_json::{Value, json};

use super::*;
use crate::Image;

const PLAIN: Capabilities = Capabilities {
    thinking: Thinking::Adaptive,
    takes_effort: true,
    can_be_told_not_to: true,
};

fn message(role: Role, content: impl Into<Content>) -> ChatMessage {
    ChatMessage {
        role,
        content: content.into(),
    }
}

fn request(messages: Vec<ChatMessage>, parameters: Parameters) -> CompletionRequest {
    CompletionRequest {
        model: "claude-x".to_owned(),
        messages,
        parameters,
        ..CompletionRequest::default()
    }
}

fn body(request: &CompletionRequest, capabilities: Capabilities) -> Result<Value, String> {
    match Body::new(request, capabilities) {
        Ok(body) => Ok(json!(body)),
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Refused);
            Err(error.message)
        }
    }
}

#[test]
fn everything_has_its_place() {
    let image = Image::new(b"GIF89a".as_slice()).unwrap();
    let parts = vec![
        Part::Text("What is this?".to_owned()),
        Part::Image(image),
        Part::Text(" ".to_owned()),
    ];
    let schema = json!({"type": "object"});
    let request = CompletionRequest {
        system_prompt: Some("Be terse.".to_owned()),
        user: Some("u1".to_owned()),
        ..request(
            vec![message(Role::User, Content::Parts(parts))],
            Parameters {
                temperature: Some(0.5),
                top_p: Some(0.9),
                max_tokens: Some(100),
                stop: vec!["END".to_owned()],
                seed: None,
                reasoning_effort: Some(ReasoningEffort::Minimal),
                response_format: Some(ResponseFormat::JsonSchema {
                    name: "x".to_owned(),
                    schema: schema.clone(),
                    strict: true,
                }),
            },
        )
    };
    assert_eq!(
        body(&request, PLAIN).unwrap(),
        json!({
            "model": "claude-x", "max_tokens": 100, "stream": true, "system": "Be terse.",
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0lGODlh"}},
            ]}],
            "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["END"],
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}},
            "metadata": {"user_id": "u1"},
        })
    );
}

#[test]
fn what_is_not_set_is_not_sent() {
    let request = CompletionRequest {
        system_prompt: Some(" \n".to_owned()),
        ..request(vec![message(Role::User, "Hi")], Parameters::default())
    };
    assert_eq!(
        body(&request, PLAIN).unwrap(),
        json!({
            "model": "claude-x", "max_tokens": 4096, "stream": true,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        })
    );
}

#[test]
fn turns_alternate_and_the_user_begins() {
    use Role::{Assistant, User};
    for (conversation, turns) in [
        (
            vec![(User, "a"), (Assistant, "b"), (User, "c")],
            json!([["user", "a"], ["assistant", "b"], ["user", "c"]]),
        ),
        (
            vec![
                (User, "a"),
                (User, "b"),
                (Assistant, "c"),
                (Assistant, "d"),
                (User, "e"),
            ],
            json!([["user", "a", "b"], ["assistant", "c", "d"], ["user", "e"]]),
        ),
        (
            vec![(User, "a"), (Assistant, " \n"), (User, "b")],
            json!([["user", "a", "b"]]),
        ),
        (
            vec![(Assistant, "Hello!"), (User, "a")],
            json!([
                ["user", NO_QUESTION],
                ["assistant", "Hello!"],
                ["user", "a"]
            ]),
        ),
        (vec![], json!([])),
    ] {
        let messages = conversation
            .iter()
            .map(|(role, text)| message(*role, *text))
            .collect();
        let body = body(&request(messages, Parameters::default()), PLAIN).unwrap();
        let found: Vec<Vec<&Value>> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|turn| {
                let texts = turn["content"].as_array().unwrap().iter();
                std::iter::once(&turn["role"])
                    .chain(texts.map(|block| &block["text"]))
                    .collect()
            })
            .collect();
        assert_eq!(json!(found), turns);
    }
}

#[test]
fn reasoning_fits_to_the_model() {
    use ReasoningEffort::{High, Low, Minimal, None as Never};
    let adaptive = |effort: &str| {
        Some((
            json!({"type": "adaptive", "display": "summarized"}),
            json!({"effort": effort}),
        ))
    };
    let budget = |tokens: u32| {
        Some((
            json!({"type": "enabled", "budget_tokens": tokens}),
            Value::Null,
        ))
    };
    let of = |thinking| Capabilities { thinking, ..PLAIN };
    let stubborn = Capabilities {
        takes_effort: false,
        can_be_told_not_to: false,
        ..PLAIN
    };
    let without_effort = (
        json!({"type": "adaptive", "display": "summarized"}),
        Value::Null,
    );
    for (capabilities, effort, max_tokens, expected) in [
        (stubborn, Some(High), None, Ok((Some(without_effort), 4096))),
        (
            stubborn,
            Some(Never),
            None,
            Err("This model cannot be kept from reasoning."),
        ),
        (
            of(Thinking::Adaptive),
            Some(High),
            None,
            Ok((adaptive("high"), 4096)),
        ),
        (
            of(Thinking::Adaptive),
            Some(Low),
            Some(7),
            Ok((adaptive("low"), 7)),
        ),
        (
            of(Thinking::Adaptive),
            Some(Never),
            None,
            Ok((Some((json!({"type": "disabled"}), Value::Null)), 4096)),
        ),
        (of(Thinking::Adaptive), None, None, Ok((None, 4096))),
        (
            of(Thinking::Budget),
            Some(Minimal),
            None,
            Ok((budget(1024), 5120)),
        ),
        (
            of(Thinking::Budget),
            Some(High),
            None,
            Ok((budget(16384), 20480)),
        ),
        (
            of(Thinking::Budget),
            Some(High),
            Some(2000),
            Ok((budget(1999), 2000)),
        ),
        (of(Thinking::Budget), Some(Never), None, Ok((None, 4096))),
        (
            of(Thinking::Budget),
            Some(Low),
            Some(1024),
            Err("To reason, this model needs a max_tokens of more than 1024."),
        ),
        (
            of(Thinking::No),
            Some(Low),
            None,
            Err("This model cannot be asked for reasoning."),
        ),
        (of(Thinking::No), Some(Never), None, Ok((None, 4096))),
    ] {
        let parameters = Parameters {
            reasoning_effort: effort,
            max_tokens,
            ..Parameters::default()
        };
        let found = body(&request(vec![], parameters), capabilities).map(|body| {
            let thinking = (!body["thinking"].is_null())
                .then(|| (body["thinking"].clone(), body["output_config"].clone()));
            (thinking, body["max_tokens"].as_u64().unwrap())
        });
        assert_eq!(
            found,
            expected.map_err(str::to_owned),
            "{capabilities:?} {effort:?} {max_tokens:?}"
        );
    }
}

#[test]
fn an_answer_has_the_room_that_there_is() {
    use ReasoningEffort::{High, Low};
    // What the model gives, what its context has left, the effort and the limit that were chosen; the limit that
    // is sent, and how much of it is for thinking.
    for (gives, room, effort, chosen, limit, thinking) in [
        (None, None, None, None, 4096, None),
        (None, Some(1000), None, None, 1000, None),
        (None, Some(100_000), None, None, 4096, None),
        (Some(64_000), None, None, None, 32_000, None),
        (Some(64_000), Some(100_000), None, None, 32_000, None),
        (Some(64_000), Some(5000), None, None, 5000, None),
        (Some(2000), Some(5000), None, None, 2000, None),
        (Some(64_000), Some(5000), None, Some(9000), 9000, None),
        (
            Some(64_000),
            Some(100_000),
            Some(High),
            None,
            48_384,
            Some(16_384),
        ),
        (Some(8192), None, Some(High), None, 8192, Some(4096)),
        (
            Some(64_000),
            Some(33_000),
            Some(High),
            None,
            33_000,
            Some(16_384),
        ),
        (Some(64_000), Some(5000), Some(Low), None, 5000, Some(2500)),
        (
            Some(64_000),
            Some(5000),
            Some(Low),
            Some(9000),
            9000,
            Some(4096),
        ),
    ] {
        let limits = Limits {
            max_output_tokens: gives,
            room,
        };
        let parameters = Parameters {
            reasoning_effort: effort,
            max_tokens: chosen,
            ..Parameters::default()
        };
        let request = CompletionRequest {
            limits,
            ..request(vec![], parameters)
        };
        let capabilities = Capabilities {
            thinking: Thinking::Budget,
            ..PLAIN
        };
        let body = body(&request, capabilities).unwrap();
        assert_eq!(
            body["max_tokens"], limit,
            "{limits:?} {effort:?} {chosen:?}"
        );
        let budget = &body["thinking"]["budget_tokens"];
        assert_eq!(
            budget.as_u64(),
            thinking,
            "{limits:?} {effort:?} {chosen:?}"
        );
    }
}

#[test]
fn what_has_no_place_is_refused_in_words() {
    for (parameters, message) in [
        (
            Parameters {
                seed: Some(1),
                ..Parameters::default()
            },
            "Anthropic's models take no seed.",
        ),
        (
            Parameters {
                temperature: Some(1.2),
                ..Parameters::default()
            },
            "Anthropic's models take a temperature of 0 to 1.",
        ),
        (
            Parameters {
                response_format: Some(ResponseFormat::JsonObject),
                ..Parameters::default()
            },
            "Anthropic's models answer in JSON only after a schema.",
        ),
    ] {
        let found = body(&request(vec![], parameters), PLAIN);
        assert_eq!(found, Err(message.to_owned()));
    }
}

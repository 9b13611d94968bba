//! How a model is to answer: by the project, by the question, and only as the model can.

use prompthub_dto::problem::{FieldCode, ProblemCode};
use prompthub_tests::{
    client::path,
    spawn_app,
    upstream::{MessagesScript, Script},
};
use serde_json::{Value, json};

use crate::knowing::{app_knowing, app_with_anthropic, model};

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false})
}

#[tokio::test]
async fn a_question_overrides_the_project_field_by_field() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({
            "name": "Cities", "parameters": {"temperature": 0.25, "max_tokens": 50, "stop": ["END"]},
        }))
        .await;
    let format = json!({"type": "json_schema", "name": "city", "schema": schema(), "strict": true});
    let body = json!({
        "message": "Where?",
        "parameters": {"temperature": 1.5, "seed": 7, "response_format": format},
    });
    let first = ada.ask(&project, body).await;
    let sent = app.upstream.request().await.body;
    assert_eq!(
        (&sent["temperature"], &sent["seed"], &sent["stop"]),
        (&json!(1.5), &json!(7), &json!(["END"]))
    );
    assert_eq!(sent["response_format"]["json_schema"]["schema"], schema());
    assert_eq!(sent["response_format"]["json_schema"]["strict"], true);

    // Making it again without them is the project's way.
    let path = format!("/api/messages/{}/regenerate", first.assistant_message.id);
    ada.post(&path)
        .json(&json!({}))
        .send()
        .await
        .expect_status(200);
    let sent = app.upstream.request().await.body;
    assert_eq!(
        (&sent["temperature"], &sent["seed"]),
        (&json!(0.25), &json!(null))
    );
    assert_eq!(sent.get("response_format"), None);
    let again = json!({"parameters": {"reasoning_effort": "high"}});
    ada.post(&path).json(&again).send().await.expect_status(200);
    let sent = app.upstream.request().await.body;
    assert_eq!(sent["reasoning"]["effort"], "high");

    let path = format!("/api/conversations/{}/messages", first.conversation_id);
    let body = json!({"content": "And then?", "parameters": {"max_tokens": 60}});
    ada.post(&path).json(&body).send().await.expect_status(200);
    let sent = app.upstream.request().await.body;
    assert_eq!(sent["max_completion_tokens"], 60);
}

/// What is null or empty is not set for this question, however it is asked: the model, the fallback and the bill are
/// those of a project without it.
#[tokio::test]
async fn a_question_unsets_what_the_project_sets() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({
            "name": "Cities",
            "parameters": {
                "temperature": 0.25, "max_tokens": 50, "stop": ["END"], "seed": 7, "reasoning_effort": "high",
                "response_format": {"type": "json_object"}, "fallback_models": ["demo/echo"],
            },
        }))
        .await;
    let unset = json!({
        "temperature": null, "top_p": null, "stop": [], "seed": null, "reasoning_effort": null,
        "response_format": null, "fallback_models": [],
    });
    let assert_unset = async || {
        let sent = app.upstream.request().await.body;
        for name in [
            "temperature",
            "stop",
            "seed",
            "reasoning",
            "response_format",
        ] {
            assert_eq!(sent.get(name), None, "{name}");
        }
        assert_eq!(sent["max_completion_tokens"], 50, "what is absent stays");
    };
    let body = json!({"message": "Where?", "parameters": unset});
    let first = ada.ask(&project, body).await;
    assert_unset().await;
    let path = format!("/api/conversations/{}/messages", first.conversation_id);
    let body = json!({"content": "And then?", "parameters": unset});
    ada.post(&path).json(&body).send().await.expect_status(200);
    assert_unset().await;
    let path = format!("/api/messages/{}/regenerate", first.assistant_message.id);
    for none in [json!([]), json!(null)] {
        app.upstream.next(Script::error(402, "no credit"));
        let mut unset = unset.clone();
        (unset["fallback_models"], unset["stop"]) = (none.clone(), none);
        let body = json!({"parameters": unset});
        let answer = ada.post(&path).json(&body).send().await;
        answer.assert_problem(ProblemCode::ProviderCredit);
        assert_unset().await;
    }
}

/// The way out where one question goes to a model that does not take what the project sets.
#[tokio::test]
async fn a_question_leaves_out_what_its_model_does_not_take() {
    let plain = json!({"supported_parameters": ["max_tokens"]});
    let (app, ada) = app_knowing(&[model("acme/plain", plain)]).await;
    let project = ada
        .create_project_with(json!({"name": "A", "parameters": {"temperature": 0.5}}))
        .await;
    let mut body = json!({"message": "Hello", "model": "openrouter/acme/plain"});
    let refused = ada.say(&project, body.clone()).send().await;
    refused.assert_invalid(&[("parameters.temperature", FieldCode::Invalid)]);
    body["parameters"] = json!({"temperature": null});
    ada.say(&project, body).send().await.expect_status(200);
    assert_eq!(app.upstream.request().await.body.get("temperature"), None);
}

#[tokio::test]
async fn a_project_keeps_all_of_its_parameters() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let parameters = json!({
        "temperature": 0.5, "response_format": {"type": "json_object"},
        "fallback_models": ["openrouter/acme/m2", "demo/echo"],
    });
    let project = ada
        .create_project_with(json!({"name": "A", "parameters": parameters}))
        .await;
    let stored: Value = ada.get(&path(&project)).send().await.json();
    assert_eq!(stored["parameters"], parameters);
    let changed = json!({"parameters": {"fallback_models": ["demo/echo"]}});
    assert_eq!(
        ada.update_project(&project, changed).await.prompt_version,
        2
    );
}

#[tokio::test]
async fn values_are_bounded() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    let format = |name: &str, schema: Value| json!({"response_format": {"type": "json_schema", "name": name, "schema": schema}});
    let name = "parameters.response_format.name";
    let schema = "parameters.response_format.schema";
    let long = json!({"description": "x".repeat(20_001)});
    for (parameters, field, code) in [
        (format("a b", json!({})), name, FieldCode::Invalid),
        (format("", json!({})), name, FieldCode::Required),
        (format("a", json!([])), schema, FieldCode::WrongType),
        (format("a", long), schema, FieldCode::TooLong),
        (
            json!({"fallback_models": vec!["demo/echo"; 6]}),
            "parameters.fallback_models",
            FieldCode::TooLong,
        ),
        (
            json!({"fallback_models": ["demo/echo", "nobody"]}),
            "parameters.fallback_models.1",
            FieldCode::Invalid,
        ),
        (
            json!({"temperature": 2.1}),
            "parameters.temperature",
            FieldCode::OutOfRange,
        ),
    ] {
        let body = json!({"parameters": parameters});
        let saved = ada.patch(&path(&project)).json(&body).send().await;
        saved.assert_invalid(&[(field, code)]);
        let body = json!({"message": "Hello", "parameters": parameters});
        let asked = ada.say(&project, body).send().await;
        asked.assert_invalid(&[(field, code)]);
    }
    assert_eq!(app.upstream.requests().len(), 0);
    assert_eq!(ada.conversations(&project).await.len(), 0);
}

/// Only where the catalogue says what a model takes; and before anything is stored.
#[tokio::test]
async fn what_a_model_does_not_take_is_refused() {
    let (app, ada) = app_knowing(&[
        model(
            "acme/plain",
            json!({"supported_parameters": ["max_tokens"]}),
        ),
        model("acme/silent", json!({"supported_parameters": []})),
    ])
    .await;
    let parameters = json!({"temperature": 0.5, "seed": 7, "max_tokens": 100});
    let project = ada
        .create_project_with(json!({
            "name": "A", "model": "openrouter/acme/plain", "parameters": parameters,
        }))
        .await;
    let refused = ada.say(&project, json!({"message": "Hello"})).send().await;
    let problem = refused.assert_invalid(&[
        ("parameters.temperature", FieldCode::Invalid),
        ("parameters.seed", FieldCode::Invalid),
    ]);
    assert!(problem.errors[0].message.contains("openrouter/acme/plain"));
    assert_eq!(ada.conversations(&project).await.len(), 0);
    assert_eq!(app.upstream.requests().len(), 0);

    for model in ["openrouter/acme/silent", "openrouter/acme/unlisted"] {
        let body = json!({"message": "Hello", "model": model});
        ada.say(&project, body).send().await.expect_status(200);
    }
    assert_eq!(app.upstream.requests().len(), 2);
}

#[tokio::test]
async fn anthropic_is_given_the_format_too() {
    let (app, ada) = app_with_anthropic().await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "anthropic/claude-x"}))
        .await;
    app.upstream
        .next(MessagesScript::answer("{\"city\": \"Rome\"}"));
    let format = json!({"type": "json_schema", "name": "city", "schema": schema()});
    let body = json!({"message": "Where?", "parameters": {"response_format": format}});
    let reply = ada.ask(&project, body).await;
    assert_eq!(reply.reply, "{\"city\": \"Rome\"}");
    let sent = app.upstream.request().await.body;
    assert_eq!(
        sent["output_config"]["format"]["schema"],
        schema(),
        "{sent}"
    );
}

/// What is known beforehand is said beforehand, and nothing is stored.
#[tokio::test]
async fn an_answer_can_be_no_longer_than_the_model_gives() {
    let (app, ada) = app_knowing(&[
        model(
            "acme/brief",
            json!({"top_provider": {"max_completion_tokens": 100}}),
        ),
        model("acme/long", json!({})),
    ])
    .await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "openrouter/acme/brief"}))
        .await;
    let ask = async |tokens: u32, model: &str| {
        let body =
            json!({"message": "Hello", "model": model, "parameters": {"max_tokens": tokens}});
        ada.say(&project, body).send().await
    };
    let refused = ask(101, "openrouter/acme/brief").await;
    let problem = refused.assert_invalid(&[("parameters.max_tokens", FieldCode::OutOfRange)]);
    assert!(problem.errors[0].message.contains("100"), "{refused}");
    assert_eq!(ada.conversations(&project).await.len(), 0);
    assert_eq!(app.upstream.requests().len(), 0);
    ask(100, "openrouter/acme/brief").await.expect_status(200);
    ask(101, "openrouter/acme/long").await.expect_status(200);
}

#[tokio::test]
async fn what_no_model_of_anthropics_takes_is_refused_at_once() {
    let (app, ada) = app_with_anthropic().await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "anthropic/claude-x"}))
        .await;
    let parameters =
        json!({"temperature": 1.5, "seed": 7, "response_format": {"type": "json_object"}});
    let body = json!({"message": "Hello", "parameters": parameters});
    ada.say(&project, body).send().await.assert_invalid(&[
        ("parameters.temperature", FieldCode::Invalid),
        ("parameters.seed", FieldCode::Invalid),
        ("parameters.response_format", FieldCode::Invalid),
    ]);
    assert_eq!(ada.conversations(&project).await.len(), 0);
    assert_eq!(app.upstream.requests().len(), 0);
}

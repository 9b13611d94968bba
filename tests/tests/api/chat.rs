//! Chat without streaming: what is stored, what the provider is sent, how a conversation goes on.

use prompthub_dto::{
    chat::{ChatReply, FinishReason, MessageStatus},
    problem::ProblemCode,
};
use prompthub_tests::{
    spawn_app,
    upstream::{RecordedRequest, Script, StreamScript, chunk},
};
use serde_json::json;

#[tokio::test]
async fn a_message_gets_an_answer() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(Script::answer("Hello Ada, how are you?"));
    let answer = ada.say(&project, json!({"message": "Hello"})).send().await;
    answer.expect_status(200);
    insta::assert_json_snapshot!(answer.redacted(), @r#"
    {
      "assistant_message": {
        "attachments": [],
        "content": "Hello Ada, how are you?",
        "conversation_id": "[id]",
        "created_at": "[time]",
        "duration_ms": "[ms]",
        "fallbacks": [],
        "finish_reason": "stop",
        "first_token_ms": "[ms]",
        "generation_id": "[id]",
        "id": "[id]",
        "model": "openrouter/openrouter/auto",
        "omitted": null,
        "parent_id": "[id]",
        "problem": null,
        "prompt_version": 1,
        "reasoning": null,
        "requested_model": null,
        "response_model": "acme/m1",
        "role": "assistant",
        "status": "complete",
        "updated_at": "[time]",
        "usage": {
          "cached_tokens": 0,
          "completion_tokens": 7,
          "cost_is_estimate": false,
          "cost_usd": "0.000171",
          "prompt_tokens": 22,
          "reasoning_tokens": 0,
          "tokens_are_estimate": false
        }
      },
      "conversation_id": "[id]",
      "reply": "Hello Ada, how are you?",
      "user_message": {
        "attachments": [],
        "content": "Hello",
        "conversation_id": "[id]",
        "created_at": "[time]",
        "duration_ms": null,
        "fallbacks": [],
        "finish_reason": null,
        "first_token_ms": null,
        "generation_id": null,
        "id": "[id]",
        "model": null,
        "omitted": null,
        "parent_id": null,
        "problem": null,
        "prompt_version": null,
        "reasoning": null,
        "requested_model": null,
        "response_model": null,
        "role": "user",
        "status": "complete",
        "updated_at": "[time]",
        "usage": null
      }
    }
    "#);
    let reply: ChatReply = answer.json();
    assert_eq!(reply.user_message.conversation_id, reply.conversation_id);
    assert_eq!(
        reply.assistant_message.parent_id,
        Some(reply.user_message.id)
    );

    let stored = ada.messages(reply.conversation_id.as_str()).await;
    assert_eq!(stored, [reply.user_message, reply.assistant_message]);
    let conversations = ada.conversations(&project).await;
    assert_eq!(conversations.len(), 1);
    assert_eq!(conversations[0].title, "Hello");
}

/// Many a model's template insists on turns, so questions without an answer between them are one.
#[tokio::test]
async fn what_was_not_answered_is_sent_with_what_follows() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    app.upstream.next(Script::error(402, "no credit"));
    let failed = ada.say(&project, json!({"message": "First"})).send().await;
    failed.assert_problem(ProblemCode::ProviderCredit);
    let conversation = ada.conversations(&project).await.remove(0).id;
    let path = format!("/api/conversations/{conversation}/messages");
    for content in ["Second", "Third"] {
        let question = ada.post(&path).json(&json!({"content": content}));
        question.send().await.expect_status(200);
    }
    let sent: Vec<_> = app
        .upstream
        .requests()
        .iter()
        .map(RecordedRequest::messages)
        .collect();
    let said = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(sent[1], [said("user", "First\n\nSecond")]);
    assert_eq!(
        sent[2],
        [
            said("user", "First\n\nSecond"),
            said("assistant", "Hello from the upstream."),
            said("user", "Third")
        ]
    );
}

/// The model that really answers is told where it is another than was asked for, as with a router.
#[tokio::test]
async fn the_model_that_really_answers_is_told() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let mut named =
        chunk(&json!([{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]));
    named["model"] = json!(format!("acme/\u{0}m1-{}", "x".repeat(300)));
    let odd = Script::status(200)
        .header("Content-Type", "text/event-stream")
        .bytes(format!("data: {named}\n\ndata: [DONE]\n\n"));
    let shortened = format!("acme/m1-{}", "x".repeat(192));
    for (model, script, response_model) in [
        (
            "openrouter/openrouter/auto",
            Script::answer("Hi"),
            Some("acme/m1"),
        ),
        ("openrouter/acme/m1", Script::answer("Hi"), None),
        ("openrouter/acme/m1", odd, Some(shortened.as_str())),
        // Nobody plays its script.
        ("demo/echo", Script::answer("Hi"), None),
    ] {
        app.upstream.next(script);
        let body = json!({"message": "Hello", "model": model});
        let reply = ada.ask(&project, body).await;
        let answer = reply.assistant_message;
        assert_eq!(answer.model.as_deref(), Some(model));
        assert_eq!(answer.response_model.as_deref(), response_model, "{model}");
    }
}

#[tokio::test]
async fn the_provider_is_sent_the_prompt_and_the_whole_history() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body = json!({
        "name": "Tutor", "system_prompt": "You are a patient tutor.", "model": "openrouter/acme/m1",
        "parameters": {"temperature": 0.25, "top_p": 0.5, "max_tokens": 321, "stop": ["END"], "seed": 7},
    });
    let project = ada.create_project_with(body).await;
    app.upstream.next(Script::answer("First answer."));
    let first = ada.chat(&project, "First question").await;
    app.upstream.next(Script::answer("Second answer."));
    let second = ada.reply(&project, &first, "Second question").await;
    assert_eq!(second.conversation_id, first.conversation_id);
    assert_eq!(
        second.user_message.parent_id,
        Some(first.assistant_message.id)
    );

    let request = app.upstream.request().await;
    assert_eq!(
        request.messages(),
        [
            ("system".to_owned(), "You are a patient tutor.".to_owned()),
            ("user".to_owned(), "First question".to_owned()),
        ]
    );
    assert_eq!(
        request.header("authorization"),
        Some("Bearer sk-or-v1-test")
    );
    assert_eq!(request.header("x-openrouter-title"), Some("PromptHub"));
    assert!(request.header("http-referer").is_some());
    let sent = |field: &str| request.body[field].clone();
    assert_eq!(sent("model"), "acme/m1");
    assert_eq!(sent("stream"), true);
    assert_eq!(
        (sent("temperature"), sent("top_p"), sent("seed")),
        (json!(0.25), json!(0.5), json!(7))
    );
    assert_eq!(sent("stop"), json!(["END"]));
    let limit = request
        .body
        .get("max_completion_tokens")
        .or_else(|| request.body.get("max_tokens"));
    assert_eq!(limit, Some(&json!(321)));

    let request = app.upstream.request().await;
    let contents: Vec<_> = request
        .messages()
        .into_iter()
        .map(|(_, content)| content)
        .collect();
    assert_eq!(
        contents,
        [
            "You are a patient tutor.",
            "First question",
            "First answer.",
            "Second question"
        ]
    );
}

#[tokio::test]
async fn parameters_that_are_not_set_are_not_sent() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.chat(&project, "Hello").await;
    let request = app.upstream.request().await;
    assert_eq!(
        request.messages().len(),
        1,
        "an empty system prompt is none"
    );
    for field in [
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "reasoning",
    ] {
        assert_eq!(request.body.get(field), None, "{field}");
    }
}

#[tokio::test]
async fn a_message_may_name_another_model() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let answer = ada
        .say(
            &project,
            json!({"message": "Hello", "model": "openrouter/acme/m2"}),
        )
        .send()
        .await;
    let reply: ChatReply = answer.expect_status(200).json();
    assert_eq!(
        reply.assistant_message.model.as_deref(),
        Some("openrouter/acme/m2")
    );
    assert_eq!(app.upstream.request().await.body["model"], "acme/m2");
}

#[tokio::test]
async fn the_demo_shows_what_it_was_given() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let body =
        json!({"name": "Tutor", "system_prompt": "You are a patient tutor.", "model": "demo/echo"});
    let project = ada.create_project_with(body).await;
    let first = ada.chat(&project, "What is an aorist?").await;
    assert!(
        first.reply.to_lowercase().contains("demo"),
        "{}",
        first.reply
    );
    assert!(
        first.reply.contains("You are a patient tutor."),
        "{}",
        first.reply
    );
    let second = ada.reply(&project, &first, "And an example?").await;
    assert!(
        second.reply.contains("What is an aorist?"),
        "{}",
        second.reply
    );
    assert_eq!(
        second.assistant_message.finish_reason,
        Some(FinishReason::Stop)
    );
    assert_eq!(app.upstream.requests().len(), 0);
}

#[tokio::test]
async fn a_message_records_the_prompt_version_that_it_answered_under() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada
        .create_project_with(json!({"name": "Notes", "system_prompt": "One."}))
        .await;
    let first = ada.chat(&project, "Hello").await;
    ada.update_project(&project, json!({"system_prompt": "Two."}))
        .await;
    let second = ada.reply(&project, &first, "Again").await;
    assert_eq!(first.assistant_message.prompt_version, Some(1));
    assert_eq!(second.assistant_message.prompt_version, Some(2));
    assert_eq!(second.user_message.prompt_version, None);
    let sent: Vec<_> = app
        .upstream
        .requests()
        .iter()
        .map(|request| request.messages()[0].1.clone())
        .collect();
    assert_eq!(sent, ["One.", "Two."]);
}

#[tokio::test]
async fn reasoning_is_kept_apart_and_not_sent_back() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let stream = StreamScript::new()
        .reasoning("Let me ")
        .reasoning("think.")
        .delta("Four.")
        .finish("stop")
        .done();
    app.upstream.next(stream);
    let first = ada.chat(&project, "2+2?").await;
    assert_eq!(first.reply, "Four.");
    assert_eq!(
        first.assistant_message.reasoning.as_deref(),
        Some("Let me think.")
    );
    ada.reply(&project, &first, "Sure?").await;
    let requests = app.upstream.requests();
    let second = requests.last().expect("a second request");
    assert!(
        !second.body.to_string().contains("think"),
        "{}",
        second.body
    );
}

#[tokio::test]
async fn finish_reasons_are_the_providers() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let reasons = [
        ("stop", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("content_filter", FinishReason::ContentFilter),
        ("tool_calls", FinishReason::ToolCalls),
        ("something_new", FinishReason::Other),
    ];
    for (sent, kept) in reasons {
        app.upstream
            .next(StreamScript::new().delta("Text").finish(sent).done());
        let reply = ada.chat(&project, "Hello").await;
        assert_eq!(reply.assistant_message.finish_reason, Some(kept), "{sent}");
        assert_eq!(reply.assistant_message.status, MessageStatus::Complete);
    }
}

//! What answers used and cost: on each message, and summed from a ledger.

use prompthub_api::Titles;
use prompthub_dto::{
    chat::Usage,
    problem::FieldCode,
    stream::StreamEvent,
    usage::{UsageReport, UsageSum},
};
use prompthub_tests::{
    Client, TestApp,
    client::path,
    events::assert_whole,
    eventually, spawn_app,
    upstream::{Script, StreamScript},
};
use serde_json::json;

use crate::{
    exchange::stored_answer,
    knowing::{app_knowing, app_knowing_with, model},
};

pub(crate) async fn report(client: &Client, query: &[(&str, &str)]) -> UsageReport {
    let request = client.get("/api/usage").query(query);
    request.send().await.expect_status(200).json()
}

/// An answer that is counted and billed in full.
fn billed(prompt: u32, completion: u32, cost: &str) -> Script {
    StreamScript::new()
        .delta("Well.")
        .finish("stop")
        .usage(prompt, completion, cost)
        .done()
        .into()
}

/// An answer that is counted, but for which no bill comes.
fn counted() -> Script {
    let usage = json!({
        "choices": [], "usage": {
            "prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500,
            "prompt_tokens_details": {"cached_tokens": 600},
            "completion_tokens_details": {"reasoning_tokens": 200},
        },
    });
    StreamScript::new()
        .delta("Well.")
        .finish("stop")
        .chunk(&usage)
        .done()
        .into()
}

#[tokio::test]
async fn a_bill_is_passed_on_to_the_digit() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    app.upstream.next(billed(22, 7, "1.71e-4"));
    let events = ada.chat_stream(&project, "Hello").await;
    let expected = Usage {
        prompt_tokens: Some(22),
        cached_tokens: Some(0),
        completion_tokens: Some(7),
        reasoning_tokens: Some(0),
        cost_usd: Some("0.000171".to_owned()),
        cost_is_estimate: false,
        tokens_are_estimate: false,
    };
    assert!(
        events
            .iter()
            .any(|(_, event)| *event == StreamEvent::Usage(expected.clone())),
        "{events:?}"
    );
    let stored = stored_answer(&ada, &events).await;
    assert_eq!(stored.usage, Some(expected));
    let (first, all) = (stored.first_token_ms, stored.duration_ms);
    assert!(
        first.is_some_and(|first| first >= 0) && first <= all,
        "{first:?} {all:?}"
    );
}

/// Nor do two of them make a sum that is none.
#[tokio::test]
async fn a_bill_beyond_all_money_is_none() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    for cost in ["79228162514264337593543950335", "0.1", "7.9e28"] {
        app.upstream.next(billed(22, 7, cost));
        ada.chat(&project, "Hello").await;
    }
    let sum = report(&ada, &[]).await.total;
    let known = (sum.cost_usd.as_str(), sum.answers, sum.answers_without_cost);
    assert_eq!(known, ("0.1", 3, 2));
}

#[tokio::test]
async fn without_a_bill_the_catalogue_is_asked() {
    let prices = json!({"pricing": {"prompt": "0.0000015", "completion": "0.00001", "input_cache_read": "0.00000015"}});
    let (app, ada) = app_knowing(&[model("acme/m1", prices)]).await;
    let project = ada.create_project("A").await;
    for (model, cost) in [
        // 400 × 0.0000015 + 600 × 0.00000015 + 500 × 0.00001
        ("openrouter/acme/m1", Some("0.00569")),
        ("openrouter/acme/unlisted", None),
    ] {
        app.upstream.next(counted());
        let body = json!({"message": "Hello", "model": model});
        let reply = ada.ask(&project, body).await;
        let usage = reply.assistant_message.usage.expect("the usage");
        assert_eq!(usage.cost_usd.as_deref(), cost);
        assert_eq!(usage.cost_is_estimate, cost.is_some());
        assert_eq!(
            (
                usage.cached_tokens,
                usage.reasoning_tokens,
                usage.tokens_are_estimate
            ),
            (Some(600), Some(200), false)
        );
    }
    let sum = report(&ada, &[]).await.total;
    assert_eq!(
        (
            sum.answers,
            sum.answers_without_cost,
            sum.cost_usd.as_str(),
            sum.cost_is_estimate
        ),
        (2, 1, "0.00569", true)
    );
    assert_eq!(
        (
            sum.prompt_tokens,
            sum.cached_tokens,
            sum.completion_tokens,
            sum.reasoning_tokens
        ),
        (2000, 1200, 1000, 400)
    );
}

#[tokio::test]
async fn the_report_sums_by_what_it_is_asked_for() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let bob = app.register("bob@example.com").await;
    let tutor = ada.create_project("Tutor").await;
    let other = ada.create_project("Other").await;
    let mut conversations = Vec::new();
    for (project, model, script) in [
        (&tutor, "openrouter/acme/m1", billed(10, 1, "0.1")),
        (&tutor, "openrouter/acme/m1", billed(20, 2, "0.2")),
        (
            &tutor,
            "openrouter/acme/m2",
            billed(40, 4, "0.00000000000000000003"),
        ),
        (&other, "openrouter/acme/m1", billed(80, 8, "7")),
    ] {
        app.upstream.next(script);
        let body = json!({"message": "Hello", "model": model});
        let reply = ada.ask(project, body).await;
        conversations.push(reply.conversation_id.to_string());
    }
    // What failed before its first word has used nothing.
    app.upstream.next(Script::error(503, "down"));
    ada.say(&other, json!({"message": "Hello"})).send().await;

    let all = report(&ada, &[]).await;
    assert_eq!(all.to, all.items[0].day.clone().expect("a day"));
    assert_eq!(
        (
            all.total.answers,
            all.total.prompt_tokens,
            all.total.completion_tokens
        ),
        (4, 150, 15)
    );
    assert_eq!(all.total.cost_usd, "7.30000000000000000003");
    assert!(all.total.duration_ms_p50 >= all.total.first_token_ms_p50);
    assert!(all.total.first_token_ms_p50.is_some());
    let costs = |report: &UsageReport| -> Vec<(String, String)> {
        let items = report.items.iter();
        items
            .map(|group| {
                let name = [&group.model, &group.project_name, &group.conversation_title];
                let name = name.into_iter().flatten().cloned().collect::<Vec<_>>();
                (name.join(" "), group.sum.cost_usd.clone())
            })
            .collect()
    };
    let pair = |name: &str, cost: &str| (name.to_owned(), cost.to_owned());
    let small = "0.00000000000000000003";
    assert_eq!(
        costs(&all),
        [
            pair("openrouter/acme/m1", "7.3"),
            pair("openrouter/acme/m2", small)
        ]
    );
    let by_model = report(&ada, &[("group_by", "model")]).await;
    assert_eq!(costs(&by_model), costs(&all));
    assert_eq!(by_model.items[0].day, None);
    let by_day = report(&ada, &[("group_by", "day")]).await;
    assert_eq!((by_day.items.len(), &by_day.items[0].sum), (1, &all.total));
    let by_project = report(&ada, &[("group_by", "project")]).await;
    assert_eq!(
        costs(&by_project),
        [pair("Other", "7"), pair("Tutor", "0.30000000000000000003")]
    );
    assert_eq!(by_project.items[0].project_id, Some(other.id));
    assert_eq!(
        (&by_project.items[0].day, &by_project.items[0].model),
        (&None, &None)
    );
    let within = [("project_id", tutor.id.to_string())];
    let within: Vec<_> = within
        .iter()
        .map(|(name, id)| (*name, id.as_str()))
        .collect();
    let of_tutor = report(
        &ada,
        &[&within[..], &[("group_by", "conversation,model")]].concat(),
    )
    .await;
    assert_eq!(of_tutor.items.len(), 3);
    let one = report(&ada, &[("conversation_id", &conversations[1])]).await;
    assert_eq!((one.total.answers, one.total.cost_usd.as_str()), (1, "0.2"));
    let one = report(&ada, &[("model", "openrouter/acme/m2"), ("from", &all.to)]).await;
    assert_eq!((one.total.answers, one.total.cost_usd.as_str()), (1, small));
    let before = report(&ada, &[("from", "2020-01-01"), ("to", "2020-12-31")]).await;
    let nothing = UsageSum {
        cost_usd: "0".to_owned(),
        ..UsageSum::default()
    };
    assert_eq!((before.items.len(), &before.total), (0, &nothing));

    // What another has spent is nobody's to see.
    assert_eq!(report(&bob, &[]).await.total, nothing);
    assert_eq!(report(&bob, &within).await.total, nothing);

    // Nothing that is deleted is got back.
    ada.delete(&format!("/api/conversations/{}", conversations[0]))
        .send()
        .await
        .expect_status(204);
    ada.delete(&path(&other)).send().await.expect_status(204);
    assert_eq!(report(&ada, &[]).await.total, all.total);
    let by_project = report(&ada, &[("group_by", "project,conversation")]).await;
    let gone = &by_project.items[0];
    assert_eq!(
        (gone.project_id, &gone.project_name),
        (Some(other.id), &None)
    );
    assert_eq!(
        (gone.sum.cost_usd.as_str(), &gone.conversation_title),
        ("7", &None)
    );
}

#[tokio::test]
async fn queries_are_checked() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    for (name, value, code) in [
        ("from", "yesterday", FieldCode::Invalid),
        ("to", "2026-02-30", FieldCode::Invalid),
        ("to", "2000-01-01T00:00:00Z", FieldCode::Invalid),
        ("from", "2000-01-01", FieldCode::OutOfRange),
        ("group_by", "person", FieldCode::Invalid),
        ("group_by", "", FieldCode::Invalid),
        ("project_id", "1", FieldCode::Invalid),
        ("model", "m", FieldCode::TooShort),
        ("colour", "red", FieldCode::Unknown),
    ] {
        let answer = ada.get("/api/usage").query(&[(name, value)]).send().await;
        answer.assert_invalid(&[(name, code)]);
    }
    let query = [("from", "2026-11-23"), ("to", "2026-11-22")];
    let answer = ada.get("/api/usage").query(&query).send().await;
    answer.assert_invalid(&[("to", FieldCode::OutOfRange)]);
}

async fn expect_cost(client: &Client, cost: &str) -> UsageReport {
    eventually(async || {
        let report = report(client, &[]).await;
        match report.total.cost_usd == cost {
            true => Ok(report),
            false => Err(report.total),
        }
    })
    .await
}

#[tokio::test]
async fn titles_cost_too() {
    let (app, ada) = app_knowing_with(&[model("acme/m1", json!({}))], |config| {
        config.titles = Titles::Model;
    })
    .await;
    let project = ada
        .create_project_with(json!({"name": "A", "model": "openrouter/acme/m1"}))
        .await;
    app.upstream.next(billed(22, 7, "0.5"));
    app.upstream.next(billed(100, 5, "0.25"));
    let reply = ada.chat(&project, "Hello").await;
    let report = expect_cost(&ada, "0.75").await;
    assert_eq!((report.total.answers, report.total.prompt_tokens), (1, 122));
    assert_eq!(report.total.answers_without_cost, 0);
    let answer = reply.assistant_message.usage.expect("the usage");
    assert_eq!(answer.cost_usd.as_deref(), Some("0.5"));
}

/// The demo costs nothing, and that is known.
#[tokio::test]
async fn what_pretends_is_free() {
    let app = TestApp::with(|config| config.openrouter_api_key = None).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("A").await;
    let events = ada.chat_stream(&project, "Hello").await;
    assert!(matches!(assert_whole(&events), StreamEvent::Done { .. }));
    let sum = report(&ada, &[]).await.total;
    assert_eq!(
        (sum.answers, sum.answers_without_cost, sum.cost_usd.as_str()),
        (1, 0, "0")
    );
    assert!(!sum.cost_is_estimate);
}

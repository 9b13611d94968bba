//! Faults in the middle of a provider's stream. For each: the stored text is exactly what was sent
//! before the fault, the state is truthful, one terminal event goes out, and the connection to the
//! provider is closed.

use std::time::Duration;

use futures_util::future::join_all;
use prompthub_dto::{
    chat::{FinishReason, MessageStatus},
    problem::ProblemCode,
    stream::StreamEvent,
};
use prompthub_tests::{
    TestApp, Upstream,
    events::{assert_whole, text_of},
    spawn_app,
    upstream::{Connection, RecordedRequest, Script, Step, StreamScript, chunk, error_chunk},
};
use serde_json::json;

use crate::exchange::{
    TEXT, answer_by, assert_complete, assert_failed, assert_interrupted, stored_answer,
};

#[tokio::test]
async fn an_end_without_a_reason_is_an_interruption() {
    assert_interrupted(StreamScript::new().delta("So").delta(" far"), "So far").await;
    // Before the first word nothing was interrupted: the provider gave no answer.
    assert_failed(
        StreamScript::new().comment("nothing comes"),
        "",
        ProblemCode::ProviderUnavailable,
    )
    .await;
}

/// The last line was whole, only its blank line is missing: the text in it was sent.
#[tokio::test]
async fn a_last_event_without_its_blank_line_counts() {
    let choice = json!([{"index": 0, "delta": {"content": " far"}, "finish_reason": null}]);
    let last = format!("data: {}\n", chunk(&choice));
    assert_interrupted(StreamScript::new().delta("So").raw(last), "So far").await;
}

#[tokio::test]
async fn a_cut_connection_keeps_the_text() {
    assert_failed(
        StreamScript::new().delta("So").delta(" far").cut(),
        "So far",
        ProblemCode::ProviderUnavailable,
    )
    .await;
    assert_failed(
        StreamScript::new().cut(),
        "",
        ProblemCode::ProviderUnavailable,
    )
    .await;
    // After the finish reason nothing of the answer is missing any more.
    assert_complete(StreamScript::new().delta("All").finish("stop").cut(), "All").await;
}

fn cuttable() -> StreamScript {
    StreamScript::new()
        .comment("OPENROUTER PROCESSING")
        .delta(TEXT)
        .delta(" end")
        .finish("stop")
        .usage(1, 2, "0.5")
        .done()
}

/// The stream of [`cuttable`], cut after as many bytes as the question says.
fn cut_as_asked(request: &RecordedRequest) -> Script {
    let (_, question) = request.messages().pop().expect("a question");
    let place = question.strip_prefix("Cut at ").expect("our question");
    Script::from(cuttable()).cut_at(place.parse().expect("a number"))
}

/// Wherever the connection is cut, the stored text is what had arrived in whole lines, to the byte,
/// and the answer is complete only once the provider has said so.
#[tokio::test]
async fn a_cut_at_any_byte_keeps_exactly_what_had_come() {
    /// Answers that are under way at the same time.
    const LANES: usize = 8;
    // A line counts from its line feed on; the blank line after it adds nothing.
    let mut lines = Vec::new();
    let mut length = 0;
    for step in &Script::from(cuttable()).steps {
        let Step::Bytes(bytes) = step else {
            panic!("{step:?}")
        };
        length += bytes.len();
        lines.push(length - 1);
    }
    let [_comment, first, second, finish, ..] = lines[..] else {
        panic!("{lines:?}")
    };
    let whole = format!("{TEXT} end");
    let expected = |at: usize| match at {
        at if at < first => ("", MessageStatus::Failed),
        at if at < second => (TEXT, MessageStatus::Failed),
        at if at < finish => (whole.as_str(), MessageStatus::Failed),
        _ => (whole.as_str(), MessageStatus::Complete),
    };

    let upstream = Upstream::improvising(cut_as_asked).await;
    let app = TestApp::with(|config| {
        config.openrouter_base_url = upstream.base_url().clone();
        // However many fail before their first word.
        config.provider_calls.pause = Duration::ZERO;
    })
    .await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let lanes = (0..LANES).map(|lane| {
        let (ada, project) = (&ada, &project);
        async move {
            for at in (lane..=length).step_by(LANES) {
                let events = ada.chat_stream(project, &format!("Cut at {at}")).await;
                let last = assert_whole(&events);
                let (text, status) = expected(at);
                assert_eq!(text_of(&events), text, "cut at {at}");
                let stored = stored_answer(ada, &events).await;
                assert_eq!(
                    (stored.content.as_str(), stored.status),
                    (text, status),
                    "cut at {at}"
                );
                match (status, last) {
                    (MessageStatus::Complete, StreamEvent::Done { .. }) => {}
                    (_, StreamEvent::Error { problem }) => {
                        assert_eq!(
                            problem.code,
                            ProblemCode::ProviderUnavailable,
                            "cut at {at}"
                        );
                        assert_eq!(
                            stored.finish_reason,
                            Some(FinishReason::Error),
                            "cut at {at}"
                        );
                    }
                    other => panic!("cut at {at}: {other:?}"),
                }
            }
        }
    });
    join_all(lanes).await;
}

#[tokio::test]
async fn an_error_in_the_middle_keeps_the_text() {
    let errors = [
        (
            json!(502),
            "provider_unavailable",
            ProblemCode::ProviderUnavailable,
        ),
        (
            json!("502"),
            "provider_overloaded",
            ProblemCode::ProviderUnavailable,
        ),
        (
            json!(null),
            "rate_limit_exceeded",
            ProblemCode::ProviderRateLimited,
        ),
        (json!(429), "", ProblemCode::ProviderRateLimited),
        (json!(402), "payment_required", ProblemCode::ProviderCredit),
        (
            json!(403),
            "content_policy_violation",
            ProblemCode::ProviderRefused,
        ),
    ];
    for (code, error_type, expected) in errors {
        let script = StreamScript::new().delta("So far").chunk(&error_chunk(
            &code,
            "Upstream closed",
            error_type,
        ));
        assert_failed(script, "So far", expected).await;
    }
}

/// Nothing else says why there is no more of the answer; the key that it was asked with is taken out.
#[tokio::test]
async fn an_error_in_the_middle_names_the_providers_reason() {
    let app = spawn_app().await;
    let script = StreamScript::new().delta("So far").error(
        502,
        "Acme closed on sk-or-v1-test",
        "provider_unavailable",
    );
    let (stored, last) = answer_by(&app, script).await;
    assert_eq!(stored.content, "So far");
    let StreamEvent::Error { problem } = last else {
        panic!("{last:?}")
    };
    assert!(
        problem
            .detail
            .ends_with("The provider says: Acme closed on …"),
        "{problem:?}"
    );
    assert_eq!(
        stored.problem.map(|stored| stored.detail),
        Some(problem.detail)
    );
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_answer_whatever_follows() {
    let script = StreamScript::new()
        .delta("So far")
        .error(502, "Upstream closed", "provider_unavailable")
        .delta(" ghost")
        .finish("stop")
        .done();
    assert_failed(script, "So far", ProblemCode::ProviderUnavailable).await;
}

#[tokio::test]
async fn what_is_no_chunk_is_a_breach_of_protocol() {
    for nonsense in ["{nonsense", "<html>", "42", "\"text\""] {
        let script = StreamScript::new()
            .delta("So far")
            .data(nonsense)
            .delta(" more")
            .finish("stop")
            .done();
        assert_failed(script, "So far", ProblemCode::ProviderProtocol).await;
    }
    let broken_utf8 = StreamScript::new()
        .delta("So far")
        .raw(*b"data: \"\xff\xfe\"\n\n")
        .finish("stop");
    assert_failed(broken_utf8, "So far", ProblemCode::ProviderProtocol).await;
}

#[tokio::test]
async fn an_endless_line_is_cut_off() {
    assert_failed(
        StreamScript::new().delta("So far").endless_line(),
        "So far",
        ProblemCode::ProviderProtocol,
    )
    .await;
}

/// A web page under the name of an event stream, before the answer and in the middle of it.
#[tokio::test]
async fn a_web_page_is_a_breach_of_protocol() {
    let page = "<!DOCTYPE html>\n<html><body>Welcome</body></html>\n";
    assert_failed(
        StreamScript::new().raw(page).silence(),
        "",
        ProblemCode::ProviderProtocol,
    )
    .await;
    assert_failed(
        StreamScript::new().delta("So far").data(page).silence(),
        "So far",
        ProblemCode::ProviderProtocol,
    )
    .await;
}

/// Less than any provider takes that is at work, and more than this machine needs.
const SHORT: Duration = Duration::from_millis(700);

/// A provider that says nothing more is given up, with what it has said.
#[tokio::test]
async fn silence_ends_an_answer_before_it_begins_and_in_the_middle() {
    let app = TestApp::with(|config| config.provider_calls.timeout = SHORT).await;
    let silences = [
        (Script::mute(), "", ProblemCode::ProviderFirstByteTimeout),
        (
            StreamScript::new().silence().into(),
            "",
            ProblemCode::ProviderFirstByteTimeout,
        ),
        (
            StreamScript::new().delta("So far").silence().into(),
            "So far",
            ProblemCode::ProviderSilenceTimeout,
        ),
        // Half a chunk is no text.
        (
            StreamScript::new()
                .delta("So far")
                .raw("data: {\"choices\":[{")
                .silence()
                .into(),
            "So far",
            ProblemCode::ProviderSilenceTimeout,
        ),
    ];
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for (script, text, code) in silences {
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        let StreamEvent::Error { problem } = assert_whole(&events) else {
            panic!("{events:?}")
        };
        assert_eq!(problem.code, code);
        let stored = stored_answer(&ada, &events).await;
        assert_eq!(
            (stored.content.as_str(), stored.status),
            (text, MessageStatus::Failed)
        );
        let request = app.upstream.request().await;
        assert_eq!(request.closed().await, Connection::Abandoned);
    }
}

/// Whatever ends an answer, it is the server that closes the connection, also where the provider
/// would keep it open for ever.
#[tokio::test]
async fn what_ends_an_answer_closes_the_providers_connection() {
    let said = || StreamScript::new().delta("So far");
    let ends = [
        ("[DONE]", said().finish("stop").done().silence()),
        ("two [DONE]s", said().finish("stop").done().done().silence()),
        (
            "data after [DONE]",
            said().finish("stop").done().delta(" ghost").silence(),
        ),
        (
            "an error",
            said()
                .error(502, "Upstream closed", "provider_unavailable")
                .silence(),
        ),
        ("nonsense", said().data("{nonsense").silence()),
        ("an endless line", said().endless_line()),
        ("endless data", said().endless_data()),
    ];
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for (end, script) in ends {
        app.upstream.next(script);
        let events = ada.chat_stream(&project, "Hello").await;
        let request = app.upstream.request().await;
        assert_eq!(request.closed().await, Connection::Abandoned, "{end}");
        // Exactly one terminal event, and nothing of what came after it.
        let _ = assert_whole(&events);
        assert_eq!(text_of(&events), "So far", "{end}");
        assert_eq!(
            stored_answer(&ada, &events).await.content,
            "So far",
            "{end}"
        );
    }
}

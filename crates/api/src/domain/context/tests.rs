use prompthub_dto::{
    chat::Attachment,
    ids::{FileId, ProjectId, UserId},
};
use prompthub_store::files::FileRow;

use super::*;
use crate::domain::attachments::Files;

/// A conversation of so many turns, each about 100 tokens, and a question as long as half a turn.
fn history(turns: usize, max_tokens: Option<u32>) -> Arc<History> {
    let message = |role, text: String| HistoryMessage {
        role,
        text,
        attachments: Vec::new(),
    };
    let mut messages = Vec::new();
    for _ in 0..turns {
        messages.push(message(Role::User, "word ".repeat(46)));
        messages.push(message(Role::Assistant, "word ".repeat(46)));
    }
    messages.push(message(Role::User, "word ".repeat(46)));
    Arc::new(History {
        system_prompt: Some("Be brief.".to_owned()),
        messages,
        parameters: prompthub_llm::Parameters {
            max_tokens,
            ..prompthub_llm::Parameters::default()
        },
        user: UserId::new(),
        files: Files::new(),
        fields: Vec::new(),
    })
}

fn entry(context_length: u32) -> CatalogueEntry {
    CatalogueEntry {
        context_length: Some(context_length),
        ..CatalogueEntry::default()
    }
}

#[tokio::test]
async fn all_goes_along_where_it_fits_or_nothing_is_known() {
    let history = history(10, None);
    for entry in [None, Some(CatalogueEntry::default()), Some(entry(4000))] {
        let kept = fit(&history, "acme/m1", entry.as_ref()).await.unwrap();
        assert_eq!((kept.first, kept.omitted), (0, None));
        let is_known = entry.is_some_and(|entry| entry.context_length.is_some());
        assert_eq!(kept.room.is_some(), is_known);
    }
}

#[tokio::test]
async fn the_room_for_the_answer_is_what_the_context_has_left() {
    let history = history(10, None);
    let used = history
        .messages
        .iter()
        .map(|message| fixed(message) + estimate_tokens("acme/m1", &message.text))
        .sum::<u64>()
        + estimate_tokens("acme/m1", system(&history));
    for (context_length, max_output_tokens, least, most) in [
        // So much that it does not matter how much.
        (1_000_000, Some(64_000), 64_000, 1_000_000),
        (1_000_000, None, PLENTY, 1_000_000),
        (20_000, Some(64_000), 20_000 - used, 20_000 - used),
        (10_000, None, 10_000 - used, 10_000 - used),
        // Turns are left out, so that there is at least what is kept free.
        (1200, Some(64_000), 300, 450),
    ] {
        let entry = CatalogueEntry {
            max_output_tokens,
            ..entry(context_length)
        };
        let kept = fit(&history, "acme/m1", Some(&entry)).await.unwrap();
        let room = u64::from(kept.room.unwrap());
        assert!((least..=most).contains(&room), "{context_length}: {room}");
        assert_eq!(kept.omitted.is_some(), context_length < 2000);
    }
}

#[tokio::test]
async fn the_oldest_turns_are_left_out_and_counted() {
    // A counted model and an estimated one.
    for model in ["openai/gpt-5", "acme/m1"] {
        let kept = fit(&history(10, Some(100)), model, Some(&entry(800)))
            .await
            .unwrap();
        let omitted = kept.omitted.expect("something is left out");
        assert_eq!(kept.first % 2, 0, "whole turns");
        assert_eq!(usize::try_from(omitted.messages).unwrap(), kept.first);
        assert_eq!(omitted.turns * 2, omitted.messages);
        assert!((3..=6).contains(&omitted.turns), "{model}: {omitted:?}");
        assert!(
            omitted.tokens >= omitted.turns * 90 && omitted.tokens <= omitted.turns * 160,
            "{omitted:?}"
        );
    }
}

#[tokio::test]
async fn a_question_that_cannot_fit_is_refused_in_figures() {
    let error = fit(&history(3, Some(100)), "acme/m1", Some(&entry(130)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), ProblemCode::ContextTooLong);
    let detail = error.to_problem("r").detail;
    assert!(
        detail.contains("130.") && detail.contains("100 are kept free"),
        "{detail}"
    );
    // Where the estimate may be wrong, the provider judges.
    let kept = fit(&history(3, Some(100)), "acme/m1", Some(&entry(166)))
        .await
        .unwrap();
    assert_eq!(kept.omitted.map(|omitted| omitted.turns), Some(3));
}

/// A history of these questions, none of which was answered, each with an image of so many bytes.
fn unanswered(sizes: &[u64]) -> Arc<History> {
    let mut files = Files::new();
    let mut messages = Vec::new();
    for size in sizes {
        let file = FileRow {
            id: FileId::new(),
            project_id: ProjectId::new(),
            name: "cat.png".to_owned(),
            size: i64::try_from(*size).unwrap(),
            content_type: "image/png".to_owned(),
            sha256: String::new(),
            created_at: prompthub_store::now(),
        };
        messages.push(HistoryMessage {
            role: Role::User,
            text: "word ".repeat(46),
            attachments: vec![Attachment {
                file: file.name.clone(),
                file_id: Some(file.id),
                offset: 0,
            }],
        });
        files.insert(file.id, file);
    }
    let history = history(0, Some(100));
    Arc::new(History {
        messages,
        files,
        system_prompt: None,
        parameters: history.parameters.clone(),
        user: history.user,
        fields: Vec::new(),
    })
}

#[tokio::test]
async fn questions_without_an_answer_may_go_by_themselves() {
    let all = unanswered(&[MAX_REQUEST_BYTES; 5]);
    let kept = fit(&all, "acme/m1", None).await.unwrap();
    let omitted = kept.omitted.unwrap();
    assert_eq!(
        (kept.first, omitted.turns, omitted.messages),
        (4, 4, 4),
        "the images of one question are all that a request holds"
    );
    // By their texts, too: each has about 50 tokens, and an image.
    let all = unanswered(&[1; 5]);
    let room = 100 + 2 * (IMAGE_TOKENS + 60);
    let entry = entry(u32::try_from(room).unwrap());
    let kept = fit(&all, "acme/m1", Some(&entry)).await.unwrap();
    assert_eq!(kept.first, 3, "{kept:?}");
}

#[tokio::test]
async fn images_that_no_request_can_hold_are_refused_in_words() {
    for known in [None, Some(entry(1_000_000))] {
        let all = unanswered(&[1, MAX_REQUEST_BYTES + 1]);
        let error = fit(&all, "acme/m1", known.as_ref()).await.unwrap_err();
        assert_eq!(error.code(), ProblemCode::ImagesUnsupported);
        let detail = error.to_problem("r").detail;
        assert!(detail.contains(&MAX_REQUEST_BYTES.to_string()), "{detail}");
    }
}

#[tokio::test]
async fn long_texts_are_measured_all_the_same() {
    let mut all = Arc::into_inner(history(3, Some(100))).unwrap();
    all.messages[0].text = "word ".repeat(QUICK_BYTES);
    let kept = fit(&Arc::new(all), "acme/m1", Some(&entry(4000)))
        .await
        .unwrap();
    assert_eq!(kept.first, 2);
    assert!(kept.omitted.unwrap().tokens > 100_000);
}

//! Searching one's own conversations: what is found, in which order, and what never is.

use prompthub_dto::{
    Page,
    chat::{Conversation, Message, Role},
    problem::ProblemCode,
    projects::Project,
    search::SearchHit,
};
use prompthub_tests::{
    Answer, Client, TestApp,
    client::path,
    spawn_app,
    upstream::{Gate, Script, StreamScript},
};
use serde_json::json;

pub(crate) async fn ask(client: &Client, query: &[(&str, &str)]) -> Answer {
    client.get("/api/search").query(query).send().await
}

/// The first page of what is found.
pub(crate) async fn search(client: &Client, words: &str) -> Vec<SearchHit> {
    let answer = ask(client, &[("q", words)]).await;
    answer.expect_status(200).json::<Page<SearchHit>>().items
}

/// The texts of what is found, in order, what was searched for in brackets; a title after a `#`.
pub(crate) async fn found(client: &Client, words: &str) -> Vec<String> {
    let hits = search(client, words).await;
    hits.iter().map(marked).collect()
}

pub(crate) fn marked(hit: &SearchHit) -> String {
    let mut text = String::from(if hit.message_id.is_none() { "#" } else { "" });
    for piece in &hit.snippet {
        assert!(!piece.text.is_empty(), "{hit:?}");
        match piece.matched {
            true => text.push_str(&format!("[{}]", piece.text)),
            false => text.push_str(&piece.text),
        }
    }
    text
}

/// A conversation with this title, and a question and an answer for each pair of texts.
pub(crate) async fn converse(
    app: &TestApp,
    client: &Client,
    project: &Project,
    title: &str,
    exchanges: &[(&str, &str)],
) -> Conversation {
    let conversation: Conversation = client
        .post(&format!("{}/conversations", path(project)))
        .json(&json!({"title": title}))
        .send()
        .await
        .expect_status(201)
        .json();
    for (question, answer) in exchanges {
        app.upstream.next(Script::answer(answer));
        client
            .post(&format!("{}/messages", place(&conversation)))
            .json(&json!({"content": question}))
            .send()
            .await
            .expect_status(200);
    }
    conversation
}

pub(crate) fn place(conversation: &Conversation) -> String {
    format!("/api/conversations/{}", conversation.id)
}

/// A server, somebody on it, and a project.
pub(crate) async fn start() -> (TestApp, Client, Project) {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    (app, ada, project)
}

#[tokio::test]
async fn titles_questions_and_answers_are_found() {
    let (app, ada, project) = start().await;
    let talk = converse(
        &app,
        &ada,
        &project,
        "On pears",
        &[("Apples?", "Plums, <b>rather</b>.")],
    );
    let talk = talk.await;
    let messages: Vec<Message> = ada.messages(talk.id.as_str()).await;
    for (words, role, message, snippet) in [
        ("pears", None, None, "#On [pears]"),
        ("apples", Some(Role::User), Some(&messages[0]), "[Apples]?"),
        (
            "rather",
            Some(Role::Assistant),
            Some(&messages[1]),
            "Plums, <b>[rather]</b>.",
        ),
    ] {
        let hits = search(&ada, words).await;
        assert_eq!(hits.len(), 1, "{words}");
        let hit = &hits[0];
        assert_eq!((hit.project_id, hit.conversation_id), (project.id, talk.id));
        assert_eq!((hit.title.as_str(), hit.role), ("On pears", role));
        assert_eq!(hit.message_id, message.map(|it| it.id));
        let written = message.map_or(&talk.created_at, |it| &it.created_at);
        assert_eq!(&hit.created_at, written);
        assert_eq!(marked(hit), snippet);
    }
    assert_eq!(found(&ada, "cherries").await, [""; 0]);
}

#[tokio::test]
async fn nobody_finds_what_is_anothers() {
    let (app, ada, project) = start().await;
    let bob = app.register("bob@example.com").await;
    let theirs = bob.create_project("Notes").await;
    converse(
        &app,
        &ada,
        &project,
        "Secret plans",
        &[("The secret", "A secret")],
    )
    .await;
    converse(&app, &bob, &theirs, "Mine", &[("My own secret", "Yes")]).await;
    assert_eq!(found(&bob, "secret").await, ["My own [secret]"]);
    assert_eq!(search(&ada, "secret").await.len(), 3);
    let of = async |project: &str| ask(&bob, &[("q", "secret"), ("project_id", project)]).await;
    of(project.id.as_str())
        .await
        .assert_problem(ProblemCode::NotFound);
    assert_eq!(
        of(theirs.id.as_str())
            .await
            .json::<Page<SearchHit>>()
            .items
            .len(),
        1
    );
}

#[tokio::test]
async fn a_project_can_be_searched_alone() {
    let (app, ada, project) = start().await;
    let other = ada.create_project("Other").await;
    converse(&app, &ada, &project, "Pears", &[("A pear", "Yes")]).await;
    converse(&app, &ada, &other, "Plums", &[("No pear here", "No")]).await;
    let within = async |project: &Project| {
        let query = [("q", "pear"), ("project_id", project.id.as_str())];
        let page: Page<SearchHit> = ask(&ada, &query).await.json();
        page.items.iter().map(marked).collect::<Vec<_>>()
    };
    assert_eq!(within(&project).await, ["#[Pears]", "A [pear]"]);
    assert_eq!(within(&other).await, ["No [pear] here"]);
}

#[tokio::test]
async fn the_best_comes_first_and_the_newest_among_equals() {
    let (app, ada, project) = start().await;
    let fillers = "These are words about nothing that anybody looks for in a search";
    let texts = [
        ("apple", "apple"),
        (
            fillers,
            "An apple among many other words, which are about nothing at all, nor is this",
        ),
        ("apple apple apple", "Nothing"),
    ];
    converse(&app, &ada, &project, "Fruit", &texts).await;
    converse(&app, &ada, &project, "apple", &[]).await;
    let hits = search(&ada, "apple").await;
    let order: Vec<String> = hits.iter().map(marked).collect();
    assert_eq!(order.len(), 5, "{order:?}");
    assert_eq!(order[0], "#[apple]", "a title is better than a message");
    assert_eq!(
        order[1], "[apple] [apple] [apple]",
        "often is better than once"
    );
    assert_eq!(order[2..4], ["[apple]", "[apple]"]);
    assert_eq!(
        (hits[2].role, hits[3].role),
        (Some(Role::Assistant), Some(Role::User)),
        "the newest is the first of equals"
    );
    assert!(
        order[4].starts_with("An [apple] among"),
        "short is better than long"
    );
}

#[tokio::test]
async fn hits_are_listed_page_by_page() {
    let (app, ada, project) = start().await;
    let texts = [
        ("pear", "pear"),
        ("pear pear", "A pear and much else"),
        ("pear", "pear"),
        ("pear", "No"),
    ];
    let talk = converse(&app, &ada, &project, "Pears", &texts).await;
    let all = search(&ada, "pear").await;
    assert_eq!(all.len(), 8);
    let page = async |cursor: Option<&str>| -> Page<SearchHit> {
        let mut query = vec![("q", "pear"), ("limit", "3")];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        ask(&ada, &query).await.expect_status(200).json()
    };
    let first = page(None).await;
    // What is said in the meantime comes with the next search, and shifts nothing in this one.
    converse(&app, &ada, &project, "pear", &[("pear pear pear", "No")]).await;
    let second = page(first.next_cursor.as_deref()).await;
    let third = page(second.next_cursor.as_deref()).await;
    assert_eq!(third.next_cursor, None);
    let paged = [first.items, second.items.clone(), third.items].concat();
    assert_eq!(paged, all);
    assert_eq!(search(&ada, "pear").await.len(), 10);

    // A cursor leads somewhere even when its own hit is gone, or when it is of another search.
    let cursor = second.next_cursor.expect("there was more");
    ask(&ada, &[("q", "much"), ("cursor", &cursor)])
        .await
        .expect_status(200);
    ask(&ada, &[("q", "..."), ("cursor", &cursor)])
        .await
        .expect_status(200);
    ada.delete(&place(&talk)).send().await.expect_status(204);
    assert_eq!(page(Some(&cursor)).await.items, []);
    assert_eq!(search(&ada, "pear").await.len(), 2);
}

#[tokio::test]
async fn what_is_deleted_is_not_found_any_more() {
    let (app, ada, project) = start().await;
    let other = ada.create_project("Other").await;
    let talk = converse(&app, &ada, &project, "Pears", &[("A pear", "Pears?")]).await;
    converse(&app, &ada, &other, "Pears", &[("A pear", "Pears?")]).await;
    assert_eq!(search(&ada, "pear").await.len(), 6);
    ada.delete(&place(&talk)).send().await.expect_status(204);
    assert_eq!(search(&ada, "pear").await.len(), 3);
    ada.delete(&path(&other)).send().await.expect_status(204);
    assert_eq!(search(&ada, "pear").await.len(), 0);
}

#[tokio::test]
async fn renamed_archived_and_edited_things_are_found_as_they_are() {
    let (app, ada, project) = start().await;
    let talk = converse(&app, &ada, &project, "Pears", &[("First", "Second")]).await;
    let changes = json!({"title": "Plums", "archived": true});
    ada.patch(&place(&talk))
        .json(&changes)
        .send()
        .await
        .expect_status(200);
    assert_eq!(found(&ada, "pears").await, [""; 0]);
    assert_eq!(found(&ada, "plums").await, ["#[Plums]"]);
    ada.patch(&place(&talk))
        .json(&json!({"pinned": true}))
        .send()
        .await
        .expect_status(200);
    assert_eq!(found(&ada, "plums").await, ["#[Plums]"]);

    // An edited question and an answer made again are siblings: neither hides the other.
    app.upstream.next(Script::answer("Fourth"));
    ada.post(&format!("{}/messages", place(&talk)))
        .json(&json!({"content": "Third", "parent_id": null}))
        .send()
        .await
        .expect_status(200);
    let answer = search(&ada, "second").await[0]
        .message_id
        .expect("a message");
    app.upstream.next(Script::answer("Fifth"));
    ada.post(&format!("/api/messages/{answer}/regenerate"))
        .json(&json!({}))
        .send()
        .await
        .expect_status(200);
    for word in ["first", "second", "third", "fourth", "fifth"] {
        assert_eq!(search(&ada, word).await.len(), 1, "{word}");
    }
}

#[tokio::test]
async fn an_answer_is_found_once_it_has_ended() {
    let (app, ada, project) = start().await;
    let gate = Gate::new();
    let script = StreamScript::new()
        .delta("A pear")
        .wait(&gate)
        .delta(" and a plum");
    app.upstream.next(script.finish("stop").done());
    let mut stream = ada.open_stream(&project, "Which fruit?").await;
    stream
        .until(|event| matches!(event, prompthub_dto::stream::StreamEvent::Delta { .. }))
        .await;
    assert_eq!(
        found(&ada, "fruit").await,
        ["#Which [fruit]?", "Which [fruit]?"]
    );
    assert_eq!(found(&ada, "pear").await, [""; 0]);
    gate.open();
    stream.rest().await;
    assert_eq!(found(&ada, "pear").await, ["A [pear] and a plum"]);

    // One that breaks off has the text that it has.
    app.upstream
        .next(StreamScript::new().delta("Half a cherry"));
    ada.chat_stream(&project, "And?").await;
    assert_eq!(found(&ada, "cherry").await, ["Half a [cherry]"]);
}

#[tokio::test]
async fn a_snippet_shows_what_is_around_the_words() {
    let (app, ada, project) = start().await;
    let filler = "lorem ipsum dolor ".repeat(100);
    let text = format!("needle {filler}the needle is in\nthe <i>haystack</i> & {filler}haystack");
    converse(&app, &ada, &project, "T", &[(&text, "No")]).await;
    let hits = search(&ada, "haystack needle").await;
    let shown: String = hits[0]
        .snippet
        .iter()
        .map(|piece| piece.text.as_str())
        .collect();
    assert!(text.contains(&shown), "{shown}");
    assert!(
        (20..=40).contains(&shown.split_whitespace().count()),
        "{shown}"
    );
    let marked = marked(&hits[0]);
    assert!(
        marked.contains("the [needle] is in\nthe <i>[haystack]</i> & lorem"),
        "{marked}"
    );
}

#[tokio::test]
async fn the_longest_messages_are_taken_and_found() {
    let (app, ada, project) = start().await;
    let alphabet: Vec<char> = ('\u{4E00}'..='\u{9FA5}')
        .chain('\u{20000}'..='\u{2A6D6}')
        .collect();
    let distinct = (0..33_000)
        .map(|number| format!("w{number:x} "))
        .collect::<String>();
    for (text, words) in [
        (distinct, "w1 w80e7"),
        ("needle ".repeat(28_000), "needle"),
        (format!("needle{}", "x".repeat(199_000)), "needlexxx"),
        (alphabet.iter().cycle().take(200_000).collect(), "一丁丂"),
        ("🎉".repeat(199_000) + " needle", "needle"),
    ] {
        let talk = converse(&app, &ada, &project, "T", &[(&text, "No")]).await;
        let hits = search(&ada, words).await;
        assert_eq!(hits.len(), 1, "{words}");
        let shown: usize = hits[0].snippet.iter().map(|piece| piece.text.len()).sum();
        assert!(shown <= 400, "{words}");
        ada.delete(&place(&talk)).send().await.expect_status(204);
    }
}

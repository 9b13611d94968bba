//! Whole conversations, out in bounded pieces and in as they were.

use prompthub_dto::ids::{MessageId, UserId};
use prompthub_store::{
    FinishReason, MessageRole, MessageStatus, StoreError,
    conversations::{self, ConversationRow},
    messages::MessageRow,
    projects, transfer,
};

use crate::support::{
    add_conversation, add_project, add_user, at, new_conversation, on_every_database, read, write,
};

/// A chain of messages, each with a text of so many bytes.
fn chain(conversation: &ConversationRow, sizes: &[usize]) -> Vec<MessageRow> {
    let mut rows: Vec<MessageRow> = Vec::new();
    for (number, size) in sizes.iter().enumerate() {
        let question = number % 2 == 0;
        rows.push(MessageRow {
            id: MessageId::new(),
            conversation_id: conversation.id,
            parent_id: rows.last().map(|row| row.id),
            role: if question {
                MessageRole::User
            } else {
                MessageRole::Assistant
            },
            content: "é".repeat(size / 2),
            reasoning: (!question).then(|| "thought".to_owned()),
            status: MessageStatus::Complete,
            model: (!question).then(|| "demo/echo".to_owned()),
            prompt_version: (!question).then_some(1),
            finish_reason: (!question).then_some(FinishReason::Stop),
            prompt_tokens: (!question).then_some(3),
            completion_tokens: None,
            cost_usd: (!question).then(|| "0.10".to_owned()),
            problem: None,
            generation_id: None,
            created_at: at(0),
            updated_at: at(1),
            attachments: question.then(|| r#"[{"file":"a.png","offset":0}]"#.to_owned()),
            requested_model: (!question).then(|| "a/b".to_owned()),
            fallbacks: None,
            omitted: None,
            cached_tokens: (!question).then_some(1),
            reasoning_tokens: None,
            cost_is_estimate: !question,
            tokens_are_estimate: false,
            first_token_ms: (!question).then_some(250),
            duration_ms: None,
            response_model: (!question).then(|| "b-2026".to_owned()),
        });
    }
    rows
}

on_every_database! {
    async fn messages_come_in_pieces_of_bounded_size(store: Store) {
        let user = add_user(&store, "Ada").await;
        let project = add_project(&store, user.id, "P").await;
        let row = new_conversation(&project, at(0));
        let row = write(&store, move |conn| conversations::insert(conn, &row)).await;
        let mut other = row.clone();
        other.id = prompthub_dto::ids::ConversationId::new();
        let mut sizes = vec![2; 1_200];
        sizes[5] = 5_000;
        sizes[6] = 5_000;
        let rows = chain(&other, &sizes);
        let (stored, conversation) = (rows.clone(), other.clone());
        write(&store, move |conn| transfer::insert_conversation(conn, &conversation, &stored)).await;

        let mut pieces = Vec::new();
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|row: &MessageRow| (row.created_at, row.id));
            let id = other.id;
            let piece = read(&store, move |conn| transfer::messages_after(conn, id, after, 4_500)).await;
            if piece.is_empty() {
                break;
            }
            pieces.push(piece.len());
            all.extend(piece);
        }
        assert_eq!(all, rows);
        // The two long ones stand alone, and no piece is of more than 500.
        assert_eq!(pieces, [5, 1, 1, 500, 500, 193]);

        let id = other.id;
        let mut links = read(&store, move |conn| transfer::links(conn, id)).await;
        links.sort_unstable();
        let expected: Vec<_> = rows
            .iter()
            .map(|row| {
                let bytes = row.content.len() + row.reasoning.as_ref().map_or(0, String::len);
                (row.id, row.parent_id, i64::try_from(bytes).unwrap())
            })
            .collect();
        assert_eq!(links, expected);

        let wanted = vec![rows[7].id, rows[3].id, MessageId::new()];
        let asked = wanted.clone();
        let mut found = read(&store, move |conn| transfer::messages_by_id(conn, id, &asked)).await;
        found.sort_unstable_by_key(|row| row.id);
        assert_eq!(found, [rows[3].clone(), rows[7].clone()]);
        let empty = row.id;
        let found = read(&store, move |conn| transfer::messages_by_id(conn, empty, &wanted)).await;
        assert_eq!(found, [], "they are another conversation's");

        let project = project.id;
        let used = read(&store, move |conn| transfer::versions_used(conn, id)).await;
        assert_eq!(used, [1]);
        let version = read(&store, move |conn| transfer::version(conn, project, 1)).await;
        assert_eq!(version.map(|version| version.number), Some(1));
        let version = read(&store, move |conn| transfer::version(conn, project, 2)).await;
        assert_eq!(version, None);
    }

    async fn conversations_are_walked_in_the_order_of_their_beginning(store: Store) {
        let user = add_user(&store, "Ada").await;
        let project = add_project(&store, user.id, "P").await;
        let mut begun = Vec::new();
        for _ in 0..5 {
            begun.push(add_conversation(&store, &project).await);
        }
        // What happens meanwhile moves nothing.
        let (owner, first) = (user.id, begun[0].id);
        let archived = conversations::ConversationPatch { archived: Some(true), ..Default::default() };
        write(&store, move |conn| {
            conversations::touch(conn, first, at(100))?;
            conversations::update(conn, owner, first, &archived, at(100))
        })
        .await;
        let project = project.id;
        let mut walked = Vec::new();
        loop {
            let after = walked.last().copied();
            let page = read(&store, move |conn| {
                transfer::conversations_after(conn, owner, project, after, 2)
            })
            .await;
            if page.is_empty() {
                break;
            }
            walked.extend(page.into_iter().map(|row| row.id));
        }
        assert_eq!(walked, begun.iter().map(|row| row.id).collect::<Vec<_>>());
        let stranger = UserId::new();
        let none = read(&store, move |conn| {
            transfer::conversations_after(conn, stranger, project, None, 2)
        })
        .await;
        assert_eq!(none, []);
    }

    async fn a_project_is_stored_as_it_is_given(store: Store) {
        let user = add_user(&store, "Ada").await;
        let mut project = add_project(&store, user.id, "P").await;
        let (owner, old) = (user.id, project.id);
        let mut versions = read(&store, move |conn| {
            projects::list_versions(conn, owner, old, None, 10)
        })
        .await
        .unwrap();
        project.id = prompthub_dto::ids::ProjectId::new();
        project.prompt_version = 7;
        project.revision = 9;
        for version in &mut versions {
            version.id = prompthub_dto::ids::PromptVersionId::new();
            version.project_id = project.id;
            version.number = 7;
        }
        let (row, rows) = (project.clone(), versions.clone());
        write(&store, move |conn| transfer::insert_project(conn, &row, &rows)).await;
        let id = project.id;
        let found = read(&store, move |conn| projects::find(conn, owner, id)).await;
        assert_eq!(found, Some((project.clone(), 0)));
        let found = read(&store, move |conn| projects::list_versions(conn, owner, id, None, 10)).await;
        assert_eq!(found.as_ref(), Some(&versions));

        // A number that is there twice leaves nothing of a second project.
        let mut second = project;
        second.id = prompthub_dto::ids::ProjectId::new();
        let mut twice = Vec::new();
        for mut version in [versions[0].clone(), versions[0].clone()] {
            version.id = prompthub_dto::ids::PromptVersionId::new();
            version.project_id = second.id;
            twice.push(version);
        }
        let id = second.id;
        let refused = store.write(move |conn| transfer::insert_project(conn, &second, &twice)).await;
        assert!(matches!(refused, Err(StoreError::Unique("prompt_versions.number"))), "{refused:?}");
        assert_eq!(read(&store, move |conn| projects::find(conn, owner, id)).await, None);
    }
}

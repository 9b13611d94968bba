//! Conversations, their messages, and running answers.

use prompthub_dto::ids::{GenerationId, MessageId};
use prompthub_store::{
    FinishReason, MessageRole, MessageStatus, Store, TitledBy,
    conversations::{self, ConversationPatch, ConversationRow},
    generations::{self, NewGeneration},
    message_pages::{MessagePage, PageBounds, find_page},
    messages::{
        self, Answerer, MessageFinish,
        MessageOrder::{NewestFirst, OldestFirst},
        MessageRow, NewMessage, TextSoFar,
    },
    usage::UsageFigures,
    users,
};

use crate::support::{
    add_conversation, add_project, add_user, at, new_conversation, new_message, on_every_database,
    read, write,
};

async fn conversation_of(store: &Store, name: &str) -> ConversationRow {
    let user = add_user(store, name).await;
    let project = add_project(store, user.id, "P").await;
    add_conversation(store, &project).await
}

/// A question and its running answer, as one transaction.
async fn ask(
    store: &Store,
    conversation: &ConversationRow,
    lease_owner: &str,
    lease_end: u32,
) -> (GenerationId, MessageRow) {
    let lease_owner = lease_owner.to_owned();
    let (id, owner_id) = (conversation.id, conversation.owner_id);
    write(store, move |conn| {
        let question = messages::insert(conn, &new_message(id, None, MessageRole::User))?;
        let answer = new_message(id, Some(question.id), MessageRole::Assistant);
        let answer = messages::insert(conn, &answer)?;
        let generation = NewGeneration {
            id: GenerationId::new(),
            conversation_id: id,
            user_message_id: question.id,
            assistant_message_id: answer.id,
            owner_id,
            model: "demo/echo".to_owned(),
            lease_owner,
            lease_expires_at: at(lease_end),
            now: at(0),
        };
        Ok((generations::insert(conn, &generation)?.id, answer))
    })
    .await
}

on_every_database! {
    async fn conversations_are_listed_by_activity(store: Store) {
        let user = add_user(&store, "Ada").await;
        let bob = add_user(&store, "Bob").await.id;
        let project = add_project(&store, user.id, "P").await;
        let (owner, project_id) = (user.id, project.id);
        let mut expected = write(&store, move |conn| {
            (0..10)
                .map(|n| conversations::insert(conn, &new_conversation(&project, at(n / 4))))
                .collect::<Result<Vec<_>, _>>()
        })
        .await;
        expected.sort_by_key(|row| std::cmp::Reverse((row.last_activity_at, row.id)));
        let list = |owner, archived, after| {
            read(&store, move |conn| {
                conversations::list(conn, owner, project_id, archived, after, 3)
            })
        };
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = list(owner, false, after).await;
            let Some(last) = page.last() else { break };
            after = Some((last.last_activity_at, last.id));
            seen.extend(page);
        }
        assert_eq!(seen, expected);
        assert_eq!(list(bob, false, None).await, []);

        let id = expected[9].id;
        let patch = ConversationPatch { archived: Some(true), ..ConversationPatch::default() };
        write(&store, move |conn| conversations::update(conn, owner, id, &patch, at(9))).await;
        let archived = list(owner, true, None).await;
        assert_eq!(archived.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
        write(&store, move |conn| conversations::touch(conn, expected[8].id, at(50))).await;
        assert_eq!(list(owner, false, None).await[0].last_activity_at, at(50));
    }

    async fn a_persons_own_title_is_never_overwritten(store: Store) {
        let row = conversation_of(&store, "Ada").await;
        let (owner, id) = (row.owner_id, row.id);
        let generate = |title: &'static str| {
            write(&store, move |conn| conversations::set_generated_title(conn, id, title, at(1)))
        };
        assert!(generate("Made up").await);
        let patch = ConversationPatch {
            title: Some("Mine".to_owned()),
            pinned: Some(true),
            archived: None,
        };
        let changed =
            write(&store, move |conn| conversations::update(conn, owner, id, &patch, at(2))).await;
        let changed = changed.unwrap();
        assert_eq!((changed.titled_by, changed.pinned, changed.archived), (TitledBy::Person, true, false));
        assert!(!generate("Made up again").await);
        let found = read(&store, move |conn| conversations::find(conn, owner, id)).await;
        assert_eq!(found.unwrap().title, "Mine");
    }

    async fn a_path_follows_parents_and_leaves_siblings_out(store: Store) {
        let row = conversation_of(&store, "Ada").await;
        let (owner, id) = (row.owner_id, row.id);
        let stranger = add_user(&store, "Bob").await.id;
        let before = row.active_message_id;
        let (question, first, second, follow_up) = write(&store, move |conn| {
            let question = messages::insert(conn, &new_message(id, None, MessageRole::User))?;
            let answer = |conn: &mut _| {
                messages::insert(conn, &new_message(id, Some(question.id), MessageRole::Assistant))
            };
            let (first, second) = (answer(conn)?, answer(conn)?);
            let follow_up = new_message(id, Some(second.id), MessageRole::User);
            let follow_up = messages::insert(conn, &follow_up)?;
            assert!(conversations::set_active(conn, id, before, follow_up.id, at(9))?);
            assert!(!conversations::set_active(conn, id, before, follow_up.id, at(9))?);
            Ok((question, first, second, follow_up))
        })
        .await;
        let path = |leaf| read(&store, move |conn| messages::path(conn, id, leaf));
        assert_eq!(path(first.id).await, [question.clone(), first.clone()]);
        assert_eq!(path(follow_up.id).await, [question.clone(), second, follow_up.clone()]);
        assert_eq!(path(MessageId::new()).await, []);
        let active = read(&store, move |conn| conversations::find(conn, owner, id)).await.unwrap();
        assert_eq!(active.active_message_id, Some(follow_up.id));
        let place = |row: &MessageRow| (row.created_at, row.id);
        let list = |order, after| read(&store, move |conn| messages::list(conn, id, order, after, 3));
        let first_page = list(OldestFirst, None).await;
        let rest = list(OldestFirst, Some(place(&first_page[2]))).await;
        assert_eq!((first_page.len(), rest), (3, vec![follow_up.clone()]));
        let last_page = list(NewestFirst, None).await;
        assert_eq!(last_page[0], follow_up);
        let rest = list(NewestFirst, Some(place(&last_page[2]))).await;
        assert_eq!((last_page.len(), rest), (3, vec![question]));
        let find = |user| read(&store, move |conn| messages::find(conn, user, first.id));
        assert!(find(owner).await.is_some());
        assert_eq!(find(stranger).await, None);
    }

    async fn a_page_ends_where_its_texts_are_long(store: Store) {
        let row = conversation_of(&store, "Ada").await;
        let id = row.id;
        let rows = write(&store, move |conn| {
            let mut rows = Vec::new();
            for bytes in [10, 10, 500, 10, 10, 10] {
                let parent = rows.last().map(|row: &MessageRow| row.id);
                let content = "é".repeat(bytes / 2);
                let message = NewMessage { content, ..new_message(id, parent, MessageRole::User) };
                rows.push(messages::insert(conn, &message)?);
            }
            Ok(rows)
        })
        .await;
        for order in [OldestFirst, NewestFirst] {
            let (mut all, mut lengths, mut after) = (Vec::new(), Vec::new(), None);
            loop {
                let bounds = PageBounds { limit: 2, bytes: 100 };
                let page = read(&store, move |conn| find_page(conn, id, order, after, bounds)).await;
                after = page.rows.last().map(|row| (row.created_at, row.id));
                lengths.push(page.rows.len());
                all.extend(page.rows);
                if !page.more {
                    break;
                }
            }
            if order == NewestFirst {
                all.reverse();
                assert_eq!(lengths, [2, 1, 1, 2]);
            } else {
                assert_eq!(lengths, [2, 1, 2, 1]);
            }
            assert_eq!(all, rows);
        }
        let nothing = prompthub_dto::ids::ConversationId::new();
        let bounds = PageBounds { limit: 2, bytes: 100 };
        let page = read(&store, move |conn| find_page(conn, nothing, OldestFirst, None, bounds));
        assert_eq!(page.await, MessagePage { rows: Vec::new(), more: false });
    }

    async fn a_conversation_of_thousands_goes_as_a_whole(store: Store) {
        let row = conversation_of(&store, "Ada").await;
        let (owner, id) = (row.owner_id, row.id);
        let leaf = write(&store, move |conn| {
            let mut parent = None;
            for _ in 0..2500 {
                let message = new_message(id, parent, MessageRole::User);
                parent = Some(messages::insert(conn, &message)?.id);
            }
            Ok(parent.unwrap())
        })
        .await;
        assert_eq!(read(&store, move |conn| messages::path(conn, id, leaf)).await.len(), 2500);
        let stranger = add_user(&store, "Bob").await.id;
        assert!(!write(&store, move |conn| conversations::delete(conn, stranger, id)).await);
        assert!(write(&store, move |conn| conversations::delete(conn, owner, id)).await);
        assert_eq!(read(&store, move |conn| messages::list(conn, id, OldestFirst, None, 10)).await, []);
        assert!(write(&store, move |conn| users::delete(conn, owner)).await);
    }

    async fn an_answer_grows_and_ends(store: Store) {
        let row = conversation_of(&store, "Ada").await;
        let (generation, answer) = ask(&store, &row, "node-1", 60).await;
        let (owner, conversation) = (row.owner_id, row.id);
        let running = move |conn: &mut _| {
            Ok((
                generations::running_in_conversation(conn, owner, conversation)?,
                generations::count_running(conn, owner)?,
            ))
        };
        assert_eq!(read(&store, running).await, (Some(generation), 1));
        let grow = |text: &str| {
            let text = TextSoFar {
                id: answer.id,
                content: text.to_owned(),
                reasoning: Some("Hm.".to_owned()),
            };
            write(&store, move |conn| messages::write_texts(conn, &[text], at(1)))
        };
        assert_eq!(grow("Sal").await, 1);

        let finish = MessageFinish {
            content: "Salve, \u{1F44B}".to_owned(),
            reasoning: None,
            status: MessageStatus::Complete,
            finish_reason: Some(FinishReason::ToolCalls),
            problem: None,
            response_model: Some("c-2026".to_owned()),
            answerer: Answerer {
                model: "a/c".to_owned(),
                requested_model: Some("a/b".to_owned()),
                fallbacks: None,
                omitted: None,
            },
            usage: UsageFigures {
                prompt_tokens: Some(i64::MAX),
                cost_usd: Some("0.000171".to_owned()),
                cost_is_estimate: true,
                ..UsageFigures::default()
            },
        };
        let ended = write(&store, move |conn| {
            generations::finish(conn, generation, finish.status, at(2))?;
            messages::finish(conn, answer.id, &finish, at(2))
        })
        .await
        .unwrap();
        assert_eq!(ended.content, "Salve, \u{1F44B}");
        assert_eq!(ended.response_model.as_deref(), Some("c-2026"));
        assert_eq!((ended.reasoning.as_ref(), ended.prompt_tokens), (None, Some(i64::MAX)));
        assert_eq!((ended.status, ended.finish_reason), (MessageStatus::Complete, Some(FinishReason::ToolCalls)));
        assert_eq!(grow("late").await, 0, "what has ended is not written again");
        assert_eq!(read(&store, running).await, (None, 0));
        let found = read(&store, move |conn| generations::find(conn, owner, generation)).await.unwrap();
        assert_eq!((found.status, found.finished_at), (MessageStatus::Complete, Some(at(2))));
    }

    async fn a_lease_that_runs_out_interrupts_the_answer(store: Store) {
        let row = conversation_of(&store, "Ada").await;
        let (alive, _) = ask(&store, &row, "node-1", 60).await;
        let (renewed, _) = ask(&store, &row, "node-2", 60).await;
        let (dead, answer) = ask(&store, &row, "node-2", 60).await;
        let written = write(&store, move |conn| {
            let text = TextSoFar {
                id: answer.id,
                content: "so far".to_owned(),
                reasoning: None,
            };
            messages::write_texts(conn, &[text], at(1))?;
            assert_eq!(generations::renew_leases(conn, &[], "node-2", at(90))?, 0);
            generations::renew_leases(conn, &[renewed, alive], "node-2", at(90))
        });
        assert_eq!(written.await, 1, "only its own");
        let sweep =
            |now| write(&store, move |conn| generations::interrupt_expired(conn, now, &[alive]));
        assert_eq!(sweep(at(60)).await, []);
        assert_eq!(sweep(at(61)).await, [dead]);
        assert_eq!(sweep(at(61)).await, []);
        let owner = row.owner_id;
        let message = read(&store, move |conn| messages::find(conn, owner, answer.id)).await.unwrap();
        assert_eq!(
            (message.content.as_str(), message.status, message.finish_reason),
            ("so far", MessageStatus::Interrupted, Some(FinishReason::Interrupted))
        );
        let late = |status| write(&store, move |conn| generations::finish(conn, dead, status, at(65)));
        assert!(!late(MessageStatus::Complete).await, "what was given up stays so");
        let found = read(&store, move |conn| generations::find(conn, owner, dead)).await.unwrap();
        assert_eq!(found.status, MessageStatus::Interrupted);
        let mut rest = write(&store, |conn| generations::interrupt_running(conn, at(70))).await;
        rest.sort();
        assert_eq!(rest, [alive, renewed]);
    }
}

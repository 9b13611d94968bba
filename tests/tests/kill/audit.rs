//! Comparing what is stored with what was promised, once the server is back.
//!
//! Asks as any client would. Every difference fails the test at once, with what was promised.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use prompthub_dto::{
    Page,
    chat::{Conversation, FinishReason, Generation, Message, MessageStatus, Role},
    files::File,
    ids::{ConversationId, MessageId},
};
use reqwest::Method;
use url::form_urlencoded::byte_serialize;

use crate::{
    account::Account,
    answers,
    ledger::{Answer, Fate, Ledger, Titles, WRITTEN_BY},
};

/// Compares one project, and notes what it has learned: what was unknown is known from now on.
///
/// `killed_at` is when the last process ended. `patience` is how long answers of it may go on
/// being called `running`.
pub async fn audit(account: &Account, ledger: &mut Ledger, killed_at: Instant, patience: Duration) {
    let stored = Stored::read(account, ledger, patience).await;
    check_conversations(ledger, &stored);
    check_questions(ledger, &stored);
    check_answers(account, ledger, &stored, killed_at).await;
    check_settled(ledger, &stored);
    check_uploads(account, ledger).await;
}

/// What a project holds.
struct Stored {
    conversations: HashMap<ConversationId, Conversation>,
    messages: HashMap<MessageId, Message>,
}

impl Stored {
    async fn read(account: &Account, ledger: &Ledger, patience: Duration) -> Self {
        let path = format!("/api/projects/{}/conversations?limit=200", ledger.project);
        let page: Page<Conversation> = account.read(&path).await;
        assert_eq!(page.next_cursor, None, "more conversations than expected");
        let mut messages = HashMap::new();
        for conversation in &page.items {
            for message in settled_messages(account, conversation.id, patience).await {
                messages.insert(message.id, message);
            }
        }
        let count = page.items.len();
        let conversations: HashMap<_, _> =
            page.items.into_iter().map(|one| (one.id, one)).collect();
        assert_eq!(conversations.len(), count, "a conversation is there twice");
        Self {
            conversations,
            messages,
        }
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &Message> {
        self.messages
            .values()
            .filter(move |message| message.role == role)
    }

    fn children(&self, parent: MessageId) -> impl Iterator<Item = &Message> {
        self.messages
            .values()
            .filter(move |message| message.parent_id == Some(parent))
    }
}

/// The messages of a conversation once none of them is running, which must be so by `patience`.
async fn settled_messages(
    account: &Account,
    conversation: ConversationId,
    patience: Duration,
) -> Vec<Message> {
    let path = format!("/api/conversations/{conversation}/messages?limit=200");
    let deadline = Instant::now() + patience;
    loop {
        let page: Page<Message> = account.read(&path).await;
        assert_eq!(page.next_cursor, None, "more messages than expected");
        let running = |message: &&Message| message.status == MessageStatus::Running;
        let Some(still) = page.items.iter().find(running) else {
            return page.items;
        };
        assert!(Instant::now() < deadline, "left running: {still:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn check_conversations(ledger: &mut Ledger, stored: &Stored) {
    for id in &ledger.conversations {
        assert!(
            stored.conversations.contains_key(id),
            "conversation {id} was acknowledged and is gone"
        );
    }
    for (title, fate) in &mut ledger.made_empty {
        let found: Vec<_> = stored
            .conversations
            .values()
            .filter(|one| one.title == *title)
            .collect();
        if let [one] = found.as_slice() {
            ledger.titles.entry(one.id).or_insert_with(|| Titles {
                sure: Some(title.clone()),
                maybe: Vec::new(),
            });
        }
        // It may have got another name since; that it is there was seen above.
        assert!(found.len() <= 1, "{title:?} was made {} times", found.len());
        assert!(
            found.is_empty() || *fate != Fate::Refused,
            "{title:?} was refused and is there"
        );
    }
    for (id, titles) in &mut ledger.titles {
        let title = &stored.conversations[id].title;
        if titles.maybe.contains(title) {
            titles.sure = Some(title.clone());
        } else if let Some(sure) = &titles.sure {
            assert_eq!(title, sure, "the name of conversation {id} is lost");
        }
        titles.maybe.clear();
    }
    for conversation in stored.conversations.values() {
        if let Some(active) = conversation.active_message_id {
            let message = stored.messages.get(&active);
            assert!(
                message.is_some_and(|message| message.conversation_id == conversation.id),
                "{conversation:?} shows a message that is not there"
            );
        }
    }
    ledger.conversations = stored.conversations.keys().copied().collect();
    ledger.conversations.sort_unstable();
}

/// Every acknowledged message is there once, every other at most once, and no others are.
fn check_questions(ledger: &mut Ledger, stored: &Stored) {
    let mut by_number: HashMap<u64, &Message> = HashMap::new();
    for message in stored.of(Role::User) {
        let number = answers::number_of(&message.content);
        let number = number.unwrap_or_else(|| panic!("nobody has sent {message:?}"));
        assert_eq!(message.content, answers::question(number));
        assert_eq!(message.status, MessageStatus::Complete, "{message:?}");
        let before = by_number.insert(number, message);
        assert!(before.is_none(), "there twice: {message:?}, {before:?}");
    }
    for question in &mut ledger.questions {
        let found = by_number.remove(&question.number);
        match (found, question.fate) {
            (Some(message), Fate::Acknowledged | Fate::Unknown) => {
                if let Some(conversation) = question.conversation {
                    assert_eq!(message.conversation_id, conversation, "{message:?}");
                }
                question.fate = Fate::Acknowledged;
                question.conversation = Some(message.conversation_id);
                // It was stored together with its first answer.
                let answers = stored.children(message.id).count();
                let retries = ledger.retries.get(&question.number).copied().unwrap_or(0);
                assert!(
                    (1..=retries + 1).contains(&answers),
                    "{answers} answers to {message:?}, asked for {retries} times again"
                );
            }
            (None, Fate::Unknown) => question.fate = Fate::Refused,
            (None, Fate::Refused) => {}
            (None, Fate::Acknowledged) => panic!("acknowledged and lost: {question:?}"),
            (Some(message), Fate::Refused) => panic!("refused and stored: {message:?}"),
        }
    }
    assert!(by_number.is_empty(), "nobody has sent {by_number:?}");
}

async fn check_answers(
    account: &Account,
    ledger: &mut Ledger,
    stored: &Stored,
    killed_at: Instant,
) {
    let may_be_cancelled: HashSet<MessageId> = ledger
        .answers
        .iter()
        .filter(|answer| answer.may_be_cancelled)
        .map(|answer| answer.id)
        .collect();
    let named: HashSet<MessageId> = ledger.answers.iter().map(|answer| answer.id).collect();
    for message in stored.of(Role::Assistant) {
        let question = message.parent_id.and_then(|id| stored.messages.get(&id));
        let question = question.unwrap_or_else(|| panic!("an answer to nothing: {message:?}"));
        let whole = answers::text(answers::number_of(&question.content).expect("checked"));
        assert!(
            whole.starts_with(&message.content),
            "the upstream never sent {message:?}"
        );
        let reason = message.finish_reason;
        match message.status {
            MessageStatus::Complete => {
                assert_eq!(reason, Some(FinishReason::Stop), "{message:?}");
                assert_eq!(message.content, whole, "called complete");
            }
            MessageStatus::Interrupted => {
                assert_eq!(reason, Some(FinishReason::Interrupted), "{message:?}");
            }
            MessageStatus::Cancelled => {
                assert_eq!(reason, Some(FinishReason::Cancelled), "{message:?}");
                // Whose names never reached their reader may have been left by them.
                let asked = may_be_cancelled.contains(&message.id) || !named.contains(&message.id);
                assert!(asked, "nobody has cancelled {message:?}");
            }
            MessageStatus::Running | MessageStatus::Failed | MessageStatus::Other => {
                panic!("{message:?}")
            }
        }
    }
    for answer in ledger.answers.iter_mut().filter(|answer| !answer.audited) {
        let message = stored.messages.get(&answer.id);
        let message = message.unwrap_or_else(|| panic!("named and lost: {answer:?}"));
        check_answer(answer, message, killed_at);
        let generation: Generation = account
            .read(&format!("/api/generations/{}", answer.generation))
            .await;
        assert_eq!(generation.status, message.status, "{generation:?}");
        assert_eq!(generation.assistant_message_id, message.id);
        assert!(generation.finished_at.is_some(), "{generation:?}");
        answer.audited = true;
    }
}

/// What its reader has seen is stored, but for the last moments before the end.
fn check_answer(answer: &Answer, message: &Message, killed_at: Instant) {
    assert_eq!(message.conversation_id, answer.conversation);
    if let Some(done) = &answer.done {
        assert_eq!(message, done, "stored otherwise than it was announced");
        return;
    }
    let (stored, seen) = (&message.content, &answer.text);
    assert!(
        stored.starts_with(seen.as_str()) || seen.starts_with(stored.as_str()),
        "stored {stored:?}, seen {seen:?}"
    );
    let safe = killed_at
        .checked_sub(WRITTEN_BY)
        .map_or(0, |moment| answer.seen_at(moment));
    assert!(
        stored.len() >= safe,
        "{safe} bytes were seen {WRITTEN_BY:?} before the end, but {} are stored: {message:?}",
        stored.len()
    );
}

/// What an earlier audit has seen has not changed, nor gone.
fn check_settled(ledger: &mut Ledger, stored: &Stored) {
    for (id, before) in &ledger.settled {
        assert_eq!(stored.messages.get(id), Some(before), "changed afterwards");
    }
    ledger.settled.clone_from(&stored.messages);
}

/// Acknowledged files are there byte for byte; of the others, what is there at all is whole.
async fn check_uploads(account: &Account, ledger: &mut Ledger) {
    let folder = format!("/api/projects/{}/files", ledger.project);
    let page: Page<File> = account.read(&format!("{folder}?limit=200")).await;
    assert_eq!(page.next_cursor, None, "more files than expected");
    let mut found: HashMap<&str, &File> = page
        .items
        .iter()
        .map(|file| (file.name.as_str(), file))
        .collect();
    let mut kept = Vec::new();
    for mut upload in std::mem::take(&mut ledger.uploads) {
        match (found.remove(upload.name.as_str()), upload.fate) {
            (None, Fate::Unknown | Fate::Refused) => continue,
            (None, Fate::Acknowledged) => panic!("acknowledged and lost: {}", upload.name),
            (Some(file), _) => assert_eq!(
                usize::try_from(file.size).expect("a size"),
                upload.bytes.len(),
                "{file:?}"
            ),
        }
        upload.fate = Fate::Acknowledged;
        if upload.audited {
            kept.push(upload);
            continue;
        }
        upload.audited = true;
        let name: String = byte_serialize(upload.name.as_bytes()).collect();
        let path = format!("{folder}/{}", name.replace('+', "%20"));
        let response = account.request(Method::GET, &path).send().await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), 200, "{path}");
        let bytes = response.bytes().await.expect("the server answers");
        assert!(bytes == upload.bytes, "{} has changed", upload.name);
        kept.push(upload);
    }
    assert!(found.is_empty(), "nobody has sent {found:?}");
    ledger.uploads = kept;
}

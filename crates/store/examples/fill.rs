//! Fills accounts with conversations for `cargo xtask bench`, through the functions that the server
//! itself uses, and says what letting messages be searched costs when they are written.
//!
//! `fill DATABASE_URL EMAIL=MESSAGES…`: the accounts must exist. Prints the microseconds that a
//! message takes to be written without and with its place in the index, 50 in a transaction as when many write.

#![expect(clippy::print_stdout, reason = "that is how it answers")]

use std::time::Instant;

use anyhow::{Context, Result};
use prompthub_dto::ids::{ConversationId, MessageId, ProjectId};
use prompthub_store::{
    DatabaseUrl, MessageRole, MessageStatus, Store, StoreError, TitledBy,
    conversations::{self, ConversationRow, NewConversation},
    messages::{self, NewMessage},
    now,
    projects::{self, NewProject},
    search, users,
};

const PROJECTS: usize = 5;
const MESSAGES_OF_A_CONVERSATION: usize = 40;
/// Transactions whose writing is measured, and the messages of each.
const MEASURED: usize = 100;
const MESSAGES_AT_ONCE: usize = 50;
/// One message in so many has this word.
const RARE_WORD: (&str, usize) = ("quokka", 5_000);
/// The most frequent words of English; the others are made up.
const COMMON: &str = "the of and to a in is that it for was on with as be at by this have from or \
    not are but which you all were can there what when your how if more about code file function \
    error example value type user data";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url: DatabaseUrl = arguments.next().context("no database URL")?.parse()?;
    let store = Store::connect(&url).await?;
    store.migrate().await?;
    let mut text = Text::new();
    let mut measured = None;
    for argument in arguments {
        let (email, count) = argument.split_once('=').context("EMAIL=MESSAGES")?;
        let projects = make_projects(&store, email).await?;
        let mut left: usize = count.parse()?;
        for project in projects.iter().cycle() {
            if left == 0 {
                break;
            }
            let length = MESSAGES_OF_A_CONVERSATION.min(left);
            left -= length;
            fill(&store, *project, &mut text, length).await?;
        }
        measured = projects.first().copied();
    }
    // Or the server that is measured would do it meanwhile.
    while store.write(search::index_pending).await? > 0 {}
    let project = measured.context("no account")?;
    let unindexed = measure(&store, project, &mut text, MessageStatus::Running).await?;
    let indexed = measure(&store, project, &mut text, MessageStatus::Complete).await?;
    println!("{unindexed} {indexed}");
    Ok(())
}

type Project = (prompthub_dto::ids::UserId, ProjectId);

async fn make_projects(store: &Store, email: &str) -> Result<Vec<Project>> {
    let key = email.to_owned();
    let owner = store
        .read(move |conn| users::find_by_email_key(conn, &key))
        .await?
        .with_context(|| format!("there is no {email}"))?
        .id;
    let made = store.write(move |conn| {
        (0..PROJECTS)
            .map(|number| {
                let new = NewProject {
                    id: ProjectId::new(),
                    owner_id: owner,
                    name: format!("Project {number}"),
                    description: String::new(),
                    system_prompt: String::new(),
                    model: "demo/echo".to_owned(),
                    parameters: "{}".to_owned(),
                    now: now(),
                };
                projects::insert(conn, &new)?;
                Ok::<_, StoreError>((owner, new.id))
            })
            .collect()
    });
    Ok(made.await?)
}

/// A conversation of so many messages.
async fn fill(store: &Store, project: Project, text: &mut Text, length: usize) -> Result<()> {
    let conversation = converse(project, text);
    let rows: Vec<_> = (0..length)
        .map(|number| message(conversation.id, text, number, MessageStatus::Complete))
        .collect();
    store
        .write(move |conn| {
            conversations::insert(conn, &conversation)?;
            for row in &rows {
                messages::insert(conn, row)?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    Ok(())
}

/// Microseconds for each message of the transaction in the middle.
async fn measure(
    store: &Store,
    project: Project,
    text: &mut Text,
    status: MessageStatus,
) -> Result<u128> {
    let conversation = converse(project, text);
    let id = conversation.id;
    let _: ConversationRow = store
        .write(move |conn| conversations::insert(conn, &conversation))
        .await?;
    let mut times = Vec::with_capacity(MEASURED);
    for _ in 0..MEASURED {
        let rows: Vec<_> = (0..MESSAGES_AT_ONCE)
            .map(|number| message(id, text, number, status))
            .collect();
        let start = Instant::now();
        store
            .write(move |conn| {
                for row in &rows {
                    messages::insert(conn, row)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let middle = times.get(MEASURED / 2).context("nothing was measured")?;
    Ok(middle.as_micros() / u128::try_from(MESSAGES_AT_ONCE)?)
}

fn converse((owner_id, project_id): Project, text: &mut Text) -> NewConversation {
    NewConversation {
        id: ConversationId::new(),
        project_id,
        owner_id,
        title: text.words(4),
        titled_by: TitledBy::Generated,
        now: now(),
    }
}

fn message(
    conversation_id: ConversationId,
    text: &mut Text,
    number: usize,
    status: MessageStatus,
) -> NewMessage {
    // A short question, and an answer of half a page.
    let (role, length) = match number % 2 {
        0 => (MessageRole::User, 10 + text.random(30)),
        _ => (MessageRole::Assistant, 50 + text.random(250)),
    };
    let mut content = text.words(length);
    if text.random(RARE_WORD.1) == 0 {
        content.push(' ');
        content.push_str(RARE_WORD.0);
    }
    NewMessage {
        id: MessageId::new(),
        conversation_id,
        parent_id: None,
        role,
        content,
        status,
        answerer: None,
        prompt_version: None,
        generation_id: None,
        attachments: None,
        now: now(),
    }
}

/// Text whose words are as frequent as in a natural language (Zipf's law), the same at each run.
struct Text {
    words: Vec<String>,
    state: u64,
}

impl Text {
    fn new() -> Self {
        const SYLLABLES: [&str; 20] = [
            "ka", "re", "mo", "ti", "sul", "ven", "dor", "pi", "la", "nes", "gor", "ba", "cri",
            "u", "ano", "the", "st", "ex", "qua", "za",
        ];
        let mut text = Self {
            words: COMMON.split_whitespace().map(str::to_owned).collect(),
            state: 1,
        };
        while text.words.len() < 40_000 {
            let length = 2 + text.random(4);
            let word = (0..length)
                .filter_map(|_| SYLLABLES.get(text.random(SYLLABLES.len())))
                .copied()
                .collect();
            text.words.push(word);
        }
        text
    }

    /// A number below `end`, from a linear congruential generator.
    fn random(&mut self, end: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap_or_default() % end.max(1)
    }

    fn words(&mut self, count: usize) -> String {
        let mut text = String::new();
        for number in 0..count {
            // Uniform in the logarithm: the n-th word is there in proportion to 1/n.
            let mut end = 2;
            for _ in 0..self.random(16) {
                end *= 2;
            }
            let rank = (end / 2 + self.random(end / 2)).min(self.words.len()) - 1;
            if number > 0 {
                text.push_str(if number % 12 == 0 { ".\n" } else { " " });
            }
            text.extend(self.words.get(rank).map(String::as_str));
        }
        text
    }
}

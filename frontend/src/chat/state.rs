//! What the chat pane knows: the conversation, the answer being written, and what is being sent.
//!
//! Owns the signals and the decisions of a person: open, send, edit, regenerate, stop, choose a
//! version. `answer` owns what the network does in between. Must not render.

use futures_util::future::{AbortHandle, abortable};
use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{
    chat::{Conversation, Message, MessageStatus, UpdateConversation},
    ids::{ConversationId, MessageId},
    projects::Project,
};

use super::{live::LiveAnswer, tree::MessageTree};
use crate::api::{ApiError, conversations};

/// How many messages are put on the page at a time, so that a long conversation opens at once.
const WINDOW: usize = 60;

/// How far the messages of the conversation are.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    Loading,
    Failed(ApiError),
    Ready,
}

/// What a person asks the server to answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A new message; with `edits`, a new version of that one.
    Message {
        text: String,
        edits: Option<MessageId>,
    },
    /// Another answer in place of this one.
    Again(MessageId),
}

/// A question that the server did not take, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub question: Question,
    pub error: ApiError,
}

/// The state of one chat pane.
#[derive(Clone, Copy)]
pub struct ChatState {
    pub project: Signal<Project>,
    pub(super) on_conversation: Callback<ConversationId>,
    /// Whose messages `tree` holds; `None` for a conversation that is yet to begin.
    pub conversation: RwSignal<Option<ConversationId>>,
    pub load: RwSignal<Load>,
    pub tree: RwSignal<MessageTree>,
    /// The end of the path that is shown.
    pub leaf: RwSignal<Option<MessageId>>,
    /// So many messages at the beginning of the path are not shown yet.
    pub hidden: RwSignal<usize>,
    pub live: RwSignal<Option<LiveAnswer>>,
    /// The question that the server has not acknowledged yet.
    pub pending: RwSignal<Option<Question>>,
    pub refusal: RwSignal<Option<Refusal>>,
    /// What is typed and not sent.
    pub draft: RwSignal<String>,
    /// The message that the draft is a new version of.
    pub editing: RwSignal<Option<MessageId>>,
    /// Counts up whenever the reader is to be taken to the end.
    pub to_end: RwSignal<u32>,
    /// The last thing that is worth saying aloud.
    pub announcement: RwSignal<&'static str>,
    /// A stop was asked for before there was a generation to stop.
    pub(super) stop_early: StoredValue<bool>,
    /// Ends what the pane is doing on the network.
    work: StoredValue<Option<AbortHandle>>,
    /// Ends the wait for the network alone, so that it is tried again at once.
    pub(super) wait: StoredValue<Option<AbortHandle>>,
    /// Whether the next frame will show `live`.
    pub(super) frame_asked: StoredValue<bool>,
}

impl ChatState {
    pub fn new(project: Signal<Project>, on_conversation: Callback<ConversationId>) -> Self {
        let state = Self {
            project,
            on_conversation,
            conversation: RwSignal::new(None),
            load: RwSignal::new(Load::Ready),
            tree: RwSignal::new(MessageTree::default()),
            leaf: RwSignal::new(None),
            hidden: RwSignal::new(0),
            live: RwSignal::new(None),
            pending: RwSignal::new(None),
            refusal: RwSignal::new(None),
            draft: RwSignal::new(String::new()),
            editing: RwSignal::new(None),
            to_end: RwSignal::new(0),
            announcement: RwSignal::new(""),
            stop_early: StoredValue::new(false),
            work: StoredValue::new(None),
            wait: StoredValue::new(None),
            frame_asked: StoredValue::new(false),
        };
        on_cleanup(move || state.abort_work());
        state
    }

    /// Whether an answer is being asked for or written.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        self.pending.with(Option::is_some) || self.live.with(Option::is_some)
    }

    /// Shows another conversation, or the beginning of a new one.
    pub fn open(self, conversation: Option<ConversationId>) {
        self.abort_work();
        self.conversation.set(conversation);
        self.tree.set(MessageTree::default());
        self.leaf.set(None);
        self.live.set(None);
        self.pending.set(None);
        self.refusal.set(None);
        self.announcement.set("");
        self.hidden.set(0);
        self.restore_draft();
        let Some(id) = conversation else {
            self.load.set(Load::Ready);
            return;
        };
        self.hidden.set(usize::MAX);
        self.load.set(Load::Loading);
        self.work(async move {
            match read(id).await {
                Ok((conversation, messages)) => {
                    self.show(&conversation, messages);
                    self.forget_sent_draft();
                    self.to_end();
                    self.follow_running().await;
                }
                Err(error) => self.load.set(Load::Failed(error)),
            }
        });
    }

    /// Puts right what another tab or program has changed in the meantime.
    pub fn refresh(self) {
        let idle = !self.pending.with_untracked(Option::is_some)
            && !self.live.with_untracked(Option::is_some)
            && self.load.get_untracked() == Load::Ready;
        let Some(id) = self.conversation.get_untracked().filter(|_| idle) else {
            return;
        };
        self.work(async move {
            // What is shown stays true to its moment where the server cannot be asked.
            let Ok(conversation) = conversations::find(id).await else {
                return;
            };
            if conversation.active_message_id == self.leaf.get_untracked() {
                return;
            }
            if let Ok((conversation, messages)) = read(id).await {
                self.show(&conversation, messages);
                self.follow_running().await;
            }
        });
    }

    pub(super) fn show(self, conversation: &Conversation, messages: Vec<Message>) {
        let tree = MessageTree::from_messages(messages);
        let active = conversation
            .active_message_id
            .filter(|id| tree.get(*id).is_some());
        let leaf = active.or_else(|| tree.newest_leaf(None));
        let length = leaf.map_or(0, |leaf| tree.path(leaf).len());
        self.hidden
            .update(|hidden| *hidden = (*hidden).min(length.saturating_sub(WINDOW)));
        self.tree.set(tree);
        self.leaf.set(leaf);
        self.load.set(Load::Ready);
    }

    /// Shows more of what was said before. Says whether there was more.
    pub fn show_earlier(self) -> bool {
        let hidden = self.hidden.get_untracked();
        if hidden > 0 {
            self.hidden.set(hidden.saturating_sub(WINDOW));
        }
        hidden > 0
    }

    /// Sends what is typed.
    pub fn send_draft(self) {
        let blank = self.draft.with_untracked(|draft| draft.trim().is_empty());
        if !blank && !untrack(|| self.is_answering()) {
            let question = self.take_draft();
            self.ask(question);
        }
    }

    /// Has an answer made again.
    pub fn regenerate(self, answer: MessageId) {
        if !untrack(|| self.is_answering()) {
            self.ask(Question::Again(answer));
        }
    }

    /// Asks what was refused once more.
    pub fn retry(self) {
        let Some(Refusal { question, .. }) = self.refusal.get_untracked() else {
            return;
        };
        match question {
            // The text stands in the box, perhaps mended since.
            Question::Message { .. } => self.send_draft(),
            Question::Again(answer) => self.regenerate(answer),
        }
    }

    /// Stops the answer; its text so far is kept.
    pub fn stop(self) {
        let Some(generation) = self
            .live
            .with_untracked(|live| live.as_ref().map(|live| live.generation))
        else {
            self.stop_early
                .set_value(self.pending.with_untracked(Option::is_some));
            return;
        };
        let set_stopping = move |stopping| {
            self.live.update(|live| {
                if let Some(live) = live.as_mut().filter(|live| live.generation == generation) {
                    live.stopping = stopping;
                }
            });
        };
        set_stopping(true);
        spawn_local(async move {
            if conversations::cancel_generation(generation).await.is_err() {
                // The button stands again, so the person can press it again.
                set_stopping(false);
                self.announcement
                    .set("The answer could not be stopped. Try again.");
            }
        });
    }

    /// What the Escape key means: first to leave an edit, then to stop the answer.
    pub fn escape(self) {
        if self.editing.get_untracked().is_some() {
            self.cancel_edit();
        } else if untrack(|| self.is_answering()) {
            self.stop();
        }
    }

    /// Shows another version of a message, with what was said after it.
    pub fn choose_version(self, version: MessageId) {
        let leaf = self
            .tree
            .with_untracked(|tree| tree.newest_leaf(Some(version)));
        self.leaf.set(leaf);
        let (Some(conversation), Some(leaf)) = (self.conversation.get_untracked(), leaf) else {
            return;
        };
        self.resume_shown();
        spawn_local(async move {
            let body = UpdateConversation {
                active_message_id: Some(leaf),
                ..UpdateConversation::default()
            };
            // The choice holds on this page anyway; what is sent next names its place itself.
            let _ = conversations::update(conversation, body).await;
        });
    }

    /// Follows the answer at the end of what is shown, where that is still being written.
    fn resume_shown(self) {
        if !untrack(|| self.is_answering()) {
            self.work(self.follow_running());
        }
    }

    fn ask(self, question: Question) {
        self.refusal.set(None);
        self.stop_early.set_value(false);
        self.pending.set(Some(question.clone()));
        self.to_end();
        self.announcement.set("Sending.");
        self.work(self.answer(question));
    }

    /// The answer at the end of the path, if it is still being written.
    pub(super) fn running(self) -> Option<LiveAnswer> {
        let leaf = self.leaf.get_untracked()?;
        let message = self.tree.with_untracked(|tree| tree.get(leaf).cloned())?;
        let generation = message.generation_id?;
        (message.status == MessageStatus::Running)
            .then(|| LiveAnswer::new(generation, Message::clone(&message)))
    }

    pub(super) fn to_end(self) {
        self.to_end.update(|count| *count = count.wrapping_add(1));
    }

    /// Does one thing on the network, in place of what was being done.
    fn work(self, work: impl Future<Output = ()> + 'static) {
        self.abort_work();
        let (work, handle) = abortable(work);
        self.work.set_value(Some(handle));
        spawn_local(async move {
            // Aborted means that somebody has begun something else.
            let _ = work.await;
        });
    }

    fn abort_work(self) {
        if let Some(handle) = self.work.try_update_value(Option::take).flatten() {
            handle.abort();
        }
    }
}

/// A conversation with all its messages.
pub(super) async fn read(id: ConversationId) -> Result<(Conversation, Vec<Message>), ApiError> {
    let (conversation, messages) =
        futures_util::future::join(conversations::find(id), read_messages(id)).await;
    Ok((conversation?, messages?))
}

async fn read_messages(id: ConversationId) -> Result<Vec<Message>, ApiError> {
    let mut messages = Vec::new();
    let mut cursor = None;
    loop {
        let page = conversations::list_messages(id, cursor.as_deref()).await?;
        messages.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(messages);
        }
    }
}

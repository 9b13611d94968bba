//! What the chat pane knows: the conversation, the answer being written, and what is being sent.
//!
//! Owns the signals and what follows from them. `asking` owns the decisions of a person, `reading` what is shown of what
//! was said, `answer` what the network does until an answer has ended. Must not render.

use std::{ops::Deref, pin::Pin};

use futures_util::future::{AbortHandle, abortable};
use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{
    chat::{Message, MessageStatus},
    ids::{ConversationId, MessageId},
    projects::Project,
};

use super::{
    doubt::Doubt, live::LiveAnswer, reading::Older, sending::ImagesOnTheirWay, span::Span,
    tree::MessageTree,
};
use crate::{
    api::ApiError,
    state::{
        tabs,
        toasts::{Toasts, use_toasts},
    },
};

/// Begins something that can be ended before it is done.
pub(super) fn spawn(work: Pin<Box<dyn Future<Output = ()>>>) -> AbortHandle {
    let (work, handle) = abortable(work);
    spawn_local(async move {
        // Aborted means that somebody has begun something else.
        let _ = work.await;
    });
    handle
}

/// What has happened in the pane that the page around it may want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// This conversation was read, which may be in no list of the page's.
    Read {
        conversation: ConversationId,
        title: String,
    },
    /// The first message has made this conversation.
    Begun(ConversationId),
    /// A message was added to this conversation.
    Asked(ConversationId),
    /// A file was added to the project.
    FilesChanged,
    /// An answer has ended.
    Answered {
        conversation: ConversationId,
        /// Whether it answers the first message, and a real model gave it.
        first: bool,
    },
}

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
        /// Names of files of the project.
        images: Vec<String>,
        edits: Option<MessageId>,
        /// Instead of the project's.
        model: Option<String>,
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

/// The state of one chat pane, as what every part of it holds: a reference, since a copy of all the
/// signals in every closure would be a tenth of the page's code.
#[derive(Clone, Copy)]
pub struct ChatState(&'static ChatSignals);

impl Deref for ChatState {
    type Target = ChatSignals;

    fn deref(&self) -> &ChatSignals {
        self.0
    }
}

/// The signals of one chat pane.
pub struct ChatSignals {
    pub project: Signal<Project>,
    /// The address at which it says how to set up a provider.
    pub providers: &'static str,
    pub(super) on_event: Callback<ChatEvent>,
    /// Takes files that are no images, for the project.
    pub(super) on_files: Callback<Vec<web_sys::File>>,
    /// The names of the images among the project's files.
    pub(super) image_names: Signal<Vec<String>>,
    /// Whose messages `tree` holds; `None` for a conversation that is yet to begin.
    pub conversation: RwSignal<Option<ConversationId>>,
    pub load: RwSignal<Load>,
    pub tree: RwSignal<MessageTree>,
    /// The end of the path that is shown.
    pub leaf: RwSignal<Option<MessageId>>,
    /// Which part of the path is on the page.
    pub span: RwSignal<Span>,
    pub older: RwSignal<Older>,
    /// The message that was looked for, for as long as it stands out.
    pub marked: RwSignal<Option<MessageId>>,
    pub live: RwSignal<Option<LiveAnswer>>,
    /// The question that the server has not acknowledged yet.
    pub pending: RwSignal<Option<Question>>,
    pub refusal: RwSignal<Option<Refusal>>,
    /// A question of which it is not known whether the server has it.
    pub(super) doubt: StoredValue<Option<Doubt>>,
    /// The last conversation that was begun here.
    pub(super) begun: RwSignal<Option<ConversationId>>,
    /// What is typed and not sent.
    pub draft: RwSignal<String>,
    /// The images that go with it, by the names of the project's files.
    pub images: RwSignal<Vec<String>>,
    /// Those of whatever draft that are still on their way to the project's files.
    pub(super) sending: ImagesOnTheirWay,
    /// The model that the next message goes to, where that is not the project's.
    pub model: RwSignal<Option<String>>,
    /// The message that the draft is a new version of.
    pub editing: RwSignal<Option<MessageId>>,
    /// Counts up whenever the reader is to be taken to the end.
    pub to_end: RwSignal<u32>,
    /// Whether what was said before is still being put on the page.
    pub settling: RwSignal<bool>,
    /// The answer that has just ended.
    pub(super) ended: StoredValue<Option<MessageId>>,
    /// The last thing that is worth saying aloud.
    pub announcement: RwSignal<&'static str>,
    /// The end of the path that the person has chosen, until the server knows of it.
    pub(super) chosen: StoredValue<Option<MessageId>>,
    /// Whether the server is being told of it.
    pub(super) telling: StoredValue<bool>,
    /// A stop was asked for before there was a generation to stop.
    pub(super) stop_early: RwSignal<bool>,
    /// The message to go to, which may still have to be read.
    pub(super) sought: StoredValue<Option<MessageId>>,
    pub(super) toasts: Toasts,
    /// Ends what the pane is doing on the network.
    work: StoredValue<Option<AbortHandle>>,
    /// Ends the reading of what was said before.
    pub(super) reading: StoredValue<Option<AbortHandle>>,
    /// Ends the wait for the network alone, so that it is tried again at once.
    pub(super) wait: StoredValue<Option<AbortHandle>>,
    /// Whether the next frame will show `live`.
    pub(super) frame_asked: StoredValue<bool>,
}

impl ChatState {
    pub fn new(
        project: Signal<Project>,
        image_names: Signal<Vec<String>>,
        providers: &'static str,
        on_event: Callback<ChatEvent>,
        on_files: Callback<Vec<web_sys::File>>,
    ) -> Self {
        let signals = ChatSignals {
            project,
            providers,
            on_event,
            on_files,
            image_names,
            conversation: RwSignal::new(None),
            load: RwSignal::new(Load::Ready),
            tree: RwSignal::new(MessageTree::default()),
            leaf: RwSignal::new(None),
            span: RwSignal::new(Span::default()),
            older: RwSignal::new(Older::Complete),
            marked: RwSignal::new(None),
            live: RwSignal::new(None),
            pending: RwSignal::new(None),
            refusal: RwSignal::new(None),
            doubt: StoredValue::new(None),
            begun: RwSignal::new(None),
            draft: RwSignal::new(String::new()),
            images: RwSignal::new(Vec::new()),
            sending: ImagesOnTheirWay::of(project.with_untracked(|project| project.id)),
            model: RwSignal::new(None),
            editing: RwSignal::new(None),
            to_end: RwSignal::new(0),
            settling: RwSignal::new(false),
            ended: StoredValue::new(None),
            announcement: RwSignal::new(""),
            chosen: StoredValue::new(None),
            telling: StoredValue::new(false),
            stop_early: RwSignal::new(false),
            sought: StoredValue::new(None),
            toasts: use_toasts(),
            work: StoredValue::new(None),
            reading: StoredValue::new(None),
            wait: StoredValue::new(None),
            frame_asked: StoredValue::new(false),
        };
        // What the signals hold goes with the pane; their handles are some hundred bytes, which stay.
        let state = Self(Box::leak(Box::new(signals)));
        state.sending.show_in(state);
        on_cleanup(move || {
            state.abort_work();
            state.abort_reading();
        });
        state
    }

    /// Whether an answer is being asked for or written.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        self.pending.with(Option::is_some) || self.live.with(Option::is_some)
    }

    /// The messages to show: the path, without what a pending question is going to stand in place
    /// of; tracks.
    #[must_use]
    pub fn path(self) -> Vec<MessageId> {
        let Some(leaf) = self.leaf.get() else {
            return Vec::new();
        };
        let mut path = self.tree.with(|tree| tree.path(leaf));
        let replaced = match self.pending.get() {
            Some(Question::Message { edits, .. }) => edits,
            Some(Question::Again(answer)) => Some(answer),
            None => None,
        };
        if let Some(place) = replaced.and_then(|id| path.iter().position(|other| *other == id)) {
            path.truncate(place);
        }
        path
    }

    /// Whether the path begins before what is shown.
    #[must_use]
    pub fn has_earlier(self) -> bool {
        let path = untrack(|| self.path());
        self.span.with_untracked(|span| span.range(&path)).start > 0
    }

    /// Shows more of what was said before what is shown.
    pub fn show_earlier(self) {
        let path = untrack(|| self.path());
        self.span.update(|span| *span = span.earlier(&path));
    }

    /// Shows more of what was said after what is shown.
    pub fn show_later(self) {
        let path = untrack(|| self.path());
        self.span.update(|span| *span = span.later(&path));
    }

    /// Whether there is nothing to send, or an image is not there yet; tracks.
    #[must_use]
    pub fn is_blank(self) -> bool {
        let text = self.draft.with(|draft| draft.trim().is_empty());
        (text && self.images.with(Vec::is_empty)) || !self.sending_here().is_empty()
    }

    /// Says aloud whether something is on the clipboard now.
    pub(super) fn say_copied(self, copied: bool) {
        // What was said before may have been the same.
        self.announcement.set("");
        let words = if copied { "Copied." } else { "Not copied." };
        request_animation_frame(move || {
            // The pane may be gone by then.
            let _ = self.announcement.try_set(words);
        });
    }

    /// Tells the page around the pane, unless that is gone.
    pub(super) fn tell(self, event: ChatEvent) {
        if !matches!(event, ChatEvent::Read { .. }) {
            tabs::tell_others();
        }
        self.on_event.try_run(event);
    }

    /// The answer at the end of the path, if it is still being written.
    pub(super) fn running(self) -> Option<LiveAnswer> {
        let leaf = self.leaf.get_untracked()?;
        let message = self.tree.with_untracked(|tree| tree.get(leaf).cloned())?;
        let generation = message.generation_id?;
        (message.status == MessageStatus::Running)
            .then(|| LiveAnswer::new(generation, Message::clone(&message)))
    }

    /// Has the end of the path on the page, wherever the reader is.
    pub(super) fn show_end(self) {
        let path = untrack(|| self.path());
        let shown = self.span.with_untracked(|span| span.range(&path));
        if shown.end < path.len() {
            self.span.set(Span::at_end(&path));
        }
    }

    /// Takes the reader to the end of the path.
    pub fn to_end(self) {
        self.show_end();
        self.to_end.update(|count| *count = count.wrapping_add(1));
    }

    /// Does one thing on the network, in place of what was being done.
    pub(super) fn work(self, work: impl Future<Output = ()> + 'static) {
        self.abort_work();
        self.work.set_value(Some(spawn(Box::pin(work))));
    }

    pub(super) fn abort_work(self) {
        if let Some(handle) = self.work.try_update_value(Option::take).flatten() {
            handle.abort();
        }
    }
}

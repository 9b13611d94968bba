//! What a person does in the chat pane: sends, has answered again, and stops.
//!
//! Owns what each of these may interrupt and what it begins. How a question and its answer go over the network is
//! `answer`'s.

use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::ids::MessageId;

use super::{
    live::LiveAnswer,
    state::{ChatState, Question, Refusal},
};
use crate::api::conversations;

impl ChatState {
    /// Sends what is typed.
    pub fn send_draft(self) {
        if !untrack(|| self.is_blank() || self.is_answering()) {
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
                .set(self.pending.with_untracked(Option::is_some));
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
            let failed = conversations::cancel_generation(generation).await.is_err();
            // It may have ended by itself, and the pane be gone.
            let goes_on = self.live.try_with_untracked(|live| {
                live.as_ref()
                    .is_some_and(|live| live.generation == generation)
            });
            if failed && goes_on == Some(true) {
                // The button stands again, so the person can press it again.
                set_stopping(false);
                self.toasts
                    .problem("The answer could not be stopped. Try again.");
            }
        });
    }

    /// Whether a stop was asked for, and the answer has not ended yet; tracks.
    #[must_use]
    pub fn is_stopping(self) -> bool {
        let stopping = |live: &Option<LiveAnswer>| live.as_ref().is_some_and(|live| live.stopping);
        self.stop_early.get() || self.live.with(stopping)
    }

    /// Stops the answer that has just begun, where that was asked for before it had.
    pub(super) fn stop_as_wished(self) {
        if self.stop_early.get_untracked() {
            self.stop_early.set(false);
            if self.live.with_untracked(Option::is_some) {
                self.stop();
            }
        }
    }

    /// What the Escape key means: first to leave an edit, then to stop the answer.
    pub fn escape(self) {
        if self.editing.get_untracked().is_some() {
            self.leave_edit();
        } else if untrack(|| self.is_answering()) {
            self.stop();
        }
    }

    fn ask(self, question: Question) {
        self.refusal.set(None);
        self.stop_early.set(false);
        self.pending.set(Some(question.clone()));
        self.to_end();
        self.announcement.set("Sending.");
        self.work(self.answer(question));
    }
}

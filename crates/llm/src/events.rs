//! What the JSON of an answer has told and nobody has taken yet, as events in their order.
//!
//! Owns what every wire format does with text, a model's name and an end. Must not know the JSON.

use std::{borrow::Cow, collections::VecDeque};

use crate::{CompletionEvent, FinishReason, Usage};

/// Up to here, pieces of text that arrive together become one event.
const MAX_PIECE_BYTES: usize = 16 * 1024;
/// The most characters of a finish reason that has no name here.
const MAX_REASON_CHARS: usize = 64;

/// The events of one answer.
#[derive(Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<CompletionEvent>,
    model: String,
    finish_reason: Option<FinishReason>,
}

impl Events {
    /// More of the answer, if there is anything in it.
    pub(crate) fn add_text(&mut self, piece: Cow<'_, str>) {
        match self.queue.back_mut() {
            _ if piece.is_empty() => {}
            Some(CompletionEvent::Text(text)) if text.len() < MAX_PIECE_BYTES => {
                text.push_str(&piece);
            }
            _ => self
                .queue
                .push_back(CompletionEvent::Text(piece.into_owned())),
        }
    }

    /// More of what the model thinks, if there is anything in it.
    pub(crate) fn add_reasoning(&mut self, piece: Cow<'_, str>) {
        match self.queue.back_mut() {
            _ if piece.is_empty() => {}
            Some(CompletionEvent::Reasoning(text)) if text.len() < MAX_PIECE_BYTES => {
                text.push_str(&piece);
            }
            _ => self
                .queue
                .push_back(CompletionEvent::Reasoning(piece.into_owned())),
        }
    }

    /// The model that answers; told when it is another than before.
    pub(crate) fn set_model(&mut self, model: Cow<'_, str>) {
        if !model.is_empty() && model != self.model {
            self.model = model.into_owned();
            self.queue
                .push_back(CompletionEvent::Model(self.model.clone()));
        }
    }

    /// What has been used so far, if it is known.
    pub(crate) fn add_usage(&mut self, usage: Option<Usage>) {
        self.queue.extend(usage.map(CompletionEvent::Usage));
    }

    /// Why the answer ends; told at its end.
    pub(crate) fn set_finish_reason(&mut self, reason: FinishReason) {
        self.finish_reason = Some(reason);
    }

    pub(crate) fn has_finish_reason(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// The answer ended well.
    pub(crate) fn finish(&mut self, usage: Option<Usage>) {
        self.give_up(usage);
        let reason = self.finish_reason.take();
        self.queue.extend(reason.map(CompletionEvent::Finished));
    }

    /// The answer broke off: what was used is told all the same.
    pub(crate) fn give_up(&mut self, usage: Option<Usage>) {
        self.add_usage(usage);
    }

    pub(crate) fn next(&mut self) -> Option<CompletionEvent> {
        self.queue.pop_front()
    }
}

/// A finish reason that has no name here, in the provider's word.
pub(crate) fn other_reason(reason: &str) -> FinishReason {
    FinishReason::Other(reason.chars().take(MAX_REASON_CHARS).collect())
}

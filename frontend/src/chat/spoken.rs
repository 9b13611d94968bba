//! The running answer as it is said aloud: a finished paragraph at a time, and the rest at the end.
//!
//! The message itself is silent while it grows, since a word at a time is no way to be read to.

use leptos::prelude::*;
use prompthub_dto::ids::MessageId;

use super::state::ChatState;

/// How far an answer has been said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Spoken {
    /// The answer that is being written.
    answer: Option<MessageId>,
    /// How many bytes of its text have been said.
    length: usize,
    /// What is said now.
    words: String,
}

impl Spoken {
    /// Goes on with the text of `answer` as far as it has come.
    fn go_on(self, answer: MessageId, text: &str) -> Self {
        let before = Some(self).filter(|before| before.answer == Some(answer));
        let mut now = before.unwrap_or_else(|| Self {
            answer: Some(answer),
            ..Self::default()
        });
        let rest = text.get(now.length..).unwrap_or_default();
        let Some(end) = rest.rfind("\n\n") else {
            return now;
        };
        let (finished, _) = rest.split_at(end.saturating_add(2));
        now.length = now.length.saturating_add(finished.len());
        if !finished.trim().is_empty() {
            now.words = finished.trim().to_owned();
        }
        now
    }

    /// Says what is left of the answer, which has ended with this text.
    fn end(self, text: Option<&str>) -> Self {
        let rest = text.and_then(|text| text.get(self.length..));
        Self {
            words: rest.unwrap_or_default().trim().to_owned(),
            ..Self::default()
        }
    }
}

/// Says the running answer of a pane to whoever listens, politely.
#[component]
pub fn SpokenAnswer(state: ChatState) -> impl IntoView {
    let spoken = Memo::new(move |before: Option<&Spoken>| {
        let before = before.cloned().unwrap_or_default();
        state.live.with(|live| match (live, before.answer) {
            (Some(live), _) => before.go_on(live.id(), &live.message().content),
            (None, Some(answer)) => state.tree.with_untracked(|tree| {
                let text = tree.get(answer).map(|message| message.content.as_str());
                before.end(text)
            }),
            (None, None) => before,
        })
    });
    let words = move || spoken.with(|spoken| spoken.words.clone());
    view! { <div class="ph-visually-hidden ph-chat__spoken" aria-live="polite">{words}</div> }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::chat::Role;

    use super::{super::samples::message, *};

    #[test]
    fn paragraphs_are_said_once_and_the_rest_at_the_end() {
        let answer = message(2, Some(1), Role::Assistant, "").id;
        let mut spoken = Spoken::default();
        let mut said = Vec::new();
        for text in [
            "Wo",
            "Words.",
            "Words.\n\nM",
            "Words.\n\nMore\nof it.\n\n\n\nAn",
        ] {
            spoken = spoken.go_on(answer, text);
            said.push(spoken.words.clone());
        }
        assert_eq!(said, ["", "", "Words.", "More\nof it."]);
        spoken = spoken.end(Some("Words.\n\nMore\nof it.\n\n\n\nAnd the end."));
        assert_eq!(spoken.words, "And the end.");
        // The next answer begins at its beginning; one that is gone has nothing left to say.
        let next = message(4, Some(3), Role::Assistant, "").id;
        spoken = spoken.go_on(next, "Next.\n\n");
        assert_eq!(spoken.words, "Next.");
        assert_eq!(spoken.end(None).words, "");
    }
}

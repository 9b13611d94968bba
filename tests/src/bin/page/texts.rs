//! What is read: a long conversation, and a long answer with all that Markdown has.

use serde_json::{Value, json};

pub(crate) const LAST_WORDS: &str = "Nothing follows this sentence.";

/// A conversation as a document for import, whose answers have a few lines each.
pub(crate) fn conversation(messages: usize) -> Value {
    let id = |number: usize| format!("01900000-0000-7000-8000-{number:012x}");
    let at = |number: usize| {
        let (minute, second) = (number / 60, number % 60);
        format!(
            "2026-01-{:02}T{:02}:{:02}:{second:02}Z",
            1 + minute / 1440,
            minute / 60 % 24,
            minute % 60
        )
    };
    let mut all = Vec::new();
    for number in 0..messages {
        let is_question = number % 2 == 0;
        let content = match (is_question, number + 1 == messages) {
            (true, _) => format!(
                "Question {number}: how is this to be understood, and what follows from it?"
            ),
            (false, false) => format!(
                "Answer {number}. There are **two** sides to it:\n\n1. what was said before, and\n2. `what({number})` \
                 returns.\n\nBoth are explained in the [guide](https://example.org/{number})."
            ),
            (false, true) => "The last answer.".to_owned(),
        };
        all.push(json!({
            "id": id(number),
            "parent_id": number.checked_sub(1).map(id),
            "role": if is_question { "user" } else { "assistant" },
            "content": content,
            "status": "complete",
            "model": if is_question { Value::Null } else { "openrouter/acme/m1".into() },
            "finish_reason": if is_question { Value::Null } else { "stop".into() },
            "created_at": at(number),
            "updated_at": at(number),
        }));
    }
    json!({
        "format": "prompthub.conversation",
        "version": 2,
        "id": id(messages),
        "title": "A long story",
        "active_message_id": messages.checked_sub(1).map(id),
        "last_activity_at": at(messages),
        "created_at": at(0),
        "updated_at": at(messages),
        "messages": all,
    })
}

/// About 20 KB.
pub(crate) fn long_answer() -> String {
    let mut text = String::new();
    for section in 1..=30 {
        text.push_str(&format!(
            "## Section {section}\n\nA paragraph with *emphasis*, **weight**, `code` and a [link](https://example.org/{section}), long \
             enough to be broken into lines on any window, and followed by what else there is to say about it.\n\n\
             - a first point, with $x_{{{section}}}^2 + y^2 = z^2$ in it\n- a second one\n  - and one below it\n\n\
             > A quotation of some length, which somebody once said about something.\n\n\
             | name | value |\n|---|---:|\n| alpha | {section} |\n| beta | {} |\n\n\
             ```rust\nfn section_{section}(input: &str) -> Option<usize> {{\n    let words = input.split_whitespace();\n    \
             let count = words.filter(|word| word.len() > {section}).count();\n    (count > 0).then_some(count)\n}}\n```\n\n\
             $$\\sum_{{k=1}}^{{{section}}} \\frac{{1}}{{k^2}} < \\frac{{\\pi^2}}{{6}}$$\n\n",
            section * section,
        ));
    }
    text.push_str(LAST_WORDS);
    text
}

/// The answer in pieces of about four letters, as models give it.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunks(4)
        .map(|piece| piece.iter().collect())
        .collect()
}

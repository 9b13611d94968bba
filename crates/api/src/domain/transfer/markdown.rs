//! A conversation for people to read: headings of ours, and each text within a quote.
//!
//! A quote is the one thing in Markdown that holds whatever is in it: headings stay below ours, and a fence
//! that is never closed ends with it. The text is the same to the letter but for the mark before each line.
//! What a model thought before it answered is left out; the JSON document has it.

use chrono::NaiveDateTime;
use prompthub_store::{
    FinishReason, MessageRole, MessageStatus, conversations::ConversationRow, messages::MessageRow,
};

use crate::wire;

/// The beginning of the document.
pub(super) fn head(conversation: &ConversationRow) -> String {
    format!(
        "# {}\n\nBegun {}, last active {}.\n",
        escaped(&conversation.title),
        moment(conversation.created_at),
        moment(conversation.last_activity_at)
    )
}

/// One message with its heading.
pub(super) fn message(row: &MessageRow) -> String {
    let who = match (row.role, &row.model) {
        (MessageRole::User, _) => "User".to_owned(),
        (MessageRole::Assistant, Some(model)) => format!("Assistant ({})", escaped(model)),
        (MessageRole::Assistant, None) => "Assistant".to_owned(),
    };
    let mut text = format!("\n## {who}, {}\n", moment(row.created_at));
    if !row.content.is_empty() {
        text.push('\n');
        quote(&row.content, &mut text);
    }
    for image in wire::attachments(row.attachments.as_deref()) {
        text.push_str(&format!("\n*With the image {}.*\n", escaped(&image.file)));
    }
    if let Some(note) = note(row) {
        text.push_str("\n*");
        text.push_str(note);
        text.push_str("*\n");
    }
    text
}

/// Why an answer is not all there.
fn note(row: &MessageRow) -> Option<&'static str> {
    match (row.status, row.finish_reason) {
        (MessageStatus::Running, _) => {
            Some("Unfinished: it was being written when this was exported.")
        }
        (MessageStatus::Cancelled, _) => Some("Unfinished: it was stopped."),
        (MessageStatus::Interrupted, _) => Some("Unfinished: it was interrupted."),
        (MessageStatus::Failed, _) => Some("Unfinished: the provider failed."),
        (MessageStatus::Complete, Some(FinishReason::Length)) => {
            Some("Unfinished: it reached the limit of its length.")
        }
        (MessageStatus::Complete, Some(FinishReason::ContentFilter)) => {
            Some("Unfinished: the provider withheld the rest.")
        }
        (MessageStatus::Complete, _) => None,
    }
}

/// Puts the mark of a quote before each line. A carriage return ends a line as well, alone or before a line
/// feed, and would otherwise lead out of the quote.
fn quote(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, more) = rest.split_at(end);
        out.push('>');
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
        rest = match more.strip_prefix("\r\n").or(more.get(1..)) {
            None | Some("") => return,
            Some(more) => more,
        };
    }
}

/// Text on one line that means nothing to Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn moment(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = String::new();
        quote(text, &mut out);
        out
    }

    #[test]
    fn nothing_leads_out_of_a_quote() {
        for (text, quote) in [
            ("one", "> one\n"),
            ("one\n\ntwo\n", "> one\n>\n> two\n"),
            (
                "# no heading\r\n```\rrest",
                "> # no heading\n> ```\n> rest\n",
            ),
            ("\r\r\n\n", ">\n>\n>\n"),
            ("  code\n> quote", ">   code\n> > quote\n"),
            ("ends\u{2028}here", "> ends\u{2028}here\n"),
        ] {
            assert_eq!(quoted(text), quote, "{text:?}");
        }
    }

    #[test]
    fn titles_are_only_text() {
        assert_eq!(escaped("a *b* <i>\\ #1\n"), "a \\*b\\* \\<i\\>\\\\ \\#1 ");
    }
}

//! What an import is going to store, and what it leaves out.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta};
use prompthub_dto::{
    ids::{ProjectId, UserId},
    transfer::{ImportSkip, ImportSource},
};
use prompthub_store::{
    conversations::ConversationRow,
    messages::MessageRow,
    projects::{ProjectRow, PromptVersionRow},
};

/// Entries that a report lists.
const MAX_LISTED: usize = 1_000;
/// Characters of a document's own words within a pointer or a reason.
const MAX_QUOTED: usize = 200;
/// How far ahead another server's clock may be.
const MAX_SKEW: TimeDelta = TimeDelta::days(1);

/// For whom, where to and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub owner: UserId,
    pub project: ProjectId,
    pub now: NaiveDateTime,
}

impl Frame {
    /// A time as it can be stored: what lies before 1970 becomes its first moment, and what lies in the
    /// future becomes the present.
    pub(super) fn plausible(&self, at: NaiveDateTime) -> NaiveDateTime {
        let at = at.max(DateTime::UNIX_EPOCH.naive_utc());
        let latest = self.now.checked_add_signed(MAX_SKEW).unwrap_or(self.now);
        let at = if at > latest { self.now } else { at };
        at.trunc_subsecs(6)
    }
}

/// All that comes of a document.
#[derive(Debug)]
pub(super) struct Draft {
    pub source: ImportSource,
    /// Only of a project's document.
    pub project: Option<ProjectDraft>,
    pub conversations: Vec<ConversationDraft>,
    pub skipped: Skipped,
}

/// A conversation with its rows.
#[derive(Debug)]
pub(super) struct ConversationDraft {
    pub row: ConversationRow,
    /// Each after its parent.
    pub messages: Vec<MessageRow>,
    /// What the numbers of prompt versions in `messages` stand for.
    pub digests: HashMap<i32, String>,
}

/// A project's own rows.
#[derive(Debug)]
pub(super) struct ProjectDraft {
    pub row: ProjectRow,
    pub versions: Vec<PromptVersionRow>,
    pub files: Vec<FileDraft>,
}

/// A file whose bytes are in the document.
#[derive(Debug)]
pub(super) struct FileDraft {
    /// Where in the document, as a JSON pointer.
    pub pointer: String,
    pub name: String,
    pub size: i64,
    pub sha256: String,
    pub created_at: NaiveDateTime,
    /// In base64.
    pub data: String,
}

/// What is left out of a document, and why.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    pub list: Vec<ImportSkip>,
    pub count: u64,
}

impl Skipped {
    pub(super) fn add(&mut self, pointer: &str, reason: impl Into<String>) {
        self.count = self.count.saturating_add(1);
        if self.list.len() < MAX_LISTED {
            self.list.push(ImportSkip {
                pointer: pointer.to_owned(),
                reason: reason.into(),
            });
        }
    }

    /// `text` without NUL, which PostgreSQL cannot store.
    pub(super) fn storable(&mut self, text: String, pointer: impl FnOnce() -> String) -> String {
        if !text.contains('\0') {
            return text;
        }
        self.add(&pointer(), "NUL characters; each became U+FFFD");
        text.replace('\0', "\u{fffd}")
    }
}

/// A document's own words, fit to be shown: one line, and not too long.
pub(super) fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_QUOTED)
        .collect()
}

/// One step of a JSON pointer (RFC 6901).
pub(super) fn step(name: &str) -> String {
    quoted(name).replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_times_become_plausible_ones() {
        let now = prompthub_store::now();
        let frame = Frame {
            owner: UserId::new(),
            project: ProjectId::new(),
            now,
        };
        let epoch = DateTime::UNIX_EPOCH.naive_utc();
        let second = TimeDelta::seconds(1);
        for (at, kept) in [
            (epoch - second, epoch),
            (NaiveDateTime::MIN, epoch),
            (NaiveDateTime::MAX, now),
            (now + TimeDelta::days(2), now),
            (now + second, now + second),
            (now - second, now - second),
        ] {
            assert_eq!(frame.plausible(at), kept, "{at}");
        }
    }

    #[test]
    fn pointers_escape_what_has_a_meaning() {
        assert_eq!(step("a/b~c\n"), "a~1b~0c");
        assert_eq!(step(&"x".repeat(300)).len(), 200);
    }

    #[test]
    fn the_list_ends_and_the_count_goes_on() {
        let mut skipped = Skipped::default();
        for _ in 0..1_500 {
            skipped.add("/0", "a reason");
        }
        assert_eq!((skipped.list.len(), skipped.count), (1_000, 1_500));
        let mended = skipped.storable("a\0b".to_owned(), || "/1".to_owned());
        assert_eq!((mended.as_str(), skipped.count), ("a\u{fffd}b", 1_501));
    }
}

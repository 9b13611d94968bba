//! Which part of a path is on the page: a long conversation is shown a piece at a time.
//!
//! Pure data; must not know signals or views. A span is held by its messages, not by their
//! positions, so that it stays where it is while what was said before is still being read.

use std::ops::Range;

use prompthub_dto::ids::MessageId;

/// How many messages are put on the page when a path is opened. They fill any screen.
const PIECE: usize = 30;
/// How many come with each step from there: so few that making them is never felt. `chat.css` knows
/// the number too.
const STEP: usize = 12;

/// A part of the path that reaches from one message to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// `None` where the path begins.
    first: Option<MessageId>,
    /// `None` where the path ends, however far it grows.
    last: Option<MessageId>,
}

impl Span {
    /// The end of the path.
    #[must_use]
    pub fn at_end(path: &[MessageId]) -> Self {
        Self {
            first: path.get(path.len().saturating_sub(PIECE)).copied(),
            last: None,
        }
    }

    /// A piece on both sides of a message.
    #[must_use]
    pub fn around(path: &[MessageId], message: MessageId) -> Self {
        let Some(at) = position(path, message) else {
            return Self::at_end(path);
        };
        Self {
            first: path.get(at.saturating_sub(PIECE / 2)).copied(),
            last: path.get(at.saturating_add(PIECE)).copied(),
        }
    }

    /// The same beginning, where that is before the message, and an end soon after it: what follows
    /// the message is another path now.
    #[must_use]
    pub fn with_end_near(self, path: &[MessageId], message: MessageId) -> Self {
        let around = Self::around(path, message);
        let place = |id: Option<MessageId>| id.and_then(|id| position(path, id));
        let keeps_beginning = self.first.is_none() || place(self.first) <= place(Some(message));
        let known = self.first.is_none() || place(self.first).is_some();
        Self {
            first: if known && keeps_beginning {
                self.first
            } else {
                around.first
            },
            last: around.last,
        }
    }

    /// The positions on the path.
    #[must_use]
    pub fn range(self, path: &[MessageId]) -> Range<usize> {
        let end = self
            .last
            .and_then(|last| position(path, last))
            .map_or(path.len(), |last| last.saturating_add(1));
        let begin = match self.first {
            None => 0,
            Some(first) => position(path, first)
                .filter(|first| *first < end)
                .unwrap_or_else(|| end.saturating_sub(PIECE)),
        };
        begin..end
    }

    /// The span with a step more at its beginning.
    #[must_use]
    pub fn earlier(self, path: &[MessageId]) -> Self {
        let begin = self.range(path).start.saturating_sub(STEP);
        Self {
            first: path.get(begin).copied(),
            ..self
        }
    }

    /// The span with a step more at its end.
    #[must_use]
    pub fn later(self, path: &[MessageId]) -> Self {
        let end = self.range(path).end.saturating_add(STEP).saturating_sub(1);
        Self {
            last: path.get(end).copied(),
            ..self
        }
    }
}

fn position(path: &[MessageId], message: MessageId) -> Option<usize> {
    // Whoever asks looks near the end more often than not.
    path.iter().rposition(|other| *other == message)
}

#[cfg(test)]
mod tests {
    use prompthub_dto::chat::Role;

    use super::{super::samples::message, *};

    fn path(numbers: Range<u32>) -> Vec<MessageId> {
        numbers
            .map(|number| message(number, None, Role::User, "").id)
            .collect()
    }

    #[test]
    fn the_end_stays_the_end_while_the_path_grows() {
        let span = Span::at_end(&path(0..100));
        assert_eq!(span.range(&path(0..100)), 70..100);
        assert_eq!(span.range(&path(0..102)), 70..102);
        assert_eq!(Span::at_end(&path(0..3)).range(&path(0..5)), 0..5);
        assert_eq!(Span::default().range(&path(0..0)), 0..0);
    }

    #[test]
    fn what_is_read_later_of_the_beginning_moves_nothing() {
        let span = Span::at_end(&path(60..100));
        let all = path(0..100);
        assert_eq!(span.range(&all), 70..100);
        let short = Span::at_end(&path(95..100));
        assert_eq!(short.range(&all), 95..100);
        assert_eq!(short.earlier(&all).range(&all), 83..100);
    }

    #[test]
    fn a_step_at_a_time_reaches_both_ends() {
        let all = path(0..100);
        let mut span = Span::around(&all, all[50]);
        assert_eq!(span.range(&all), 35..81);
        span = span.earlier(&all).later(&all);
        assert_eq!(span.range(&all), 23..93);
        span = span.earlier(&all).earlier(&all).later(&all);
        assert_eq!(span.range(&all), 0..100);
        // At its end it follows the path again.
        assert_eq!(span.range(&path(0..102)), 0..102);
    }

    #[test]
    fn another_path_is_shown_from_where_it_branches() {
        let old = path(0..100);
        let span = Span::at_end(&old);
        let branch: Vec<_> = path(0..80).into_iter().chain(path(200..400)).collect();
        let span = span.with_end_near(&branch, branch[80]);
        assert_eq!(span.range(&branch), 70..111);
        // A branch from before what was shown begins anew.
        let early: Vec<_> = path(0..10).into_iter().chain(path(500..600)).collect();
        let span = span.with_end_near(&early, early[10]);
        assert_eq!(span.range(&early), 0..41);
    }

    #[test]
    fn messages_that_are_gone_leave_the_end() {
        let span = Span::around(&path(0..100), path(0..100)[20]);
        assert_eq!(span.range(&path(200..300)), 70..100);
    }
}

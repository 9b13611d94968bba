//! What a worker has to be told, and in which order: the texts that wait for it.
//!
//! The newest text goes first, since that is where the reader is. One text is with the worker at
//! most once at a time; what it has become meanwhile is sent when the answer is on the page. Must
//! not know the DOM.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// So many requests are with the worker at once: it need not wait for the page, and what is new
/// need not wait for much.
const AT_ONCE: usize = 2;

/// What to tell the worker: the text is now what its first `keep` bytes were, and `more`.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub id: u32,
    pub keep: usize,
    pub more: String,
    pub complete: bool,
}

/// What the worker had been told when it answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// The length of the text.
    pub bytes: usize,
    /// Whether that is all of it.
    pub complete: bool,
}

#[derive(Debug, Default)]
struct Entry {
    /// What the worker was last told, and whether that is complete.
    told: (Arc<str>, bool),
    /// How much of it the worker still has.
    known: usize,
    /// What the text has become since, and whether it is complete.
    wanted: Option<(Arc<str>, bool)>,
    /// Whether an answer is awaited, or being put on the page.
    busy: bool,
}

/// The texts of one worker.
#[derive(Debug, Default)]
pub struct Queue {
    entries: HashMap<u32, Entry>,
    /// The next one is the last.
    waiting: Vec<u32>,
    /// In the order of their answers.
    sent: VecDeque<u32>,
}

impl Queue {
    /// The text `id` is now this one.
    pub fn want(&mut self, id: u32, text: Arc<str>, complete: bool) {
        let entry = self.entries.entry(id).or_default();
        entry.wanted = Some((text, complete));
        if !entry.busy {
            self.wait(id);
        }
    }

    /// What the worker has said of the text is not on the page any more: it is to begin anew.
    pub fn restart(&mut self, id: u32) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.known = 0;
        }
    }

    /// Nobody follows the text any more.
    pub fn forget(&mut self, id: u32) {
        self.entries.remove(&id);
        self.waiting.retain(|waiting| *waiting != id);
    }

    /// What to send now.
    pub fn next_request(&mut self) -> Option<Request> {
        if self.sent.len() >= AT_ONCE {
            return None;
        }
        let id = self.waiting.pop()?;
        let entry = self.entries.get_mut(&id)?;
        let (text, complete) = entry.wanted.take()?;
        let known = entry.told.0.get(..entry.known).unwrap_or_default();
        let (keep, more) = match text.strip_prefix(known) {
            Some(more) => (known.len(), more.to_owned()),
            None => (0, text.as_ref().to_owned()),
        };
        entry.busy = true;
        self.sent.push_back(id);
        // With a complete text the worker is done, and forgets it.
        entry.known = if complete { 0 } else { text.len() };
        entry.told = (text, complete);
        Some(Request {
            id,
            keep,
            more,
            complete,
        })
    }

    /// The worker has answered. Returns what the answer is about, unless nobody wants to know any
    /// more, or the text has become another one.
    pub fn answered(&mut self, id: u32) -> Option<Told> {
        let place = self.sent.iter().position(|sent| *sent == id)?;
        self.sent.remove(place);
        let entry = self.entries.get_mut(&id)?;
        let (told, complete) = &entry.told;
        let grows = |(text, _): &(Arc<str>, bool)| text.starts_with(&**told);
        if entry.wanted.as_ref().is_some_and(|wanted| !grows(wanted)) {
            entry.known = 0;
            self.applied(id);
            return None;
        }
        Some(Told {
            bytes: told.len(),
            complete: *complete,
        })
    }

    /// The answer is on the page, and the next may come.
    pub fn applied(&mut self, id: u32) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.busy = false;
        if entry.wanted.is_some() {
            self.wait(id);
        }
    }

    /// Whether the worker owes an answer.
    pub fn is_awaiting(&self) -> bool {
        !self.sent.is_empty()
    }

    /// The worker is gone, with all that it knew. What it was working on is to be sent again, but
    /// for the text that it was busy with, which is given up and returned.
    pub fn lost(&mut self) -> Option<u32> {
        let culprit = self.sent.pop_front();
        let sent = std::mem::take(&mut self.sent);
        for entry in self.entries.values_mut() {
            entry.known = 0;
        }
        if let Some(id) = culprit {
            self.forget(id);
        }
        for id in sent {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.busy = false;
                entry.wanted.get_or_insert_with(|| entry.told.clone());
                self.wait(id);
            }
        }
        culprit
    }

    fn wait(&mut self, id: u32) {
        self.waiting.retain(|waiting| *waiting != id);
        self.waiting.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: u32, keep: usize, more: &str, complete: bool) -> Option<Request> {
        Some(Request {
            id,
            keep,
            more: more.to_owned(),
            complete,
        })
    }

    #[test]
    fn a_growing_text_is_sent_in_pieces_one_at_a_time() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), false);
        assert_eq!(queue.next_request(), request(1, 0, "one", false));
        queue.want(1, "one two".into(), false);
        queue.want(1, "one two three".into(), false);
        assert_eq!(queue.next_request(), None);
        let told = Told {
            bytes: 3,
            complete: false,
        };
        assert_eq!(queue.answered(1), Some(told));
        assert_eq!(queue.next_request(), None);
        queue.applied(1);
        assert_eq!(queue.next_request(), request(1, 3, " two three", false));
        queue.answered(1);
        queue.applied(1);
        queue.want(1, "another".into(), true);
        assert_eq!(queue.next_request(), request(1, 0, "another", true));
    }

    #[test]
    fn an_answer_about_another_text_is_not_wanted() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), false);
        queue.next_request();
        queue.want(1, "another".into(), false);
        assert_eq!(queue.answered(1), None);
        assert_eq!(queue.next_request(), request(1, 0, "another", false));
    }

    #[test]
    fn a_text_is_begun_anew_even_where_it_has_only_grown() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), false);
        queue.next_request();
        queue.restart(1);
        queue.want(1, "one two".into(), false);
        queue.answered(1);
        queue.applied(1);
        assert_eq!(queue.next_request(), request(1, 0, "one two", false));
    }

    #[test]
    fn the_worker_forgets_a_complete_text() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), true);
        queue.next_request();
        queue.answered(1);
        queue.applied(1);
        queue.want(1, "one two".into(), true);
        assert_eq!(queue.next_request(), request(1, 0, "one two", true));
    }

    #[test]
    fn the_newest_goes_first_and_few_go_at_once() {
        let mut queue = Queue::default();
        for id in 1..=4 {
            queue.want(id, "text".into(), true);
        }
        let ids: Vec<u32> = std::iter::from_fn(|| queue.next_request().map(|it| it.id)).collect();
        assert_eq!(ids, [4, 3]);
        assert!(queue.is_awaiting());
        queue.answered(4);
        assert_eq!(queue.next_request().map(|it| it.id), Some(2));
    }

    #[test]
    fn what_nobody_follows_is_not_sent_and_its_answer_is_not_wanted() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), false);
        queue.want(2, "two".into(), false);
        queue.forget(1);
        assert_eq!(queue.next_request(), request(2, 0, "two", false));
        assert_eq!(queue.next_request(), None);
        queue.forget(2);
        assert_eq!(queue.answered(2), None);
        assert!(!queue.is_awaiting());
    }

    #[test]
    fn what_ends_a_worker_is_given_up_and_the_rest_sent_again() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), false);
        queue.next_request();
        queue.answered(1);
        queue.applied(1);
        queue.want(2, "two".into(), false);
        queue.want(3, "three".into(), false);
        queue.next_request();
        queue.next_request();
        queue.want(2, "two and more".into(), false);
        assert_eq!(queue.lost(), Some(3));
        assert!(!queue.is_awaiting());
        assert_eq!(queue.next_request(), request(2, 0, "two and more", false));
        assert_eq!(queue.next_request(), None);
        // The new worker knows nothing of what the old one knew.
        queue.want(1, "one two".into(), false);
        assert_eq!(queue.next_request(), request(1, 0, "one two", false));
    }

    #[test]
    fn what_was_sent_last_is_sent_again_as_it_was() {
        let mut queue = Queue::default();
        queue.want(1, "one".into(), true);
        queue.want(2, "two".into(), true);
        queue.next_request();
        queue.next_request();
        assert_eq!(queue.lost(), Some(2));
        assert_eq!(queue.next_request(), request(1, 0, "one", true));
    }
}

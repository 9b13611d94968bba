//! A search as it goes: what is typed, what was found, which find is chosen.
//!
//! Pure data; must not know signals, the network or views. Answers may come in any order, and only
//! those to the last question count.

use prompthub_dto::{Page, ids::ProjectId, search::SearchHit};

use crate::api::ApiError;

/// How many characters the server takes.
const MOST_CHARACTERS: usize = 200;

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is asked for.
    Idle,
    /// The server is being asked; what was found before still stands.
    Searching,
    Done,
    Failed(ApiError),
}

/// A question to the server. Its answer counts only while its number is the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub number: u32,
    pub words: String,
    pub project: Option<ProjectId>,
    /// The page to go on from.
    pub cursor: Option<String>,
}

/// One search.
#[derive(Debug, Clone, PartialEq)]
pub struct Finder {
    words: String,
    /// Where alone to look.
    project: Option<ProjectId>,
    number: u32,
    pub phase: Phase,
    pub hits: Vec<SearchHit>,
    next_cursor: Option<String>,
    /// The find that Enter opens, once one was chosen.
    pub active: Option<usize>,
    /// Enter was pressed before there was an answer.
    opens_first: bool,
}

impl Default for Finder {
    fn default() -> Self {
        Self {
            words: String::new(),
            project: None,
            number: 0,
            phase: Phase::Idle,
            hits: Vec::new(),
            next_cursor: None,
            active: None,
            opens_first: false,
        }
    }
}

impl Finder {
    /// The words or the place have changed. What to ask the server, if that is something else.
    pub fn ask(&mut self, words: &str, project: Option<ProjectId>) -> Option<Question> {
        let words: String = words.trim().chars().take(MOST_CHARACTERS).collect();
        if words == self.words && project == self.project {
            return None;
        }
        self.words = words;
        self.project = project;
        self.again()
    }

    /// Asks the same once more, from the beginning.
    pub fn again(&mut self) -> Option<Question> {
        self.number = self.number.wrapping_add(1);
        self.active = None;
        self.opens_first = false;
        if self.words.is_empty() {
            self.hits.clear();
            self.next_cursor = None;
            self.phase = Phase::Idle;
            return None;
        }
        self.phase = Phase::Searching;
        Some(self.question(None))
    }

    /// Asks for what comes after what was found.
    pub fn more(&mut self) -> Option<Question> {
        let cursor = self
            .next_cursor
            .clone()
            .filter(|_| self.phase == Phase::Done)?;
        self.phase = Phase::Searching;
        Some(self.question(Some(cursor)))
    }

    fn question(&self, cursor: Option<String>) -> Question {
        Question {
            number: self.number,
            words: self.words.clone(),
            project: self.project,
            cursor,
        }
    }

    /// Whether nothing else was asked since.
    #[must_use]
    pub fn is_current(&self, question: &Question) -> bool {
        question.number == self.number
    }

    #[must_use]
    pub fn has_more(&self) -> bool {
        self.next_cursor.is_some()
    }

    /// Which find Enter opens now. While the server is being asked, what stands there was found for
    /// other words, so Enter waits for the answer unless one of the old finds was chosen.
    pub fn enter(&mut self) -> Option<usize> {
        if self.active.is_none() && self.phase == Phase::Searching {
            self.opens_first = true;
            return None;
        }
        let at = self.active.unwrap_or_default();
        (at < self.hits.len()).then_some(at)
    }

    /// Takes the answer to a question. Says whether the first find is to be opened at once.
    #[must_use]
    pub fn take(&mut self, question: &Question, answer: Result<Page<SearchHit>, ApiError>) -> bool {
        if !self.is_current(question) {
            return false;
        }
        match answer {
            Ok(page) => {
                if question.cursor.is_none() {
                    self.hits.clear();
                }
                self.hits.extend(page.items);
                self.next_cursor = page.next_cursor;
                self.phase = Phase::Done;
            }
            Err(error) => {
                // What was found for other words would lie.
                if question.cursor.is_none() {
                    self.hits.clear();
                    self.next_cursor = None;
                }
                self.phase = Phase::Failed(error);
            }
        }
        std::mem::take(&mut self.opens_first) && !self.hits.is_empty()
    }

    /// Chooses the next find, or the one before; behind the last comes the first.
    pub fn step(&mut self, forward: bool) {
        let Some(last) = self.hits.len().checked_sub(1) else {
            return;
        };
        self.active = Some(match (self.active, forward) {
            (None, true) => 0,
            (None, false) => last,
            (Some(at), true) if at >= last => 0,
            (Some(at), true) => at.saturating_add(1),
            (Some(at), false) => at.checked_sub(1).unwrap_or(last),
        });
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::Timestamp;

    use super::*;

    fn page(count: usize, next_cursor: Option<&str>) -> Page<SearchHit> {
        let id = "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f";
        let hit = SearchHit {
            project_id: id.parse().unwrap(),
            conversation_id: id.parse().unwrap(),
            title: "Ablatives".to_owned(),
            message_id: None,
            role: None,
            snippet: Vec::new(),
            created_at: Timestamp::from_rfc3339("2026-11-22T08:30:00.000000Z".to_owned()),
        };
        Page {
            items: vec![hit; count],
            next_cursor: next_cursor.map(str::to_owned),
        }
    }

    #[test]
    fn only_the_answer_to_the_last_question_counts() {
        let mut finder = Finder::default();
        let first = finder.ask("abl", None).unwrap();
        let second = finder.ask("ablative ", None).unwrap();
        assert_eq!(second.words, "ablative");
        let _ = finder.take(&second, Ok(page(1, None)));
        let _ = finder.take(&first, Ok(page(9, None)));
        let _ = finder.take(&first, Err(ApiError::Network));
        assert_eq!((finder.hits.len(), finder.phase), (1, Phase::Done));
    }

    #[test]
    fn spaces_ask_for_nothing_new() {
        let mut finder = Finder::default();
        assert_eq!(finder.ask("  ", None), None);
        assert!(finder.ask("a", None).is_some());
        assert_eq!(finder.ask(" a ", None), None);
        assert_eq!(finder.ask("", None), None);
        assert_eq!(finder.phase, Phase::Idle);
    }

    #[test]
    fn more_comes_after_what_is_there() {
        let mut finder = Finder::default();
        let question = finder.ask("a", None).unwrap();
        assert_eq!(finder.more(), None, "the first page is not there yet");
        let _ = finder.take(&question, Ok(page(2, Some("c"))));
        let more = finder.more().unwrap();
        assert_eq!(more.cursor.as_deref(), Some("c"));
        let _ = finder.take(&more, Ok(page(2, None)));
        assert_eq!((finder.hits.len(), finder.has_more()), (4, false));
    }

    #[test]
    fn a_failure_shows_nothing_of_other_words() {
        let mut finder = Finder::default();
        let question = finder.ask("a", None).unwrap();
        let _ = finder.take(&question, Ok(page(2, None)));
        let question = finder.ask("b", None).unwrap();
        let _ = finder.take(&question, Err(ApiError::Network));
        assert!(finder.hits.is_empty());
        assert!(finder.again().is_some());
    }

    #[test]
    fn the_choice_goes_round() {
        let mut finder = Finder::default();
        finder.step(true);
        assert_eq!(finder.active, None);
        let question = finder.ask("a", None).unwrap();
        let _ = finder.take(&question, Ok(page(2, None)));
        let mut steps = Vec::new();
        for forward in [true, true, true, false, false] {
            finder.step(forward);
            steps.extend(finder.active);
        }
        assert_eq!(steps, [0, 1, 0, 1, 0]);
    }

    #[test]
    fn enter_waits_for_what_was_typed_last() {
        let mut finder = Finder::default();
        assert_eq!(finder.enter(), None);
        let question = finder.ask("old", None).unwrap();
        assert!(!finder.take(&question, Ok(page(1, None))));
        assert_eq!(finder.enter(), Some(0));
        let question = finder.ask("new", None).unwrap();
        assert_eq!(finder.enter(), None, "what stands there is old");
        assert!(finder.take(&question, Ok(page(1, None))));
        // Nothing found opens nothing, and what is typed on asks anew.
        let question = finder.ask("none", None).unwrap();
        finder.enter();
        assert!(!finder.take(&question, Ok(page(0, None))));
        let question = finder.ask("a", None).unwrap();
        finder.enter();
        let next = finder.ask("ab", None).unwrap();
        assert!(!finder.take(&question, Ok(page(1, None))));
        assert!(!finder.take(&next, Ok(page(1, None))));
    }

    #[test]
    fn long_words_are_cut_to_what_the_server_takes() {
        let question = Finder::default().ask(&"ä".repeat(500), None).unwrap();
        assert_eq!(question.words.chars().count(), MOST_CHARACTERS);
    }
}

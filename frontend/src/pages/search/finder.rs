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

    /// Takes the answer to a question.
    pub fn take(&mut self, question: &Question, answer: Result<Page<SearchHit>, ApiError>) {
        if !self.is_current(question) {
            return;
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
        finder.take(&second, Ok(page(1, None)));
        finder.take(&first, Ok(page(9, None)));
        finder.take(&first, Err(ApiError::Network));
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
        finder.take(&question, Ok(page(2, Some("c"))));
        let more = finder.more().unwrap();
        assert_eq!(more.cursor.as_deref(), Some("c"));
        finder.take(&more, Ok(page(2, None)));
        assert_eq!((finder.hits.len(), finder.has_more()), (4, false));
    }

    #[test]
    fn a_failure_shows_nothing_of_other_words() {
        let mut finder = Finder::default();
        let question = finder.ask("a", None).unwrap();
        finder.take(&question, Ok(page(2, None)));
        let question = finder.ask("b", None).unwrap();
        finder.take(&question, Err(ApiError::Network));
        assert!(finder.hits.is_empty());
        assert!(finder.again().is_some());
    }

    #[test]
    fn the_choice_goes_round() {
        let mut finder = Finder::default();
        finder.step(true);
        assert_eq!(finder.active, None);
        let question = finder.ask("a", None).unwrap();
        finder.take(&question, Ok(page(2, None)));
        let mut steps = Vec::new();
        for forward in [true, true, true, false, false] {
            finder.step(forward);
            steps.extend(finder.active);
        }
        assert_eq!(steps, [0, 1, 0, 1, 0]);
    }

    #[test]
    fn long_words_are_cut_to_what_the_server_takes() {
        let question = Finder::default().ask(&"ä".repeat(500), None).unwrap();
        assert_eq!(question.words.chars().count(), MOST_CHARACTERS);
    }
}

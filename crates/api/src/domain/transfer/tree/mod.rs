//! Another program's tree of messages as one of ours.
//!
//! Ours alternates: a question follows an answer or nothing, an answer follows a question, and every
//! question has an answer, if only an empty one that was interrupted. So what is not kept hands its children to the
//! nearest kept message before it; an answer that is the only continuation of another is joined to it, and one of
//! several stands beside it; between two questions, and after a last one, stands an interrupted answer.
//! No word is lost and none is there twice. Nothing here recurses: a tree may be as deep as it likes.

use chrono::NaiveDateTime;
use prompthub_store::MessageRole;

use super::MAX_TEXT_BYTES;

/// What somebody says in a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub role: MessageRole,
    pub text: String,
    pub reasoning: Option<String>,
    pub model: Option<String>,
    /// `None` where the document does not say.
    pub at: Option<NaiveDateTime>,
}

/// A node as it comes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// An index among the nodes.
    pub parent: Option<usize>,
    /// `None` where nothing is kept.
    pub said: Option<Said>,
}

/// A message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// An index among the rows.
    pub parent: Option<usize>,
    pub role: MessageRole,
    pub text: String,
    pub reasoning: Option<String>,
    pub model: Option<String>,
    /// Never before the parent's.
    pub begun: NaiveDateTime,
    pub ended: NaiveDateTime,
    /// An answer that nobody gave.
    pub missing: bool,
}

/// The rows, in the order of their times, each after its parent.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub rows: Vec<Row>,
    /// For each node the row that shows it, or the nearest one before it.
    pub place: Vec<Option<usize>>,
    /// Nodes that were cut off their parents, since they followed themselves.
    pub cut: Vec<usize>,
}

/// Makes the tree. `epoch` is the time of what begins without one.
pub(super) fn grow(mut nodes: Vec<Node>, epoch: NaiveDateTime) -> Tree {
    let (order, cut) = parents_first(&mut nodes);
    let kept_parent = kept_parents(&nodes, &order);
    let mut continuations = vec![0_u32; nodes.len()];
    for (index, parent) in kept_parent.iter().enumerate() {
        let kept = nodes.get(index).is_some_and(|node| node.said.is_some());
        if let Some(count) = parent
            .filter(|_| kept)
            .and_then(|p| continuations.get_mut(p))
        {
            *count += 1;
        }
    }

    let mut growing = Growing {
        rows: Vec::with_capacity(nodes.len()),
        missing: Vec::with_capacity(nodes.len()),
        epoch,
    };
    let mut place = vec![None; nodes.len()];
    for index in order {
        let above = kept_parent.get(index).copied().flatten();
        let row = above.and_then(|parent| place.get(parent).copied().flatten());
        let said = nodes.get_mut(index).and_then(|node| node.said.take());
        let only = above.is_some_and(|parent| continuations.get(parent) == Some(&1));
        let shown = match said {
            Some(said) => Some(growing.add(said, row, only)),
            None => row,
        };
        if let Some(place) = place.get_mut(index) {
            *place = shown;
        }
    }
    growing.answer_all();
    let (rows, new_index) = in_time_order(growing.rows);
    // Where a question is shown that the document leaves without an answer, its missing answer is.
    let ends: Vec<_> = growing.missing;
    let place = place
        .into_iter()
        .map(|row| {
            let row = row?;
            let end = ends.get(row).copied().flatten().unwrap_or(row);
            new_index.get(end).copied()
        })
        .collect();
    Tree { rows, place, cut }
}

/// The nodes in an order in which each comes after its parent, once circles are cut open.
fn parents_first(nodes: &mut [Node]) -> (Vec<usize>, Vec<usize>) {
    let mut children = vec![Vec::new(); nodes.len()];
    let mut roots = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        match node.parent.and_then(|parent| children.get_mut(parent)) {
            Some(siblings) => siblings.push(index),
            None => roots.push(index),
        }
    }
    let mut reached = vec![false; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    let mut cut = Vec::new();
    for root in roots {
        reach(root, &children, &mut reached, &mut order);
    }
    for index in 0..nodes.len() {
        if reached.get(index) == Some(&true) {
            continue;
        }
        // Nothing leads here from a root, so the way up ends in a circle.
        let on_circle = way_up_returns(nodes, index, &reached);
        if let Some(node) = nodes.get_mut(on_circle) {
            node.parent = None;
        }
        cut.push(on_circle);
        reach(on_circle, &children, &mut reached, &mut order);
    }
    (order, cut)
}

/// Adds `root` and all below it.
fn reach(root: usize, children: &[Vec<usize>], reached: &mut [bool], order: &mut Vec<usize>) {
    let mut next = order.len();
    order.push(root);
    while let Some(&index) = order.get(next) {
        next += 1;
        if let Some(seen) = reached.get_mut(index) {
            *seen = true;
        }
        let below = children.get(index).map(Vec::as_slice).unwrap_or_default();
        order.extend(
            below
                .iter()
                .filter(|child| **child != root && reached.get(**child) == Some(&false)),
        );
    }
}

/// The first node that comes twice on the way from `start` upwards.
fn way_up_returns(nodes: &[Node], start: usize, reached: &[bool]) -> usize {
    let mut passed = std::collections::HashSet::new();
    let mut at = start;
    while passed.insert(at) {
        let above = nodes.get(at).and_then(|node| node.parent);
        match above.filter(|above| reached.get(*above) == Some(&false)) {
            Some(above) => at = above,
            None => break,
        }
    }
    at
}

/// For each node the nearest one before it that is kept.
fn kept_parents(nodes: &[Node], order: &[usize]) -> Vec<Option<usize>> {
    let mut kept: Vec<Option<usize>> = vec![None; nodes.len()];
    for &index in order {
        let parent = nodes.get(index).and_then(|node| node.parent);
        let found = parent.and_then(|parent| match nodes.get(parent) {
            Some(node) if node.said.is_some() => Some(parent),
            _ => kept.get(parent).copied().flatten(),
        });
        if let Some(slot) = kept.get_mut(index) {
            *slot = found;
        }
    }
    kept
}

struct Growing {
    rows: Vec<Row>,
    /// For each row that is a question the answer that nobody gave.
    missing: Vec<Option<usize>>,
    epoch: NaiveDateTime,
}

impl Growing {
    /// Adds what is said after the row `above`, as its only continuation or as one of several.
    /// Returns the row that shows it.
    fn add(&mut self, said: Said, above: Option<usize>, only: bool) -> usize {
        let before = above.and_then(|row| self.rows.get(row).map(|found| (row, found.role)));
        let parent = match (said.role, before) {
            (_, None) => None,
            (MessageRole::User, Some((row, MessageRole::User))) => Some(self.missing_answer(row)),
            (MessageRole::Assistant, Some((row, MessageRole::Assistant))) => {
                if only && self.join(row, &said) {
                    return row;
                }
                self.rows.get(row).and_then(|row| row.parent)
            }
            (_, Some((row, _))) => Some(row),
        };
        self.push(said, parent, false)
    }

    fn push(&mut self, said: Said, parent: Option<usize>, missing: bool) -> usize {
        let earliest = parent
            .and_then(|parent| self.rows.get(parent))
            .map(|parent| parent.ended);
        let at = match (said.at, earliest) {
            (Some(at), Some(earliest)) => at.max(earliest),
            (Some(at), None) => at,
            (None, earliest) => earliest.unwrap_or(self.epoch),
        };
        self.rows.push(Row {
            parent,
            role: said.role,
            text: said.text,
            reasoning: said.reasoning,
            model: said.model,
            begun: at,
            ended: at,
            missing,
        });
        self.missing.push(None);
        self.rows.len().saturating_sub(1)
    }

    /// Continues the answer in `row`, unless it becomes too long.
    fn join(&mut self, row: usize, said: &Said) -> bool {
        let Some(row) = self.rows.get_mut(row) else {
            return false;
        };
        let length = row.text.len().saturating_add(said.text.len());
        let thought = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let thoughts = thought(&row.reasoning).saturating_add(thought(&said.reasoning));
        if length.max(thoughts).saturating_add(BETWEEN.len()) > MAX_TEXT_BYTES {
            return false;
        }
        append(&mut row.text, &said.text);
        if let Some(more) = &said.reasoning {
            append(row.reasoning.get_or_insert_default(), more);
        }
        if row.model.is_none() {
            row.model.clone_from(&said.model);
        }
        row.ended = row.ended.max(said.at.unwrap_or(row.ended));
        true
    }

    /// The answer that nobody gave to the question in `row`; there is one at most.
    fn missing_answer(&mut self, row: usize) -> usize {
        if let Some(there) = self.missing.get(row).copied().flatten() {
            return there;
        }
        let nothing = Said {
            role: MessageRole::Assistant,
            text: String::new(),
            reasoning: None,
            model: None,
            at: None,
        };
        let made = self.push(nothing, Some(row), true);
        if let Some(slot) = self.missing.get_mut(row) {
            *slot = Some(made);
        }
        made
    }

    /// Gives every question that has no answer one that nobody gave.
    fn answer_all(&mut self) {
        let mut answered = vec![false; self.rows.len()];
        for parent in self.rows.iter().filter_map(|row| row.parent) {
            if let Some(answered) = answered.get_mut(parent) {
                *answered = true;
            }
        }
        for (row, answered) in answered.into_iter().enumerate() {
            let question = self
                .rows
                .get(row)
                .is_some_and(|row| row.role == MessageRole::User);
            if question && !answered {
                self.missing_answer(row);
            }
        }
    }
}

/// Between the parts of a joined answer.
const BETWEEN: &str = "\n\n";

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str(BETWEEN);
    }
    text.push_str(more);
}

/// The rows sorted by time, and where each went. Parents came first and are never later, and sorting keeps
/// what is equal in order, so they come first still.
fn in_time_order(rows: Vec<Row>) -> (Vec<Row>, Vec<usize>) {
    let mut sorted: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, row)| row.begun);
    let mut new_index = vec![0; sorted.len()];
    for (new, (old, _)) in sorted.iter().enumerate() {
        if let Some(slot) = new_index.get_mut(*old) {
            *slot = new;
        }
    }
    let rows = sorted
        .into_iter()
        .map(|(_, mut row)| {
            row.parent = row.parent.and_then(|old| new_index.get(old).copied());
            row
        })
        .collect();
    (rows, new_index)
}

#[cfg(test)]
mod tests;

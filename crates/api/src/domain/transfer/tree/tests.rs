//! Whatever the tree looks like: nothing is lost, nothing is there twice, and the roles alternate.

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(seconds)
}

/// `u` or `a` for a role and the seconds; anything else is not kept.
fn node(parent: Option<usize>, kind: &str, text: &str) -> Node {
    let role = match kind {
        "u" => Some(MessageRole::User),
        "a" => Some(MessageRole::Assistant),
        _ => None,
    };
    Node {
        parent,
        said: role.map(|role| Said {
            role,
            text: text.to_owned(),
            reasoning: None,
            model: None,
            at: None,
        }),
    }
}

/// Each row as its path from the first message, answers that nobody gave as `?`.
fn paths(tree: &Tree) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for row in &tree.rows {
        let text = if row.missing { "?" } else { &row.text };
        paths.push(match row.parent {
            Some(parent) => format!("{}>{text}", paths[parent]),
            None => text.to_owned(),
        });
    }
    paths
}

#[test]
fn what_is_not_kept_hands_its_children_on() {
    let tree = grow(
        vec![
            node(None, "-", ""),
            node(Some(0), "-", ""),
            node(Some(1), "u", "q"),
            node(Some(2), "-", ""),
            node(Some(3), "a", "r"),
        ],
        at(0),
    );
    assert_eq!(paths(&tree), ["q", "q>r"]);
    assert_eq!(
        tree.place,
        [None, None, Some(0), Some(0), Some(1)],
        "the nearest message before"
    );
}

#[test]
fn one_answer_in_several_pieces_is_one() {
    let tree = grow(
        vec![
            node(None, "u", "q"),
            node(Some(0), "a", "look"),
            node(Some(1), "-", ""),
            node(Some(2), "a", "found"),
            node(Some(3), "u", "next"),
            node(Some(4), "a", "end"),
        ],
        at(0),
    );
    assert_eq!(
        paths(&tree),
        [
            "q",
            "q>look\n\nfound",
            "q>look\n\nfound>next",
            "q>look\n\nfound>next>end"
        ]
    );
}

#[test]
fn several_continuations_stand_beside_each_other() {
    let tree = grow(
        vec![
            node(None, "u", "q"),
            node(Some(0), "a", "a"),
            node(Some(1), "a", "b"),
            node(Some(1), "a", "c"),
            node(Some(1), "u", "d"),
        ],
        at(0),
    );
    let mut paths = paths(&tree);
    paths.sort_unstable();
    assert_eq!(paths, ["q", "q>a", "q>a>d", "q>a>d>?", "q>b", "q>c"]);
}

#[test]
fn every_question_has_an_answer() {
    let tree = grow(
        vec![
            node(None, "u", "one"),
            node(Some(0), "u", "two"),
            node(Some(0), "u", "three"),
        ],
        at(0),
    );
    let mut paths = paths(&tree);
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "one",
            "one>?",
            "one>?>three",
            "one>?>three>?",
            "one>?>two",
            "one>?>two>?"
        ]
    );
    // What is shown ends in the answer, as it does in every conversation.
    let shown = tree.place[2].unwrap();
    assert!(tree.rows[shown].missing);
}

#[test]
fn circles_are_cut_open() {
    let tree = grow(
        vec![
            node(Some(1), "u", "tail"),
            node(Some(2), "a", "x"),
            node(Some(3), "u", "y"),
            node(Some(1), "a", "z"),
            node(Some(4), "u", "self"),
        ],
        at(0),
    );
    assert_eq!(tree.cut, [1, 4]);
    let mut paths = paths(&tree);
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "self", "self>?", "x", "x>tail", "x>tail>?", "z", "z>y", "z>y>?"
        ]
    );
}

#[test]
fn a_chain_may_be_as_deep_as_it_likes() {
    let chain = |index: usize| {
        let kind = if index.is_multiple_of(2) { "u" } else { "a" };
        node(index.checked_sub(1), kind, "text")
    };
    let tree = grow((0..200_000).map(chain).collect(), at(0));
    assert_eq!(tree.rows.len(), 200_000);
    assert_eq!(tree.rows[199_999].parent, Some(199_998));
}

prop_compose! {
    fn nodes()(count in 1_usize..40)(
        nodes in prop::collection::vec(
            (prop::option::weighted(0.9, 0..count), 0_u8..5, prop::option::of(0_i64..20)),
            count,
        ),
    ) -> Vec<Node> {
        nodes
            .into_iter()
            .enumerate()
            .map(|(index, (parent, kind, seconds))| {
                let kind = match kind { 0 | 1 => "u", 2 | 3 => "a", _ => "-" };
                let mut node = node(parent, kind, &format!("<{index}>"));
                if let Some(said) = &mut node.said {
                    said.at = seconds.map(at);
                }
                node
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn every_tree_becomes_one_of_ours(nodes in nodes()) {
        let tree = grow(nodes.clone(), at(5));
        let all: String = tree.rows.iter().map(|row| row.text.as_str()).collect();
        for (index, node) in nodes.iter().enumerate() {
            let times = all.matches(&format!("<{index}>")).count();
            prop_assert_eq!(times, usize::from(node.said.is_some()), "node {}", index);
            if node.said.is_some() {
                prop_assert!(tree.place[index].is_some());
            }
        }
        let mut last = None;
        let mut answered = vec![false; tree.rows.len()];
        for (index, row) in tree.rows.iter().enumerate() {
            prop_assert!(last <= Some(row.begun), "in the order of time");
            last = Some(row.begun);
            prop_assert!(row.begun <= row.ended);
            if let Some(parent) = row.parent {
                prop_assert!(parent < index, "after its parent");
                prop_assert_ne!(tree.rows[parent].role, row.role, "the roles alternate");
                answered[parent] = true;
            }
            if row.missing {
                prop_assert!(row.text.is_empty() && row.role == MessageRole::Assistant);
            }
        }
        for (row, answered) in tree.rows.iter().zip(answered) {
            prop_assert!(answered || row.role == MessageRole::Assistant);
        }
    }
}

//! The messages of one conversation as a tree: who answers whom, which versions there are of a
//! message, and the path that is shown.
//!
//! Pure data; must not know signals, the network or views. A path begins at its first known
//! message, so that none is ever hidden by a gap; conversations are read from their end back.

use std::{collections::HashMap, sync::Arc};

use prompthub_dto::{
    chat::{Message, Role},
    ids::MessageId,
};

/// Where a message stands among the versions of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Siblings {
    /// Counts from 1.
    pub position: usize,
    pub count: usize,
    pub previous: Option<MessageId>,
    pub next: Option<MessageId>,
}

/// The messages of a conversation by their places, as far as they are read.
#[derive(Debug, Clone, Default)]
pub struct MessageTree {
    messages: HashMap<MessageId, Arc<Message>>,
    /// In the order in which they were made, under the parent that they name, known or not.
    children: HashMap<Option<MessageId>, Vec<MessageId>>,
}

impl MessageTree {
    /// Adds messages, in whatever order, or replaces those of the same ids.
    pub fn extend(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.insert(message);
        }
    }

    /// Adds a message, or replaces the one of the same id.
    pub fn insert(&mut self, message: Message) {
        let (id, parent) = (message.id, message.parent_id);
        if self.messages.insert(id, Arc::new(message)).is_none() {
            let siblings = self.children.entry(parent).or_default();
            // Ids are in the order of their making.
            if let Err(place) = siblings.binary_search(&id) {
                siblings.insert(place, id);
            }
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    #[must_use]
    pub fn contains(&self, id: MessageId) -> bool {
        self.messages.contains_key(&id)
    }

    #[must_use]
    pub fn get(&self, id: MessageId) -> Option<&Arc<Message>> {
        self.messages.get(&id)
    }

    /// The message that was made last.
    #[must_use]
    pub fn newest(&self) -> Option<MessageId> {
        self.messages.keys().copied().max()
    }

    /// The message before `id`, if that is known.
    fn parent(&self, id: MessageId) -> Option<MessageId> {
        let parent = self.messages.get(&id)?.parent_id?;
        self.messages.contains_key(&parent).then_some(parent)
    }

    /// The messages from the first one to `leaf`. Empty when `leaf` is not known.
    #[must_use]
    pub fn path(&self, leaf: MessageId) -> Vec<MessageId> {
        let mut path = Vec::new();
        let mut next = self.messages.contains_key(&leaf).then_some(leaf);
        // A server that sends a circle must not hang the page.
        while let Some(id) = next.filter(|_| path.len() < self.messages.len()) {
            path.push(id);
            next = self.parent(id);
        }
        path.reverse();
        path
    }

    /// The end of the newest path on from `id`; without one, of the whole conversation.
    #[must_use]
    pub fn newest_leaf(&self, id: Option<MessageId>) -> Option<MessageId> {
        // Nothing comes after the newest message of all.
        let mut leaf = id.or_else(|| self.newest())?;
        for _ in 0..self.messages.len() {
            match self
                .children
                .get(&Some(leaf))
                .and_then(|children| children.last())
            {
                Some(child) => leaf = *child,
                None => break,
            }
        }
        Some(leaf)
    }

    /// The versions of a message: those with the same parent that are spoken by the same side.
    #[must_use]
    pub fn siblings(&self, id: MessageId) -> Option<Siblings> {
        let message = self.messages.get(&id)?;
        let role = message.role;
        let versions: Vec<MessageId> = self
            .children
            .get(&message.parent_id)?
            .iter()
            .copied()
            .filter(|other| {
                self.messages
                    .get(other)
                    .is_some_and(|other| other.role == role)
            })
            .collect();
        let index = versions.iter().position(|other| *other == id)?;
        Some(Siblings {
            position: index.saturating_add(1),
            count: versions.len(),
            previous: index
                .checked_sub(1)
                .and_then(|index| versions.get(index).copied()),
            next: versions.get(index.saturating_add(1)).copied(),
        })
    }

    /// The last message of a person on the path to `leaf`.
    #[must_use]
    pub fn last_of_person(&self, leaf: MessageId) -> Option<MessageId> {
        self.path(leaf).into_iter().rev().find(|id| {
            self.messages
                .get(id)
                .is_some_and(|message| message.role == Role::User)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::message, *};

    fn id(number: u32) -> MessageId {
        message(number, None, Role::User, "").id
    }

    fn tree_of<const N: usize>(messages: [Message; N]) -> MessageTree {
        let mut tree = MessageTree::default();
        tree.extend(messages);
        tree
    }

    /// 1 ─ 2 ─ 3 ─ 4
    ///   │   └ 5 ─ 6
    ///   └ 7
    fn tree() -> MessageTree {
        let (user, assistant) = (Role::User, Role::Assistant);
        tree_of([
            message(6, Some(5), assistant, ""),
            message(7, Some(1), assistant, ""),
            message(1, None, user, ""),
            message(2, Some(1), assistant, ""),
            message(3, Some(2), user, ""),
            message(4, Some(3), assistant, ""),
            message(5, Some(2), user, ""),
        ])
    }

    #[test]
    fn the_path_goes_from_the_first_message_to_the_leaf() {
        assert_eq!(tree().path(id(6)), [1, 2, 5, 6].map(id));
        assert_eq!(tree().path(id(9)), []);
    }

    #[test]
    fn the_newest_leaf_follows_the_last_child_each_time() {
        assert_eq!(tree().newest_leaf(None), Some(id(7)));
        assert_eq!(tree().newest_leaf(Some(id(2))), Some(id(6)));
        assert_eq!(MessageTree::default().newest_leaf(None), None);
    }

    #[test]
    fn versions_are_the_children_of_one_parent() {
        let siblings = tree().siblings(id(2)).unwrap();
        assert_eq!((siblings.position, siblings.count), (1, 2));
        assert_eq!((siblings.previous, siblings.next), (None, Some(id(7))));
        let siblings = tree().siblings(id(5)).unwrap();
        assert_eq!((siblings.position, siblings.previous), (2, Some(id(3))));
        assert_eq!(tree().siblings(id(1)).unwrap().count, 1);
    }

    #[test]
    fn a_new_version_stands_after_the_others() {
        let mut tree = tree();
        tree.insert(message(8, Some(2), Role::User, "edited"));
        assert_eq!(tree.siblings(id(8)).unwrap().count, 3);
        tree.insert(message(8, Some(2), Role::User, "again"));
        assert_eq!(tree.siblings(id(8)).unwrap().count, 3);
        assert_eq!(tree.get(id(8)).unwrap().content, "again");
    }

    #[test]
    fn a_message_without_its_parent_is_still_shown() {
        let tree = tree_of([message(4, Some(3), Role::Assistant, "")]);
        assert_eq!(tree.path(id(4)), [id(4)]);
        assert_eq!(tree.newest_leaf(None), Some(id(4)));
    }

    #[test]
    fn what_is_read_from_the_end_back_joins() {
        let mut tree = tree_of([
            message(7, Some(1), Role::Assistant, ""),
            message(6, Some(5), Role::Assistant, ""),
            message(5, Some(2), Role::User, ""),
        ]);
        assert_eq!(tree.path(id(6)), [5, 6].map(id));
        tree.extend([
            message(2, Some(1), Role::Assistant, ""),
            message(1, None, Role::User, ""),
        ]);
        assert_eq!(tree.path(id(6)), [1, 2, 5, 6].map(id));
        assert_eq!(tree.siblings(id(7)).unwrap().previous, Some(id(2)));
    }

    #[test]
    fn a_circle_ends() {
        let tree = tree_of([
            message(1, Some(2), Role::User, ""),
            message(2, Some(1), Role::Assistant, ""),
        ]);
        assert_eq!(tree.path(id(1)).len(), 2);
        assert!(tree.newest_leaf(Some(id(1))).is_some());
    }

    #[test]
    fn the_last_message_of_a_person_is_found_on_the_path() {
        assert_eq!(tree().last_of_person(id(4)), Some(id(3)));
        assert_eq!(tree().last_of_person(id(7)), Some(id(1)));
    }
}

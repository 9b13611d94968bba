//! The messages of one conversation as a tree: who answers whom, which versions there are of a
//! message, and the path that is shown.
//!
//! Pure data; must not know signals, the network or views. A message that names no known parent
//! counts as a first one, so that no message is ever hidden by a gap.

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

/// Every message of a conversation, by its place.
#[derive(Debug, Clone, Default)]
pub struct MessageTree {
    messages: HashMap<MessageId, Arc<Message>>,
    /// In the order in which they were made; the first messages stand under `None`.
    children: HashMap<Option<MessageId>, Vec<MessageId>>,
}

impl MessageTree {
    pub fn from_messages(messages: impl IntoIterator<Item = Message>) -> Self {
        let mut tree = Self::default();
        for message in messages {
            tree.messages.insert(message.id, Arc::new(message));
        }
        // Only now is it known which parents exist, in whatever order the messages came.
        let ids: Vec<_> = tree.messages.keys().copied().collect();
        for id in ids {
            tree.link(id);
        }
        tree
    }

    /// Adds a message, or replaces the one of the same id.
    pub fn insert(&mut self, message: Message) {
        let id = message.id;
        if self.messages.insert(id, Arc::new(message)).is_none() {
            self.link(id);
        }
    }

    fn link(&mut self, id: MessageId) {
        let parent = self.parent(id);
        let siblings = self.children.entry(parent).or_default();
        // Ids are in the order of their making.
        if let Err(place) = siblings.binary_search(&id) {
            siblings.insert(place, id);
        }
    }

    #[must_use]
    pub fn get(&self, id: MessageId) -> Option<&Arc<Message>> {
        self.messages.get(&id)
    }

    /// The message before `id`, if that is known.
    #[must_use]
    pub fn parent(&self, id: MessageId) -> Option<MessageId> {
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
        let mut leaf = id;
        for _ in 0..self.messages.len() {
            match self
                .children
                .get(&leaf)
                .and_then(|children| children.last())
            {
                Some(child) => leaf = Some(*child),
                None => break,
            }
        }
        leaf
    }

    /// The versions of a message: those with the same parent that are spoken by the same side.
    #[must_use]
    pub fn siblings(&self, id: MessageId) -> Option<Siblings> {
        let role = self.messages.get(&id)?.role;
        let versions: Vec<MessageId> = self
            .children
            .get(&self.parent(id))?
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

    /// 1 ─ 2 ─ 3 ─ 4
    ///   │   └ 5 ─ 6
    ///   └ 7
    fn tree() -> MessageTree {
        let (user, assistant) = (Role::User, Role::Assistant);
        MessageTree::from_messages([
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
        let tree = MessageTree::from_messages([message(4, Some(3), Role::Assistant, "")]);
        assert_eq!(tree.path(id(4)), [id(4)]);
        assert_eq!(tree.newest_leaf(None), Some(id(4)));
    }

    #[test]
    fn a_circle_ends() {
        let tree = MessageTree::from_messages([
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

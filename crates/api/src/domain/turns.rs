//! How many questions of one person are made into requests at the same time.
//!
//! A question may hold a whole conversation and its images in memory until it is stored, so the others of the same person
//! wait for their turn. Knows nothing of what is asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prompthub_dto::ids::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Questions of one person at the same time.
const AT_ONCE: usize = 2;

/// The turns of everybody who is asking. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<UserId, Queue>>>);

#[derive(Debug)]
struct Queue {
    turns: Arc<Semaphore>,
    /// Those who have a turn or wait for one. The queue goes with the last of them.
    length: usize,
}

impl Turns {
    /// Waits until fewer than two other questions of `person` are on their way.
    ///
    /// # Errors
    /// Never, while the application runs.
    pub(super) async fn take(&self, person: UserId) -> Result<Turn, ApiError> {
        let mut turn = Turn {
            turns: self.clone(),
            person,
            permit: None,
        };
        let permit = self.enter(person).acquire_owned().await;
        turn.permit = Some(permit.map_err(ApiError::internal)?);
        Ok(turn)
    }

    fn enter(&self, person: UserId) -> Arc<Semaphore> {
        let mut queues = self.lock();
        let queue = queues.entry(person).or_insert_with(|| Queue {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            length: 0,
        });
        queue.length = queue.length.saturating_add(1);
        Arc::clone(&queue.turns)
    }

    fn leave(&self, person: UserId) {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(&person) else {
            return;
        };
        queue.length = queue.length.saturating_sub(1);
        if queue.length == 0 {
            queues.remove(&person);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Queue>> {
        // A panic while the map is locked cannot leave it half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    person: UserId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.permit = None;
        self.turns.leave(self.person);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn a_person_has_so_many_turns_at_once_and_others_do_not_wait() {
        let turns = Turns::default();
        let (ada, bob) = (UserId::new(), UserId::new());
        let first = turns.take(ada).await.unwrap();
        let _second = turns.take(ada).await.unwrap();
        let third = turns.take(ada);
        tokio::pin!(third);
        assert!(poll!(third.as_mut()).is_pending());
        let of_bob = tokio::time::timeout(Duration::from_secs(5), turns.take(bob));
        drop(of_bob.await.expect("another's turn").unwrap());
        drop(first);
        assert!(poll!(third.as_mut()).is_ready());
    }

    #[tokio::test]
    async fn nobody_is_remembered_who_has_no_turn_and_wants_none() {
        let turns = Turns::default();
        let ada = UserId::new();
        let held = [
            turns.take(ada).await.unwrap(),
            turns.take(ada).await.unwrap(),
        ];
        {
            let given_up = turns.take(ada);
            tokio::pin!(given_up);
            assert!(poll!(given_up.as_mut()).is_pending());
        }
        assert_eq!(turns.lock().len(), 1);
        drop(held);
        assert_eq!(turns.lock().len(), 0);
    }
}

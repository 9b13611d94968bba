//! Taking conversations and projects out of the server, and into it.
//!
//! An export is a stream that is made as it is read. An import is read from a file on the disk, checked
//! whole, and then stored in one transaction. Neither asks a model anything.

mod chatgpt;
mod document;
mod draft;
mod export;
mod import;
mod loose;
mod markdown;
mod own;
mod spool;
mod tree;

pub use export::{Export, export_conversation, export_project};
pub use import::{Destination, Import, check_size};

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prompthub_dto::{
    ids::{MessageId, UserId},
    problem::ProblemCode,
};
use prompthub_store::projects::PromptVersionRow;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::ApiError;

/// When to try again while another import of one's own is running.
const RETRY: Duration = Duration::from_secs(5);

/// Bytes of one text: as much as an answer may have.
const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The imports that run in this process: one a person, and one at a time beyond receiving the document,
/// since a document is in memory then and the database has one writer.
#[derive(Clone)]
pub struct Imports {
    people: Arc<Mutex<HashSet<UserId>>>,
    turn: Arc<Semaphore>,
}

impl Default for Imports {
    fn default() -> Self {
        Self {
            people: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Imports {
    /// # Errors
    /// `rate_limited` while another import of this person is under way.
    fn begin(&self, person: UserId) -> Result<OneOfAPerson, ApiError> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if !people.insert(person) {
            return Err(ApiError::Refused {
                code: ProblemCode::RateLimited,
                detail: "Another import of yours is running. Wait until it is done.".into(),
                retry_after: Some(RETRY),
            });
        }
        Ok(OneOfAPerson {
            people: Arc::clone(&self.people),
            person,
        })
    }

    /// Waits until no other document is being read and stored.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.turn.acquire().await.map_err(ApiError::internal)
    }
}

/// Keeps a person from beginning another import.
struct OneOfAPerson {
    people: Arc<Mutex<HashSet<UserId>>>,
    person: UserId,
}

impl Drop for OneOfAPerson {
    fn drop(&mut self) {
        self.people
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.person);
    }
}

/// What tells the prompt of a version from others, wherever it is: SHA-256 over its system prompt, model and
/// parameters, in lower-case hexadecimal.
fn prompt_digest(version: &PromptVersionRow) -> String {
    let mut hash = Sha256::new();
    for part in [&version.system_prompt, &version.model, &version.parameters] {
        // The length keeps the parts apart.
        hash.update(part.len().to_string());
        hash.update(":");
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// New ids, each later in order than the one before.
fn new_message_ids(count: usize) -> Vec<MessageId> {
    std::iter::repeat_with(MessageId::new).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_one_import_until_it_is_over() {
        let imports = Imports::default();
        let (ada, bob) = (UserId::new(), UserId::new());
        let first = imports.begin(ada).ok().unwrap();
        let refused = imports.begin(ada).err().unwrap();
        assert_eq!(refused.code(), ProblemCode::RateLimited);
        assert_eq!(refused.wait(), Some(RETRY));
        assert!(imports.begin(bob).is_ok());
        drop(first);
        assert!(imports.begin(ada).is_ok());
    }
}

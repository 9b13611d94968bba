//! Writes the text so far of all running answers to the database, many in one transaction.
//!
//! Owns when and in which company a text is written; the answers' tasks hand in what they have and
//! do not wait. Where there are thousands of them, or the disk is slow, texts are written less often rather than
//! keep the database busy. Must not know how an answer goes on or ends: its end stores everything once more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prompthub_dto::ids::MessageId;
use prompthub_store::{
    Store, StoreError,
    messages::{self, TextSoFar},
    now,
};
use tokio::{sync::Notify, time::Instant};

/// How long texts gather before they are written: long enough for company, since a transaction
/// costs much more than one more text in it.
const GATHERING: Duration = Duration::from_millis(25);
/// Texts are written in one part of the time of so many; the rest of it belongs to questions and ends. Some hundred
/// answers need less.
const PARTS: u32 = 16;
/// The longest that texts wait for that.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most texts of one transaction, so that whoever begins an answer meanwhile waits for few.
const BATCH: usize = 128;

/// The texts that are to be written. A newer one takes the place of an older one of the same
/// answer, so there are never more than answers.
#[derive(Debug, Default)]
pub(super) struct Scribe {
    waiting: Mutex<HashMap<MessageId, TextSoFar>>,
    arrival: Notify,
}

impl Scribe {
    /// Hands in the text so far of an answer.
    pub(super) fn hand_in(&self, text: TextSoFar) {
        self.lock().insert(text.id, text);
        self.arrival.notify_one();
    }

    /// Leaves unwritten what waits of an answer.
    pub(super) fn forget(&self, answer: MessageId) {
        self.lock().remove(&answer);
    }

    /// Writes what is handed in, until the runtime ends. While the database is away, it waits.
    pub(super) async fn write(&self, store: &Store) {
        let mut pause = GATHERING;
        loop {
            self.arrival.notified().await;
            tokio::time::sleep(pause).await;
            let (began, mut is_away) = (Instant::now(), false);
            let mut texts: Vec<TextSoFar> = self.lock().drain().map(|(_, text)| text).collect();
            // Ids are made in the order in which the messages lie in the database, and neighbours share
            // the pages that are written.
            texts.sort_unstable_by_key(|text| text.id);
            while !texts.is_empty() {
                let rest = texts.split_off(texts.len().min(BATCH));
                let batch = Arc::new(std::mem::replace(&mut texts, rest));
                let job = Arc::clone(&batch);
                let written = store
                    .write(move |conn| messages::write_texts(conn, &job, now()))
                    .await;
                if let Err(error) = written {
                    tracing::warn!(count = batch.len(), %error, "texts so far could not be written");
                    if matches!(error, StoreError::Unavailable(_)) {
                        is_away = true;
                        self.put_back(Arc::unwrap_or_clone(batch));
                    }
                }
            }
            pause = (began.elapsed() * (PARTS - 1)).clamp(GATHERING, PATIENCE);
            if is_away {
                pause = PATIENCE;
                self.arrival.notify_one();
            }
        }
    }

    /// Keeps what could not be written, unless there is a newer text by now.
    fn put_back(&self, texts: Vec<TextSoFar>) {
        let mut waiting = self.lock();
        for text in texts {
            waiting.entry(text.id).or_insert(text);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, TextSoFar>> {
        // A panic while the map is locked cannot leave it half-changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

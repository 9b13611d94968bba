//! Waiting for what no answer announces.

use std::{fmt::Debug, time::Duration};

use tokio::time::Instant;

use crate::upstream::PATIENCE;

/// How often the harness looks.
const GLANCE: Duration = Duration::from_millis(5);

/// What `look` finds, once that is what was wanted; until then it says what there is instead.
///
/// # Panics
///
/// With what there is instead, when that is still so after [`PATIENCE`].
pub async fn eventually<T, E: Debug>(mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = tokio::time::timeout(PATIENCE, look()).await;
        match found.expect("nobody says what there is") {
            Ok(found) => return found,
            Err(instead) if Instant::now() > end => panic!("it stays {instead:?}"),
            Err(_) => tokio::time::sleep(GLANCE).await,
        }
    }
}

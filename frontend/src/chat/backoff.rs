//! How long to wait before connecting again.

const FIRST_MILLISECONDS: u32 = 500;
const LAST_MILLISECONDS: u32 = 5_000;

/// Waits that double from half a second to five.
#[derive(Debug)]
pub struct Backoff {
    next: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            next: FIRST_MILLISECONDS,
        }
    }
}

impl Backoff {
    /// The milliseconds to wait this time.
    pub fn next_wait(&mut self) -> u32 {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(LAST_MILLISECONDS);
        wait
    }

    /// The connection works again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u32> = (0..6).map(|_| backoff.next_wait()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next_wait(), 500);
    }
}

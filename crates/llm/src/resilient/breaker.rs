//! When a provider is not asked at all.
//!
//! Owns a circuit breaker: closed (every call goes), open (none goes), half-open (one goes and
//! decides). Only silence opens it: a provider that answers, if only with a 500 for one of its
//! models, costs nobody a timeout. Knows no clock: the caller says what time it is.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{ErrorKind, ProviderError};

/// The breaker of one provider.
pub struct Breaker {
    threshold: u32,
    open_for: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        /// Calls without an answer since the last one that had one.
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// A call is under way that decides. If it takes long, as with a model that thinks, another one
    /// may try beside it after a while.
    HalfOpen {
        since: Instant,
    },
}

/// What a call shows of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answered.
    Alive,
    /// It gave no answer at all.
    Dead,
    /// Nothing was learnt: the call was not made or was given up.
    Unknown,
}

impl Verdict {
    pub(super) fn of(error: &ProviderError) -> Self {
        match error.kind {
            ErrorKind::Unavailable | ErrorKind::Timeout if error.unanswered => Self::Dead,
            _ if error.unanswered => Self::Unknown,
            _ => Self::Alive,
        }
    }
}

impl Default for Breaker {
    /// Opens after 5 calls without an answer, for 20 s.
    fn default() -> Self {
        Self::new(5, Duration::from_secs(20))
    }
}

impl Breaker {
    /// Opens after `threshold` calls in a row without an answer, and then lets one call through
    /// every `open_for`.
    #[must_use]
    pub fn new(threshold: u32, open_for: Duration) -> Self {
        Self {
            threshold,
            open_for,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Whether a call may be made now; if not, how long until one may.
    ///
    /// # Errors
    ///
    /// With the time that is left.
    pub(super) fn admit(&self, now: Instant) -> Result<Permit<'_>, Duration> {
        let mut state = self.state();
        let opens = match *state {
            State::Closed { .. } => None,
            State::Open { until } => Some(until),
            State::HalfOpen { since } => Some(since + self.open_for),
        };
        if let Some(opens) = opens {
            if now < opens {
                return Err(opens.duration_since(now));
            }
            *state = State::HalfOpen { since: now };
        }
        let is_probe = opens.is_some();
        Ok(Permit {
            breaker: self,
            is_probe,
            asked_at: now,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.state(), f)
    }
}

/// A call that was let through. Dropping it without a report, as when the caller gives up, lets
/// the next call decide in its place.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    asked_at: Instant,
}

impl Permit<'_> {
    /// Says what came of the call.
    pub(super) fn report(mut self, verdict: Verdict, now: Instant) {
        let Breaker {
            threshold,
            open_for,
            ..
        } = self.breaker;
        let mut state = self.breaker.state();
        let open = State::Open {
            until: now + *open_for,
        };
        match (verdict, *state) {
            (Verdict::Alive, _) => *state = State::Closed { failures: 0 },
            (Verdict::Dead, State::Closed { failures }) => {
                let failures = failures.saturating_add(1);
                *state = match failures >= *threshold {
                    true => open,
                    false => State::Closed { failures },
                };
            }
            (Verdict::Dead, State::HalfOpen { .. }) if self.is_probe => *state = open,
            // A call from before it opened, which tells nothing new.
            (Verdict::Dead, State::Open { .. } | State::HalfOpen { .. }) => {}
            // Left to the drop.
            (Verdict::Unknown, _) => return,
        }
        self.is_probe = false;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            let mut state = self.breaker.state();
            if matches!(*state, State::HalfOpen { .. }) {
                *state = State::Open {
                    until: self.asked_at,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_FOR: Duration = Duration::from_secs(20);
    const MOMENT: Duration = Duration::from_millis(1);

    fn breaker() -> Breaker {
        Breaker::new(3, OPEN_FOR)
    }

    fn fail(breaker: &Breaker, now: Instant) {
        breaker.admit(now).unwrap().report(Verdict::Dead, now);
    }

    #[test]
    fn silence_opens_it_and_an_answer_closes_it() {
        let (breaker, now) = (breaker(), Instant::now());
        fail(&breaker, now);
        fail(&breaker, now);
        breaker.admit(now).unwrap().report(Verdict::Alive, now);
        fail(&breaker, now);
        fail(&breaker, now);
        assert!(breaker.admit(now).is_ok(), "the answer in between counts");
        fail(&breaker, now);
        assert_eq!(breaker.admit(now).err(), Some(OPEN_FOR));
        let later = now + OPEN_FOR - MOMENT;
        assert_eq!(breaker.admit(later).err(), Some(MOMENT));

        // One call decides; the others wait for it.
        let later = now + OPEN_FOR;
        let probe = breaker.admit(later).unwrap();
        assert_eq!(breaker.admit(later).err(), Some(OPEN_FOR));
        probe.report(Verdict::Dead, later + MOMENT);
        assert_eq!(breaker.admit(later + MOMENT).err(), Some(OPEN_FOR));

        let later = later + OPEN_FOR * 2;
        breaker.admit(later).unwrap().report(Verdict::Alive, later);
        assert!(breaker.admit(later).is_ok());
        fail(&breaker, later);
        assert!(breaker.admit(later).is_ok(), "it counts from the beginning");
    }

    #[test]
    fn a_probe_that_is_given_up_decides_nothing() {
        let (breaker, now) = (breaker(), Instant::now());
        (0..3).for_each(|_| fail(&breaker, now));
        let later = now + OPEN_FOR;
        drop(breaker.admit(later).unwrap());
        let probe = breaker.admit(later).expect("the next one may try");
        probe.report(Verdict::Unknown, later);
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_probe_that_takes_long_does_not_keep_others_waiting() {
        let (breaker, now) = (breaker(), Instant::now());
        (0..3).for_each(|_| fail(&breaker, now));
        let slow = breaker.admit(now + OPEN_FOR).unwrap();
        let later = now + OPEN_FOR * 2;
        assert_eq!(breaker.admit(later - MOMENT).err(), Some(MOMENT));
        let other = breaker.admit(later).expect("another one may try");
        other.report(Verdict::Alive, later);
        drop(slow);
        assert!(
            breaker.admit(later).is_ok(),
            "what was given up tells nothing"
        );
    }

    #[test]
    fn calls_from_before_it_opened_do_not_count() {
        let (breaker, now) = (breaker(), Instant::now());
        let (slow, lucky) = (breaker.admit(now).unwrap(), breaker.admit(now).unwrap());
        (0..3).for_each(|_| fail(&breaker, now));
        slow.report(Verdict::Dead, now + OPEN_FOR / 2);
        assert_eq!(
            breaker.admit(now).err(),
            Some(OPEN_FOR),
            "not longer for it"
        );
        lucky.report(Verdict::Alive, now);
        assert!(breaker.admit(now).is_ok(), "an answer is an answer");
    }

    #[test]
    fn only_silence_is_death() {
        for (kind, unanswered, verdict) in [
            (ErrorKind::Unavailable, true, Verdict::Dead),
            (ErrorKind::Timeout, true, Verdict::Dead),
            (ErrorKind::Unavailable, false, Verdict::Alive),
            (ErrorKind::RateLimited, false, Verdict::Alive),
            (ErrorKind::Auth, false, Verdict::Alive),
            (ErrorKind::Refused, true, Verdict::Unknown),
        ] {
            let mut error = ProviderError::new(kind, "x");
            error.unanswered = unanswered;
            assert_eq!(Verdict::of(&error), verdict, "{kind:?}");
        }
    }
}

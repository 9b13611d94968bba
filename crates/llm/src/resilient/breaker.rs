//! When a provider is not asked at all.
//!
//! Owns a circuit breaker: closed (every call goes), open (none goes), half-open (one goes and
//! decides). Each breaker hears of one kind of failure: that no connection came about, or that one model gave no
//! answer. Knows no clock: the caller says what time it is.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{ErrorKind, ProviderError};

/// When a provider, or one of its models, is not asked for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// After so many failed calls in a row.
    pub after: u32,
    /// For so long; then one call goes and decides.
    pub length: Duration,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            after: 5,
            length: Duration::from_secs(20),
        }
    }
}

/// The breaker of whatever fails as one.
pub(super) struct Breaker {
    pause: Pause,
    state: Mutex<State>,
}

/// That a call is not made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skipped {
    /// How long until one may be.
    pub(super) left: Duration,
    /// The failures in a row that led to it.
    pub(super) failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        /// Calls that failed since the last one that did not.
        failures: u32,
    },
    Open {
        until: Instant,
        failures: u32,
    },
    /// A call is under way that decides. If it takes long, as with a model that thinks, another one
    /// may try beside it after a while.
    HalfOpen {
        since: Instant,
        failures: u32,
    },
}

/// What a call shows of whatever the breaker is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Alive,
    Dead,
    /// Nothing was learnt: the call was not made or was given up.
    Unknown,
}

impl Verdict {
    /// What a failure shows of the way to the provider: whatever comes back over it, it is there.
    pub(super) fn of_connection(error: &ProviderError) -> Self {
        match error.kind {
            _ if !error.unreached => Self::Alive,
            ErrorKind::Unavailable | ErrorKind::Timeout => Self::Dead,
            _ => Self::Unknown,
        }
    }

    /// What a failure before the first word shows of the model. One that refuses this request, or has had enough for
    /// now, may take the next one.
    pub(super) fn of_model(error: &ProviderError) -> Self {
        match error.kind {
            _ if error.unreached => Self::Unknown,
            ErrorKind::Unavailable | ErrorKind::Timeout => Self::Dead,
            _ => Self::Alive,
        }
    }
}

impl Breaker {
    pub(super) fn new(pause: Pause) -> Self {
        Self {
            pause,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Whether a call may be made now; if not, how long until one may.
    ///
    /// # Errors
    ///
    /// Where it may not.
    pub(super) fn admit(&self, now: Instant) -> Result<Permit<'_>, Skipped> {
        let mut state = self.state();
        let opens = match *state {
            State::Closed { .. } => None,
            State::Open { until, failures } => Some((until, failures)),
            State::HalfOpen { since, failures } => Some((since + self.pause.length, failures)),
        };
        if let Some((opens, failures)) = opens {
            if now < opens {
                let left = opens.duration_since(now);
                return Err(Skipped { left, failures });
            }
            *state = State::HalfOpen {
                since: now,
                failures,
            };
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
        let pause = self.breaker.pause;
        let mut state = self.breaker.state();
        let open = |failures| State::Open {
            until: now + pause.length,
            failures,
        };
        match (verdict, *state) {
            (Verdict::Alive, _) => *state = State::Closed { failures: 0 },
            (Verdict::Dead, State::Closed { failures }) => {
                let failures = failures.saturating_add(1);
                *state = match failures >= pause.after {
                    true => open(failures),
                    false => State::Closed { failures },
                };
            }
            (Verdict::Dead, State::HalfOpen { failures, .. }) if self.is_probe => {
                *state = open(failures.saturating_add(1));
            }
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
            if let State::HalfOpen { failures, .. } = *state {
                *state = State::Open {
                    until: self.asked_at,
                    failures,
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
        Breaker::new(Pause {
            after: 3,
            length: OPEN_FOR,
        })
    }

    fn skipped(left: Duration, failures: u32) -> Option<Skipped> {
        Some(Skipped { left, failures })
    }

    fn fail(breaker: &Breaker, now: Instant) {
        breaker.admit(now).unwrap().report(Verdict::Dead, now);
    }

    #[test]
    fn failures_open_it_and_an_answer_closes_it() {
        let (breaker, now) = (breaker(), Instant::now());
        fail(&breaker, now);
        fail(&breaker, now);
        breaker.admit(now).unwrap().report(Verdict::Alive, now);
        fail(&breaker, now);
        fail(&breaker, now);
        assert!(breaker.admit(now).is_ok(), "the answer in between counts");
        fail(&breaker, now);
        assert_eq!(breaker.admit(now).err(), skipped(OPEN_FOR, 3));
        let later = now + OPEN_FOR - MOMENT;
        assert_eq!(breaker.admit(later).err(), skipped(MOMENT, 3));

        // One call decides; the others wait for it.
        let later = now + OPEN_FOR;
        let probe = breaker.admit(later).unwrap();
        assert_eq!(breaker.admit(later).err(), skipped(OPEN_FOR, 3));
        probe.report(Verdict::Dead, later + MOMENT);
        assert_eq!(breaker.admit(later + MOMENT).err(), skipped(OPEN_FOR, 4));

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
        assert_eq!(breaker.admit(later - MOMENT).err(), skipped(MOMENT, 3));
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
            skipped(OPEN_FOR, 3),
            "not longer for it"
        );
        lucky.report(Verdict::Alive, now);
        assert!(breaker.admit(now).is_ok(), "an answer is an answer");
    }

    #[test]
    fn a_failure_tells_of_the_way_or_of_the_model() {
        use Verdict::{Alive, Dead, Unknown};
        for (kind, unreached, of_connection, of_model) in [
            (ErrorKind::Unavailable, true, Dead, Unknown),
            (ErrorKind::Timeout, true, Dead, Unknown),
            // An address that may not be connected to.
            (ErrorKind::Refused, true, Unknown, Unknown),
            (ErrorKind::Unavailable, false, Alive, Dead),
            (ErrorKind::Timeout, false, Alive, Dead),
            (ErrorKind::RateLimited, false, Alive, Alive),
            (ErrorKind::Auth, false, Alive, Alive),
        ] {
            let mut error = ProviderError::new(kind, "x");
            error.unreached = unreached;
            let found = (Verdict::of_connection(&error), Verdict::of_model(&error));
            assert_eq!(found, (of_connection, of_model), "{kind:?} {unreached}");
        }
    }
}

//! Work on the page in turns, so that what a reader does never waits long for it.

use std::time::Duration;

use leptos::prelude::*;

/// The longest turn, in milliseconds, as far as single steps allow: half a frame.
const TURN: f64 = 8.0;
/// Work that takes longer than a turn is followed by so many times as long a pause before it is done
/// again: what grows quickly never takes more than a fifth of the page's time.
const PAUSE_FACTOR: f64 = 4.0;

/// What comes after a step.
pub enum Turn {
    More,
    /// Nothing; this is called when the work may be begun anew.
    Done(Box<dyn FnOnce()>),
}

/// Calls `step` until it is done, at once and, where that takes long, in later tasks.
pub fn in_turns(step: impl FnMut() -> Turn + 'static) {
    turn(step, 0.0);
}

fn turn(mut step: impl FnMut() -> Turn + 'static, spent: f64) {
    let begun = now();
    loop {
        let next = step();
        let taken = now() - begun;
        match next {
            Turn::More if taken < TURN => {}
            Turn::More => {
                return set_timeout(move || turn(step, spent + taken), Duration::ZERO);
            }
            Turn::Done(again) => {
                let cost = spent + taken;
                if cost < TURN {
                    return again();
                }
                let pause = Duration::from_secs_f64(cost * PAUSE_FACTOR / 1000.0);
                return set_timeout(again, pause);
            }
        }
    }
}

fn now() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}

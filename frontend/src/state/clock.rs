//! The time of day for words such as "2 min ago": one signal that ticks for the whole page.

use std::time::Duration;

use leptos::prelude::*;

/// How often the words are made anew. The smallest unit that they show is a minute.
const TICK: Duration = Duration::from_secs(30);

/// Milliseconds since the Unix epoch, a tick old at most.
#[derive(Clone, Copy)]
pub struct Clock(ReadSignal<f64>);

impl Clock {
    pub fn provide() {
        let (now, set_now) = signal(js_sys::Date::now());
        // Without timers the words stay as they were at the start, which is no error.
        let _ = set_interval_with_handle(move || set_now.set(js_sys::Date::now()), TICK);
        provide_context(Self(now));
    }

    /// Tracks, so what shows a time follows it.
    #[must_use]
    pub fn now(self) -> f64 {
        self.0.get()
    }
}

#[must_use]
pub fn use_clock() -> Clock {
    expect_context()
}

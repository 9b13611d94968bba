//! Short notices about what has just happened, such as "Saved", and what can be done about it.

use std::time::Duration;

use leptos::prelude::*;

/// How long a notice stands that something worked: long enough to be read twice. One that something failed
/// stands until it is dismissed, since it may have to be acted upon.
const LIFETIME: Duration = Duration::from_secs(6);

/// How a notice is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Done,
    Problem,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub id: u32,
    pub tone: Tone,
    pub text: String,
}

/// The notices that are shown.
#[derive(Clone, Copy)]
pub struct Toasts {
    next: StoredValue<u32>,
    list: RwSignal<Vec<Toast>>,
}

impl Toasts {
    pub fn provide() {
        provide_context(Self {
            next: StoredValue::new(0),
            list: RwSignal::new(Vec::new()),
        });
    }

    #[must_use]
    pub fn list(self) -> ReadSignal<Vec<Toast>> {
        self.list.read_only()
    }

    /// Says that something worked.
    pub fn done(self, text: impl Into<String>) {
        self.push(Tone::Done, text.into());
    }

    /// Says that something failed where no place on the page is nearer to it.
    pub fn problem(self, text: impl Into<String>) {
        self.push(Tone::Problem, text.into());
    }

    pub fn dismiss(self, id: u32) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }

    /// Another person sits down: what went wrong for the last one is not theirs.
    pub fn forget_problems(self) {
        self.list
            .update(|list| list.retain(|toast| toast.tone == Tone::Done));
    }

    fn push(self, tone: Tone, text: String) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.list.update(|list| {
            // The same once more is no further notice.
            list.retain(|toast| tone == Tone::Done || toast.text != text);
            list.push(Toast { id, tone, text });
        });
        if tone == Tone::Done {
            set_timeout(move || self.dismiss(id), LIFETIME);
        }
    }
}

#[must_use]
pub fn use_toasts() -> Toasts {
    expect_context()
}

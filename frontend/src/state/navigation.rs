//! Going somewhere from code: a handle that callbacks can hold.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

type Navigate = Rc<dyn Fn(&str, NavigateOptions)>;

/// Goes to other places of the page, for as long as the view that it was made for is there: what
/// ends after the person has left takes nobody anywhere.
#[derive(Clone, Copy)]
pub struct Go(StoredValue<Navigate, LocalStorage>);

impl Go {
    /// Goes to `path`; the way back leads here.
    pub fn to(self, path: &str) {
        self.go(path, NavigateOptions::default());
    }

    /// Goes to `path` in place of where the page is.
    pub fn replace(self, path: &str) {
        let options = NavigateOptions {
            replace: true,
            ..NavigateOptions::default()
        };
        self.go(path, options);
    }

    fn go(self, path: &str, options: NavigateOptions) {
        self.0.try_with_value(|navigate| navigate(path, options));
    }
}

/// Must be called where a view is made, below the router.
#[must_use]
pub fn use_go() -> Go {
    Go(StoredValue::new_local(Rc::new(use_navigate())))
}

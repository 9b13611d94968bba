//! Keeps the end in view while the reader is there, and leaves the reader alone elsewhere.

use leptos::{html::Div, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::ResizeObserver;

/// So close to the end, in CSS pixels, a reader counts as being there: no closer than rounding.
const AT_END: i32 = 2;
/// So close to the beginning or the end of what is shown, in CSS pixels, more is shown.
const NEAR: i32 = 800;
/// For so many frames a message that was jumped to is put in its place again: what is around it is
/// laid out only once it is near, and moves it.
const SETTLING_FRAMES: u8 = 4;

/// What is near to where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    pub beginning: bool,
    pub end: bool,
}

/// The scrolling of one log.
#[derive(Clone, Copy)]
pub struct Scroll {
    /// What scrolls.
    pub frame: NodeRef<Div>,
    /// What grows in it.
    pub content: NodeRef<Div>,
    /// Whether the view goes along with the end.
    following: RwSignal<bool>,
    last_top: StoredValue<i32>,
}

impl Scroll {
    pub fn new() -> Self {
        let scroll = Self {
            frame: NodeRef::new(),
            content: NodeRef::new(),
            following: RwSignal::new(true),
            last_top: StoredValue::new(0),
        };
        Effect::new(move || scroll.observe());
        scroll
    }

    /// Whether the reader has left the end.
    #[must_use]
    pub fn is_away(self) -> bool {
        !self.following.get()
    }

    /// Takes the reader to the end, and keeps them there.
    pub fn to_end(self) {
        self.following.set(true);
        self.pin();
    }

    /// Takes the reader to an element of the content, with the focus.
    pub fn to_element(self, element: web_sys::HtmlElement) {
        self.following.set(false);
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        // One that cannot take the focus is still scrolled to.
        let _ = element.focus_with_options(&options);
        settle(element, SETTLING_FRAMES);
    }

    /// The reader, or the browser, has scrolled. `complete` says whether the content reaches to the
    /// end of all there is, which is the only end to follow.
    pub fn on_scroll(self, complete: bool) -> Near {
        let Some(frame) = self.frame.get_untracked() else {
            return Near {
                beginning: false,
                end: false,
            };
        };
        let top = frame.scroll_top();
        let rest = frame.scroll_height() - top - frame.client_height();
        let before = self.last_top.get_value();
        self.last_top.set_value(top);
        // Who is at the end follows it. Else only the way up leaves it: text that grows moves the end
        // away from whoever is there.
        let stays = rest <= AT_END || (top >= before && self.following.get_untracked());
        let following = complete && stays;
        if following != self.following.get_untracked() {
            self.following.set(following);
        }
        Near {
            beginning: top < NEAR,
            end: rest < NEAR,
        }
    }

    /// Whether a reader who has left the end is near the beginning.
    #[must_use]
    pub fn waits_at_beginning(self) -> bool {
        let near = |frame: web_sys::HtmlDivElement| frame.scroll_top() < NEAR;
        !self.following.get_untracked() && self.frame.get_untracked().is_some_and(near)
    }

    /// The reader turns the wheel. Upwards means to leave the end, before that shows in the position:
    /// the first pixels of a smooth scroll are few, and the growing text would take them back.
    pub fn on_wheel(self, delta: f64) {
        let can_leave = || {
            self.frame
                .get_untracked()
                .is_some_and(|frame| frame.scroll_top() > 0)
        };
        if delta < 0.0 && self.following.get_untracked() && can_leave() {
            self.following.set(false);
        }
    }

    /// Runs `change`, which adds something before what is shown, and holds what is shown in place.
    pub fn hold(self, change: impl FnOnce()) {
        let Some(frame) = self.frame.get_untracked() else {
            return;
        };
        let below = frame.scroll_height() - frame.scroll_top();
        change();
        request_animation_frame(move || {
            let top = frame.scroll_height() - below;
            self.last_top.try_set_value(top);
            // The browser may have seen to it, and setting it again would end a scroll under way.
            if frame.scroll_top() != top {
                frame.set_scroll_top(top);
            }
        });
    }

    fn pin(self) {
        if let Some(frame) = self.frame.get_untracked() {
            frame.set_scroll_top(frame.scroll_height());
        }
    }

    /// Goes along whenever the content grows or the room for it changes.
    fn observe(self) {
        let (Some(frame), Some(content)) = (self.frame.get(), self.content.get()) else {
            return;
        };
        let on_resize = Closure::<dyn Fn()>::new(move || {
            if self.following.try_get_untracked() == Some(true) {
                self.pin();
            }
        });
        let Ok(observer) = ResizeObserver::new(on_resize.as_ref().unchecked_ref()) else {
            return;
        };
        observer.observe(&frame);
        observer.observe(&content);
        let kept = StoredValue::new_local((observer, on_resize));
        on_cleanup(move || {
            kept.with_value(|(observer, _)| observer.disconnect());
        });
    }
}

fn settle(element: web_sys::HtmlElement, frames: u8) {
    element.scroll_into_view();
    if let Some(frames) = frames.checked_sub(1) {
        request_animation_frame(move || settle(element, frames));
    }
}

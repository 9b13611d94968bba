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
const SETTLING_FRAMES: u8 = 3;
/// For so many frames at most what is seen is held in place while something comes in before it. Its
/// Markdown is read by a worker, which seldom takes more than a few; on a busy machine it may take seconds.
const HOLDING_FRAMES: u16 = 300;
/// Markdown that is still to be read, or to be shown.
const GROWING: &str = ".ph-markdown--plain, .ph-markdown:empty";

/// On the content while something is added before what is shown.
const HOLDING: &str = "ph-chat__column--holding";

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
    /// What is being held in place.
    held: StoredValue<Option<Held>, LocalStorage>,
    /// Whether something is.
    holding: RwSignal<bool>,
}

impl Scroll {
    pub fn new() -> Self {
        let scroll = Self {
            frame: NodeRef::new(),
            content: NodeRef::new(),
            following: RwSignal::new(true),
            last_top: StoredValue::new(0),
            held: StoredValue::new_local(None),
            holding: RwSignal::new(false),
        };
        Effect::new(move || scroll.observe());
        scroll
    }

    /// Whether something that was said before comes in; tracks.
    #[must_use]
    pub fn is_growing_upwards(self) -> bool {
        self.holding.get()
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

    /// Takes the reader to an element of the content, with the focus. `complete` as in
    /// [`Scroll::on_scroll`].
    pub fn to_element(self, element: web_sys::HtmlElement, complete: bool) {
        self.following.set(false);
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        // One that cannot take the focus is still scrolled to.
        let _ = element.focus_with_options(&options);
        self.settle(element, complete, SETTLING_FRAMES);
    }

    fn settle(self, element: web_sys::HtmlElement, complete: bool, frames: u8) {
        element.scroll_into_view();
        match frames.checked_sub(1) {
            Some(frames) => {
                request_animation_frame(move || self.settle(element, complete, frames));
            }
            // Where nothing had to be scrolled, nothing will be heard of it.
            None => {
                if self.following.try_get_untracked().is_some() {
                    self.on_scroll(complete);
                }
            }
        }
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
        self.following.try_get_untracked() == Some(false) && self.frame().is_some_and(near)
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
    /// Does nothing while it still holds something; `done` is called when it no longer does.
    pub fn hold(self, change: impl FnOnce(), done: impl FnOnce() + 'static) {
        let (Some(frame), Some(content)) =
            (self.frame.get_untracked(), self.content.get_untracked())
        else {
            return;
        };
        let Some(anchor) = first_in_view(&frame).filter(|_| !self.is_holding()) else {
            return;
        };
        // The browser would do the same, but not where the reader is at the very beginning, and not
        // once the position was set by hand.
        set_anchoring(&frame, false);
        // What is added has its true height at once, not an estimate that is mended when it is seen.
        let _ = content.class_list().add_1(HOLDING);
        self.held.set_value(Some(Held {
            at: anchor.get_bounding_client_rect().top(),
            scrolled: frame.scroll_top(),
            frame: frame.clone().into(),
            anchor,
        }));
        self.holding.set(true);
        change();
        let end = move || {
            let _ = content.class_list().remove_1(HOLDING);
            set_anchoring(&frame, true);
            // The pane may be gone by then.
            if self.held.try_set_value(None).is_none() {
                self.holding.set(false);
                done();
            }
        };
        request_animation_frame(move || self.keep_holding(HOLDING_FRAMES, end));
    }

    fn is_holding(self) -> bool {
        self.held.with_value(Option::is_some)
    }

    fn keep_holding(self, frames: u16, end: impl FnOnce() + 'static) {
        self.correct();
        // Once everything that came in has its height, a few frames more are enough.
        let settling = u16::from(SETTLING_FRAMES);
        let rest = if frames > settling && !self.is_growing() {
            Some(settling)
        } else {
            frames.checked_sub(1)
        };
        match rest {
            Some(frames) => request_animation_frame(move || self.keep_holding(frames, end)),
            None => end(),
        }
    }

    fn is_growing(self) -> bool {
        let is_growing = |held: &Option<Held>| held.as_ref().is_some_and(Held::is_growing);
        self.held.try_with_value(is_growing) == Some(true)
    }

    /// Puts what is held back into its place.
    fn correct(self) {
        let correct = |held: &mut Option<Held>| {
            let held = held.as_mut()?;
            held.correct();
            Some(held.scrolled)
        };
        if let Some(scrolled) = self.held.try_update_value(correct).flatten() {
            self.last_top.set_value(scrolled);
        }
    }

    /// What scrolls, while it is on the page: in the next frame the pane may be gone.
    fn frame(self) -> Option<web_sys::HtmlDivElement> {
        self.frame.try_get_untracked().flatten()
    }

    fn pin(self) {
        if let Some(frame) = self.frame() {
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
            } else {
                // Before what has grown is painted.
                self.correct();
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

/// An element that stays where it is in the view, but for what the reader scrolls.
struct Held {
    frame: web_sys::HtmlElement,
    anchor: web_sys::Element,
    /// Where its top is in the view.
    at: f64,
    /// How far the frame was scrolled then.
    scrolled: i32,
}

impl Held {
    /// Whether something before it has not got its height yet.
    fn is_growing(&self) -> bool {
        let growing = self.frame.query_selector(GROWING).ok().flatten();
        growing.is_some_and(|growing| {
            growing.get_bounding_client_rect().top() < self.anchor.get_bounding_client_rect().top()
        })
    }

    /// Undoes what has moved it since, other than the reader.
    fn correct(&mut self) {
        let now = self.frame.scroll_top();
        self.at -= f64::from(now.saturating_sub(self.scrolled));
        let moved = self.anchor.get_bounding_client_rect().top() - self.at;
        if moved.abs() >= 1.0 {
            let options = web_sys::ScrollToOptions::new();
            options.set_top(moved);
            self.frame.scroll_by_with_scroll_to_options(&options);
        }
        self.scrolled = self.frame.scroll_top();
    }
}

/// The first message of which something is in view.
fn first_in_view(frame: &web_sys::Element) -> Option<web_sys::Element> {
    let top = frame.get_bounding_client_rect().top();
    let messages = frame.query_selector_all("article").ok()?;
    (0..messages.length())
        .filter_map(|index| messages.item(index)?.dyn_into::<web_sys::Element>().ok())
        .find(|message| message.get_bounding_client_rect().bottom() > top)
}

/// Whether the browser itself is to hold what is shown in place.
fn set_anchoring(frame: &web_sys::HtmlElement, on: bool) {
    let value = if on { "auto" } else { "none" };
    // Where the browser knows no such thing, there is nothing to switch.
    let _ = frame.style().set_property("overflow-anchor", value);
}

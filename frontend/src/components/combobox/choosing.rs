//! What a combobox knows, and what its keys and clicks do to that.
//!
//! The active option is held as the model that it stands for, so that it stays the same one while the
//! list changes around it.

use leptos::{ev::KeyboardEvent, html, prelude::*};

use super::super::{
    focus,
    model_list::{self, Group, Step},
    time::LocalMoment,
};
use crate::state::catalogue::Catalogue;

/// How far a page of the list is.
const PAGE: i32 = 8;

/// The state of one combobox.
#[derive(Clone, Copy)]
pub struct Choosing {
    pub catalogue: Catalogue,
    on_choose: Callback<String>,
    /// Whether the list stands for good.
    pub standing: bool,
    pub list: NodeRef<html::Div>,
    opened: RwSignal<bool>,
    /// Whether the list is shown.
    pub open: Memo<bool>,
    /// Until something is typed, the whole list is offered: the value is no filter.
    pub typed: RwSignal<Option<String>>,
    /// The model that keys or words have led to.
    led_to: RwSignal<Option<String>>,
    pub groups: Memo<Vec<Group>>,
    /// The model that Enter would choose.
    pub active: Memo<Option<String>>,
}

impl Choosing {
    pub fn new(
        catalogue: Catalogue,
        value: Signal<String>,
        on_choose: Callback<String>,
        standing: bool,
    ) -> Self {
        let opened = RwSignal::new(false);
        let open = Memo::new(move |_| standing || opened.get());
        let typed = RwSignal::new(None::<String>);
        let led_to = RwSignal::new(None::<String>);
        let groups = Memo::new(move |_| {
            if !open.get() {
                return Vec::new();
            }
            let filter = typed.get().unwrap_or_default();
            let current = value.get();
            catalogue.models.items().with(|models| {
                catalogue.providers.items().with(|providers| {
                    let now = LocalMoment::at(js_sys::Date::now());
                    model_list::offered(models, providers, &filter, &current, &now)
                })
            })
        });
        // With words, Enter chooses what fits best without a further key.
        let has_words =
            move || typed.with(|typed| typed.as_ref().is_some_and(|typed| !typed.is_empty()));
        let active = Memo::new(move |_| {
            groups.with(|groups| model_list::active(groups, led_to.get(), has_words()))
        });
        Self {
            catalogue,
            on_choose,
            standing,
            list: NodeRef::new(),
            opened,
            open,
            typed,
            led_to,
            groups,
            active,
        }
    }

    /// Shows the list.
    pub fn show(self) {
        if self.opened.get_untracked() {
            return;
        }
        self.catalogue.need();
        self.opened.set(true);
        if !self.standing {
            request_animation_frame(move || {
                // The view may be gone by then, and its signals with it.
                if let Some(Some(list)) = self.list.try_get_untracked() {
                    focus::show_whole(&list);
                }
            });
        }
    }

    /// Offers what fits these words.
    pub fn type_words(self, words: String) {
        self.led_to.set(None);
        self.typed.set(Some(words));
        self.show();
        // What fits best now stays the choice when the list is read anew.
        self.led_to.set(self.active.get_untracked());
    }

    pub fn choose(self, id: String) {
        self.forget_words();
        self.opened.set(self.standing);
        self.on_choose.run(id);
    }

    fn forget_words(self) {
        self.typed.set(None);
        self.led_to.set(None);
    }

    /// Whoever leaves with the whole id of a model typed has chosen that; other words were only a filter. An
    /// id that is in no list has to be chosen, since `anthropic/` is the beginning of many.
    pub fn leave(self) {
        // A browser may tell of the focus that goes down with a view, when the signals are gone.
        let Some(typed) = self.typed.try_get_untracked() else {
            return;
        };
        let typed = typed.unwrap_or_default();
        if self.catalogue.knows(typed.trim()) {
            self.choose(typed.trim().to_owned());
        } else {
            self.close();
        }
    }

    fn close(self) {
        self.forget_words();
        self.opened.set(self.standing);
    }

    pub fn on_key(self, event: &KeyboardEvent) {
        let is_open = self.open.get_untracked();
        let step = match event.key().as_str() {
            "ArrowDown" => Step::By(1),
            "ArrowUp" => Step::By(-1),
            "PageDown" => Step::By(PAGE),
            "PageUp" => Step::By(-PAGE),
            "Home" if is_open => Step::First,
            "End" if is_open => Step::Last,
            "Enter" if is_open => {
                // Enter belongs to the list while it is open, not to the form.
                event.prevent_default();
                match self.active.get_untracked() {
                    Some(id) => self.choose(id),
                    None => self.close(),
                }
                return;
            }
            "Escape" => {
                self.forget_words();
                // Where the list stands for good, the key is for what is around it.
                if self.opened.get_untracked() && !self.standing {
                    event.prevent_default();
                    event.stop_propagation();
                    self.close();
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        self.show();
        let active = self.active.get_untracked();
        let groups = self.groups.get_untracked();
        self.led_to
            .set(model_list::step(&groups, active.as_deref(), step));
    }
}

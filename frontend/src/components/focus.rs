//! Where the focus goes when what holds it goes away: to what is left nearest to it. A browser would give it
//! to the page's body, from where the next Tab begins at the top.
//!
//! And where it goes when a form is refused: to the first field that is wrong.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};

/// What around a list takes the focus when no row is left.
const AROUND: &str = "section, nav, [role=tabpanel], dialog, main";
/// What in a row can take the focus.
const CONTROLS: &str = "a[href], button:not(:disabled), summary";

/// The row of a list that holds the focus, as the place where it stands.
#[derive(Clone)]
pub struct RowPlace {
    list: Element,
    /// How many rows are before it.
    before: u32,
    around: Option<Element>,
}

impl RowPlace {
    /// `None` while the focus is in no list.
    #[must_use]
    pub fn of_focus() -> Option<Self> {
        let row = document().active_element()?.closest("li").ok()??;
        let list = row.parent_element()?;
        let mut before = 0_u32;
        let mut row = row.previous_element_sibling();
        while let Some(earlier) = row {
            before = before.saturating_add(1);
            row = earlier.previous_element_sibling();
        }
        let around = list.closest(AROUND).ok().flatten();
        Some(Self {
            list,
            before,
            around,
        })
    }

    /// Once the page has been drawn anew: if the focus is gone, it goes to the row that stands here
    /// now, else to the one before it, else to what was around the list.
    pub fn keep(self) {
        request_animation_frame(move || {
            if !is_lost() {
                return;
            }
            let rows = [self.before.saturating_add(1), self.before];
            let mut controls = rows.into_iter().filter_map(|row| self.control_of(row));
            match (controls.next(), self.around) {
                (Some(control), _) => focus(&control),
                (None, Some(around)) => focus(&around),
                (None, None) => {}
            }
        });
    }

    /// [`Self::keep`], or, where no row is left, to the element that `selector` finds.
    pub fn keep_or(place: Option<Self>, selector: &str) {
        if let Some(place) = place {
            let around = document().query_selector(selector).ok().flatten();
            Self { around, ..place }.keep();
        }
    }

    /// The last control of a row, which is what most rows end with: the one that deletes.
    fn control_of(&self, row: u32) -> Option<Element> {
        let selector = format!(":scope > li:nth-child({row})");
        let row = self.list.query_selector(&selector).ok()??;
        let controls = row.query_selector_all(CONTROLS).ok()?;
        let last = controls.item(controls.length().checked_sub(1)?)?;
        last.dyn_into().ok().filter(|_| self.list.is_connected())
    }
}

/// Call it before what an element does when it is pressed: should it go away with that, the focus goes to
/// what is around it.
pub fn stay_near(pressed: &web_sys::MouseEvent) {
    let element = pressed.current_target().or_else(|| pressed.target());
    let element = element.and_then(|element| element.dyn_into::<Element>().ok());
    let around = element.and_then(|element| element.closest(AROUND).ok().flatten());
    if let Some(around) = around {
        request_animation_frame(move || {
            if is_lost() {
                focus(&around);
            }
        });
    }
}

/// Scrolls as little as it takes for all of an element to be seen.
pub fn show_whole(element: &Element) {
    let nearest = web_sys::ScrollIntoViewOptions::new();
    nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// Whether nothing on the page has the focus.
#[must_use]
pub fn is_lost() -> bool {
    let active = document().active_element();
    active.is_none_or(|active| active.tag_name() == "BODY")
}

/// Gives the focus to what `selector` finds first, if that is there.
pub fn to(selector: &str) {
    if let Ok(Some(found)) = document().query_selector(selector) {
        focus(&found);
    }
}

/// From where it is in a form, once that says what is wrong: to the first field that is.
pub fn to_wrong_field() {
    request_animation_frame(|| {
        let active = document().active_element();
        if let Some(form) = active.and_then(|active| active.closest("form").ok().flatten()) {
            to_wrong_field_of(&form);
        }
    });
}

/// Takes the person to the first field of a form that is wrong, which may be out of sight.
pub fn to_wrong_field_of(form: &Element) {
    let wrong = form.query_selector("[aria-invalid]").ok().flatten();
    if let Some(wrong) = wrong.and_then(|wrong| wrong.dyn_into::<HtmlElement>().ok()) {
        // A field that cannot take the focus is marked all the same.
        let _ = wrong.focus();
    }
}

/// Gives the focus to an element, also to one that is no control, and leaves the page where it is.
pub fn focus(element: &Element) {
    let Some(element) = element.dyn_ref::<HtmlElement>() else {
        return;
    };
    if element.tab_index() < 0 && !element.has_attribute("tabindex") {
        // A valid name and value, which is all that can be wrong.
        let _ = element.set_attribute("tabindex", "-1");
    }
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    // An element that cannot take the focus leaves it where it is.
    let _ = element.focus_with_options(&options);
}

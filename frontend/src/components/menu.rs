//! Menus behind a button, after the ARIA menu button pattern: arrows move, Esc closes and gives
//! the focus back. The list is a popover, so no scrolling parent cuts it off.

use leptos::{
    ev::{FocusEvent, KeyboardEvent},
    html,
    prelude::*,
};
use wasm_bindgen::JsCast;

use super::{
    field::unique_id,
    icon::{Glyph, Icon},
};

/// One thing that a menu offers.
#[derive(Clone)]
pub struct MenuItem {
    pub label: String,
    pub glyph: Option<Glyph>,
    pub danger: bool,
    choice: Choice,
}

/// What choosing an item does.
#[derive(Clone)]
enum Choice {
    Act(Callback<()>),
    /// Downloads from this address.
    Download(String),
}

impl MenuItem {
    pub fn new(label: impl Into<String>, action: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            label: label.into(),
            glyph: None,
            danger: false,
            choice: Choice::Act(Callback::new(move |()| action())),
        }
    }

    /// An item that is a link to what the browser is to download.
    pub fn download(label: impl Into<String>, address: String) -> Self {
        Self {
            label: label.into(),
            glyph: Some(Glyph::Download),
            danger: false,
            choice: Choice::Download(address),
        }
    }

    #[must_use]
    pub fn glyph(mut self, glyph: Glyph) -> Self {
        self.glyph = Some(glyph);
        self
    }

    /// Marks an item that destroys something.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }
}

/// A button that opens a menu. The children are what the button shows.
#[component]
pub fn Menu(
    /// The accessible name of the button and of the menu.
    #[prop(into)]
    label: Signal<String>,
    /// Classes of the button.
    #[prop(into)]
    class: String,
    /// A line above the items, for instance whose account it is.
    #[prop(optional, into)]
    heading: Signal<Option<String>>,
    /// Asked anew at each opening.
    items: Callback<(), Vec<MenuItem>>,
    children: Children,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let root = NodeRef::<html::Div>::new();
    let trigger = NodeRef::<html::Button>::new();
    let list = NodeRef::<html::Div>::new();
    let id = unique_id("menu");
    let controls = id.clone();

    let close_and_return = move || {
        open.set(false);
        if let Some(trigger) = trigger.get_untracked() {
            // A trigger that is gone has no focus to take.
            let _ = trigger.focus();
        }
    };
    Effect::new(move |_| {
        if let (true, Some(list), Some(trigger)) = (open.get(), list.get(), trigger.get_untracked())
        {
            place(&list, &trigger);
            move_focus(&list, Step::First);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let Some(list) = list.get_untracked() else {
            return;
        };
        let step = match event.key().as_str() {
            "ArrowDown" => Step::Next,
            "ArrowUp" => Step::Previous,
            "Home" => Step::First,
            "End" => Step::Last,
            "Escape" => {
                // A dialog around the menu must not hear it.
                event.stop_propagation();
                event.prevent_default();
                close_and_return();
                return;
            }
            "Tab" => {
                open.set(false);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        move_focus(&list, step);
    };
    let on_focus_out = move |event: FocusEvent| {
        let next = event
            .related_target()
            .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        // A browser may tell of the focus that goes down with a page, when the signals are gone.
        let Some(Some(root)) = root.try_get_untracked() else {
            return;
        };
        if !root.contains(next.as_ref()) {
            open.set(false);
        }
    };
    view! {
        <div node_ref=root class="ph-menu" on:focusout=on_focus_out>
            <button
                node_ref=trigger
                type="button"
                class=class
                aria-label=label
                aria-haspopup="menu"
                aria-expanded=move || open.get().to_string()
                aria-controls=move || open.get().then(|| controls.clone())
                on:click=move |_| open.update(|open| *open = !*open)
                on:keydown=move |event: KeyboardEvent| {
                    if event.key() == "ArrowDown" && !open.get_untracked() {
                        event.prevent_default();
                        open.set(true);
                    }
                }
            >
                {children()}
            </button>
            {move || {
                let id = id.clone();
                open.get().then(move || view! {
                    <div
                        node_ref=list
                        id=id
                        class="ph-menu__list"
                        popover="manual"
                        tabindex="-1"
                        on:keydown=on_key
                    >
                        {move || heading.get().map(|heading| view! {
                            <p class="ph-menu__heading">{heading}</p>
                        })}
                        <div role="menu" aria-label=label>
                            {items
                                .run(())
                                .into_iter()
                                .map(|item| view! { <Item item close=close_and_return/> })
                                .collect_view()}
                        </div>
                    </div>
                })
            }}
        </div>
    }
}

#[component]
fn Item(item: MenuItem, close: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    let class = if item.danger {
        "ph-menu__item ph-menu__item--danger"
    } else {
        "ph-menu__item"
    };
    let shown = view! {
        {item.glyph.map(|glyph| view! { <Icon glyph=glyph/> })}
        <span>{item.label}</span>
    };
    match item.choice {
        Choice::Act(action) => {
            let choose = move |_| {
                close();
                action.run(());
            };
            view! {
                <button type="button" role="menuitem" tabindex="-1" class=class on:click=choose>{shown}</button>
            }
            .into_any()
        }
        Choice::Download(address) => view! {
            <a
                href=address
                download=""
                rel="external"
                role="menuitem"
                tabindex="-1"
                class=class
                on:click=move |_| close()
            >
                {shown}
            </a>
        }
        .into_any(),
    }
}

/// Where the focus goes among the items.
#[derive(Clone, Copy)]
enum Step {
    First,
    Last,
    Next,
    Previous,
}

fn move_focus(list: &web_sys::Element, step: Step) {
    let Ok(items) = list.query_selector_all("[role=menuitem]") else {
        return;
    };
    let active = document().active_element();
    let current = (0..items.length()).find(|index| {
        let item = items
            .item(*index)
            .and_then(|item| item.dyn_into::<web_sys::Element>().ok());
        item.is_some() && item == active
    });
    let last = items.length().saturating_sub(1);
    let target = match (step, current) {
        (Step::First, _) | (Step::Next, None) => 0,
        (Step::Last, _) | (Step::Previous, None) => last,
        (Step::Next, Some(index)) => {
            if index == last {
                0
            } else {
                index + 1
            }
        }
        (Step::Previous, Some(index)) => index.checked_sub(1).unwrap_or(last),
    };
    let item = items
        .item(target)
        .and_then(|item| item.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(item) = item {
        // An item that cannot take the focus leaves it where it is.
        let _ = item.focus();
    }
}

/// What stays free between a menu and its button, and at the edges of the page.
const GAP: f64 = 4.0;

/// Shows the list at its button, towards where there is room.
fn place(list: &web_sys::HtmlElement, trigger: &web_sys::Element) {
    // Refused when it is shown already.
    let _ = list.show_popover();
    let at = trigger.get_bounding_client_rect();
    let extent = |size: Result<wasm_bindgen::JsValue, _>| {
        size.ok().and_then(|size| size.as_f64()).unwrap_or_default()
    };
    let (width, height) = (
        extent(window().inner_width()),
        extent(window().inner_height()),
    );
    // As large as it is, since its items are as long as names are.
    let size = list.get_bounding_client_rect();
    let (wide, high) = (size.width(), size.height());
    let below = at.bottom() + GAP;
    let top = if below + high > height {
        at.top() - GAP - high
    } else {
        below
    };
    let left = if at.left() + wide > width {
        at.right() - wide
    } else {
        at.left()
    };
    for (side, offset) in [("top", top), ("left", left)] {
        let offset = offset.max(GAP);
        // A property that the browser does not know leaves the menu where it is.
        let _ = list.style().set_property(side, &format!("{offset}px"));
    }
}

//! Tabs after the ARIA pattern: one tab stop, arrows move and select.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;

/// What a set of tabs is made of.
pub trait Tab: Copy + PartialEq + Send + Sync + 'static {
    /// All of them, in order.
    const ALL: &'static [Self];
    /// A short word that is unique among them, for ids.
    fn key(self) -> &'static str;
    fn label(self) -> &'static str;
}

/// The row of tabs. The panel belongs to the caller, as [`TabPanel`].
#[component]
pub fn Tabs<T: Tab>(
    /// What the tabs are about.
    label: &'static str,
    selected: RwSignal<T>,
) -> impl IntoView {
    let on_key = move |event: KeyboardEvent| {
        let at = T::ALL
            .iter()
            .position(|tab| *tab == selected.get_untracked())
            .unwrap_or_default();
        let last = T::ALL.len().saturating_sub(1);
        let target = match event.key().as_str() {
            "ArrowRight" => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            "ArrowLeft" => at.checked_sub(1).unwrap_or(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        let Some(tab) = T::ALL.get(target) else {
            return;
        };
        event.prevent_default();
        selected.set(*tab);
        let button = document().get_element_by_id(&tab_id(*tab));
        if let Some(button) =
            button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok())
        {
            // A tab that cannot take the focus is selected all the same.
            let _ = button.focus();
        }
    };
    view! {
        <div class="ph-tabs" role="tablist" aria-label=label on:keydown=on_key>
            {T::ALL.iter().copied().map(|tab| view! {
                <button
                    type="button"
                    role="tab"
                    id=tab_id(tab)
                    class="ph-tabs__tab"
                    aria-selected=move || (selected.get() == tab).to_string()
                    aria-controls=panel_id(tab)
                    tabindex=move || if selected.get() == tab { "0" } else { "-1" }
                    on:click=move |_| selected.set(tab)
                >
                    {tab.label()}
                </button>
            }).collect_view()}
        </div>
    }
}

/// The panel of one tab; it stays in the document while hidden, so that what is typed in it stays.
#[component]
pub fn TabPanel<T: Tab>(tab: T, selected: RwSignal<T>, children: Children) -> impl IntoView {
    view! {
        <div
            role="tabpanel"
            id=panel_id(tab)
            class="ph-tabs__panel"
            aria-labelledby=tab_id(tab)
            tabindex="0"
            hidden=move || selected.get() != tab
        >
            {children()}
        </div>
    }
}

fn tab_id<T: Tab>(tab: T) -> String {
    format!("tab-{}", tab.key())
}

fn panel_id<T: Tab>(tab: T) -> String {
    format!("panel-{}", tab.key())
}

//! How the page looks in this browser.

use leptos::prelude::*;

use super::Section;
use crate::state::theme::{Theme, use_theme};

#[component]
pub fn AppearanceSection() -> impl IntoView {
    let theme = use_theme();
    view! {
        <Section id="appearance" title="Appearance">
            <fieldset class="ph-fieldset">
                <legend class="ph-field__label">"Colours, in this browser"</legend>
                <div class="ph-choices">
                    {Theme::ALL.map(|choice| view! {
                        <label class="ph-choices__choice">
                            <input
                                type="radio"
                                name="theme"
                                value=choice.as_str()
                                prop:checked=move || theme.theme() == choice
                                on:change=move |_| theme.choose(choice)
                            />
                            {choice.label()}
                        </label>
                    }).collect_view()}
                </div>
            </fieldset>
        </Section>
    }
}

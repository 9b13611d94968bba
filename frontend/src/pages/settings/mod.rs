//! The account's own settings.

mod account;
mod appearance;
mod password;
mod provider_form;
mod providers;
mod sessions;

use leptos::prelude::*;

use self::{
    account::{AccountSection, DeleteAccountSection},
    appearance::AppearanceSection,
    password::PasswordSection,
    providers::ProvidersSection,
    sessions::SessionsSection,
};
use super::top_bar::TopBar;
use crate::{
    components::{
        landmark::Main,
        part::{Part, part},
    },
    state::title::use_title,
};

part!(settings_part, Sections);

/// The settings, whose code comes with the first visit.
#[component]
pub fn SettingsPlace() -> impl IntoView {
    use_title(|| "Settings".to_owned());
    view! {
        <div class="ph-page">
            <TopBar/>
            <Main class="ph-page__main ph-page__main--narrow">
                <h1 class="ph-page__title">"Settings"</h1>
                <Part load=settings_part lines=6/>
            </Main>
        </div>
    }
}

#[component]
fn Sections() -> impl IntoView {
    Effect::new(|| {
        request_animation_frame(go_to_named_section);
    });
    view! {
        <AccountSection/>
        <PasswordSection/>
        <ProvidersSection/>
        <SessionsSection/>
        <AppearanceSection/>
        <DeleteAccountSection/>
    }
}

/// The browser looks for the section that the address names before the page has made it.
fn go_to_named_section() {
    let hash = window().location().hash().unwrap_or_default();
    let section = hash
        .strip_prefix('#')
        .and_then(|id| document().get_element_by_id(id));
    if let Some(section) = section {
        section.scroll_into_view();
    }
}

/// One part of the settings under its heading.
#[component]
fn Section(id: &'static str, title: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="ph-section" aria-labelledby=id>
            <h2 id=id class="ph-section__title">{title}</h2>
            {children()}
        </section>
    }
}

//! The form of an account with a provider: a new one, or one that there is.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::providers::{
    BaseUrlRule, CreateProvider, KeyRule, Provider, ProviderPreset, UpdateProvider,
};

use crate::{
    api,
    components::{
        button::{Button, Variant},
        dialog::Dialog,
        feedback::Problem,
        field::{Kind, Select, TextField},
    },
    state::{loaded::LoadedList, submission::Submission, toasts::use_toasts},
};

/// What the form is about.
#[derive(Debug, Clone)]
pub enum Subject {
    New,
    Account(Provider),
}

#[component]
pub fn ProviderDialog(
    open: RwSignal<bool>,
    subject: RwSignal<Subject>,
    presets: LoadedList<ProviderPreset>,
    on_saved: Callback<()>,
) -> impl IntoView {
    let title = move || match subject.get() {
        Subject::New => "Add provider".to_owned(),
        Subject::Account(provider) => format!("Change {}", provider.name),
    };
    view! {
        <Dialog open title=Signal::derive(title)>
            <Form open subject=subject.get_untracked() presets on_saved/>
        </Dialog>
    }
}

#[component]
fn Form(
    open: RwSignal<bool>,
    subject: Subject,
    presets: LoadedList<ProviderPreset>,
    on_saved: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let account = match subject {
        Subject::New => None,
        Subject::Account(provider) => Some(provider),
    };
    let was = account.clone();
    let (was_name, was_url, was_preset) = account
        .as_ref()
        .map(|account| {
            let url = account.base_url.clone().unwrap_or_default();
            (account.name.clone(), url, account.preset.clone())
        })
        .unwrap_or_default();
    let chosen = RwSignal::new(was_preset);
    let name = RwSignal::new(was_name);
    let url = RwSignal::new(was_url.clone());
    let key = RwSignal::new(String::new());
    let preset = Memo::new(move |_| {
        presets.items().with(|presets| {
            let named = presets.iter().find(|preset| preset.name == chosen.get());
            named.or_else(|| presets.first()).cloned()
        })
    });
    let save = Submission::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(preset) = preset.get_untracked() else {
            return;
        };
        let typed = |signal: RwSignal<String>| signal.get_untracked().trim().to_owned();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let (key, url) = (some(typed(key)), typed(url));
        let id = was.as_ref().and_then(|account| account.id);
        let new_url = (url != was_url).then(|| url.clone());
        let mut name = typed(name);
        if name.is_empty() && id.is_none() {
            name.clone_from(&preset.title);
        }
        save.submit(async move {
            let saved = match id {
                Some(id) => {
                    let body = UpdateProvider {
                        name: Some(name),
                        base_url: new_url,
                        api_key: key,
                    };
                    api::providers::update(id, body).await?
                }
                None => {
                    let open_url = preset.base_url_rule != BaseUrlRule::Fixed;
                    let body = CreateProvider {
                        preset: preset.name,
                        name,
                        base_url: some(url).filter(|_| open_url),
                        api_key: key,
                    };
                    api::providers::create(body).await?
                }
            };
            toasts.done(format!("{} is saved", saved.name));
            open.set(false);
            // The page may be gone by now.
            on_saved.try_run(());
            Ok(())
        });
    };
    let choices = move || {
        presets.items().with(|presets| {
            let choice = |preset: &ProviderPreset| (preset.name.clone(), preset.title.clone());
            presets.iter().map(choice).collect()
        })
    };
    let own_url = Memo::new(move |_| {
        preset.with(|preset| {
            preset
                .as_ref()
                .is_some_and(|preset| preset.base_url_rule != BaseUrlRule::Fixed)
        })
    });
    let url_hint = Signal::derive(move || {
        let preset = preset.get()?;
        Some(match preset.base_url_rule {
            BaseUrlRule::Required => format!("For instance {}", preset.base_url),
            BaseUrlRule::Fixed | BaseUrlRule::Changeable => {
                format!("{} unless you name another", preset.base_url)
            }
        })
    });
    let has_key = account
        .as_ref()
        .is_some_and(|account| account.key_hint.is_some());
    let key_hint = Signal::derive(move || {
        if has_key {
            return Some("Leave it empty to keep the key that is stored.".to_owned());
        }
        let optional = preset.get()?.key_rule == KeyRule::Optional;
        let words = if optional {
            "Where the server asks for one. It is stored sealed and never shown again."
        } else {
            "Stored sealed and never shown again."
        };
        Some(words.to_owned())
    });
    view! {
        <form class="ph-form" novalidate autocomplete="off" on:submit=submit>
            {account.is_none().then(|| view! {
                <Select label="Provider" value=chosen choices=Signal::derive(choices) problem=save.field("preset")/>
            })}
            <TextField label="Name" value=name maxlength=60 problem=save.field("name")/>
            {move || own_url.get().then(|| view! {
                <TextField label="Base URL" value=url hint=url_hint problem=save.field("base_url")/>
            })}
            <TextField label="API key" value=key kind=Kind::Password autocomplete="off" hint=key_hint problem=save.field("api_key")/>
            <Problem text=save.problem(&["preset", "name", "base_url", "api_key"])/>
            <div class="ph-bar ph-bar--end">
                <Button label="Cancel" on_click=move |_| open.set(false)/>
                <Button label="Save provider" variant=Variant::Primary busy=save.pending()/>
            </div>
        </form>
    }
}

//! The form of an account with a provider: a new one, or one that there is.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::providers::{
    BaseUrlRule, CreateProvider, KeyRule, Provider, ProviderPreset, UpdateProvider,
};

use crate::{
    api::{self, ApiError},
    components::{
        asking::Asking,
        button::{Button, Variant},
        dialog::Dialog,
        feedback::Problem,
        field::{Kind, Select, TextField},
        list_end::ListEnd,
    },
    state::{loaded::LoadedList, toasts::use_toasts},
};

/// What the form is about.
#[derive(Debug, Clone)]
pub enum Subject {
    New,
    Account(Provider),
}

/// The fields whose problems are told beside them.
const FIELDS: &[&str] = &["preset", "name", "base_url", "api_key"];

#[component]
pub fn ProviderDialog(
    saving: Asking<Subject>,
    presets: LoadedList<ProviderPreset>,
    on_saved: Callback<()>,
) -> impl IntoView {
    let title = move || match saving.target() {
        Some(Subject::Account(provider)) => format!("Change {}", provider.name),
        Some(Subject::New) | None => "Add provider".to_owned(),
    };
    view! {
        <Dialog open=saving.open title=Signal::derive(title)>
            <Form saving presets on_saved/>
        </Dialog>
    }
}

#[component]
fn Form(
    saving: Asking<Subject>,
    presets: LoadedList<ProviderPreset>,
    on_saved: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let account = match untrack(|| saving.target()) {
        Some(Subject::Account(provider)) => Some(provider),
        Some(Subject::New) | None => None,
    };
    let id = account.as_ref().and_then(|account| account.id);
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
    let typed = |signal: RwSignal<String>| signal.get_untracked().trim().to_owned();
    let save = StoredValue::new(move |key: Option<String>| {
        let (name, url) = (typed(name), typed(url));
        let new_url = (url != was_url).then(|| url.clone());
        let preset = preset.get_untracked();
        saving.run(async move {
            let saved = match (id, preset) {
                (Some(id), _) => {
                    let body = UpdateProvider {
                        name: Some(name),
                        base_url: new_url,
                        api_key: key,
                    };
                    api::providers::update(id, body).await?
                }
                (None, Some(preset)) => {
                    let open_url = preset.base_url_rule != BaseUrlRule::Fixed;
                    let body = CreateProvider {
                        preset: preset.name,
                        name: some(name).unwrap_or(preset.title),
                        base_url: some(url).filter(|_| open_url),
                        api_key: key,
                    };
                    api::providers::create(body).await?
                }
                // What is missing, and what to do about it, stands in place of the choice.
                (None, None) => return Err(ApiError::Cancelled),
            };
            toasts.done(format!("{} is saved", saved.name));
            // The page may be gone by then, and nobody left to tell.
            let _ = on_saved.try_run(());
            Ok(())
        });
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save.with_value(|save| save(some(typed(key))));
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
    // Of a key that is too short the account does not tell, so that its row cannot say that there is one.
    let may_go_without = Memo::new(move |_| {
        let is_optional = |preset: &ProviderPreset| preset.key_rule == KeyRule::Optional;
        id.is_some() && preset.with(|preset| preset.as_ref().is_some_and(is_optional))
    });
    let remove_key = move |_| save.with_value(|save| save(Some(String::new())));
    view! {
        <form class="ph-form" novalidate autocomplete="off" on:submit=submit>
            {id.is_none().then(|| view! {
                <Select label="Provider" value=chosen choices=Signal::derive(choices) problem=saving.field("preset") autofocus=true/>
            })}
            <ListEnd end=presets.end() lines=1/>
            <TextField label="Name" value=name maxlength=60 problem=saving.field("name") autofocus=id.is_some()/>
            {move || own_url.get().then(|| view! {
                <TextField label="Base URL" value=url hint=url_hint problem=saving.field("base_url")/>
            })}
            <TextField label="API key" value=key kind=Kind::Password autocomplete="off" hint=key_hint problem=saving.field("api_key")/>
            <Problem text=saving.problem(FIELDS)/>
            <div class="ph-bar ph-bar--end">
                {move || may_go_without.get().then(|| view! {
                    <Button label="Remove key" variant=Variant::Quiet busy=saving.busy() on_click=remove_key/>
                    <span class="ph-bar__space"></span>
                })}
                <Button label="Cancel" on_click=move |_| saving.open.set(false)/>
                <Button
                    label="Save provider"
                    variant=Variant::Primary
                    busy=saving.busy()
                    disabled=Signal::derive(move || id.is_none() && preset.with(Option::is_none))
                />
            </div>
        </form>
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

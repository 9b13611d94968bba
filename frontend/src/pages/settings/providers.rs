//! Accounts with providers of models: the operator's, which are only shown, and one's own.

use leptos::prelude::*;
use prompthub_dto::providers::{Provider, ProviderPreset};

use super::{
    Section,
    provider_form::{ProviderDialog, Subject},
};
use crate::{
    api,
    components::{
        asking::Asking,
        button::{Button, IconButton, Size, Variant},
        dialog::Confirm,
        icon::Glyph,
        list_end::ListEnd,
        provider_words,
        rows::rows,
        time::LocalMoment,
    },
    state::{
        catalogue::Catalogue, clock::use_clock, loaded::LoadedList, submission::Submission,
        toasts::use_toasts,
    },
};

/// What the rows share.
#[derive(Clone, Copy)]
struct Accounts {
    providers: LoadedList<Provider>,
    presets: LoadedList<ProviderPreset>,
    saving: Asking<Subject>,
    /// The account that the person is asked about before it is deleted.
    deleting: Asking<Provider>,
}

#[component]
pub fn ProvidersSection() -> impl IntoView {
    let toasts = use_toasts();
    let accounts = Accounts {
        providers: Catalogue::provide().providers,
        presets: LoadedList::new(|_| api::providers::list_presets()),
        saving: Asking::new(),
        deleting: Asking::new(),
    };
    let Accounts {
        providers,
        saving,
        deleting,
        ..
    } = accounts;
    providers.reload();
    let confirm = Callback::new(move |()| {
        let Some(provider) = untrack(|| deleting.target()) else {
            return;
        };
        let Some(id) = provider.id else { return };
        deleting.run(async move {
            api::providers::remove(id).await?;
            providers.update(|providers| providers.retain(|other| other.id != Some(id)));
            toasts.done(format!("{} has been deleted", provider.name));
            Ok(())
        });
    });
    let text = move || {
        deleting.target().map_or_else(String::new, |provider| {
            format!(
                "“{}” and its key will be gone. Projects that name its models answer no more until \
                 another model is chosen.",
                provider.name
            )
        })
    };
    view! {
        <Section id="providers" title="Providers">
            <ul class="ph-files" aria-label="Providers" hidden=move || providers.items().with(Vec::is_empty)>
                {rows(
                    move || providers.items().with(|all| all.iter().map(|one| one.slug.clone()).collect()),
                    String::clone,
                    move |slug| view! { <ProviderRow accounts slug/> }.into_any(),
                )}
            </ul>
            <ListEnd end=providers.end() lines=2/>
            <div class="ph-bar">
                <Button
                    label="Add provider"
                    variant=Variant::Primary
                    glyph=Glyph::Plus
                    on_click=move |_| saving.ask(Subject::New)
                />
            </div>
            <p class="ph-hint">
                "A provider that everybody here may use is set up by whoever runs this server: "
                <code>"prompthub serve --help"</code>
                " names what it takes."
            </p>
            <ProviderDialog
                saving
                presets=accounts.presets
                on_saved=Callback::new(move |()| providers.reload())
            />
            <Confirm
                open=deleting.open
                title="Delete this provider?"
                text=Signal::derive(text)
                action="Delete"
                busy=deleting.busy()
                problem=deleting.problem(&[])
                on_confirm=confirm
            />
        </Section>
    }
}

/// An account's row, which stays as it is while what it shows of the account changes.
#[component]
fn ProviderRow(accounts: Accounts, slug: String) -> impl IntoView {
    let clock = use_clock();
    let provider = Memo::new(move |_| {
        accounts.providers.items().with(|providers| {
            let found = providers.iter().find(|provider| provider.slug == slug);
            found.cloned()
        })
    });
    let of = move |read: fn(&Provider) -> String| {
        Signal::derive(move || {
            provider.with(|provider| provider.as_ref().map(read).unwrap_or_default())
        })
    };
    let name = of(|provider| provider.name.clone());
    let said = RwSignal::new(None::<(bool, String)>);
    let test = Submission::new();
    let failed = test.problem(&[]);
    let words = move || {
        let now = LocalMoment::at(clock.now());
        provider.with(|provider| {
            let provider = provider.as_ref();
            provider.map(|provider| provider_words::state(&provider.state, &now))
        })
    };
    let about = move || {
        let provider = provider.get()?;
        let title = accounts.presets.items().with(|presets| {
            let mut presets = presets.iter();
            let preset = presets.find(|preset| preset.name == provider.preset);
            preset.map(|preset| preset.title.clone())
        });
        let kind = title.filter(|title| *title != provider.name);
        let key = provider.key_hint.map(|hint| format!("key …{hint}"));
        let parts = [kind, provider.base_url, key].into_iter().flatten();
        Some(parts.collect::<Vec<_>>().join(" · "))
    };
    let result = move || {
        let (ok, text) = match failed.get() {
            Some(problem) => (false, problem),
            None => said.get()?,
        };
        let class = if ok { "ph-hint" } else { "ph-field__problem" };
        Some(view! { <span class=class>{text}</span> })
    };
    // Whose it is never changes.
    let id = provider.with_untracked(|provider| provider.as_ref().and_then(|provider| provider.id));
    let tools = match id {
        Some(id) => {
            let run = move |_| {
                test.submit(async move {
                    said.set(None);
                    let outcome = api::providers::test(id).await?;
                    said.set(Some((outcome.ok, outcome.message)));
                    Ok(())
                });
            };
            let edit = move |_| {
                if let Some(provider) = provider.get_untracked() {
                    accounts.saving.ask(Subject::Account(provider));
                }
            };
            let ask = move |_| {
                if let Some(provider) = provider.get_untracked() {
                    accounts.deleting.ask(provider);
                }
            };
            let label =
                move |verb: &'static str| Signal::derive(move || format!("{verb} {}", name.get()));
            view! {
                <Button label="Test" size=Size::Small busy=test.pending() on_click=run attr:aria-label=label("Test")/>
                <IconButton label=label("Change") glyph=Glyph::Pen size=Size::Small on_click=Callback::new(edit)/>
                <IconButton label=label("Delete") glyph=Glyph::Trash size=Size::Small on_click=Callback::new(ask)/>
            }
            .into_any()
        }
        None => view! { <span class="ph-tag">"shared"</span> }.into_any(),
    };
    view! {
        <li class="ph-files__row">
            <div class="ph-files__text">
                <span class="ph-files__name">{name}</span>
                <span class="ph-hint ph-files__more">{about}</span>
                <span class="ph-hint">{words}</span>
                <span role="status">{result}</span>
            </div>
            {tools}
        </li>
    }
}

//! Accounts with providers of models: the operator's, which are only shown, and one's own.

use leptos::prelude::*;
use prompthub_dto::{
    Timestamp,
    providers::{Provider, ProviderPreset, ProviderStatus},
};

use super::{
    Section,
    provider_form::{ProviderDialog, Subject},
};
use crate::{
    api,
    components::{
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
    catalogue: Catalogue,
    presets: LoadedList<ProviderPreset>,
    /// What the dialog is about, while it is open or closing.
    subject: RwSignal<Subject>,
    dialog: RwSignal<bool>,
    /// The account that the person is asked about before it is deleted.
    target: RwSignal<Option<Provider>>,
    asking: RwSignal<bool>,
}

impl Accounts {
    fn edit(self, subject: Subject) {
        self.subject.set(subject);
        self.dialog.set(true);
    }

    fn reload(self) {
        self.catalogue.providers.reload();
        self.catalogue.follow(|| true);
    }
}

#[component]
pub fn ProvidersSection() -> impl IntoView {
    let toasts = use_toasts();
    let catalogue = Catalogue::provide();
    let accounts = Accounts {
        catalogue,
        presets: LoadedList::new(|_| api::providers::list_presets()),
        subject: RwSignal::new(Subject::New),
        dialog: RwSignal::new(false),
        target: RwSignal::new(None),
        asking: RwSignal::new(false),
    };
    let providers = catalogue.providers;
    accounts.reload();
    let remove = Submission::new();
    let confirm = Callback::new(move |()| {
        let Some(provider) = accounts.target.get_untracked() else {
            return;
        };
        let Some(id) = provider.id else { return };
        remove.submit(async move {
            api::providers::remove(id).await?;
            providers.update(|providers| providers.retain(|other| other.id != Some(id)));
            accounts.asking.set(false);
            toasts.done(format!("{} has been deleted", provider.name));
            Ok(())
        });
    });
    let text = move || {
        accounts.target.get().map_or_else(String::new, |provider| {
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
                    move || providers.items().get(),
                    key,
                    move |provider| view! { <ProviderRow accounts provider/> }.into_any(),
                )}
            </ul>
            <ListEnd end=providers.end() lines=2/>
            <div class="ph-bar">
                <Button
                    label="Add provider"
                    variant=Variant::Primary
                    glyph=Glyph::Plus
                    on_click=move |_| accounts.edit(Subject::New)
                />
            </div>
            <p class="ph-hint">
                "A provider that everybody here may use is set up by whoever runs this server: "
                <code>"prompthub serve --help"</code>
                " names what it takes."
            </p>
            <ProviderDialog
                open=accounts.dialog
                subject=accounts.subject
                presets=accounts.presets
                on_saved=Callback::new(move |()| accounts.reload())
            />
            <Confirm
                open=accounts.asking
                title="Delete this provider?"
                text=Signal::derive(text)
                action="Delete"
                busy=remove.pending()
                problem=remove.problem(&[])
                on_confirm=confirm
            />
        </Section>
    }
}

/// What a row shows of its account, so that it is drawn anew when that changes.
fn key(provider: &Provider) -> String {
    let Provider {
        slug,
        name,
        base_url,
        key_hint,
        state,
        ..
    } = provider;
    let checked = state.checked_at.as_ref().map(Timestamp::as_str);
    [
        slug.as_str(),
        name,
        base_url.as_deref().unwrap_or_default(),
        key_hint.as_deref().unwrap_or_default(),
        checked.unwrap_or_default(),
        if state.status == ProviderStatus::Loading {
            "?"
        } else {
            ""
        },
    ]
    .join(" ")
}

#[component]
fn ProviderRow(accounts: Accounts, provider: Provider) -> impl IntoView {
    let clock = use_clock();
    let said = RwSignal::new(None::<(bool, String)>);
    let test = Submission::new();
    let failed = test.problem(&[]);
    let state = provider.state.clone();
    let words = move || provider_words::state(&state, &LocalMoment::at(clock.now()));
    let (preset, called) = (provider.preset.clone(), provider.name.clone());
    let place = provider.base_url.clone();
    let key = provider.key_hint.clone().map(|hint| format!("key …{hint}"));
    let about = move || {
        let presets = accounts.presets.items();
        let title = presets.with(|presets| {
            let preset = presets.iter().find(|other| other.name == preset);
            preset.map(|preset| preset.title.clone())
        });
        let kind = title.filter(|title| *title != called);
        let parts = [kind, place.clone(), key.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    let result = move || {
        let (ok, text) = match failed.get() {
            Some(problem) => (false, problem),
            None => said.get()?,
        };
        let class = if ok { "ph-hint" } else { "ph-field__problem" };
        Some(view! { <span class=class>{text}</span> })
    };
    let name = provider.name.clone();
    let tools = provider.id.map(|id| {
        let (edited, deleted) = (provider.clone(), provider);
        let run = move |_| {
            test.submit(async move {
                said.set(None);
                let outcome = api::providers::test(id).await?;
                said.set(Some((outcome.ok, outcome.message)));
                Ok(())
            });
        };
        let edit = move |_| accounts.edit(Subject::Account(edited.clone()));
        let ask = move |_| {
            accounts.target.set(Some(deleted.clone()));
            accounts.asking.set(true);
        };
        view! {
            <Button label="Test" size=Size::Small busy=test.pending() on_click=run attr:aria-label=format!("Test {name}")/>
            <IconButton label=format!("Change {name}") glyph=Glyph::Pen size=Size::Small on_click=Callback::new(edit)/>
            <IconButton label=format!("Delete {name}") glyph=Glyph::Trash size=Size::Small on_click=Callback::new(ask)/>
        }
    });
    let tools = match tools {
        Some(tools) => tools.into_any(),
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

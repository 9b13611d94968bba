//! The projects, and how a new one begins.

mod card;
mod new_project;
mod starters;

use leptos::prelude::*;

use self::{
    card::ProjectCard,
    new_project::{Draft, NewProject},
    starters::STARTERS,
};
use super::{
    top_bar::TopBar,
    transfer::{Import, ImportDialog},
};
use crate::{
    api,
    components::{
        button::{Button, Variant},
        icon::{Glyph, Icon},
        landmark::Main,
        list_end::ListEnd,
        model_name,
        rows::rows,
        words::has_words,
    },
    routes,
    state::{
        loaded::{Loaded, LoadedList, Progress},
        title::use_title,
    },
};

#[component]
pub fn HomePage() -> impl IntoView {
    use_title(|| "Projects".to_owned());
    let projects = LoadedList::new(|cursor: Option<String>| async move {
        api::projects::list(cursor.as_deref()).await
    });
    let filter = RwSignal::new(String::new());
    let draft = Draft::new();
    let import = Import::of(None, move |_| projects.reload());
    let shown = Memo::new(move |_| {
        let filter = filter.get();
        projects.items().with(|projects| {
            projects
                .iter()
                .filter(|project| {
                    has_words(
                        &format!("{} {}", project.name, project.description),
                        &filter,
                    )
                })
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let none = Memo::new(move |_| {
        projects.items().with(Vec::is_empty) && projects.progress().get() == Progress::Complete
    });
    view! {
        <div class="ph-page">
            <TopBar/>
            <Main class="ph-page__main">
                <DemoNotice/>
                <div class="ph-bar ph-bar--wrap">
                    <h1 class="ph-page__title">"Projects"</h1>
                    <span class="ph-bar__space"></span>
                    <input
                        class="ph-input ph-page__filter"
                        type="search"
                        placeholder="Filter"
                        aria-label="Filter projects"
                        hidden=none
                        bind:value=filter
                    />
                    <span class="ph-page__import">
                        <Button
                            label="Import project"
                            glyph=Glyph::Upload
                            variant=Variant::Quiet
                            on_click=move |_| import.open()
                        />
                    </span>
                    <Button
                        label="New project"
                        glyph=Glyph::Plus
                        variant=Variant::Primary
                        on_click=move |_| draft.show()
                    />
                </div>
                {move || none.get().then(|| view! { <Welcome draft=draft/> })}
                <ul class="ph-cards" aria-label="Projects" hidden=move || shown.with(Vec::is_empty)>
                    {rows(
                        move || shown.get(),
                        // A card whose project has changed is a new card.
                        |project| format!("{} {} {}", project.id, project.last_activity_at.as_str(), project.file_count),
                        |project| view! { <li><ProjectCard project=project/></li> }.into_any(),
                    )}
                </ul>
                {move || (shown.with(Vec::is_empty) && !filter.with(String::is_empty)).then(|| {
                    let all_read = projects.progress().get() == Progress::Complete;
                    let said = if all_read {
                        "No project fits this filter."
                    } else {
                        "None of the projects that are read so far fits this filter."
                    };
                    view! { <p class="ph-hint" role="status">{said}</p> }
                })}
                <ListEnd end=projects.end() lines=3/>
            </Main>
            <NewProject draft=draft/>
            <ImportDialog import=import/>
        </div>
    }
}

/// Says that answers are not real yet, while the server has nothing but the demo.
#[component]
fn DemoNotice() -> impl IntoView {
    let instance = Loaded::new(api::system::instance);
    let demo = Memo::new(move |_| {
        let instance = instance.get().and_then(Result::ok);
        instance.is_some_and(|instance| model_name::is_demo(&instance.default_model))
    });
    move || {
        demo.get().then(|| {
            view! {
                <div class="ph-notice">
                    <Icon glyph=Glyph::Info/>
                    <p class="ph-notice__text">
                        "No provider is set up yet, so answers come from the offline demo model. "
                        <a href=routes::PROVIDERS>"Set up a provider"</a>
                    </p>
                </div>
            }
        })
    }
}

/// What a person sees who has no project yet.
#[component]
fn Welcome(draft: Draft) -> impl IntoView {
    view! {
        <section class="ph-empty" aria-labelledby="welcome">
            <h2 id="welcome">"Begin with a project"</h2>
            <p class="ph-empty__text">
                "A project is a system prompt with a model, its own files and its conversations. \
                 Write what the model should be and do; every chat in the project starts from there."
            </p>
            <ul class="ph-cards ph-cards--three" aria-label="Starting points">
                {STARTERS.iter().map(|starter| view! {
                    <li>
                        <button type="button" class="ph-card ph-card--button" on:click=move |_| draft.begin(starter)>
                            <span class="ph-card__title">{starter.name}</span>
                            <span class="ph-card__text">{starter.summary}</span>
                        </button>
                    </li>
                }).collect_view()}
            </ul>
        </section>
    }
}

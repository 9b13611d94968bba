//! The rail: from project to project, and from conversation to conversation.

use leptos::prelude::*;
use leptos_router::components::A;
use prompthub_dto::{chat::Conversation, ids::ConversationId};

use super::{
    groups::{Group, group},
    state::{ProjectState, use_project},
};
use crate::{
    api,
    components::{
        account_menu::AccountMenu,
        button::{Button, IconButton, Variant},
        icon::{Glyph, Icon},
        list_end::ListEnd,
        mark::Mark,
        menu::{Menu, MenuItem},
        rows::rows,
        theme_button::ThemeButton,
        time::LocalMoment,
    },
    pages::search::use_search,
    routes,
    state::{
        clock::use_clock,
        loaded::{LoadedList, Progress},
    },
};

#[component]
pub fn Rail() -> impl IntoView {
    let state = use_project();
    let search = use_search();
    view! {
        <div class="ph-rail__top">
            <div class="ph-rail__mark"><Mark/></div>
            <ProjectSwitcher/>
            <div class="ph-rail__new">
                <Button
                    label="New chat"
                    glyph=Glyph::Plus
                    variant=Variant::Primary
                    on_click=move |_| state.begin_chat()
                />
                <IconButton
                    label="Search"
                    title="Search conversations (Ctrl K)"
                    glyph=Glyph::Search
                    on_click=Callback::new(move |_| {
                        state.rail_sheet.set(false);
                        // Once the sheet has given the focus back to where it came from.
                        request_animation_frame(move || search.open());
                    })
                />
            </div>
        </div>
        <Conversations/>
        <div class="ph-rail__foot">
            <AccountMenu/>
            <span class="ph-bar__space"></span>
            <ThemeButton/>
        </div>
    }
}

#[component]
fn ProjectSwitcher() -> impl IntoView {
    let state = use_project();
    let projects = LoadedList::new(|cursor: Option<String>| async move {
        api::projects::list(cursor.as_deref()).await
    });
    let name = move || state.project.with(|project| project.value.name.clone());
    // Tracks, so that an open menu follows the list on its way.
    let items = Callback::new(move |()| {
        let others = projects.items().get().into_iter();
        let others = others.filter(|project| project.id != state.id);
        let mut items = vec![
            MenuItem::new("All projects", move || state.leave_to(routes::HOME)).glyph(Glyph::Grid),
        ];
        items.extend(others.map(|project| {
            let path = routes::project(project.id, None);
            MenuItem::new(project.name, move || state.leave_to(&path)).glyph(Glyph::Folder)
        }));
        match projects.progress().get() {
            Progress::Failed(_) => items.push(
                MenuItem::new("Some could not be read: try again", move || {
                    projects.reload();
                })
                .glyph(Glyph::Warning),
            ),
            Progress::More(_) => items.push(
                MenuItem::new("More among all projects", move || {
                    state.leave_to(routes::HOME);
                })
                .glyph(Glyph::Grid),
            ),
            Progress::Loading | Progress::Complete => {}
        }
        items
    });
    view! {
        <Menu
            label=Signal::derive(move || format!("Switch project, now {}", name()))
            class="ph-button ph-rail__switcher"
            items=items
        >
            <span class="ph-rail__project">{name}</span>
            <Icon glyph=Glyph::ChevronDown/>
        </Menu>
    }
}

#[component]
fn Conversations() -> impl IntoView {
    let state = use_project();
    let clock = use_clock();
    let list = state.conversations.active;
    let archived = state.conversations.archived;
    // A list that could not be read may have something in it.
    let no_archive = Memo::new(move |_| {
        let failed = matches!(archived.progress().get(), Progress::Failed(_));
        archived.items().with(Vec::is_empty) && !failed
    });
    let groups = Memo::new(move |_| {
        let now = LocalMoment::at(clock.now());
        list.items().with(|conversations| {
            group(conversations, &now, |conversation| {
                LocalMoment::of(&conversation.last_activity_at)
            })
        })
    });
    let none = Memo::new(move |_| {
        list.items().with(Vec::is_empty) && list.progress().get() == Progress::Complete
    });
    view! {
        <nav class="ph-rail__list" aria-label="Conversations">
            {rows(
                move || groups.with(|groups| groups.iter().map(|group| group.heading.clone()).collect()),
                String::clone,
                move |heading| view! { <GroupView groups heading/> }.into_any(),
            )}
            <ListEnd end=list.end() lines=4/>
            {move || none.get().then(|| view! {
                <p class="ph-hint ph-rail__none">"Your conversations will be listed here."</p>
            })}
            // A list of its own, closed: what is archived is out of the way, and can be had back.
            <details class="ph-rail__archive" hidden=no_archive>
                <summary class="ph-rail__heading">"Archived"</summary>
                <ul class="ph-rail__group" aria-label="Archived">
                    {rows(
                        move || archived.items().with(|all| all.iter().map(|one| one.id).collect()),
                        ToString::to_string,
                        move |id| view! { <Row id/> }.into_any(),
                    )}
                </ul>
                <ListEnd end=archived.end() lines=2/>
            </details>
        </nav>
    }
}

/// The conversations under one heading. It stays as long as there is any, and so does each row.
#[component]
fn GroupView(groups: Memo<Vec<Group>>, heading: String) -> impl IntoView {
    let name = heading.clone();
    let ids = move || {
        groups.with(|groups| {
            let group = groups.iter().find(|group| group.heading == name);
            let conversations = group.into_iter().flat_map(|group| &group.conversations);
            conversations.map(|conversation| conversation.id).collect()
        })
    };
    view! {
        <h2 class="ph-rail__heading">{heading.clone()}</h2>
        <ul class="ph-rail__group" aria-label=heading>
            {rows(ids, ToString::to_string, move |id| view! { <Row id/> }.into_any())}
        </ul>
    }
}

#[component]
fn Row(id: ConversationId) -> impl IntoView {
    let state: ProjectState = use_project();
    let conversation = Memo::new(move |_| {
        let find = |list: LoadedList<Conversation>| {
            let find = |all: &Vec<Conversation>| all.iter().find(|one| one.id == id).cloned();
            list.items().with(find)
        };
        let conversations = state.conversations;
        find(conversations.active).or_else(|| find(conversations.archived))
    });
    let title = Signal::derive(move || {
        let title = conversation.with(|found| found.as_ref().map(|found| found.title.clone()));
        title
            .filter(|title| !title.is_empty())
            .unwrap_or_else(|| "Untitled".to_owned())
    });
    let items = Callback::new(move |()| {
        let conversation = conversation.get_untracked();
        conversation.map_or_else(Vec::new, |conversation| {
            state.actions.menu(state, conversation)
        })
    });
    let current = Memo::new(move |_| state.conversation.get() == Some(id));
    view! {
        <li class="ph-rail__row" class:ph-rail__row--current=current>
            <A
                href=routes::project(state.id, Some(id))
                attr:class="ph-rail__link"
                attr:aria-current=move || current.get().then_some("page")
                attr:title=title
                on:click=move |_| state.rail_sheet.set(false)
            >
                {title}
            </A>
            <Menu
                label=Signal::derive(move || format!("Options for {}", title.get()))
                class="ph-button ph-button--quiet ph-button--icon ph-button--small ph-rail__more"
                items=items
            >
                <Icon glyph=Glyph::More/>
            </Menu>
        </li>
    }
}

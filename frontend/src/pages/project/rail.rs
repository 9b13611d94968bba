//! The rail: from project to project, and from conversation to conversation.

use leptos::prelude::*;
use leptos_router::components::A;
use prompthub_dto::chat::Conversation;

use super::{
    conversation_actions::{Actions, ConversationDialogs},
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
    let items = Callback::new(move |()| {
        let others = projects
            .items()
            .get_untracked()
            .into_iter()
            .filter(|project| project.id != state.id);
        let mut items = vec![
            MenuItem::new("All projects", move || state.leave_to(routes::HOME)).glyph(Glyph::Grid),
        ];
        items.extend(others.map(|project| {
            let path = routes::project(project.id, None);
            MenuItem::new(project.name, move || state.leave_to(&path)).glyph(Glyph::Folder)
        }));
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
    let actions = Actions::new(state.conversations);
    let list = state.conversations.active;
    let archived = state.conversations.archived.items();
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
                move || groups.get(),
                fingerprint,
                move |group| view! {
                    <h2 class="ph-rail__heading">{group.heading.clone()}</h2>
                    <ul class="ph-rail__group" aria-label=group.heading>
                        {group.conversations.into_iter().map(|conversation| view! {
                            <Row conversation=conversation actions=actions/>
                        }).collect_view()}
                    </ul>
                }
                .into_any(),
            )}
            <ListEnd end=list.end() lines=4/>
            {move || none.get().then(|| view! {
                <p class="ph-hint ph-rail__none">"Your conversations will be listed here."</p>
            })}
            // A list of its own, closed: what is archived is out of the way, and can be had back.
            <details class="ph-rail__archive" hidden=move || archived.with(Vec::is_empty)>
                <summary class="ph-rail__heading">"Archived"</summary>
                <ul class="ph-rail__group" aria-label="Archived">
                    {rows(
                        move || archived.get(),
                        |conversation| format!("{} {}", conversation.id, conversation.title),
                        move |conversation| view! {
                            <Row conversation=conversation actions=actions/>
                        }
                        .into_any(),
                    )}
                </ul>
            </details>
        </nav>
        <ConversationDialogs actions=actions/>
    }
}

/// What a group shows, so that it is made anew only when that changes.
fn fingerprint(group: &Group) -> String {
    let mut text = group.heading.clone();
    for conversation in &group.conversations {
        text.push_str(conversation.id.as_str());
        text.push_str(&conversation.title);
        text.push(if conversation.pinned { '1' } else { '0' });
    }
    text
}

#[component]
fn Row(conversation: Conversation, actions: Actions) -> impl IntoView {
    let state: ProjectState = use_project();
    let id = conversation.id;
    let title = if conversation.title.is_empty() {
        "Untitled".to_owned()
    } else {
        conversation.title.clone()
    };
    let label = format!("Options for {title}");
    let tooltip = title.clone();
    let items = Callback::new(move |()| actions.menu(state, conversation.clone()));
    let current = Memo::new(move |_| state.conversation.get() == Some(id));
    view! {
        <li class="ph-rail__row" class:ph-rail__row--current=current>
            <A
                href=routes::project(state.id, Some(id))
                attr:class="ph-rail__link"
                attr:aria-current=move || current.get().then_some("page")
                attr:title=tooltip
                on:click=move |_| state.rail_sheet.set(false)
            >
                {title}
            </A>
            <Menu label=label class="ph-button ph-button--quiet ph-button--icon ph-button--small ph-rail__more" items=items>
                <Icon glyph=Glyph::More/>
            </Menu>
        </li>
    }
}

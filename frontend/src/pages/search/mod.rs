//! Search over all of one's conversations, in a dialog that opens on every place of one's own.
//!
//! `finder` is the plain data of a search. The focus stays in the field, arrows choose among the
//! finds, Enter opens; the finds are links, so they can be opened elsewhere too.

mod finder;
mod hit;

use gloo_timers::future::TimeoutFuture;
use leptos::{
    ev::{self, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
    task::spawn_local,
};
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

use self::{
    finder::{Finder, Phase, Question},
    hit::Hit,
};
use crate::{
    api,
    components::{
        button::{Button, Size},
        dialog::{Dialog, Shape},
        feedback::{ErrorNotice, Skeleton},
        focus,
        part::{Part, part},
        size,
    },
    routes,
    state::loaded::{LoadedList, Progress},
};

/// How long a person must have stopped typing before the server is asked.
const PAUSE_MILLISECONDS: u32 = 150;
const LIST: &str = "search-finds";

/// The search of the place around the caller.
#[derive(Clone, Copy)]
pub struct Search {
    open: RwSignal<bool>,
    revisits: RwSignal<u32>,
}

impl Search {
    pub fn provide() -> Self {
        let search = Self {
            open: RwSignal::new(false),
            revisits: RwSignal::new(0),
        };
        provide_context(search);
        search
    }

    pub fn open(self) {
        self.open.set(true);
    }

    /// Notifies when the person has chosen a find at which the page is already.
    #[must_use]
    pub fn revisits(self) -> ReadSignal<u32> {
        self.revisits.read_only()
    }
}

#[must_use]
pub fn use_search() -> Search {
    expect_context()
}

/// Ctrl or ⌘ with K opens the search.
fn use_shortcut(search: Search) {
    let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        let command =
            (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key();
        if command && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            search.open();
        }
    });
    on_cleanup(move || handle.remove());
}

/// What is typed, and what came of it.
#[derive(Clone, Copy)]
struct Typed {
    words: RwSignal<String>,
    only_here: RwSignal<bool>,
    finder: RwSignal<Finder>,
}

part!(search_part, Panel);

/// The dialog, closed until it is asked for. What is typed outlives its closing.
#[component]
pub fn SearchDialog() -> impl IntoView {
    let search = use_search();
    use_shortcut(search);
    provide_context(Typed {
        words: RwSignal::new(String::new()),
        only_here: RwSignal::new(false),
        finder: RwSignal::new(Finder::default()),
    });
    view! {
        <Dialog open=search.open title="Search" shape=Shape::Top>
            <Part load=search_part lines=3/>
        </Dialog>
    }
}

#[component]
fn Panel() -> impl IntoView {
    let search = use_search();
    let Typed {
        words,
        only_here,
        finder,
    } = expect_context();
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            // A page in the background cannot take the focus; nothing is lost by that.
            let _ = field.focus();
        }
    });
    let location = use_location();
    let here = Memo::new(move |_| location.pathname.with(|path| routes::project_of(path)));
    let projects = LoadedList::new(|cursor: Option<String>| async move {
        api::projects::list(cursor.as_deref()).await
    });
    // A find may be in any of them.
    Effect::new(move || {
        if matches!(projects.progress().get(), Progress::More(_)) {
            projects.load_more();
        }
    });
    let ask = move || {
        let project = here.get_untracked().filter(|_| only_here.get_untracked());
        let question = words.with_untracked(|words| {
            finder
                .try_update(|finder| finder.ask(words, project))
                .flatten()
        });
        if let Some(question) = question {
            fetch(finder, question);
        }
    };
    // What was found the last time may have changed.
    if let Some(question) = finder.try_update_untracked(Finder::again).flatten() {
        fetch(finder, question);
    }
    ask();
    let active = Memo::new(move |_| finder.with(|finder| finder.active));
    Effect::new(move || {
        if let Some(find) = active.get().and_then(element_of) {
            focus::show_whole(&find);
        }
    });
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        _ if event.is_composing() => {}
        "ArrowDown" | "ArrowUp" => {
            event.prevent_default();
            finder.update(|finder| finder.step(event.key() == "ArrowDown"));
        }
        "Enter" => {
            event.prevent_default();
            open_find(finder.try_update(Finder::enter).flatten());
        }
        _ => {}
    };
    view! {
        <div class="ph-search">
            <input
                class="ph-input"
                type="text"
                enterkeyhint="search"
                role="combobox"
                aria-label="Words to search for"
                aria-autocomplete="list"
                aria-expanded="true"
                aria-controls=LIST
                aria-activedescendant=move || active.get().map(hit::element_id)
                autocomplete="off"
                spellcheck="false"
                node_ref=field
                placeholder="Words in a title or a message"
                prop:value=words
                on:input:target=move |event| {
                    words.set(event.target().value());
                    ask();
                }
                on:keydown=on_key
            />
            {move || here.get().map(|_| view! {
                <label class="ph-search__scope">
                    <input
                        type="checkbox"
                        prop:checked=only_here
                        on:change:target=move |event| {
                            only_here.set(event.target().checked());
                            ask();
                        }
                    />
                    "Only in this project"
                </label>
            })}
        </div>
        <div
            id=LIST
            class="ph-hits"
            class:ph-hits--old=move || finder.with(|finder| finder.phase == Phase::Searching)
            role="listbox"
            aria-label="Found"
            hidden=move || finder.with(|finder| finder.hits.is_empty())
        >
            {move || finder
                .with(|finder| finder.hits.clone())
                .into_iter()
                .enumerate()
                .map(|(index, hit)| view! { <Hit search index hit active projects=projects.items()/> })
                .collect_view()}
        </div>
        <State finder/>
    }
}

/// What is to be said besides the finds.
#[component]
fn State(finder: RwSignal<Finder>) -> impl IntoView {
    let phase = Memo::new(move |_| finder.with(|finder| finder.phase.clone()));
    let count = Memo::new(move |_| finder.with(|finder| (finder.hits.len(), finder.has_more())));
    let again = Callback::new(move |()| {
        if let Some(question) = finder.try_update(Finder::again).flatten() {
            fetch(finder, question);
        }
    });
    let more = move |event: MouseEvent| {
        focus::stay_near(&event);
        if let Some(question) = finder.try_update(Finder::more).flatten() {
            fetch(finder, question);
        }
    };
    view! {
        {move || match (phase.get(), count.get()) {
            (Phase::Searching, (0, _)) => view! { <Skeleton lines=4/> }.into_any(),
            (Phase::Failed(error), _) => view! { <ErrorNotice error on_retry=again/> }.into_any(),
            (Phase::Done, (1.., true)) => view! {
                <div class="ph-bar ph-bar--centre">
                    <Button label="Show more" size=Size::Small on_click=more/>
                </div>
            }
            .into_any(),
            _ => ().into_any(),
        }}
        <p class="ph-hint ph-search__said" role="status">
            {move || match (phase.get(), count.get()) {
                (Phase::Idle, _) => "Searches the titles and messages of all your conversations. \
                    All words must occur; the last may be the beginning of one.".to_owned(),
                (Phase::Done, (0, _)) => "Nothing found.".to_owned(),
                (Phase::Done, (found, true)) => format!("The first {found} of more"),
                (Phase::Done, (found, false)) => {
                    size::count(i64::try_from(found).unwrap_or(i64::MAX), "find", "finds")
                }
                (Phase::Searching | Phase::Failed(_), _) => String::new(),
            }}
        </p>
    }
}

/// Asks the server once the person has stopped typing.
fn fetch(finder: RwSignal<Finder>, question: Question) {
    spawn_local(async move {
        TimeoutFuture::new(PAUSE_MILLISECONDS).await;
        // The person may have gone elsewhere meanwhile, and the signal with the place.
        let is_current = finder.try_with_untracked(|finder| finder.is_current(&question));
        if is_current != Some(true) {
            return;
        }
        let answer = api::search::find(
            &question.words,
            question.project,
            question.cursor.as_deref(),
        )
        .await;
        let opens_first = finder.try_update(|finder| finder.take(&question, answer));
        if opens_first == Some(true) {
            // Once it is on the page.
            request_animation_frame(|| open_find(Some(0)));
        }
    });
}

fn open_find(index: Option<usize>) {
    if let Some(find) = index.and_then(element_of) {
        find.click();
    }
}

fn element_of(index: usize) -> Option<web_sys::HtmlElement> {
    let element = document().get_element_by_id(&hit::element_id(index))?;
    element.dyn_into().ok()
}

//! What the parts of one project's page share.

use std::ops::Deref;

use leptos::prelude::*;
use prompthub_dto::{
    files::File,
    ids::{ConversationId, ProjectId},
    projects::{Project, PromptVersion, UpdateProject},
};

use super::{
    conversation_actions::Actions,
    conversations::Conversations,
    settings_draft::{SettingsDraft, SettingsText},
    uploads::Uploads,
};
use crate::{
    api::{self, ApiError, Etag, Versioned},
    components::tabs::Tab,
    pages::transfer::Import,
    routes::{self, Place},
    state::{
        catalogue::Catalogue,
        loaded::LoadedList,
        navigation::{Go, use_go},
        submission::Submission,
        viewport::use_narrow,
    },
};

/// The tabs of the drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawerTab {
    Settings,
    Files,
    Versions,
}

impl Tab for DrawerTab {
    const ALL: &'static [Self] = &[Self::Settings, Self::Files, Self::Versions];

    fn key(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Files => "files",
            Self::Versions => "versions",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Files => "Files",
            Self::Versions => "Versions",
        }
    }
}

/// The project that is open, and what is shown of it, as what every part of its page holds: a
/// reference, since a copy of all the signals in every closure would be a tenth of the page's code.
#[derive(Clone, Copy)]
pub struct ProjectState(&'static ProjectSignals);

impl Deref for ProjectState {
    type Target = ProjectSignals;

    fn deref(&self) -> &ProjectSignals {
        self.0
    }
}

/// The signals of one project's page.
pub struct ProjectSignals {
    pub id: ProjectId,
    /// As the server has it, as far as this page knows.
    pub project: RwSignal<Versioned<Project>>,
    /// The one that the address names; `None` for a new one.
    pub conversation: Signal<Option<ConversationId>>,
    pub conversations: Conversations,
    pub actions: Actions,
    pub files: LoadedList<File>,
    pub versions: LoadedList<PromptVersion>,
    pub catalogue: Catalogue,
    pub uploads: Uploads,
    /// What is typed in the settings, whether or not they are shown.
    pub draft: SettingsDraft,
    pub tab: RwSignal<DrawerTab>,
    /// Whether the drawer is open beside the chat, on a wide page.
    pub drawer_beside: RwSignal<bool>,
    /// Whether it is open over the chat, on a narrow page.
    pub drawer_sheet: RwSignal<bool>,
    /// Whether the rail is open over the chat, on a narrow page.
    pub rail_sheet: RwSignal<bool>,
    pub import: Import,
    pub narrow: Signal<bool>,
    /// Counts the wishes to choose a model, each of which moves the focus to the field.
    pub model_wish: RwSignal<u32>,
    /// How many of them were fulfilled. The field may be made anew, by another opening of the drawer.
    pub model_wish_met: StoredValue<u32>,
    /// Counts the wishes to write, likewise.
    pub write_wish: RwSignal<u32>,
    /// Counts the wishes to save the settings by the keyboard.
    pub save_wish: RwSignal<u32>,
    /// The save of the settings, which goes on while they are not shown.
    pub save: Submission,
    place: Signal<Place>,
    go: Go,
}

impl ProjectState {
    pub fn provide(project: Versioned<Project>, place: Signal<Place>) -> Self {
        let id = project.value.id;
        let conversations = Conversations::new(id);
        let conversation = Memo::new(move |_| place.get().conversation);
        let uploads = Uploads::of(id);
        let project = RwSignal::new(project);
        let signals = ProjectSignals {
            id,
            draft: SettingsDraft::new(project),
            project,
            conversation: conversation.into(),
            conversations,
            actions: Actions::new(conversations),
            files: uploads.files,
            versions: LoadedList::unread(move |cursor: Option<String>| async move {
                api::projects::list_versions(id, cursor.as_deref()).await
            }),
            catalogue: Catalogue::provide(),
            uploads,
            tab: RwSignal::new(DrawerTab::Settings),
            drawer_beside: RwSignal::new(has_room_for_drawer()),
            drawer_sheet: RwSignal::new(false),
            rail_sheet: RwSignal::new(false),
            import: Import::of(Some(id), move |_| conversations.active.reload()),
            narrow: use_narrow(),
            model_wish: RwSignal::new(0),
            model_wish_met: StoredValue::new(0),
            write_wish: RwSignal::new(0),
            save_wish: RwSignal::new(0),
            save: Submission::new(),
            place,
            go: use_go(),
        };
        // What the signals hold goes with the page; their handles are some hundred bytes, which stay.
        let state = Self(Box::leak(Box::new(signals)));
        provide_context(state);
        state
    }

    /// Shows a conversation, or a new one.
    pub fn show(self, conversation: Option<ConversationId>) {
        self.rail_sheet.set(false);
        self.go.to(&routes::project(self.id, conversation));
    }

    /// Shows a new conversation, ready to be begun.
    pub fn begin_chat(self) {
        self.show(None);
        wish(self.write_wish);
    }

    /// Opens what the model is chosen with.
    pub fn choose_model(self) {
        self.open_drawer(DrawerTab::Settings);
        wish(self.model_wish);
    }

    /// Wishes that the settings were saved, which they are if they are shown.
    pub fn save_settings(self) {
        wish(self.save_wish);
    }

    /// The reader has gone on from the message that the address names.
    pub fn leave_message(self) {
        let Place {
            conversation,
            message,
        } = self.place.get_untracked();
        if message.is_some() {
            self.go.replace(&routes::project(self.id, conversation));
        }
    }

    /// The title of the conversation that is shown, once it is known; tracks.
    #[must_use]
    pub fn conversation_title(self) -> Option<String> {
        let id = self.conversation.get()?;
        self.conversations.title_of(id)
    }

    /// Leaves the project for another place.
    pub fn leave_to(self, path: &str) {
        self.go.to(path);
    }

    pub fn open_drawer(self, tab: DrawerTab) {
        self.tab.set(tab);
        self.drawer().set(true);
    }

    pub fn toggle_drawer(self) {
        self.drawer().update(|open| *open = !*open);
    }

    /// Whether the drawer is shown, wherever.
    #[must_use]
    pub fn drawer_open(self) -> bool {
        if self.narrow.get() {
            self.drawer_sheet.get()
        } else {
            self.drawer_beside.get()
        }
    }

    fn drawer(self) -> RwSignal<bool> {
        if self.narrow.get_untracked() {
            self.drawer_sheet
        } else {
            self.drawer_beside
        }
    }

    /// Changes the project on the server, then here. With an `etag`, only if it is still in that
    /// state. What is typed in the settings stays, where it differs from what was.
    ///
    /// # Errors
    /// [`ApiError`], `stale_version` among them.
    pub async fn update(self, change: UpdateProject, etag: Option<Etag>) -> Result<(), ApiError> {
        let updated = api::projects::update(self.id, change, etag).await?;
        self.take(updated, None);
        Ok(())
    }

    /// Saves what the settings say, of which `change` was made. What the server says of it in its own way,
    /// without spaces around a name, stands there afterwards; what is typed meanwhile stays.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub async fn save(
        self,
        settings: SettingsText,
        change: UpdateProject,
        etag: Option<Etag>,
    ) -> Result<(), ApiError> {
        let saved = api::projects::update(self.id, change, etag).await?;
        self.take(saved, Some(settings));
        Ok(())
    }

    /// Reads the project again.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn refresh(self) -> Result<(), ApiError> {
        let current = api::projects::find(self.id).await?;
        self.take(current, None);
        Ok(())
    }

    /// `saved` is what the settings said when it was sent, where it was.
    fn take(self, current: Versioned<Project>, saved: Option<SettingsText>) {
        // The page may be gone by now.
        let Some(Versioned { value: before, .. }) = self.project.try_get_untracked() else {
            return;
        };
        let base = saved.unwrap_or_else(|| SettingsText::of(&before));
        self.draft.rebase(&base, &current.value);
        if current.value.prompt_version != before.prompt_version {
            self.versions.renew();
        }
        self.project.set(current);
    }
}

fn wish(count: RwSignal<u32>) {
    count.update(|count| *count = count.wrapping_add(1));
}

/// The state of the project's page around the caller.
#[must_use]
pub fn use_project() -> ProjectState {
    expect_context()
}

/// Whether rail, drawer and a chat of comfortable width fit beside each other.
fn has_room_for_drawer() -> bool {
    let query = window().match_media("(min-width: 1200px)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

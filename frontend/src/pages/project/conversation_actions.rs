//! What can be done to a conversation from the rail: rename, pin, archive, export, delete.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use prompthub_dto::{
    chat::{Conversation, UpdateConversation},
    ids::ConversationId,
    transfer::ExportFormat,
};

use super::{
    conversations::Conversations,
    state::{ProjectState, use_project},
};
use crate::{
    api,
    components::{
        button::{Button, Variant},
        dialog::{Confirm, Dialog},
        field::TextField,
        icon::Glyph,
        menu::MenuItem,
    },
    state::{
        submission::Submission,
        toasts::{Toasts, use_toasts},
    },
};

/// Which dialog about which conversation is open.
#[derive(Clone, Copy)]
pub struct Actions {
    target: RwSignal<Option<Conversation>>,
    renaming: RwSignal<bool>,
    deleting: RwSignal<bool>,
    title: RwSignal<String>,
    toasts: Toasts,
}

impl Actions {
    pub fn new(conversations: Conversations) -> Self {
        Self {
            target: RwSignal::new(None),
            renaming: conversations.renaming,
            deleting: RwSignal::new(false),
            title: RwSignal::new(String::new()),
            toasts: use_toasts(),
        }
    }

    /// The menu of one conversation.
    pub fn menu(self, state: ProjectState, conversation: Conversation) -> Vec<MenuItem> {
        let id = conversation.id;
        let (pinned, archived) = (conversation.pinned, conversation.archived);
        let change = move |change: &UpdateConversation| self.change(state, id, change.clone());
        let pin = UpdateConversation {
            pinned: Some(!pinned),
            ..Default::default()
        };
        let archive = UpdateConversation {
            archived: Some(!archived),
            ..Default::default()
        };
        let to_rename = conversation.clone();
        vec![
            MenuItem::new("Rename", move || {
                self.title.set(to_rename.title.clone());
                self.target.set(Some(to_rename.clone()));
                self.renaming.set(true);
            })
            .glyph(Glyph::Pen),
            MenuItem::new(if pinned { "Unpin" } else { "Pin" }, move || change(&pin))
                .glyph(Glyph::Pin),
            MenuItem::new(if archived { "Unarchive" } else { "Archive" }, move || {
                change(&archive);
            })
            .glyph(Glyph::Archive),
            MenuItem::download(
                "Export as Markdown",
                api::transfer::conversation_path(id, ExportFormat::Markdown),
            ),
            MenuItem::download(
                "Export as JSON",
                api::transfer::conversation_path(id, ExportFormat::Json),
            ),
            MenuItem::new("Delete", move || {
                self.target.set(Some(conversation.clone()));
                self.deleting.set(true);
            })
            .glyph(Glyph::Trash)
            .danger(),
        ]
    }

    fn change(self, state: ProjectState, id: ConversationId, change: UpdateConversation) {
        spawn_local(async move {
            match api::conversations::update(id, change).await {
                Ok(updated) => state.conversations.replace(&updated),
                Err(error) => self.toasts.problem(error.message()),
            }
        });
    }
}

/// The dialogs that the menus open.
#[component]
pub fn ConversationDialogs(actions: Actions) -> impl IntoView {
    let state = use_project();
    let rename = Submission::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(target) = actions.target.get_untracked() else {
            return;
        };
        let change = UpdateConversation {
            title: Some(actions.title.get_untracked()),
            ..Default::default()
        };
        rename.submit(async move {
            let updated = api::conversations::update(target.id, change).await?;
            state.conversations.replace(&updated);
            actions.renaming.set(false);
            Ok(())
        });
    };
    let remove = Submission::new();
    let confirm = Callback::new(move |()| {
        let Some(target) = actions.target.get_untracked() else {
            return;
        };
        remove.submit(async move {
            api::conversations::remove(target.id).await?;
            state.conversations.remove(target.id);
            actions.deleting.set(false);
            // The page may be gone by now.
            if state.conversation.try_get_untracked().flatten() == Some(target.id) {
                state.show(None);
            }
            Ok(())
        });
    });
    let name = move || {
        actions
            .target
            .get()
            .map(|target| target.title)
            .unwrap_or_default()
    };
    view! {
        <Dialog open=actions.renaming title="Rename conversation">
            <form class="ph-form" novalidate on:submit=submit>
                <TextField label="Title" value=actions.title problem=rename.problem(&[]) autofocus=true/>
                <div class="ph-bar ph-bar--end">
                    <Button label="Cancel" variant=Variant::Quiet on_click=move |_| actions.renaming.set(false)/>
                    <Button label="Rename" variant=Variant::Primary busy=rename.pending()/>
                </div>
            </form>
        </Dialog>
        <Confirm
            open=actions.deleting
            title="Delete this conversation?"
            text=Signal::derive(move || format!("“{}” and all its messages will be gone for good.", name()))
            action="Delete"
            busy=remove.pending()
            problem=remove.problem(&[])
            on_confirm=confirm
        />
    }
}

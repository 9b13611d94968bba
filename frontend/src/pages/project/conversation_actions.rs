//! What can be done to a conversation from the rail: rename, pin, archive, export, delete.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use prompthub_dto::{
    chat::{Conversation, UpdateConversation},
    ids::ConversationId,
    transfer::ExportFormat,
};

use super::{conversations::Conversations, state::ProjectState};
use crate::{
    api,
    components::{
        asking::Asking,
        button::{Button, Variant},
        dialog::{Confirm, Dialog},
        field::TextField,
        focus::RowPlace,
        icon::Glyph,
        menu::MenuItem,
    },
    state::toasts::{Toasts, use_toasts},
};

/// Which dialog about which conversation is open.
#[derive(Clone, Copy)]
pub struct Actions {
    renaming: Asking<Conversation>,
    deleting: Asking<Conversation>,
    title: RwSignal<String>,
    toasts: Toasts,
}

impl Actions {
    pub fn new(conversations: Conversations) -> Self {
        Self {
            renaming: Asking::with_open(conversations.renaming),
            deleting: Asking::new(),
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
                self.renaming.ask(to_rename.clone());
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
                self.deleting.ask(conversation.clone());
            })
            .glyph(Glyph::Trash)
            .danger(),
        ]
    }

    fn change(self, state: ProjectState, id: ConversationId, change: UpdateConversation) {
        let place = RowPlace::of_focus();
        spawn_local(async move {
            match api::conversations::update(id, change).await {
                Ok(updated) => {
                    state.conversations.replace(&updated);
                    if let Some(place) = place {
                        place.keep();
                    }
                }
                Err(error) => self.toasts.problem(error.message()),
            }
        });
    }
}

/// The dialogs that the menus open. They are the workspace's and not the rail's, which is made anew when the
/// page becomes narrow or wide.
#[component]
pub fn ConversationDialogs(state: ProjectState) -> impl IntoView {
    let actions = state.actions;
    let Actions {
        renaming, deleting, ..
    } = actions;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(target) = untrack(|| renaming.target()) else {
            return;
        };
        let change = UpdateConversation {
            title: Some(actions.title.get_untracked()),
            ..Default::default()
        };
        renaming.run(async move {
            let updated = api::conversations::update(target.id, change).await?;
            state.conversations.replace(&updated);
            Ok(())
        });
    };
    let confirm = Callback::new(move |()| {
        let Some(target) = untrack(|| deleting.target()) else {
            return;
        };
        deleting.run(async move {
            api::conversations::remove(target.id).await?;
            state.conversations.remove(target.id);
            // The page may be gone by then, and its signals with it.
            if state.conversation.try_get_untracked().flatten() == Some(target.id) {
                state.show(None);
            }
            Ok(())
        });
    });
    let name = move || {
        let target = deleting.target();
        target.map(|target| target.title).unwrap_or_default()
    };
    view! {
        <Dialog open=renaming.open title="Rename conversation">
            <form class="ph-form" novalidate on:submit=submit>
                <TextField label="Title" value=actions.title problem=renaming.problem(&[]) autofocus=true/>
                <div class="ph-bar ph-bar--end">
                    <Button label="Cancel" variant=Variant::Quiet on_click=move |_| renaming.open.set(false)/>
                    <Button label="Rename" variant=Variant::Primary busy=renaming.busy()/>
                </div>
            </form>
        </Dialog>
        <Confirm
            open=deleting.open
            title="Delete this conversation?"
            text=Signal::derive(move || format!("“{}” and all its messages will be gone for good.", name()))
            action="Delete"
            busy=deleting.busy()
            problem=deleting.problem(&[])
            on_confirm=confirm
        />
    }
}

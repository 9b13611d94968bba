//! Where a question goes: into which conversation, below which message.

use chrono::NaiveDateTime;
use prompthub_dto::{
    ids::{ConversationId, MessageId, ProjectId, UserId},
    problem::FieldCode,
};
use prompthub_store::{
    Conn, MessageRole, StoreError, TitledBy,
    conversations::{self, ConversationRow, NewConversation},
    messages::{self, MessageRow},
    projects::{self, ProjectRow},
};

use super::{
    conversations::no_conversation,
    projects::no_project,
    title::{UNTITLED, title_of},
};
use crate::error::ApiError;

/// Where a question goes.
pub(super) enum Place {
    /// To a project, in a conversation of it or in a new one.
    Project(ProjectId, Option<ConversationId>),
    /// Into a conversation, below a message or at the end of what is shown.
    Below(ConversationId, Option<Option<MessageId>>),
    /// To the question of an answer that exists, as another answer.
    Beside(MessageId),
}

/// The place, and what is there already.
pub(super) struct Found {
    pub(super) project: ProjectRow,
    /// `None` where the question begins one.
    pub(super) conversation: Option<ConversationRow>,
    /// The message that the question follows; with no new question, the old one.
    leaf: Option<MessageId>,
}

impl Found {
    /// The messages that the question follows; with no new question, up to and with the old one.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn read_path(&self, conn: &mut Conn) -> Result<Vec<MessageRow>, StoreError> {
        match (&self.conversation, self.leaf) {
            (Some(conversation), Some(leaf)) => messages::path(conn, conversation.id, leaf),
            _ => Ok(Vec::new()),
        }
    }
}

/// Finds the place of a question, and changes nothing. Reads none of its conversation's messages but one at most.
///
/// # Errors
/// `not_found`, also where it is another's; complaints about the message that is answered.
pub(super) fn find_place(conn: &mut Conn, user: UserId, place: &Place) -> Result<Found, ApiError> {
    let (conversation, leaf) = match *place {
        Place::Project(project_id, None) => {
            let (project, _) = projects::find(conn, user, project_id)?.ok_or_else(no_project)?;
            return Ok(Found {
                project,
                conversation: None,
                leaf: None,
            });
        }
        Place::Project(project_id, Some(id)) => {
            projects::find(conn, user, project_id)?.ok_or_else(no_project)?;
            let conversation = conversations::find(conn, user, id)?
                .filter(|row| row.project_id == project_id)
                .ok_or_else(no_conversation)?;
            let leaf = conversation.active_message_id;
            (conversation, leaf)
        }
        Place::Below(id, parent) => {
            let conversation = conversations::find(conn, user, id)?.ok_or_else(no_conversation)?;
            let leaf = match parent {
                None => conversation.active_message_id,
                Some(None) => None,
                Some(Some(parent)) => Some(answer_of(conn, user, id, parent)?),
            };
            (conversation, leaf)
        }
        Place::Beside(answer) => {
            let row = messages::find(conn, user, answer)?
                .ok_or_else(|| ApiError::not_found("message"))?;
            let Some(parent) = row.parent_id.filter(|_| row.role == MessageRole::Assistant) else {
                return Err(ApiError::field(
                    "message_id",
                    FieldCode::Invalid,
                    "Only an answer can be made again.",
                ));
            };
            let conversation = conversations::find(conn, user, row.conversation_id)?
                .ok_or_else(no_conversation)?;
            (conversation, Some(parent))
        }
    };
    let (project, _) =
        projects::find(conn, user, conversation.project_id)?.ok_or_else(no_project)?;
    Ok(Found {
        project,
        conversation: Some(conversation),
        leaf,
    })
}

/// Makes the place that a question was found to go to, and says what is there now. `first_words` are those of a
/// question that is the first.
///
/// # Errors
/// When the project is gone, or the database fails.
pub(super) fn take_place(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
    found: Option<ConversationRow>,
    first_words: Option<&str>,
    at: NaiveDateTime,
) -> Result<ConversationRow, ApiError> {
    projects::touch(conn, project, at)?;
    let Some(mut conversation) = found else {
        let row = NewConversation {
            id: ConversationId::new(),
            project_id: project,
            owner_id: user,
            title: first_words.map_or_else(|| UNTITLED.to_owned(), title_of),
            titled_by: TitledBy::Generated,
            now: at,
        };
        return Ok(conversations::insert(conn, &row)?);
    };
    // A conversation that was made empty is called by its first message.
    if conversation.titled_by == TitledBy::Generated
        && conversation.title == UNTITLED
        && let Some(words) = first_words
    {
        let title = title_of(words);
        if conversations::set_generated_title(conn, conversation.id, &title, at)? {
            conversation.title = title;
        }
    }
    Ok(conversation)
}

fn answer_of(
    conn: &mut Conn,
    user: UserId,
    conversation: ConversationId,
    parent: MessageId,
) -> Result<MessageId, ApiError> {
    let found = messages::find(conn, user, parent)?
        .filter(|row| row.conversation_id == conversation && row.role == MessageRole::Assistant);
    found.map(|row| row.id).ok_or_else(|| {
        ApiError::field(
            "parent_id",
            FieldCode::Invalid,
            "Is not an answer of this conversation.",
        )
    })
}

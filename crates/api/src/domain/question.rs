//! A question before it is stored: what is read for it, and the request that comes of it.
//!
//! Must not write: whatever cannot work is refused while there is nothing to undo.

use std::sync::Arc;

use prompthub_dto::{
    chat::{Attachment, OnDisconnect, ParameterOverrides},
    ids::UserId,
};
use prompthub_store::{
    Conn, MessageRole, MessageStatus, conversations::ConversationRow, messages::MessageRow,
    projects::ProjectRow,
};

use super::{
    attachments::{self, find_files},
    chat::{Asker, refuse_crowds, refuse_second},
    completion::{History, HistoryMessage},
    content::Said,
    models::ModelName,
    parameters,
    place::{Found, Place, find_place},
    plan::Plan,
    text::is_blank,
    turns::Turn,
};
use crate::{error::ApiError, generation::Asked, state::App, wire};

/// A question as it came in.
pub(super) struct Question {
    pub(super) place: Place,
    /// `None` where the question is there already.
    pub(super) said: Option<Said>,
    pub(super) model: Option<ModelName>,
    pub(super) parameters: Option<ParameterOverrides>,
    pub(super) on_disconnect: OnDisconnect,
}

/// A question whose request is made and which is still to be stored.
pub(super) struct Ready {
    pub(super) project: ProjectRow,
    /// `None` where the question begins one.
    pub(super) conversation: Option<ConversationRow>,
    pub(super) said: Option<Said>,
    pub(super) attachments: Vec<Attachment>,
    /// The message before the question, or the question where it is there already.
    pub(super) last: Option<MessageRow>,
    /// The first words of the conversation, where nothing has been answered yet on the way to the question.
    pub(super) unanswered: Option<String>,
    pub(super) model: ModelName,
    pub(super) asked: Asked,
    pub(super) plan: Plan,
}

/// The turn of a question that may have much to hold in memory; `None` of one that begins a conversation and shows no
/// image, which has nothing beside itself.
///
/// # Errors
/// Never, while the application runs.
pub(super) async fn take_turn(
    app: &App,
    user: UserId,
    question: &Question,
) -> Result<Option<Turn>, ApiError> {
    let has_images = question
        .said
        .as_ref()
        .is_some_and(|said| !said.images.is_empty());
    match question.place {
        Place::Project(_, None) if !has_images => Ok(None),
        _ => Ok(Some(app.turns.take(user).await?)),
    }
}

/// Reads what the question needs, and makes the request of it. Stores nothing.
///
/// What must wait for other answers is refused before its conversation is read, which may be long.
///
/// # Errors
/// `not_found`, `answer_running`, `too_many_generations`, `unknown_model`, `images_unsupported`, `context_too_long`, complaints about the fields.
pub(super) async fn prepare(
    app: &App,
    asker: &Asker,
    question: &Arc<Question>,
) -> Result<Ready, ApiError> {
    let user = asker.user;
    let (parts, asked) = (app.clone(), Arc::clone(question));
    let begins = matches!(question.place, Place::Project(_, None));
    let find = move |conn: &mut Conn| {
        let found = find_place(conn, user, &asked.place)?;
        if let Some(conversation) = &found.conversation {
            refuse_second(conn, user, conversation.id)?;
        }
        refuse_crowds(conn, &parts, user)?;
        let path = found.read_path(conn)?;
        let images = asked.said.as_ref().map(|said| said.images.as_slice());
        let project = found.project.id;
        let files = find_files(conn, project, &path, images.unwrap_or_default())?;
        Ok::<_, ApiError>((found, path, files))
    };
    let (found, path, files) = match begins {
        true => app.store.look_up(find).await?,
        false => app.store.read(find).await?,
    };
    let Found {
        project,
        conversation,
        ..
    } = found;
    let stored = wire::parameters(&project.parameters);
    let mut parameters = parameters::merged(stored, question.parameters.clone())?;
    let fallbacks = std::mem::take(&mut parameters.fallback_models);
    let model = match &question.model {
        Some(model) => model.clone(),
        None => ModelName::parse(&project.model)?,
    };
    let said = question.said.clone();
    let images = said.as_ref().map(|said| said.images.as_slice());
    let attachments = attachments::attach(images.unwrap_or_default(), &files)?;
    let last = path.last().cloned();
    let unanswered = first_words(&path, said.as_ref());

    let mut messages: Vec<_> = path.into_iter().filter_map(HistoryMessage::of).collect();
    let mut fields = Vec::new();
    if let Some(said) = &said {
        messages.push(HistoryMessage::question(said, &attachments));
        fields.extend(said.images.iter().map(|image| image.field.clone()));
    }
    let prompt = project.system_prompt.as_str();
    let history = History {
        system_prompt: (!prompt.trim().is_empty()).then(|| prompt.to_owned()),
        messages,
        parameters: parameters::to_llm(parameters),
        user,
        files,
        fields,
    };
    let mut plan = Plan::new(app, history, fallbacks);
    let asked = plan.first(&model, &asker.request_id).await?;
    Ok(Ready {
        project,
        conversation,
        said,
        attachments,
        last,
        unanswered,
        model,
        asked,
        plan,
    })
}

/// What a conversation is called by at first, where nothing on the way to the question has been answered yet.
fn first_words(path: &[MessageRow], said: Option<&Said>) -> Option<String> {
    let unanswered = path
        .iter()
        .all(|row| row.role == MessageRole::User || row.status != MessageStatus::Complete);
    let words = |text: &str, image: Option<String>| match is_blank(text) {
        true => image.unwrap_or_default(),
        false => text.to_owned(),
    };
    match (path.first(), said) {
        _ if !unanswered => None,
        (Some(first), _) => {
            let images = wire::attachments(first.attachments.as_deref());
            let image = images.into_iter().next().map(|image| image.file);
            Some(words(&first.content, image))
        }
        (None, Some(said)) => {
            let image = said.images.first().map(|image| image.file.clone());
            Some(words(&said.text, image))
        }
        (None, None) => None,
    }
}

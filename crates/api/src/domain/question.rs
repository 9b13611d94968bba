//! A question before it is stored: what is read for it, and the request that comes of it.
//!
//! Must not write: whatever cannot work is refused while there is nothing to undo.

use std::sync::Arc;

use prompthub_dto::chat::{Attachment, OnDisconnect, ParameterOverrides};
use prompthub_store::{
    Conn, MessageRole, MessageStatus, conversations::ConversationRow, messages::MessageRow,
    projects::ProjectRow,
};

use super::{
    attachments::{self, find_files},
    chat::Asker,
    completion::{History, HistoryMessage},
    content::Said,
    models::ModelName,
    parameters,
    place::{Found, Place, find_place},
    plan::Plan,
    text::is_blank,
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

/// Reads what the question needs, and makes the request of it. Stores nothing.
///
/// # Errors
/// `not_found`, `unknown_model`, `images_unsupported`, `context_too_long`, complaints about the fields.
pub(super) async fn prepare(
    app: &App,
    asker: &Asker,
    question: &Arc<Question>,
) -> Result<Ready, ApiError> {
    let user = asker.user;
    let asked = Arc::clone(question);
    let begins = matches!(question.place, Place::Project(_, None));
    let find = move |conn: &mut Conn| {
        let found = find_place(conn, user, &asked.place)?;
        let images = asked.said.as_ref().map(|said| said.images.as_slice());
        let project = found.project.id;
        let files = find_files(conn, project, &found.path, images.unwrap_or_default())?;
        Ok::<_, ApiError>((found, files))
    };
    // A conversation may be long.
    let (found, files) = match begins {
        true => app.store.look_up(find).await?,
        false => app.store.read(find).await?,
    };
    let Found {
        project,
        conversation,
        path,
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

//! Messages and answers for the tests of this module.

use std::sync::Arc;

use prompthub_dto::{
    Timestamp,
    chat::{Message, MessageStatus, Role},
    ids::{ConversationId, GenerationId, MessageId, ProjectId, UserId},
};
use prompthub_llm::{CompletionRequest, Provider};

use super::{Asked, Assignment, Prepared};
use crate::providers::Audience;

/// An assistant's message; each text length has a time of its own.
pub(super) fn answer(text: &str, status: MessageStatus) -> Message {
    let at = Timestamp::from_rfc3339(format!("2026-01-01T00:00:{:02}Z", text.len()));
    Message {
        id: MessageId::new(),
        conversation_id: ConversationId::new(),
        parent_id: None,
        role: Role::Assistant,
        content: text.to_owned(),
        attachments: Vec::new(),
        reasoning: None,
        status,
        model: None,
        requested_model: None,
        response_model: None,
        fallbacks: Vec::new(),
        omitted: None,
        prompt_version: None,
        finish_reason: None,
        usage: None,
        first_token_ms: None,
        duration_ms: None,
        problem: None,
        generation_id: None,
        created_at: at.clone(),
        updated_at: at,
    }
}

/// An answer that `provider` is to give.
pub(super) fn assignment(provider: Arc<dyn Provider>) -> Assignment {
    Assignment {
        generation_id: GenerationId::new(),
        conversation_id: ConversationId::new(),
        project_id: ProjectId::new(),
        owner_id: UserId::new(),
        user_message: Arc::new(answer("", MessageStatus::Complete)),
        assistant_message_id: MessageId::new(),
        asked: Asked::new(Prepared {
            model: "broken/x".to_owned(),
            provider,
            request: CompletionRequest::default(),
            pricing: None,
            omitted: None,
            audience: Audience::Everybody,
        }),
        alternatives: None,
        request_id: "r".to_owned(),
    }
}

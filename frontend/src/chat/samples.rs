//! Messages for the tests of the modules beside this one.

use prompthub_dto::{
    Timestamp,
    chat::{Message, MessageStatus, Role},
};

/// A complete message whose id ends in `number`.
pub(super) fn message(number: u32, parent: Option<u32>, role: Role, content: &str) -> Message {
    let id = |number: u32| format!("019aa9f5-8c00-7cc3-98c4-{number:012x}");
    let time = Timestamp::from_rfc3339("2026-11-22T08:30:00.000000Z".to_owned());
    Message {
        id: id(number).parse().unwrap(),
        conversation_id: id(0).parse().unwrap(),
        parent_id: parent.map(|parent| id(parent).parse().unwrap()),
        role,
        content: content.to_owned(),
        attachments: Vec::new(),
        reasoning: None,
        status: MessageStatus::Complete,
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
        generation_id: Some(id(number).parse().unwrap()).filter(|_| role == Role::Assistant),
        created_at: time.clone(),
        updated_at: time,
    }
}

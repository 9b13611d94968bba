//! What a provider is asked: the project's prompt and parameters, and the conversation so far.

use prompthub_dto::{
    ids::UserId,
    projects::{Parameters, ReasoningEffort, ResponseFormat},
};
use prompthub_llm as llm;
use prompthub_store::{MessageRole, messages::MessageRow, projects::ProjectRow};

use crate::wire;

/// The request for an answer that follows `path`, the messages from the first to the question.
#[must_use]
pub fn completion_request(
    project: &ProjectRow,
    model: String,
    path: &[MessageRow],
    user: UserId,
) -> llm::CompletionRequest {
    let messages = path
        .iter()
        // An answer that failed before its first word has nothing to tell the model.
        .filter(|row| !row.content.is_empty())
        .map(|row| llm::ChatMessage {
            role: match row.role {
                MessageRole::User => llm::Role::User,
                MessageRole::Assistant => llm::Role::Assistant,
            },
            content: row.content.clone().into(),
        })
        .collect();
    let system_prompt = project.system_prompt.as_str();
    llm::CompletionRequest {
        model,
        system_prompt: (!system_prompt.trim().is_empty()).then(|| system_prompt.to_owned()),
        messages,
        parameters: llm_parameters(wire::parameters(&project.parameters)),
        user: Some(user.to_string()),
    }
}

fn llm_parameters(parameters: Parameters) -> llm::Parameters {
    llm::Parameters {
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        max_tokens: parameters.max_tokens,
        stop: parameters.stop,
        seed: parameters.seed,
        reasoning_effort: parameters.reasoning_effort.map(|effort| match effort {
            ReasoningEffort::None => llm::ReasoningEffort::None,
            ReasoningEffort::Minimal => llm::ReasoningEffort::Minimal,
            ReasoningEffort::Low => llm::ReasoningEffort::Low,
            ReasoningEffort::Medium => llm::ReasoningEffort::Medium,
            ReasoningEffort::High => llm::ReasoningEffort::High,
        }),
        response_format: parameters.response_format.map(|format| match format {
            ResponseFormat::JsonObject => llm::ResponseFormat::JsonObject,
            ResponseFormat::JsonSchema {
                name,
                schema,
                strict,
            } => llm::ResponseFormat::JsonSchema {
                name,
                schema,
                strict,
            },
        }),
    }
}

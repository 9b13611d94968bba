//! What an answer used and cost: as its provider says, else as its text and the catalogue's prices let one estimate.

use prompthub_dto::chat::Usage;
use prompthub_llm::{
    self as llm, CompletionRequest, Pricing,
    tokens::{estimate_content, estimate_tokens},
};
use prompthub_store::usage::UsageFigures;

/// What the provider counted, and what it billed or would by its prices.
#[must_use]
pub fn counted(usage: &llm::Usage, pricing: Option<&Pricing>) -> Usage {
    let count = |tokens: Option<u64>| tokens.and_then(|tokens| i64::try_from(tokens).ok());
    let cost = llm::cost(usage, pricing);
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        cached_tokens: count(usage.cached_tokens),
        completion_tokens: count(usage.completion_tokens),
        reasoning_tokens: count(usage.reasoning_tokens),
        cost_is_estimate: cost.as_ref().is_some_and(|cost| cost.is_estimate),
        cost_usd: cost.map(|cost| cost.usd),
        tokens_are_estimate: false,
    }
}

/// What an answer used that its provider did not get to count, because it was stopped or broke off.
#[must_use]
pub fn estimated(
    request: &CompletionRequest,
    text: &str,
    reasoning: &str,
    pricing: Option<&Pricing>,
) -> Usage {
    let model = request.model.as_str();
    let prompt = request
        .messages
        .iter()
        .map(|message| estimate_content(model, &message.content))
        .fold(
            estimate_tokens(model, request.system_prompt.as_deref().unwrap_or_default()),
            u64::saturating_add,
        );
    let thoughts = estimate_tokens(model, reasoning);
    let usage = llm::Usage {
        prompt_tokens: Some(prompt),
        completion_tokens: Some(estimate_tokens(model, text).saturating_add(thoughts)),
        reasoning_tokens: (thoughts > 0).then_some(thoughts),
        ..llm::Usage::default()
    };
    Usage {
        tokens_are_estimate: true,
        ..counted(&usage, pricing)
    }
}

/// As it is stored.
#[must_use]
pub fn figures(usage: Usage) -> UsageFigures {
    UsageFigures {
        prompt_tokens: usage.prompt_tokens,
        cached_tokens: usage.cached_tokens,
        completion_tokens: usage.completion_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        cost_usd: usage.cost_usd,
        cost_is_estimate: usage.cost_is_estimate,
        tokens_are_estimate: usage.tokens_are_estimate,
        first_token_ms: None,
        duration_ms: None,
    }
}

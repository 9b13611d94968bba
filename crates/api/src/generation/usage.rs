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

/// What an answer used: what its provider counted, and an estimate of what it did not get to count because the answer
/// was stopped or broke off, since providers bill what they have said by then. `None` where nothing came of either.
#[must_use]
pub fn used(
    told: Option<&llm::Usage>,
    request: &CompletionRequest,
    text: &str,
    reasoning: &str,
    pricing: Option<&Pricing>,
) -> Option<Usage> {
    let told = match told {
        Some(told) if told.prompt_tokens.is_some() && told.completion_tokens.is_some() => {
            return Some(counted(told, pricing));
        }
        None if text.is_empty() && reasoning.is_empty() => return None,
        told => told.cloned().unwrap_or_default(),
    };
    let thoughts = estimate_tokens(&request.model, reasoning);
    let (completion, thoughts) = match told.completion_tokens {
        Some(completion) => (completion, told.reasoning_tokens),
        None => (
            estimate_tokens(&request.model, text).saturating_add(thoughts),
            (thoughts > 0).then_some(thoughts),
        ),
    };
    let usage = llm::Usage {
        prompt_tokens: told.prompt_tokens.or_else(|| Some(prompt(request))),
        completion_tokens: Some(completion),
        reasoning_tokens: thoughts,
        ..told
    };
    Some(Usage {
        tokens_are_estimate: true,
        ..counted(&usage, pricing)
    })
}

/// About how many tokens the request has.
fn prompt(request: &CompletionRequest) -> u64 {
    let model = request.model.as_str();
    let system = request.system_prompt.as_deref().unwrap_or_default();
    let messages = request.messages.iter();
    messages
        .map(|message| estimate_content(model, &message.content))
        .fold(estimate_tokens(model, system), u64::saturating_add)
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

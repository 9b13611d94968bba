//! What an answer has used and cost, and what happened on the way to it, in words.

use prompthub_dto::chat::{Message, Usage};

use crate::components::{
    model_name,
    size::{self, duration, grouped},
};

/// `claude-sonnet-4 · 322 in, 90 out · ≈$0.0031 · 3.2 s`, of which each part stands only where it is
/// known. Nothing where nothing was used.
#[must_use]
pub fn summary(message: &Message, seconds: Option<f64>) -> String {
    let usage = message.usage.clone().unwrap_or_default();
    let about = about(usage.tokens_are_estimate);
    let tokens = match (usage.prompt_tokens, usage.completion_tokens) {
        (Some(prompt), Some(completion)) => Some(format!(
            "{about}{} in, {about}{} out",
            grouped(prompt),
            grouped(completion)
        )),
        (Some(prompt), None) => Some(format!("{about}{} in", grouped(prompt))),
        (None, Some(completion)) => Some(format!("{about}{} out", grouped(completion))),
        (None, None) => None,
    };
    let parts = [
        tokens,
        cost(&usage),
        seconds.filter(|seconds| *seconds >= 0.05).map(duration),
    ];
    let figures = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    match &message.model {
        Some(model) if !figures.is_empty() => format!("{} · {figures}", model_name::short(model)),
        _ => figures,
    }
}

/// The same in full, for whoever wants to know: what, and how much of it.
#[must_use]
pub fn details(message: &Message, seconds: Option<f64>) -> Vec<(&'static str, String)> {
    let usage = message.usage.clone().unwrap_or_default();
    let about = about(usage.tokens_are_estimate);
    let count = |whole: Option<i64>, part: Option<i64>, what: &str| {
        let whole = grouped(whole?);
        Some(match part.filter(|part| *part > 0) {
            Some(part) => format!("{about}{whole}, {} of them {what}", grouped(part)),
            None => format!("{about}{whole}"),
        })
    };
    let billed = if usage.cost_is_estimate {
        "estimated by the price list"
    } else {
        "as the provider bills it"
    };
    let parts = [
        ("Model", message.model.clone()),
        ("Asked first", message.requested_model.clone()),
        ("Answered as", message.response_model.clone()),
        (
            "Prompt version",
            message.prompt_version.map(|version| version.to_string()),
        ),
        (
            "Tokens in",
            count(usage.prompt_tokens, usage.cached_tokens, "from the cache"),
        ),
        (
            "Tokens out",
            count(usage.completion_tokens, usage.reasoning_tokens, "reasoning"),
        ),
        (
            "Cost",
            usage.cost_usd.map(|cost| format!("${cost}, {billed}")),
        ),
        ("First word after", message.first_token_ms.map(milliseconds)),
        ("Whole answer in", seconds.map(duration)),
    ];
    let known = |(what, much): (&'static str, Option<String>)| Some((what, much?));
    parts.into_iter().filter_map(known).collect()
}

/// What a reader should know before the answer, a line each: that the model saw less than the reader
/// does, and that it is another one than was asked.
#[must_use]
pub fn notes(message: &Message) -> String {
    let omitted = message
        .omitted
        .and_then(|omitted| i64::try_from(omitted.turns).ok())
        .filter(|turns| *turns > 0)
        .map(|turns| {
            format!(
                "{} left out: the model’s context has no room for more.",
                size::count(turns, "earlier turn was", "earlier turns were")
            )
        });
    let answers = message.model.as_deref().unwrap_or_default();
    let failed = message.fallbacks.iter().map(|failed| {
        let model = model_name::short(&failed.model);
        format!("{model} gave no answer: {}", failed.detail)
    });
    let instead = (!message.fallbacks.is_empty())
        .then(|| format!("Answered by {} instead.", model_name::short(answers)));
    let lines: Vec<String> = failed.chain(instead).chain(omitted).collect();
    lines.join("\n")
}

fn about(estimated: bool) -> &'static str {
    if estimated { "≈" } else { "" }
}

/// The cost of an answer, in short.
fn cost(usage: &Usage) -> Option<String> {
    let dollars = size::dollars(usage.cost_usd.as_deref()?)?;
    Some(format!("{}{dollars}", about(usage.cost_is_estimate)))
}

fn milliseconds(milliseconds: i64) -> String {
    let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
    duration(f64::from(milliseconds) / 1000.0)
}

#[cfg(test)]
mod tests {
    use prompthub_dto::{
        chat::{Fallback, Omitted, Role},
        problem::ProblemCode,
    };

    use super::{super::samples::message, *};

    #[test]
    fn only_what_is_known_is_said() {
        let mut message = message(1, None, Role::Assistant, "");
        message.model = Some("a/b/c".to_owned());
        assert_eq!(summary(&message, None), "");
        message.usage = Some(Usage {
            prompt_tokens: Some(12_345),
            cached_tokens: Some(12_000),
            completion_tokens: Some(412),
            cost_usd: Some("0.003142".to_owned()),
            ..Usage::default()
        });
        message.first_token_ms = Some(420);
        message.response_model = Some("c-2026".to_owned());
        assert_eq!(
            summary(&message, Some(3.24)),
            "c · 12,345 in, 412 out · $0.0031 · 3.2 s"
        );
        let told: Vec<String> = details(&message, Some(3.24))
            .into_iter()
            .map(|(what, much)| format!("{what}: {much}"))
            .collect();
        assert_eq!(
            told,
            [
                "Model: a/b/c",
                "Answered as: c-2026",
                "Tokens in: 12,345, 12,000 of them from the cache",
                "Tokens out: 412",
                "Cost: $0.003142, as the provider bills it",
                "First word after: 420 ms",
                "Whole answer in: 3.2 s",
            ]
        );
    }

    #[test]
    fn estimates_are_marked() {
        let mut message = message(1, None, Role::Assistant, "");
        message.usage = Some(Usage {
            completion_tokens: Some(1_000),
            cost_usd: Some("0.5".to_owned()),
            cost_is_estimate: true,
            tokens_are_estimate: true,
            ..Usage::default()
        });
        assert_eq!(summary(&message, None), "≈1,000 out · ≈$0.50");
    }

    #[test]
    fn what_happened_before_the_answer_is_said() {
        let mut message = message(1, None, Role::Assistant, "");
        assert_eq!(notes(&message), "");
        message.model = Some("p/b".to_owned());
        message.fallbacks = vec![Fallback {
            model: "p/a".to_owned(),
            problem_code: ProblemCode::ProviderUnavailable,
            detail: "It is down.".to_owned(),
        }];
        message.omitted = Some(Omitted {
            turns: 1,
            messages: 2,
            tokens: 300,
        });
        assert_eq!(
            notes(&message),
            "a gave no answer: It is down.\nAnswered by b instead.\n\
             1 earlier turn was left out: the model’s context has no room for more."
        );
    }
}

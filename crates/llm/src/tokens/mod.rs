//! How many tokens a text has, and what to leave out when there are too many.
//!
//! Owns the count and the cut. Must not know where the messages come from, nor tell anybody what
//! was left out: the caller does, from what is returned.

mod estimate;
mod trim;
mod vocabulary;

pub use self::estimate::{
    IMAGE_TOKENS, MESSAGE_TOKENS, estimate_content, estimate_tokens, most_tokens,
};
pub use self::trim::{Fit, SizedMessage, Trim, trim};
pub use self::vocabulary::{count_tokens, forget_vocabulary};

/// Whether the model is one of OpenAI's, by whose vocabularies the estimate is fitted.
fn is_openai(model: &str) -> bool {
    is_of(
        model,
        &["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-3"],
    )
}

/// Whether the model is of one of these families of OpenAI's, wherever it is offered. Models of others are
/// called after them.
fn is_of(model: &str, families: &[&str]) -> bool {
    let mut segments = model.rsplit('/');
    let name = segments.next().unwrap_or_default();
    let is_openais = segments.next().is_none_or(|maker| maker == "openai");
    is_openais && families.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_after_openais_models_is_not_openais() {
        for (model, is_openais) in [
            ("gpt-4-turbo", true),
            ("openrouter/openai/gpt-3.5-turbo", true),
            ("openrouter/someone/gpt-4o-finetune", false),
            ("anthropic/claude-x", false),
            ("", false),
        ] {
            assert_eq!(is_openai(model), is_openais, "{model}");
        }
        let text = "Hello, world";
        let theirs = estimate_tokens("someone/gpt-4o-finetune", text);
        assert!(theirs > estimate_tokens("openai/gpt-4o", text));
    }
}

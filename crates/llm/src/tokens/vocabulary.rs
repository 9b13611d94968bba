//! How many tokens a text has, by the model's own vocabulary.
//!
//! Owns the one vocabulary that is at hand, OpenAI's `o200k_base`, and its memory. It is in the
//! binary (3.6 MB), takes about 0.3 s and 46 MB once it is built, and is therefore built by the
//! first count and kept until it is said to be forgotten. The estimate is enough for a conversation
//! that is far from its limit, as nearly all are; only near it is the count worth its price.

use std::sync::{Arc, Mutex, PoisonError};

use tiktoken_rs::CoreBPE;

/// The vocabulary, between the first count and the word to forget it.
static VOCABULARY: Mutex<Option<Arc<CoreBPE>>> = Mutex::new(None);

/// How many tokens the text has for this model (the provider's own id, with or without our slug
/// before it); `None` if its vocabulary is not at hand, as for all but OpenAI's newer models.
///
/// It computes for as long as it takes, about 0.1 ms for a kilobyte: not for the threads that serve.
#[must_use]
pub fn count_tokens(model: &str, text: &str) -> Option<u64> {
    if !is_o200k(model) {
        return None;
    }
    let vocabulary = vocabulary()?;
    u64::try_from(vocabulary.encode_ordinary(text).len()).ok()
}

/// Gives back the memory of a vocabulary until it is needed again. Counts under way are not disturbed.
pub fn forget_vocabulary() {
    *VOCABULARY.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Whoever comes while it is built waits for it rather than building another one.
fn vocabulary() -> Option<Arc<CoreBPE>> {
    let mut held = VOCABULARY.lock().unwrap_or_else(PoisonError::into_inner);
    if held.is_none() {
        *held = tiktoken_rs::o200k_base().ok().map(Arc::new);
    }
    held.clone()
}

/// Whether it is a model of OpenAI's from `gpt-4o` on.
fn is_o200k(model: &str) -> bool {
    let families = [
        "gpt-4o",
        "gpt-4.1",
        "gpt-4.5",
        "gpt-5",
        "gpt-oss",
        "chatgpt-4o",
        "o1",
        "o3",
        "o4",
    ];
    super::is_of(model, &families)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_vocabulary() {
        for (text, tokens) in super::super::estimate::SAMPLES {
            assert_eq!(count_tokens("openai/gpt-5", text), Some(*tokens), "{text}");
            assert_eq!(count_tokens("anthropic/claude-x", text), None);
        }
        // What looks like a mark of the model's own is text like any other.
        assert!(count_tokens("gpt-4o", "<|endoftext|>").is_some_and(|tokens| tokens > 1));
        forget_vocabulary();
        assert_eq!(
            count_tokens("openrouter/openai/gpt-oss-20b:free", ""),
            Some(0)
        );
    }

    #[test]
    fn only_openais_newer_models_have_it() {
        for (model, has_it) in [
            ("gpt-4o", true),
            ("openai/gpt-5.2-mini", true),
            ("openrouter/openai/o3", true),
            ("groq/openai/gpt-oss-120b", true),
            ("gpt-4-turbo", false),
            ("openai/gpt-3.5-turbo", false),
            ("openrouter/someone/gpt-4o-finetune", false),
            ("ollama/llama3", false),
            ("", false),
        ] {
            assert_eq!(is_o200k(model), has_it, "{model}");
        }
    }
}

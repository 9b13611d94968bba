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

/// Whether the model is one of OpenAI's, by whose vocabulary the estimate is fitted.
fn is_openai(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    ["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-3"]
        .iter()
        .any(|family| name.starts_with(family))
}

//! Which parameters a model takes.
//!
//! Owns the differences between generations of models. What the list of models says counts; before
//! it was asked, or where it does not say, the model's name has to do.

/// What must be known of a model to write a request for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capabilities {
    pub(super) thinking: Thinking,
    /// Whether it knows `output_config.effort`.
    pub(super) takes_effort: bool,
    /// Whether it can be told not to think.
    pub(super) can_be_told_not_to: bool,
}

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It cannot.
    No,
    /// `{"type": "enabled", "budget_tokens": n}`.
    Budget,
    /// `{"type": "adaptive"}`, and how much by `output_config.effort`.
    Adaptive,
}

impl Capabilities {
    /// A guess for a model that the list has not told of: what is not known to be old is new. The
    /// names of old models are from published lists and could not be checked against the provider.
    pub(super) fn by_name(model: &str) -> Self {
        let thinking = if model.starts_with("claude-3-7") {
            Thinking::Budget
        } else if ["claude-2", "claude-3", "claude-instant"]
            .iter()
            .any(|old| model.starts_with(old))
        {
            Thinking::No
        } else if is_early_4(model) {
            Thinking::Budget
        } else {
            Thinking::Adaptive
        };
        Self {
            thinking,
            takes_effort: thinking == Thinking::Adaptive,
            can_be_told_not_to: true,
        }
    }
}

/// Whether it is a model of 4.0 to 4.5: `claude-opus-4-1-20250805`, `claude-sonnet-4-20250514`.
fn is_early_4(model: &str) -> bool {
    let Some((_, version)) = model
        .strip_prefix("claude-")
        .and_then(|rest| rest.split_once("-4"))
    else {
        return false;
    };
    let minor = version.split('-').nth(1).unwrap_or_default();
    match minor.parse::<u32>() {
        // A date follows directly on `4`.
        Ok(minor) => minor <= 5 || minor >= 20_000_000,
        Err(_) => version.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        for (model, thinking) in [
            ("claude-3-haiku-20240307", Thinking::No),
            ("claude-3-5-sonnet-20241022", Thinking::No),
            ("claude-3-7-sonnet-20250219", Thinking::Budget),
            ("claude-sonnet-4-20250514", Thinking::Budget),
            ("claude-opus-4-1-20250805", Thinking::Budget),
            ("claude-haiku-4-5", Thinking::Budget),
            ("claude-opus-4-6", Thinking::Adaptive),
            ("claude-sonnet-5", Thinking::Adaptive),
            ("claude-x", Thinking::Adaptive),
            ("", Thinking::Adaptive),
        ] {
            assert_eq!(Capabilities::by_name(model).thinking, thinking, "{model}");
        }
    }
}

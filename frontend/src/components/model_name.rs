//! Models in a reader's words.

use prompthub_dto::models::{Model, Pricing};

use super::size::dollars;

/// The part of a model's id that tells it from others: `claude-sonnet-4` of
/// `openrouter/anthropic/claude-sonnet-4`. The demo keeps its full id, so that nobody takes it for
/// a real model.
#[must_use]
pub fn short(id: &str) -> &str {
    if is_demo(id) {
        return id;
    }
    id.rsplit('/').next().unwrap_or(id)
}

/// Whether the id is one of the offline demo's.
#[must_use]
pub fn is_demo(id: &str) -> bool {
    id.starts_with("demo/")
}

/// Context length, and the price of a million tokens, as far as they are known.
#[must_use]
pub fn details(model: &Model) -> String {
    let context = model
        .context_length
        .map(|tokens| format!("{} context", thousands(tokens)));
    let price = model.pricing.as_ref().and_then(price);
    match (model.demo, context, price) {
        (true, ..) => "Offline demo, only pretends to answer".to_owned(),
        (false, Some(context), Some(price)) => format!("{context} · {price}"),
        (false, Some(text), None) | (false, None, Some(text)) => text,
        (false, None, None) => String::new(),
    }
}

fn thousands(tokens: u32) -> String {
    match tokens {
        1_000_000.. => {
            let tenths = tokens / 100_000;
            match tenths % 10 {
                0 => format!("{}M", tenths / 10),
                rest => format!("{}.{rest}M", tenths / 10),
            }
        }
        1_000.. => format!("{}K", tokens / 1_000),
        _ => tokens.to_string(),
    }
}

/// What a million tokens in and out cost.
fn price(pricing: &Pricing) -> Option<String> {
    let (prompt, completion) = (
        per_million(pricing.prompt.as_deref()?)?,
        per_million(pricing.completion.as_deref()?)?,
    );
    if prompt == NOTHING && completion == NOTHING {
        return Some("free".to_owned());
    }
    Some(format!("{prompt} in, {completion} out"))
}

/// What [`dollars`] says of a price all of whose digits are zero.
const NOTHING: &str = "$0";

/// A million times a decimal text, in dollars. It moves the point, so that no price is too small to
/// be told from nothing.
fn per_million(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{fraction:0<7}");
    let (moved, rest) = fraction.split_at_checked(6)?;
    let whole = [whole, moved].concat();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    dollars(&format!("{whole}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(context_length: Option<u32>, pricing: Option<(&str, &str)>) -> Model {
        Model {
            id: "p/m".to_owned(),
            name: "M".to_owned(),
            provider: "p".to_owned(),
            context_length,
            pricing: pricing.map(|(prompt, completion)| Pricing {
                prompt: Some(prompt.to_owned()),
                completion: Some(completion.to_owned()),
                ..Pricing::default()
            }),
            ..Model::default()
        }
    }

    #[test]
    fn details_say_what_is_known() {
        assert_eq!(
            details(&model(Some(200_000), Some(("0.000003", "0.000015")))),
            "200K context · $3.00 in, $15.00 out"
        );
        assert_eq!(details(&model(Some(1_048_576), None)), "1M context");
        assert_eq!(details(&model(None, Some(("0", "0")))), "free");
        assert_eq!(details(&model(None, Some(("?", "1")))), "");
        assert_eq!(
            details(&model(None, Some(("0.0000000009", "1")))),
            "$0.00090 in, $1000000.00 out"
        );
        assert_eq!(
            details(&model(None, Some(("0.00000025", "0.00001")))),
            "$0.25 in, $10.00 out"
        );
        assert_eq!(
            details(&model(None, Some(("0.000000075", "0.000000025")))),
            "$0.075 in, $0.025 out"
        );
        assert_eq!(
            details(&model(None, Some(("0.000000004", "0.000000009")))),
            "$0.0040 in, $0.0090 out"
        );
        assert_eq!(
            details(&model(None, Some(("0.000", "0.00001")))),
            "$0 in, $10.00 out"
        );
    }

    #[test]
    fn short_names_keep_the_last_part() {
        assert_eq!(
            short("openrouter/anthropic/claude-sonnet-4"),
            "claude-sonnet-4"
        );
        assert_eq!(short("demo/echo"), "demo/echo");
        assert_eq!(short("odd"), "odd");
    }
}

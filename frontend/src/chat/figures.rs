//! What an answer has cost, in a few words: tokens, dollars, seconds.

use prompthub_dto::chat::{Message, Usage};

/// `412 tokens · $0.0031 · 3.2 s`, of which each part stands only where it is known.
#[must_use]
pub fn summary(message: &Message, seconds: Option<f64>) -> String {
    let usage = message.usage.as_ref();
    let parts = [
        usage.and_then(|usage| usage.completion_tokens).map(tokens),
        usage
            .and_then(|usage| usage.cost_usd.as_deref())
            .and_then(cost),
        seconds.filter(|seconds| *seconds >= 0.05).map(duration),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The same in full, for whoever wants to know: the model, its prompt version, both token counts.
#[must_use]
pub fn details(message: &Message) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(message.model.clone());
    parts.extend(
        message
            .prompt_version
            .map(|version| format!("prompt version {version}")),
    );
    if let Some(Usage {
        prompt_tokens,
        completion_tokens,
        cost_usd,
        ..
    }) = &message.usage
    {
        parts.extend(prompt_tokens.map(|count| format!("{} in", tokens(count))));
        parts.extend(completion_tokens.map(|count| format!("{} out", tokens(count))));
        parts.extend(cost_usd.as_ref().map(|cost| format!("${cost}")));
    }
    parts.join(" · ")
}

fn tokens(count: i64) -> String {
    if count == 1 {
        "1 token".to_owned()
    } else {
        format!("{} tokens", grouped(count))
    }
}

/// Thousands set apart by commas.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left % 3 == 0 && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars to the cent, and small sums to two digits that say something. `None` when it is no
/// decimal number.
fn cost(decimal: &str) -> Option<String> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // serde_json is there anyway; `parse` would bring 10 KB of tables of its own.
    let value: f64 = serde_json::from_str(decimal).ok()?;
    if value == 0.0 {
        return Some("$0".to_owned());
    }
    let zeros = fraction.bytes().take_while(|byte| *byte == b'0').count();
    let places = if value >= 0.1 {
        2
    } else {
        zeros.saturating_add(2)
    };
    Some(format!("${value:.places$}"))
}

fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let minutes = (seconds / 60.0).floor();
    format!(
        "{minutes:.0} min {:.0} s",
        (seconds - minutes * 60.0).floor()
    )
}

#[cfg(test)]
mod tests {
    use prompthub_dto::chat::Role;

    use super::{super::samples::message, *};

    #[test]
    fn only_what_is_known_is_said() {
        let mut message = message(1, None, Role::Assistant, "");
        assert_eq!(summary(&message, None), "");
        message.usage = Some(Usage {
            prompt_tokens: Some(12_345),
            completion_tokens: Some(412),
            cost_usd: Some("0.003142".to_owned()),
            ..Usage::default()
        });
        assert_eq!(
            summary(&message, Some(3.24)),
            "412 tokens · $0.0031 · 3.2 s"
        );
        message.model = Some("a/b".to_owned());
        assert_eq!(
            details(&message),
            "a/b · 12,345 tokens in · 412 tokens out · $0.003142"
        );
    }

    #[test]
    fn costs_are_short_and_never_nothing() {
        for (decimal, words) in [
            ("0.000171", "$0.00017"),
            ("0", "$0"),
            ("0.000", "$0"),
            ("1.239", "$1.24"),
            ("12", "$12.00"),
            ("0.5", "$0.50"),
        ] {
            assert_eq!(cost(decimal).as_deref(), Some(words), "{decimal}");
        }
        for junk in ["", ".5", "-1", "1e3", "NaN", "<b>"] {
            assert_eq!(cost(junk), None, "{junk}");
        }
    }

    #[test]
    fn long_answers_are_timed_in_minutes() {
        assert_eq!(duration(59.9), "59.9 s");
        assert_eq!(duration(125.9), "2 min 5 s");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-123_456), "-123,456");
    }
}

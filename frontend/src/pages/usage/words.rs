//! Figures in few characters.

use crate::components::size::dollars;

pub fn capital(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}", first.to_ascii_uppercase())
}

/// A count in few characters: `950`, `12K`, `1.5M`.
pub fn compact(count: f64) -> String {
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "K")] {
        if count >= unit {
            let places = usize::from(count < 10.0 * unit);
            let text = format!("{:.places$}", count / unit);
            return format!("{}{name}", text.trim_end_matches(".0"));
        }
    }
    let places = usize::from(count < 10.0);
    format!("{count:.places$}")
        .trim_end_matches(".0")
        .to_owned()
}

pub fn money(sum: f64) -> String {
    dollars(&sum.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sum_is_too_small_to_be_said() {
        assert_eq!(money(0.000_000_21), "$0.00000021");
        assert_eq!(money(2.0), "$2.00");
        assert_eq!(money(0.0), "$0");
    }

    #[test]
    fn counts_are_compact() {
        for (count, text) in [
            (0.0, "0"),
            (2.5, "2.5"),
            (950.0, "950"),
            (1_000.0, "1K"),
            (1_500.0, "1.5K"),
            (12_345.0, "12K"),
            (2_000_000.0, "2M"),
        ] {
            assert_eq!(compact(count), text);
        }
    }
}

//! Sizes, counts, sums and times in a reader's words.

/// Bytes as people say them: `980 B`, `12 KB`, `1.4 MB`. Negative sizes do not occur and read as 0.
#[must_use]
pub fn bytes(size: i64) -> String {
    const UNITS: [(&str, i64); 3] = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    let size = size.max(0);
    for (name, unit) in UNITS {
        if size >= unit {
            let tenths = size.saturating_mul(10) / unit;
            return match (tenths / 10, tenths % 10) {
                (whole, 1..) if whole < 10 => format!("{whole}.{} {name}", tenths % 10),
                (whole, _) => format!("{whole} {name}"),
            };
        }
    }
    format!("{size} B")
}

/// `No files`, `1 file`, `12 files`.
#[must_use]
pub fn count(number: i64, one: &str, many: &str) -> String {
    match number {
        0 => format!("No {many}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// Thousands set apart by commas.
#[must_use]
pub fn grouped(number: i64) -> String {
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

/// A decimal text in dollars: to the cent, and small sums to two digits that say something. `None`
/// when it is no decimal number.
#[must_use]
pub fn dollars(decimal: &str) -> Option<String> {
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

/// How long something took: `420 ms`, `3.2 s`, `2 min 5 s`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
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
    use super::*;

    #[test]
    fn sums_are_short_and_never_nothing() {
        for (decimal, words) in [
            ("0.000171", "$0.00017"),
            ("0", "$0"),
            ("0.000", "$0"),
            ("1.239", "$1.24"),
            ("12", "$12.00"),
            ("0.5", "$0.50"),
        ] {
            assert_eq!(dollars(decimal).as_deref(), Some(words), "{decimal}");
        }
        for junk in ["", ".5", "-1", "1e3", "NaN", "<b>"] {
            assert_eq!(dollars(junk), None, "{junk}");
        }
    }

    #[test]
    fn times_are_in_what_fits_them() {
        assert_eq!(duration(0.42), "420 ms");
        assert_eq!(duration(59.9), "59.9 s");
        assert_eq!(duration(125.9), "2 min 5 s");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-123_456), "-123,456");
    }

    #[test]
    fn bytes_have_at_most_two_significant_figures_below_ten() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KB"),
            (1536, "1.5 KB"),
            (12 * 1024 + 900, "12 KB"),
            (5 << 20, "5 MB"),
            (i64::MAX, "858993459 GB"),
        ];
        for (size, text) in cases {
            assert_eq!(bytes(size), text, "{size}");
        }
    }
}

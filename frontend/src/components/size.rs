//! Sizes in a reader's words.

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

#[cfg(test)]
mod tests {
    use super::*;

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

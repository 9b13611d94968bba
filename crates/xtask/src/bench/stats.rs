//! The little arithmetic that the figures need.

use std::time::Duration;

/// The middle value; zero of none.
pub(crate) fn median(values: &mut [Duration]) -> Duration {
    values.sort_unstable();
    percentile(values, 500)
}

/// The smallest value that this many of a thousand do not exceed (nearest rank). `sorted` must be.
pub(crate) fn percentile(sorted: &[Duration], per_mille: usize) -> Duration {
    let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// How many times `other` is in `value`.
pub(crate) fn ratio(value: Duration, other: Duration) -> f64 {
    value.as_secs_f64() / other.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 500), Duration::from_millis(50));
        assert_eq!(percentile(&values, 990), Duration::from_millis(99));
        assert_eq!(percentile(&values[..1], 990), Duration::from_millis(1));
        assert_eq!(percentile(&[], 990), Duration::ZERO);
        assert_eq!(median(&mut [values[2], values[0], values[1]]), values[1]);
    }
}

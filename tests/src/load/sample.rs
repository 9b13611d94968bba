//! What was seen, and the figures that are made of it.

use std::time::Duration;

/// What the clients of one run have seen. Times are microseconds.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// From the question to the first token.
    pub(super) first_tokens: Vec<u32>,
    /// Of every token, from the upstream to the client.
    pub(super) latencies: Vec<u32>,
    /// Answers that have ended.
    pub(super) answers: u64,
    /// Answers that went wrong.
    pub(super) errors: u64,
    /// How long was measured.
    pub(super) span: Duration,
}

impl Sample {
    pub(super) fn add(&mut self, other: Self) {
        self.first_tokens.extend(other.first_tokens);
        self.latencies.extend(other.latencies);
        self.answers += other.answers;
        self.errors += other.errors;
    }

    /// Counts an answer that went wrong; the first ones are told.
    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        if self.errors == 0 {
            println!("   an answer went wrong: {error:#}");
        }
        self.errors += 1;
    }
}

/// The figures of a run, or the medians of several. Times are microseconds.
#[derive(Debug, Default, Clone)]
pub(super) struct Figures {
    pub(super) first_token: Percentiles,
    pub(super) latency: Percentiles,
    pub(super) tokens_per_second: u64,
    pub(super) answers_per_second: u64,
    pub(super) tokens: u64,
    pub(super) errors: u64,
    /// Of the server, while it was measured.
    pub(super) cpu: Duration,
    /// Bytes that the server had more than at rest.
    pub(super) resident: u64,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Percentiles {
    pub(super) p50: u32,
    pub(super) p99: u32,
}

impl Percentiles {
    fn of(mut values: Vec<u32>) -> Self {
        values.sort_unstable();
        let at = |per_cent: usize| {
            let rank = (values.len() * per_cent).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or_default()
        };
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

impl Figures {
    pub(super) fn of(sample: Sample) -> Self {
        let tokens = u64::try_from(sample.latencies.len()).unwrap_or(0);
        let millis = u64::try_from(sample.span.as_millis()).unwrap_or(0).max(1);
        Self {
            first_token: Percentiles::of(sample.first_tokens),
            latency: Percentiles::of(sample.latencies),
            tokens_per_second: tokens * 1000 / millis,
            answers_per_second: sample.answers * 1000 / millis,
            tokens,
            errors: sample.errors,
            ..Self::default()
        }
    }

    /// The median of each figure by itself; errors and memory are the most.
    pub(super) fn median(runs: &[Self]) -> Self {
        fn middle<T: Ord + Copy + Default>(runs: &[Figures], value: fn(&Figures) -> T) -> T {
            let mut values: Vec<T> = runs.iter().map(value).collect();
            values.sort_unstable();
            let at = values.len().saturating_sub(1) / 2;
            values.get(at).copied().unwrap_or_default()
        }
        Self {
            first_token: Percentiles {
                p50: middle(runs, |run| run.first_token.p50),
                p99: middle(runs, |run| run.first_token.p99),
            },
            latency: Percentiles {
                p50: middle(runs, |run| run.latency.p50),
                p99: middle(runs, |run| run.latency.p99),
            },
            tokens_per_second: middle(runs, |run| run.tokens_per_second),
            answers_per_second: middle(runs, |run| run.answers_per_second),
            tokens: middle(runs, |run| run.tokens),
            cpu: middle(runs, |run| run.cpu),
            errors: runs.iter().map(|run| run.errors).max().unwrap_or_default(),
            resident: runs
                .iter()
                .map(|run| run.resident)
                .max()
                .unwrap_or_default(),
        }
    }

    /// Seconds of the server's CPU time for a million tokens.
    pub(super) fn cpu_per_million(&self) -> f64 {
        let tokens = u32::try_from(self.tokens).unwrap_or(u32::MAX);
        self.cpu.as_secs_f64() * 1e6 / f64::from(tokens.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let Percentiles { p50, p99 } = Percentiles::of((1..=1000).rev().collect());
        assert_eq!((p50, p99), (500, 990));
        let Percentiles { p50, p99 } = Percentiles::of(Vec::new());
        assert_eq!((p50, p99), (0, 0));
    }

    #[test]
    fn medians_are_taken_figure_by_figure() {
        let run = |rate, resident| Figures {
            tokens_per_second: rate,
            resident,
            ..Figures::default()
        };
        let median = Figures::median(&[run(3, 10), run(1, 30), run(2, 20)]);
        assert_eq!((median.tokens_per_second, median.resident), (2, 30));
    }
}

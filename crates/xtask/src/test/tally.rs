//! Running a test program while adding up what it reports.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

/// Numbers of tests, as libtest counts them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    /// Reads libtest's closing line: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn parse(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut tally = Self::default();
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((count, "passed")) => tally.passed = count.parse().ok()?,
                Some((count, "failed")) => tally.failed = count.parse().ok()?,
                Some((count, "ignored")) => tally.ignored = count.parse().ok()?,
                _ => {}
            }
        }
        Some(tally)
    }
}

/// Runs test programs, passing on what they print.
///
/// # Errors
/// It cannot be started or read. A failing test is no error but a count: at least one, even when
/// the program died before it could say so.
pub(crate) fn run_tests(command: &mut Command) -> Result<Tally> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let mut tally = Tally::default();
    let stdout = child
        .stdout
        .take()
        .context("a piped output is there to be taken")?;
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    // Tests may print what is no UTF-8.
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        println!("{text}");
        tally.add(Tally::parse(text).unwrap_or_default());
        line.clear();
    }
    let status = child.wait()?;
    if !status.success() {
        println!("{program} ended with {status}");
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_closing_line_and_no_other() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(
            Tally::parse(line),
            Some(Tally {
                passed: 12,
                failed: 2,
                ignored: 1
            })
        );
        assert_eq!(Tally::parse("test a::b ... ok"), None);
    }

    #[test]
    fn a_program_that_dies_counts_as_a_failure() {
        let tally =
            run_tests(Command::new("sh").args(["-c", "echo 'test a ... '; exit 101"])).unwrap();
        assert_eq!(
            tally,
            Tally {
                passed: 0,
                failed: 1,
                ignored: 0
            }
        );
    }
}

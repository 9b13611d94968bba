//! What the kernel knows of a process, from `/proc`.

use std::{fs, time::Duration};

/// Resident memory in bytes. The kernel says kB and means 1,024 bytes (`man 5 proc_pid_status`).
#[must_use]
pub fn resident_bytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let count = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: u64 = count
        .expect("VmRSS has a value")
        .parse()
        .expect("it is a number");
    kibibytes * 1024
}

/// User and system time of all threads so far. The kernel counts in hundredths of a second (`man 5
/// proc_pid_stat`, fields 14 and 15; `USER_HZ` is 100 wherever this runs).
#[must_use]
pub fn cpu_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    // The name, in parentheses, may have spaces in it.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("it is a number"))
        .sum();
    Duration::from_millis(ticks * 10)
}

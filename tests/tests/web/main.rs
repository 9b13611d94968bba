//! The browser suite: the page in real Chromium, used as people use it, by role and by name.
//!
//! Needs Chromium, ChromeDriver, axe-core and a built page; what is missing is said by the test
//! that misses it. `PROMPTHUB_CHROMIUM`, `PROMPTHUB_CHROMEDRIVER` and `PROMPTHUB_AXE_JS` name them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says on standard error what it saw"
)]

mod accessibility;
mod axe;
mod browser;
mod drafts;
mod elements;
mod figures;
mod images;
mod journey;
mod listed;
mod long;
mod markdown;
mod meanwhile;
mod models;
mod page;
mod people;
mod providers;
mod rail;
mod relay;
mod resume;
mod search;
mod transfer;
mod uploads;
mod versions;

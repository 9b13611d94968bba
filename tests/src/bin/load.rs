//! The load harness as a program: `load SERVER FOLDER` measures the server at that path, which keeps
//! its data in that folder. `cargo xtask bench` starts it. Numbers of streams after the folder leave out the
//! other ones, which is quicker while one works on the server.

use std::path::PathBuf;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let server = PathBuf::from(arguments.next().context("which server?")?);
    let folder = PathBuf::from(arguments.next().context("which folder?")?);
    let only: Vec<usize> = arguments
        .map(|streams| streams.to_str().and_then(|text| text.parse().ok()))
        .collect::<Option<_>>()
        .context("numbers of streams come after the folder")?;
    prompthub_tests::load::run(&server, &folder, &only)
}

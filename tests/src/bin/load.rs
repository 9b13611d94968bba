//! The load harness as a program: `load SERVER FOLDER` measures the server at that path, which keeps
//! its data in that folder. `cargo xtask bench` starts it.

use std::path::PathBuf;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let server = arguments.next().context("which server?")?;
    let folder = arguments.next().context("which folder?")?;
    prompthub_tests::load::run(&server, &folder)
}

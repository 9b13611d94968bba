//! The page: building it with trunk, only when something that goes into it has changed.

mod budget;
mod bundle;
mod compress;
mod fingerprint;
mod split;
mod workers;

use std::{
    ffi::OsString, fs, os::unix::process::CommandExt, path::PathBuf, process::Command,
    time::Instant,
};

use anyhow::{Context, Result};

pub(crate) use self::{budget::first_load, split::act_as_stand_in};
use crate::{
    process::{heading, human, output_of, run},
    tools::{Tools, WASM_TARGET},
    workspace::Workspace,
};

/// Everything in the checkout that the page is made of; folders count with all they hold.
const INPUTS: [&str; 8] = [
    ".cargo",
    "frontend",
    "crates/dto",
    "crates/xtask/src/page",
    "Cargo.toml",
    "Cargo.lock",
    "Trunk.toml",
    "rust-toolchain.toml",
];

/// Cargo's profile for the page, in the top `Cargo.toml`. Trunk's own `--release` is not given: all
/// that it would add is wasm-opt, after which the page is smaller but its brotli form is not.
const PROFILE: &str = "page";

/// How rustc builds the page for visitors, against 350 KB of first load. A panic in the page ends in
/// one `unreachable` in the browser's console either way; what would describe it (messages, places in
/// the code, `Debug`) and the standard library's own handling of it make up a seventh of the download.
///
/// The flags are still unstable, so the compiler is told to allow them; the pinned toolchain makes
/// that safe. They are for this build alone: development, clippy and tests do without.
const LEAN: [(&str, &str); 4] = [
    ("RUSTC_BOOTSTRAP", "1"),
    (
        "RUSTFLAGS",
        // What `.cargo/config.toml` says is repeated, since the variable replaces it.
        // Relocations are what wasm-split goes by.
        "--cfg erase_components --cfg split -Clink-args=--emit-relocs -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none \
         -Zfmt-debug=none",
    ),
    ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size"),
];

/// Leaves the page in `frontend/dist`, with a `.br` and a `.gz` beside each file worth compressing.
///
/// # Errors
/// It does not build, or a part of it is over its size budget.
pub(crate) fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    heading("Page: frontend/dist");
    let stamp = Stamp::of(workspace);
    let inputs = stamp.inputs()?;
    if stamp.is_current(inputs)? {
        println!("up to date");
    } else {
        let start = Instant::now();
        run(fetch(workspace)?.envs(LEAN))?;
        let parts = workspace.target().join("xtask").join("split");
        let mut trunk = tools.trunk(workspace)?;
        split::stand_in_for(&mut trunk, tools.bin(), &parts)?;
        run(trunk
            .args([
                "build",
                "--offline",
                "--skip-version-check",
                "--minify",
                "--cargo-profile",
                PROFILE,
            ])
            .envs(LEAN))?;
        split::add_parts(&workspace.dist(), &parts)?;
        bundle::stylesheets(&workspace.dist())?;
        workers::name(&workspace.dist())?;
        compress::folder(&workspace.dist())?;
        stamp.write(inputs)?;
        println!("built in {}", human(start.elapsed()));
    }
    let mut downloads = vec![
        first_load(&workspace.dist())?,
        budget::parts(&workspace.dist())?,
    ];
    downloads.extend(budget::workers(&workspace.dist())?);
    for download in &downloads {
        println!("{download}");
    }
    downloads.iter().try_for_each(budget::Download::check)
}

/// Becomes `trunk serve`.
pub(crate) fn watch(workspace: &Workspace, tools: &Tools, args: &[OsString]) -> Result<()> {
    run(&mut fetch(workspace)?)?;
    let error = tools
        .trunk(workspace)?
        .args(["serve", "--offline", "--skip-version-check"])
        .args(args)
        .exec();
    Err(error).context("cannot start trunk")
}

/// Trunk is kept off the network, so cargo must have every crate beforehand: the page's, and the
/// procedural macros' for this machine.
fn fetch(workspace: &Workspace) -> Result<Command> {
    let version = output_of(
        Command::new("rustc")
            .arg("-vV")
            .current_dir(workspace.root()),
    );
    let host = version
        .as_deref()
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("host: ")));
    let host = host.context("rustc does not name this machine's target")?;
    let mut command = workspace.cargo();
    command.args([
        "fetch",
        "--quiet",
        "--target",
        WASM_TARGET,
        "--target",
        host,
    ]);
    Ok(command)
}

/// The note of what the last build was made of and what it made. Comparing both sides also notices
/// a `frontend/dist` that `trunk serve` has overwritten.
struct Stamp<'a> {
    workspace: &'a Workspace,
    file: PathBuf,
}

impl<'a> Stamp<'a> {
    fn of(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            file: workspace.target().join("xtask").join("page.stamp"),
        }
    }

    fn inputs(&self) -> Result<u64> {
        let paths = INPUTS.iter().map(|input| self.workspace.root().join(input));
        fingerprint::of(paths, &[self.workspace.dist()], Tools::versions())
    }

    fn line(&self, inputs: u64) -> Result<String> {
        let outputs = fingerprint::of([self.workspace.dist()], &[], [])?;
        Ok(format!("{inputs:016x} {outputs:016x}\n"))
    }

    fn is_current(&self, inputs: u64) -> Result<bool> {
        if !self.workspace.dist().join("index.html").is_file() {
            return Ok(false);
        }
        let Ok(noted) = fs::read_to_string(&self.file) else {
            return Ok(false);
        };
        Ok(noted == self.line(inputs)?)
    }

    fn write(&self, inputs: u64) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.file, self.line(inputs)?)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

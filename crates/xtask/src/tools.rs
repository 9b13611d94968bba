//! The Rust tools that the build needs: toolchain components, the wasm target, trunk and
//! wasm-bindgen, at pinned versions in the user's cache folder.
//!
//! Nothing is installed into the user's own cargo folder, and a second call costs a look into a file.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    process::{find_program, heading, human, output_of, run, succeeds},
    system,
    workspace::Workspace,
};

/// What the page is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A program that `cargo install` builds.
struct Tool {
    /// Name on crates.io.
    package: &'static str,
    /// The one of its programs that is used.
    program: &'static str,
    version: &'static str,
    /// Cargo features that the program needs.
    features: &'static str,
}

/// Everything pinned. wasm-bindgen must equal the crate of that name in the top `Cargo.toml` to the
/// patch, since the two speak a format of their own.
const TOOLS: [Tool; 3] = [
    Tool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version: "0.2.129",
        features: "",
    },
    Tool {
        package: "trunk",
        program: "trunk",
        version: "0.21.14",
        features: "",
    },
    // Takes the page apart where leptos says that it may be; of a version that fits wasm-split_helpers.
    Tool {
        package: "wasm_split_cli_support",
        program: "wasm-split-cli",
        version: "0.2.4",
        features: "build-binary",
    },
];

/// The tools, ready to be called.
#[derive(Debug)]
pub(crate) struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Where they are.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// Trunk, finding our wasm-bindgen before any other.
    pub(crate) fn trunk(&self, workspace: &Workspace) -> Result<Command> {
        let mut folders = vec![self.bin.clone()];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let path: OsString =
            env::join_paths(folders).context("PATH holds a name that cannot be passed on")?;
        let mut command = Command::new(self.bin.join("trunk"));
        command.current_dir(workspace.root()).env("PATH", path);
        // Trunk takes the value for a boolean and refuses the customary `NO_COLOR=1`.
        if env::var_os("NO_COLOR").is_some() {
            command.env_remove("NO_COLOR").env("TRUNK_COLOR", "never");
        }
        crate::workspace::clean(&mut command);
        Ok(command)
    }

    /// What the page's build depends on, to notice a change of version.
    pub(crate) fn versions() -> impl Iterator<Item = String> {
        TOOLS
            .iter()
            .map(|tool| format!("{} {}", tool.package, tool.version))
    }
}

/// Makes sure that everything Rust-side is there, installing what is missing.
pub(crate) fn prepare(workspace: &Workspace) -> Result<Tools> {
    prepare_toolchain(workspace)?;
    let bin = workspace.tools().join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("cannot make {}", bin.display()))?;
    if missing(&bin).next().is_some() {
        // Two checkouts may be set up at once; the second then finds the work done.
        let _lock = lock(workspace)?;
        for tool in missing(&bin) {
            install(workspace, tool)?;
        }
        if let Some(tool) = missing(&bin).next() {
            bail!(
                "{} was installed, yet cargo does not note its version {}",
                tool.program,
                tool.version
            );
        }
    }
    Ok(Tools { bin })
}

/// Cargo notes in the folder what it has installed there. Not every program says its version.
fn missing(bin: &Path) -> impl Iterator<Item = &'static Tool> {
    let notes = bin.with_file_name(".crates.toml");
    let notes = fs::read_to_string(notes).unwrap_or_default();
    TOOLS.iter().filter(move |tool| {
        let installed = notes.contains(&format!("\"{} {} (", tool.package, tool.version));
        !installed || !bin.join(tool.program).is_file()
    })
}

fn install(workspace: &Workspace, tool: &Tool) -> Result<()> {
    system::prepare(system::FOR_TOOLS)?;
    let Tool {
        package,
        version,
        features,
        ..
    } = tool;
    heading(&format!(
        "Installing {package} {version} (once on this machine, some minutes)"
    ));
    let start = Instant::now();
    run(workspace
        .cargo()
        .args([
            "install",
            "--locked",
            "--force",
            "--version",
            version,
            "--features",
            features,
            package,
        ])
        .arg("--root")
        .arg(workspace.tools())
        // Such a tool runs for seconds: minutes of optimising it would never be earned back.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR"))?;
    println!(
        "{package} {version} is there after {}",
        human(start.elapsed())
    );
    Ok(())
}

fn lock(workspace: &Workspace) -> Result<File> {
    let path = workspace.tools().join(".lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("waiting for another `cargo xtask` that is installing tools");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).context("cannot lock the tools folder");
        }
    }
    Ok(file)
}

/// rustup follows `rust-toolchain.toml` by itself unless told not to (`RUSTUP_AUTO_INSTALL=0`), or
/// unless the toolchain was there before the file named another component.
fn prepare_toolchain(workspace: &Workspace) -> Result<()> {
    let sysroot = output_of(
        Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(workspace.root()),
    )
    .context("rustc does not answer")?;
    let rustlib = PathBuf::from(sysroot).join("lib/rustlib");
    let std_of_target = rustlib.join(WASM_TARGET).join("lib");
    if !std_of_target.is_dir() {
        heading(&format!("Adding the target {WASM_TARGET} to the toolchain"));
        rustup(workspace, &["target", "add", WASM_TARGET])?;
    }
    // The page's standard library is compiled with it, for its size.
    if !rustlib.join("src/rust/library/Cargo.lock").is_file() {
        heading("Adding rust-src to the toolchain");
        rustup(workspace, &["component", "add", "rust-src"])?;
    }
    for component in ["clippy", "rustfmt"] {
        let subcommand = if component == "rustfmt" {
            "fmt"
        } else {
            component
        };
        if !succeeds(workspace.cargo().args([subcommand, "--version"])) {
            heading(&format!("Adding {component} to the toolchain"));
            rustup(workspace, &["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(workspace: &Workspace, args: &[&str]) -> Result<()> {
    if find_program(&["rustup"]).is_none() {
        bail!(
            "there is no rustup to do it: install rustup, or run the like of `rustup {}`",
            args.join(" ")
        );
    }
    run(Command::new("rustup")
        .args(args)
        .current_dir(workspace.root()))
}

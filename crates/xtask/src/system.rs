//! What comes from the system's package manager: a C compiler's surroundings, a browser, PostgreSQL.
//!
//! Installs through apt-get where that needs no password; otherwise names the command to run. Never
//! guesses at other package managers.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{
    browser, postgres,
    process::{find_program, heading, output_of, run, succeeds},
};

/// Something that must be on the machine.
pub(crate) struct Requirement {
    /// What it is for, in the words of the message that asks for it.
    purpose: &'static str,
    /// Debian's and Ubuntu's packages that hold it.
    packages: &'static [&'static str],
    is_there: fn() -> bool,
}

/// To compile a Rust program with parts in C.
const C_COMPILER: Requirement = Requirement {
    purpose: "a C compiler, for SQLite and the cryptography",
    packages: &["gcc", "libc6-dev"],
    is_there: || find_program(&["cc"]).is_some(),
};

const MAKE: Requirement = Requirement {
    purpose: "make, for OpenSSL (inside the PostgreSQL client)",
    packages: &["make"],
    is_there: || find_program(&["make"]).is_some(),
};

/// Debian's `perl-base`, which every machine has, lacks the modules that OpenSSL's Configure loads.
const PERL: Requirement = Requirement {
    purpose: "perl with its modules, for OpenSSL's Configure",
    packages: &["perl"],
    is_there: || {
        succeeds(Command::new("perl").args([
            "-MFindBin",
            "-MIPC::Cmd",
            "-MFile::Compare",
            "-MPod::Usage",
            "-e1",
        ]))
    },
};

const CHROMIUM: Requirement = Requirement {
    purpose: "Chromium, for the browser tests",
    packages: &["chromium"],
    is_there: || browser::chromium().is_some(),
};

const CHROMEDRIVER: Requirement = Requirement {
    purpose: "ChromeDriver, for the browser tests",
    packages: &["chromium-driver"],
    is_there: || browser::chromedriver().is_some(),
};

const NPM: Requirement = Requirement {
    purpose: "npm, to fetch axe-core for the accessibility tests",
    packages: &["npm"],
    is_there: || find_program(&["npm"]).is_some(),
};

const POSTGRESQL: Requirement = Requirement {
    purpose: "PostgreSQL's server programs, for the tests on PostgreSQL",
    packages: &["postgresql"],
    is_there: || postgres::programs().is_some(),
};

/// To install trunk and wasm-bindgen.
pub(crate) const FOR_TOOLS: &[Requirement] = &[C_COMPILER];
/// To build the server.
pub(crate) const FOR_BUILDS: &[Requirement] = &[C_COMPILER, MAKE, PERL];
/// To build and test everything.
pub(crate) const FOR_TESTS: &[Requirement] = &[
    C_COMPILER,
    MAKE,
    PERL,
    CHROMIUM,
    CHROMEDRIVER,
    NPM,
    POSTGRESQL,
];

/// Installs what is missing.
///
/// # Errors
/// Something is missing that only the reader can install; the message says how.
pub(crate) fn prepare(requirements: &[Requirement]) -> Result<()> {
    let missing: Vec<&Requirement> = requirements.iter().filter(|it| !(it.is_there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|it| it.packages).copied().collect();
    let list = packages.join(" ");
    heading(&format!("Installing from the system's packages: {list}"));
    for requirement in &missing {
        println!(
            "   {} is missing: {}",
            requirement.packages.join(" "),
            requirement.purpose
        );
    }
    let command = format!("apt-get install --no-install-recommends {list}");
    let Some(apt) = Apt::find() else {
        bail!(
            "install what is missing, then run this again; on Debian and Ubuntu:\n\n    \
             sudo apt-get update && sudo {command}"
        );
    };
    run(apt.command().arg("update").arg("--quiet"))?;
    run(apt
        .command()
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(&packages))?;
    for requirement in missing {
        if !(requirement.is_there)() {
            bail!(
                "`{command}` went through, yet there is still no {} (on Ubuntu, Chromium and its driver \
                 come as the snap `chromium`)",
                requirement.purpose
            );
        }
    }
    Ok(())
}

/// apt-get with the right to install, without asking for a password.
struct Apt {
    program: PathBuf,
    sudo: bool,
}

impl Apt {
    fn find() -> Option<Self> {
        let program = find_program(&["apt-get"])?;
        if is_root() {
            return Some(Self {
                program,
                sudo: false,
            });
        }
        let sudo = succeeds(Command::new("sudo").args(["--non-interactive", "true"]));
        sudo.then_some(Self { program, sudo })
    }

    fn command(&self) -> Command {
        if self.sudo {
            let mut command = Command::new("sudo");
            // sudo drops the environment, so the variable travels as an argument.
            command
                .args(["--non-interactive", "env", "DEBIAN_FRONTEND=noninteractive"])
                .arg(&self.program);
            return command;
        }
        let mut command = Command::new(&self.program);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Whether this program runs as the superuser.
pub(crate) fn is_root() -> bool {
    user_id("-u", None).is_some_and(|id| id == 0)
}

/// The number of a user (`-u`) or of its group (`-g`), of the caller unless a name is given.
pub(crate) fn user_id(what: &str, name: Option<&str>) -> Option<u32> {
    output_of(Command::new("id").arg(what).args(name))?
        .parse()
        .ok()
}

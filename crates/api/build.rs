//! Builds the crate again when the page that it carries has changed, and has the binary's relocations packed.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=../../frontend/dist");
    if loader_unpacks() {
        // 1.7 MB of them, nearly all of which would otherwise be read, and kept in memory, at each start.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether this machine's loader knows packed relocations, as glibc's does since 2.36. On an older one the program
/// would not start.
fn loader_unpacks() -> bool {
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") != "linux" || target("ENV") != "gnu" {
        return false;
    }
    let Ok(output) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else {
        return false;
    };
    // "glibc 2.36"
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = text.trim().trim_start_matches("glibc ").split_once('.');
    let version =
        numbers.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    version.is_some_and(|version: (u32, u32)| version >= (2, 36))
}

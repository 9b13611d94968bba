//! Where the browser, its driver and axe-core are.

use std::path::{Path, PathBuf};

/// Chromium itself.
pub(crate) fn chromium() -> PathBuf {
    find(
        "PROMPTHUB_CHROMIUM",
        &[
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome",
        ],
        "Chromium",
    )
}

/// The program that speaks WebDriver to it.
pub(crate) fn chromedriver() -> PathBuf {
    find(
        "PROMPTHUB_CHROMEDRIVER",
        &["chromedriver"],
        "ChromeDriver (package chromium-driver)",
    )
}

/// The source of axe-core.
pub(crate) fn axe() -> String {
    let file = match std::env::var_os("PROMPTHUB_AXE_JS") {
        Some(file) => PathBuf::from(file),
        None => cached_axe().expect(
            "axe-core is missing: `cargo xtask test` fetches it, or PROMPTHUB_AXE_JS names its axe.min.js",
        ),
    };
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What `cargo xtask test` has kept of earlier runs.
fn cached_axe() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let entries = std::fs::read_dir(cache.join("prompthub/tools")).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            name.starts_with("axe-core-") && name.ends_with(".js")
        })
}

fn find(variable: &str, names: &[&str], what: &str) -> PathBuf {
    if let Some(named) = std::env::var_os(variable) {
        return PathBuf::from(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| {
            names
                .iter()
                .map(move |name| folder.join(name))
                .collect::<Vec<_>>()
        })
        .find(|candidate| Path::is_file(candidate))
        .unwrap_or_else(|| panic!("{what} is missing: install it, or name it in {variable}"))
}

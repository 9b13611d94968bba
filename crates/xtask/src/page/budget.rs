//! What a first visit downloads, and the most that it may be.

use std::{collections::BTreeSet, fmt, fs, path::Path};

use anyhow::{Context, Result, bail};

use super::{compress::beside, fingerprint::list_files};

/// The most bytes of a first visit: 350 KiB.
const BUDGET: u64 = 350 * 1024;

/// The files that a browser without a cache fetches to show the first page.
#[derive(Debug)]
pub(crate) struct Download {
    /// File names and the bytes of their bodies as served with brotli, largest first.
    files: Vec<(String, u64)>,
}

impl Download {
    /// The sum of all bodies, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Refuses a download over the budget.
    pub(crate) fn check(&self) -> Result<()> {
        if self.bytes() > BUDGET {
            bail!(
                "the first load of the page is over its budget: {} of {BUDGET} bytes",
                self.bytes()
            );
        }
        Ok(())
    }
}

impl fmt::Display for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in &self.files {
            writeln!(f, "{bytes:>9} {name}")?;
        }
        write!(
            f,
            "{:>9} bytes of first load, brotli; the budget is {BUDGET}",
            self.bytes()
        )
    }
}

/// Adds up `index.html` and all that it leads to: a file counts when its name (unique, thanks to
/// the hash in it) stands in the text of one that counts.
pub(crate) fn measure(dist: &Path) -> Result<Download> {
    let mut all = Vec::new();
    list_files(dist, &[], &mut all)?;
    all.retain(|file| !matches!(extension(file), Some("br" | "gz")));

    let mut counted = BTreeSet::new();
    let mut unread = vec![dist.join("index.html")];
    while let Some(file) = unread.pop() {
        if !counted.insert(file.clone()) || !matches!(extension(&file), Some("html" | "js" | "css"))
        {
            continue;
        }
        let text = fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}; build the page first", file.display()))?;
        unread.extend(
            all.iter()
                .filter(|it| file_name(it).is_some_and(|name| text.contains(name)))
                .cloned(),
        );
    }

    let mut files = Vec::new();
    for file in counted {
        let name = file_name(&file).unwrap_or_default().to_owned();
        let compressed = beside(&file, "br");
        let served = if compressed.is_file() {
            &compressed
        } else {
            &file
        };
        files.push((name, fs::metadata(served)?.len()));
    }
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(Download { files })
}

fn extension(file: &Path) -> Option<&str> {
    file.extension()?.to_str()
}

fn file_name(file: &Path) -> Option<&str> {
    file.file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TemporaryFolder;

    #[test]
    fn counts_what_the_page_leads_to_as_it_is_served() {
        let folder = TemporaryFolder::new("budget").unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("index.html", r#"<script src="/app-1.js"></script>"#);
        write("app-1.js", "import('./late-2.js')");
        write("late-2.js", "0123456789");
        write("late-2.js.br", "0123");
        write("never.js", "not mentioned");

        let download = measure(folder.path()).unwrap();

        let names: Vec<&str> = download
            .files
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["index.html", "app-1.js", "late-2.js"]);
        assert_eq!(download.bytes(), 33 + 21 + 4);
        download.check().unwrap();
    }

    #[test]
    fn refuses_a_page_over_the_budget() {
        let download = Download {
            files: vec![("app.wasm".to_owned(), BUDGET + 1)],
        };
        assert!(download.check().is_err());
    }
}

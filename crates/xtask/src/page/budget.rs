//! What a first visit downloads, what comes later, and the most that either may be.

use std::{collections::BTreeSet, fmt, fs, path::Path};

use anyhow::{Context, Result, bail};

use super::{compress::beside, fingerprint::list_files, split, workers};

/// What the first page may be, in bytes: 350 KB.
const FIRST_LOAD: u64 = 350_000;
/// What the parts of the page that come later may be, in bytes, all together.
const PARTS: u64 = 200_000;
/// What each worker may be, in bytes, in the order of `workers::NAMES`: the first comes with the first
/// conversation, the second with the first code.
const WORKERS: [u64; 2] = [200_000, 900_000];

/// What a browser without a cache fetches at one moment.
#[derive(Debug)]
pub(crate) struct Download {
    /// Which moment.
    title: String,
    /// File names and the bytes of their bodies as served with brotli, largest first.
    files: Vec<(String, u64)>,
    /// The most bytes that they may be.
    budget: u64,
}

impl Download {
    /// The sum of all bodies, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Refuses a download over the budget.
    pub(crate) fn check(&self) -> Result<()> {
        if self.bytes() > self.budget {
            bail!(
                "{} is over its budget: {} of {} bytes",
                self.title,
                self.bytes(),
                self.budget
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
            "{:>9} bytes of {}, brotli; the budget is {}",
            self.bytes(),
            self.title,
            self.budget
        )
    }
}

/// Adds up `index.html` and all that it leads to: a file counts when its name (unique, thanks to
/// the hash in it) stands in the text of one that counts. Workers are counted by [`workers`].
pub(crate) fn first_load(dist: &Path) -> Result<Download> {
    let (html, _) = index(dist)?;
    let mut download = reachable(dist, &html)?;
    download.push(size(&dist.join("index.html"))?);
    Ok(sum("the first load of the page", download, FIRST_LOAD))
}

/// What the parts add that come when they are first shown; the script that loads them is in the first load.
pub(crate) fn parts(dist: &Path) -> Result<Download> {
    let mut all = Vec::new();
    list_files(dist, &[], &mut all)?;
    let parts = all
        .iter()
        .filter(|file| extension(file) == Some("wasm") && is_part(file))
        .map(|file| size(file))
        .collect::<Result<_>>()?;
    Ok(sum("the parts of the page, when first shown", parts, PARTS))
}

/// What each worker adds when it is first needed.
pub(crate) fn workers(dist: &Path) -> Result<Vec<Download>> {
    let (_, tags) = index(dist)?;
    let workers = workers::NAMES.iter().zip(WORKERS);
    let downloads = workers.map(|(name, budget)| {
        let tag = tags
            .iter()
            .find(|tag| tag.contains(&format!("worker-{name}")));
        let tag = tag.with_context(|| format!("index.html does not name the worker {name}"))?;
        let title = format!("the worker `{name}`, when first needed");
        Ok(sum(&title, reachable(dist, tag)?, budget))
    });
    downloads.collect()
}

/// `index.html` without the tags that only name workers, and these.
fn index(dist: &Path) -> Result<(String, Vec<String>)> {
    let html = read(&dist.join("index.html"))?;
    let tags = html.split_inclusive('>');
    let (workers, rest): (Vec<&str>, Vec<&str>) = tags.partition(|tag| tag.contains("worker-"));
    Ok((
        rest.concat(),
        workers.into_iter().map(str::to_owned).collect(),
    ))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file)
        .with_context(|| format!("cannot read {}; build the page first", file.display()))
}

/// The files that a text leads to.
fn reachable(dist: &Path, text: &str) -> Result<Vec<(String, u64)>> {
    let mut all = Vec::new();
    list_files(dist, &[], &mut all)?;
    all.retain(|file| !matches!(extension(file), Some("br" | "gz")));

    let mut counted = BTreeSet::new();
    let mut unread = vec![text.to_owned()];
    while let Some(text) = unread.pop() {
        for file in &all {
            let named = file_name(file).is_some_and(|name| text.contains(name));
            if named
                && !is_part(file)
                && counted.insert(file.clone())
                && matches!(extension(file), Some("js" | "css"))
            {
                unread.push(read(file)?);
            }
        }
    }
    counted.iter().map(|file| size(file)).collect()
}

/// Whether `split` has named it so.
fn is_part(file: &Path) -> bool {
    file_name(file).is_some_and(|name| name.starts_with(split::PART))
}

/// The name of a file and what its body is on the way.
fn size(file: &Path) -> Result<(String, u64)> {
    let name = file_name(file).unwrap_or_default().to_owned();
    let compressed = beside(file, "br");
    let served = if compressed.is_file() {
        &compressed
    } else {
        file
    };
    Ok((name, fs::metadata(served)?.len()))
}

fn sum(title: &str, mut files: Vec<(String, u64)>, budget: u64) -> Download {
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Download {
        title: title.to_owned(),
        files,
        budget,
    }
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
        write(
            "index.html",
            r#"<meta name="worker-text" content="/text-3.js"><script src="/app-1.js"></script><meta name=worker-highlight content=/highlight-4.js>"#,
        );
        write("app-1.js", "import('./late-2.js'); import('./part-5.wasm')");
        write("part-5.wasm", "012");
        write("late-2.js", "0123456789");
        write("late-2.js.br", "0123");
        write("never.js", "not mentioned");
        write("text-3.js", "text-3_bg.wasm");
        write("text-3_bg.wasm", "01234");
        write("highlight-4.js", "");

        assert_eq!(parts(folder.path()).unwrap().bytes(), 3);
        let download = first_load(folder.path()).unwrap();
        let names = |download: &Download| -> Vec<String> {
            download
                .files
                .iter()
                .map(|(name, _)| name.clone())
                .collect()
        };
        assert_eq!(names(&download), ["index.html", "app-1.js", "late-2.js"]);
        assert_eq!(download.bytes(), 131 + 46 + 4);
        download.check().unwrap();

        let workers = workers(folder.path()).unwrap();
        assert_eq!(names(&workers[0]), ["text-3.js", "text-3_bg.wasm"]);
        assert_eq!(workers[0].bytes(), 14 + 5);
        assert_eq!(names(&workers[1]), ["highlight-4.js"]);
    }

    #[test]
    fn refuses_a_page_over_the_budget() {
        let files = vec![("app.wasm".to_owned(), FIRST_LOAD + 1)];
        assert!(sum("the page", files, FIRST_LOAD).check().is_err());
    }
}

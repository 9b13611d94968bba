//! One number for the names and contents of files, to tell whether anything has changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Fingerprint of `paths` (a folder counts with all it holds, a missing path counts as missing),
/// leaving out what lies under `except`, together with some further text.
pub(crate) fn of(
    paths: impl IntoIterator<Item = PathBuf>,
    except: &[PathBuf],
    also: impl IntoIterator<Item = String>,
) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let mut files = Vec::new();
        list_files(&path, except, &mut files)?;
        files.sort();
        for file in files {
            file.hash(&mut hasher);
            fs::read(&file)
                .with_context(|| format!("cannot read {}", file.display()))?
                .hash(&mut hasher);
        }
    }
    for text in also {
        text.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Appends every file under `path`, or `path` itself when it is one.
pub(crate) fn list_files(path: &Path, except: &[PathBuf], files: &mut Vec<PathBuf>) -> Result<()> {
    if except.iter().any(|it| it == path) {
        return Ok(());
    }
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        for entry in
            fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?
        {
            list_files(&entry?.path(), except, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TemporaryFolder;

    #[test]
    fn changes_with_names_and_contents_but_not_with_what_is_left_out() {
        let folder = TemporaryFolder::new("fingerprint").unwrap();
        let root = folder.path().to_path_buf();
        let dist = root.join("dist");
        fs::create_dir(&dist).unwrap();
        fs::write(root.join("a"), "1").unwrap();
        let print = || of([root.clone()], std::slice::from_ref(&dist), []).unwrap();

        let first = print();
        fs::write(dist.join("made"), "2").unwrap();
        assert_eq!(print(), first);
        fs::write(root.join("a"), "2").unwrap();
        let second = print();
        assert_ne!(second, first);
        fs::rename(root.join("a"), root.join("b")).unwrap();
        assert_ne!(print(), second);
    }
}

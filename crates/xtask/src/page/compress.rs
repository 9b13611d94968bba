//! Compressing the built page ahead of time, so that the server never has to.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result, anyhow};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use super::fingerprint::list_files;

/// File name extensions of what gets smaller; pictures and fonts are compressed already.
const COMPRESSIBLE: [&str; 12] = [
    "css",
    "html",
    "ico",
    "js",
    "json",
    "map",
    "mjs",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
    "xml",
];

/// Writes `<name>.br` and `<name>.gz` beside every compressible file under `folder`, unless the
/// result would be no smaller.
pub(crate) fn folder(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    list_files(folder, &[], &mut files)?;
    files.retain(|file| {
        let extension = file.extension().and_then(|it| it.to_str());
        extension.is_some_and(|extension| COMPRESSIBLE.contains(&extension))
    });
    // The wasm file outweighs all others together: a thread a file is as good as any schedule.
    thread::scope(|scope| {
        let jobs: Vec<_> = files
            .iter()
            .map(|file| scope.spawn(move || compress(file)))
            .collect();
        jobs.into_iter().try_for_each(|job| {
            job.join()
                .map_err(|_| anyhow!("a compressing thread died"))?
        })
    })
}

/// The name under which a compressed form lies: `app.js` → `app.js.br`.
pub(crate) fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn compress(file: &Path) -> Result<()> {
    let plain = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    keep(&plain, &brotli(&plain)?, &beside(file, "br"))?;
    keep(&plain, &gzip(&plain)?, &beside(file, "gz"))
}

fn keep(plain: &[u8], compressed: &[u8], path: &Path) -> Result<()> {
    if compressed.len() >= plain.len() {
        return Ok(());
    }
    let mut file =
        File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(compressed)?)
}

fn brotli(plain: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*plain, &mut compressed, &params)?;
    Ok(compressed)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    // No name and no time in the header: the same page compresses to the same bytes.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

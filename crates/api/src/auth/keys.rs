//! The server's secret key and the keys made from it, one for each purpose.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use actix_web::cookie::Key;
use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use sha2::Sha256;

use super::sealing::Sealer;
use crate::config::Secret;

/// Fewer could be guessed.
const MIN_LENGTH: usize = 32;
const FILE_NAME: &str = "secret.key";

/// The secret from which every key of the server is made.
pub struct MasterKey(Hkdf<Sha256>);

impl MasterKey {
    /// The operator's key, or the one kept in `data_dir`, made there at the first start.
    ///
    /// # Errors
    /// When the key is too short or its file cannot be read or written.
    pub fn load(configured: Option<&Secret>, data_dir: &Path) -> anyhow::Result<Self> {
        let text = match configured {
            Some(secret) => secret.expose().to_owned(),
            None => read_or_create(&data_dir.join(FILE_NAME))?,
        };
        Self::of(&text)
    }

    /// The keys that are made from this text.
    ///
    /// # Errors
    /// When it is too short.
    pub fn of(text: &str) -> anyhow::Result<Self> {
        if text.len() < MIN_LENGTH {
            bail!(
                "the secret key (PROMPTHUB_SECRET_KEY, or {FILE_NAME} in the data folder) must have at least {MIN_LENGTH} characters"
            );
        }
        Ok(Self(Hkdf::new(Some(b"prompthub"), text.as_bytes())))
    }

    /// The key that signs session cookies.
    ///
    /// # Errors
    /// Never for this length; HKDF-SHA-256 gives up to 8,160 bytes.
    pub fn session_cookies(&self) -> anyhow::Result<Key> {
        let mut bytes = [0_u8; 64];
        self.0
            .expand(b"session cookies v1", &mut bytes)
            .map_err(|error| anyhow::anyhow!("cannot derive the cookie key: {error}"))?;
        Ok(Key::from(&bytes))
    }

    /// What seals the keys of providers.
    ///
    /// # Errors
    /// As [`MasterKey::session_cookies`].
    pub fn provider_keys(&self) -> anyhow::Result<Sealer> {
        let mut bytes = [0_u8; 32];
        self.0
            .expand(b"provider keys v1", &mut bytes)
            .map_err(|error| anyhow::anyhow!("cannot derive the sealing key: {error}"))?;
        Ok(Sealer::new(&bytes))
    }
}

fn read_or_create(path: &Path) -> anyhow::Result<String> {
    match read(path)? {
        Some(text) => Ok(text),
        None => create(path),
    }
}

/// The text in a file of a key; `None` without one.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes the key beside its place and renames it there, so that a kill leaves all of it or none.
fn create(path: &Path) -> anyhow::Result<String> {
    let text = generate()?;
    let staged = path.with_extension("key.new");
    write(&staged, &text)?;
    rename(&staged, path)?;
    Ok(text)
}

fn generate() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 48];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::rename(from, to).with_context(|| format!("cannot write {}", to.display()))
}

/// The key file of a data folder while its key is being replaced.
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FILE_NAME),
        }
    }

    /// The key that is in use; `None` without one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn current(&self) -> anyhow::Result<Option<String>> {
        read(&self.path)
    }

    /// The key that is to follow. It is written down before anything is sealed under it; one that a
    /// rotation left behind when it was killed is taken again.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn stage(&self) -> anyhow::Result<String> {
        let next = self.next();
        match read(&next)?.filter(|text| text.len() >= MIN_LENGTH) {
            Some(text) => Ok(text),
            None => {
                let text = generate()?;
                write(&next, &text)?;
                Ok(text)
            }
        }
    }

    /// Puts the key that was staged into use.
    ///
    /// # Errors
    /// When the file cannot be replaced.
    pub fn commit(&self) -> anyhow::Result<()> {
        rename(&self.next(), &self.path)
    }

    fn next(&self) -> PathBuf {
        self.path.with_extension("key.next")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_kept_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = MasterKey::load(None, dir.path())
            .unwrap()
            .session_cookies()
            .unwrap();
        let again = MasterKey::load(None, dir.path())
            .unwrap()
            .session_cookies()
            .unwrap();
        assert_eq!(first.master(), again.master());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(dir.path().join(FILE_NAME))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_short_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let short: Secret = "too short".parse().unwrap();
        assert!(MasterKey::load(Some(&short), dir.path()).is_err());
    }
}

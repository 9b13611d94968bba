//! `prompthub rotate-key`: the stored keys of providers, sealed under another secret key.
//!
//! Everything is sealed anew in one transaction or stays as it was. A rotation that is killed can be run
//! again: the new key is on disk before anything is sealed under it, and what opens with it already
//! is left alone.

use std::fmt;

use anyhow::{Context, bail};
use prompthub_store::{Conn, providers};

use crate::{
    auth::{
        keys::{KeyFile, MasterKey},
        sealing::Sealer,
    },
    config::KeyRotation,
    startup::open_store,
};

/// What a rotation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Keys that are sealed under the new secret key now.
    pub sealed: usize,
    /// Keys that neither secret key opens. They stay as they are; their owners must enter them again.
    pub unreadable: usize,
    /// Whether the new secret key was generated into the data folder.
    pub generated: bool,
}

impl fmt::Display for Rotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} sealed under the new secret key.",
            match self.sealed {
                1 => "1 provider's key is".to_owned(),
                count => format!("{count} providers' keys are"),
            }
        )?;
        if self.unreadable > 0 {
            writeln!(
                f,
                "{} could be opened with neither key and must be entered again.",
                self.unreadable
            )?;
        }
        match self.generated {
            true => writeln!(
                f,
                "The new secret key is in the data folder; the old one is gone."
            ),
            false => writeln!(f, "Start the server with the new PROMPTHUB_SECRET_KEY."),
        }
    }
}

/// Seals every stored key under the new secret key.
///
/// # Errors
/// With one line that says what is missing or wrong; nothing is changed then.
pub async fn rotate_key(rotation: &KeyRotation) -> anyhow::Result<Rotated> {
    let file = KeyFile::of(&rotation.data_dir);
    let old = match &rotation.old_secret_key {
        Some(key) => key.expose().to_owned(),
        None => file.current()?.context(
            "PROMPTHUB_OLD_SECRET_KEY: name the key until now; there is none in the data folder",
        )?,
    };
    let (store, _lock) = open_store(&rotation.database_url()).await?;
    let new = match &rotation.secret_key {
        Some(key) => key.expose().to_owned(),
        None => file.stage()?,
    };
    if old == new {
        bail!("PROMPTHUB_SECRET_KEY: the new key is the old one");
    }
    let old = MasterKey::of(&old)
        .context("the old key")?
        .provider_keys()?;
    let new = MasterKey::of(&new)
        .context("the new key")?
        .provider_keys()?;
    let rotated = store
        .write(move |conn| seal_anew(conn, &old, &new))
        .await
        .map_err(|Failed(error)| error)?;
    let generated = rotation.secret_key.is_none();
    if generated {
        file.commit()?;
    }
    Ok(Rotated {
        generated,
        ..rotated
    })
}

/// Why nothing was changed.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn seal_anew(conn: &mut Conn, old: &Sealer, new: &Sealer) -> Result<Rotated, Failed> {
    let mut rotated = Rotated::default();
    for key in providers::sealed_keys(conn)? {
        if let Ok(opened) = old.open(key.id, key.owner_id, &key.sealed) {
            let sealed = new.seal(key.id, key.owner_id, &opened)?;
            providers::reseal(conn, key.id, &sealed)?;
            rotated.sealed += 1;
        } else if new.open(key.id, key.owner_id, &key.sealed).is_ok() {
            rotated.sealed += 1;
        } else {
            rotated.unreadable += 1;
        }
    }
    if rotated.sealed == 0 && rotated.unreadable > 0 {
        let error = anyhow::anyhow!(
            "the old key opens none of the {} stored keys: it is not the one that they were sealed under",
            rotated.unreadable
        );
        return Err(Failed(error));
    }
    Ok(rotated)
}

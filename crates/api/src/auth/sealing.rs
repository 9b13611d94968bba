//! Sealing the keys of providers before they are stored.
//!
//! Owns the stored form: `v1.` and, in base64, a random nonce of 24 bytes followed by what
//! XChaCha20-Poly1305 makes of the key. A sealed key belongs to its row and to that row's owner: copied
//! to another row it does not open. Must not know where keys are kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use prompthub_dto::ids::{ProviderId, UserId};
use prompthub_llm::Secret;

const PREFIX: &str = "v1.";
const NONCE_BYTES: usize = 24;

/// Seals and opens keys. Made from the server's secret key.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

/// The key was sealed under another secret key, for another row, or is damaged: which of them, nobody
/// can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed key cannot be opened")]
pub struct Unreadable;

impl Sealer {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// The key as it is stored in the row `id` of `owner`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, id: ProviderId, owner: UserId, key: &Secret) -> anyhow::Result<String> {
        let mut sealed = vec![0_u8; NONCE_BYTES];
        getrandom::fill(&mut sealed).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let nonce: [u8; NONCE_BYTES] = sealed.as_slice().try_into()?;
        let (place, message) = (place(id, owner), key.expose().as_bytes());
        let payload = Payload {
            msg: message,
            aad: place.as_bytes(),
        };
        let ciphertext = self
            .0
            .encrypt(&nonce.into(), payload)
            .map_err(|_| anyhow::anyhow!("a key cannot be sealed"))?;
        sealed.extend(ciphertext);
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The key that was sealed for the row `id` of `owner`.
    ///
    /// # Errors
    /// It was not, or not under this secret key.
    pub fn open(&self, id: ProviderId, owner: UserId, sealed: &str) -> Result<Secret, Unreadable> {
        let sealed = sealed.strip_prefix(PREFIX).ok_or(Unreadable)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unreadable)?;
        let (nonce, ciphertext) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(Unreadable)?;
        let place = place(id, owner);
        let payload = Payload {
            msg: ciphertext,
            aad: place.as_bytes(),
        };
        let key = self
            .0
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| Unreadable)?;
        String::from_utf8(key)
            .map(Secret::new)
            .map_err(|_| Unreadable)
    }
}

/// What a sealed key is bound to. Ids have one length, so no two places read the same.
fn place(id: ProviderId, owner: UserId) -> String {
    format!("provider key of {id} of {owner}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&[7; 32])
    }

    fn open(sealer: &Sealer, id: ProviderId, owner: UserId, sealed: &str) -> Option<String> {
        let key = sealer.open(id, owner, sealed).ok()?;
        Some(key.expose().to_owned())
    }

    #[test]
    fn a_key_opens_in_its_place_alone() {
        let (id, owner) = (ProviderId::new(), UserId::new());
        let key = Secret::new("sk-or-v1-schlüssel");
        let sealed = sealer().seal(id, owner, &key).unwrap();
        assert!(!sealed.contains("sk-or"), "{sealed}");
        let opened = open(&sealer(), id, owner, &sealed);
        assert_eq!(opened.as_deref(), Some("sk-or-v1-schlüssel"));
        assert_ne!(sealed, sealer().seal(id, owner, &key).unwrap());

        let elsewhere = [
            open(&sealer(), ProviderId::new(), owner, &sealed),
            open(&sealer(), id, UserId::new(), &sealed),
            open(&Sealer::new(&[8; 32]), id, owner, &sealed),
        ];
        assert_eq!(elsewhere, [None, None, None]);
    }

    proptest! {
        #[test]
        fn what_was_not_sealed_does_not_open(text in ".{0,200}") {
            prop_assert_eq!(open(&sealer(), ProviderId::new(), UserId::new(), &text), None);
        }

        #[test]
        fn a_changed_byte_is_noticed(at in 0_usize..64, bit in 0_u8..8) {
            let (id, owner) = (ProviderId::new(), UserId::new());
            let sealed = sealer().seal(id, owner, &Secret::new("0123456789abcdef01234567")).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(PREFIX).unwrap()).unwrap();
            bytes[at] ^= 1 << bit;
            let changed = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(open(&sealer(), id, owner, &changed), None);
        }
    }
}

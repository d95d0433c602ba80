//! The key of a sealed index, and where it comes from.

use std::fmt;
use std::path::Path;

use base64::Engine;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};

/// Names the file that the key is in.
const FILE_VARIABLE: &str = "TIGHTLIP_INDEX_KEY_FILE";
/// Holds the key itself.
const VARIABLE: &str = "TIGHTLIP_INDEX_KEY";

/// The key of a sealed index: 32 random bytes. Wiped when it is dropped, and shown nowhere.
///
/// ```
/// use tightlip::{Identifier, Index, IndexBuilder, IndexKey, Kind, Opening};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path().join("customers.tlx");
/// let key = IndexKey::random()?;
/// let mut builder = IndexBuilder::new().sealed(key.clone());
/// builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// builder.finish(&folder)?;
/// assert!(Opening::new().key(key).open(&folder)?.knows("C-1001"));
///
/// let error = Opening::new().key(IndexKey::random()?).open(&folder).unwrap_err();
/// assert!(error.to_string().contains("sealed under another key"));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone)]
pub struct IndexKey([u8; 32]);

impl Drop for IndexKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl IndexKey {
    /// A new key.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Self> {
        let mut key = Self([0; 32]);
        getrandom::fill(&mut key.0).map_err(|_| {
            Error::io("cannot get random numbers", &std::io::Error::other("the system has none"))
        })?;
        Ok(key)
    }

    /// The key in a file: 32 bytes as they are (`head -c 32 /dev/urandom`), or as 64 hexadecimal digits or 44 characters of base64.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let content =
            std::fs::read(path).map_err(|error| Error::file("read the key of the index in", path, &error))?;
        Self::parse(&Zeroizing::new(content)).ok_or_else(|| not_a_key(path.display()))
    }

    /// The key in the environment: `TIGHTLIP_INDEX_KEY_FILE` names a file, `TIGHTLIP_INDEX_KEY` is the key as text. `None` if neither is set.
    ///
    /// # Errors
    /// What is named there is no key.
    pub fn from_environment() -> Result<Option<Self>> {
        if let Some(path) = std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()) {
            return Self::from_file(path).map(Some);
        }
        let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else { return Ok(None) };
        let text = Zeroizing::new(text.into_encoded_bytes());
        Self::parse(&text).map(Some).ok_or_else(|| not_a_key(VARIABLE))
    }

    fn parse(content: &[u8]) -> Option<Self> {
        if let Ok(key) = content.try_into() {
            return Some(Self(key));
        }
        let text = std::str::from_utf8(content).ok()?.trim();
        let mut key = Self([0; 32]);
        if text.len() == 64 && text.is_ascii() {
            for (at, byte) in key.0.iter_mut().enumerate() {
                *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
            }
            return Some(key);
        }
        let bytes = Zeroizing::new(base64::engine::general_purpose::STANDARD.decode(text).ok()?);
        key.0 = bytes[..].try_into().ok()?;
        Some(key)
    }

    /// What may be said of a key: tells two apart, and nothing else of them.
    pub(super) fn id(&self) -> String {
        blake3::keyed_hash(&self.0, b"tightlip index key").to_hex()[..16].to_owned()
    }

    /// A key for one purpose.
    pub(super) fn derive(&self, purpose: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in purpose {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Zeroizing::new(*hasher.finalize().as_bytes())
    }
}

fn not_a_key(place: impl fmt::Display) -> Error {
    Error::config(format!(
        "{place} holds no key: expected 32 random bytes, as they are, as 64 hexadecimal digits or as 44 characters of base64"
    ))
}

/// Keys are shown nowhere.
impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_three_ways() {
        let raw: Vec<u8> = (100..132).collect();
        let hex: String = raw.iter().map(|byte| format!("{byte:02X}")).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode(&raw);
        for content in [raw.clone(), format!("{hex}\n").into_bytes(), format!(" {base64}\r\n").into_bytes()] {
            assert_eq!(
                IndexKey::parse(&content).map(|key| key.id()),
                IndexKey::parse(&raw).map(|key| key.id())
            );
        }
        for content in [
            &raw[1..],
            b"",
            b"correct horse battery staple",
            &[b'x'; 64],
            &[0xff; 64],
            &base64.as_bytes()[..40],
        ] {
            assert!(IndexKey::parse(content).is_none());
        }
        let shown = format!("{:?}", IndexKey::parse(&raw).unwrap());
        assert_eq!(shown, "IndexKey { .. }");
    }
}

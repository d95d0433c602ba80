//! Forgetting people: a tombstone works at once, and the next writing of the index leaves their keys out.

use std::path::Path;
use std::time::SystemTime;

use super::Index;
use super::folder::{Lock, write_manifest};
use super::manifest::{Manifest, Suppressed};
use super::opening::Opening;
use crate::error::{Error, Result};

/// What became of one owner.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Erased {
    /// The owner, as they were named.
    pub owner: String,
    /// Whether the index knew them.
    pub known: bool,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The index, by the name that it keeps over all its generations.
    pub index: String,
    /// The generation from which on they are forgotten.
    pub generation: u64,
    /// Seconds since 1970, in UTC.
    pub at: u64,
    /// Whether their strong values are still withheld from everyone, and until when (seconds since 1970; none: for good).
    pub suppressed: bool,
    /// As above.
    pub until: Option<u64>,
    /// Who was named.
    pub owners: Vec<Erased>,
    /// Whether bytes of theirs are in the folder until the index is compacted.
    pub in_folder: bool,
}

impl Index {
    /// Forgets owners of the index in a folder, at once: streams that begin afterwards do not know them. Their bytes stay in the folder until the
    /// index is [compacted](Self::compact).
    ///
    /// # Errors
    /// There is no index, it is damaged, or somebody else is changing it.
    pub fn erase<'a>(folder: impl AsRef<Path>, owners: impl IntoIterator<Item = &'a str>) -> Result<Receipt> {
        Opening::new().erase(folder, owners)
    }

    /// Forgets owners as [`erase`](Self::erase) does, but goes on to withhold their strong values, which are nobody's then, from everyone, until a
    /// moment or for good.
    ///
    /// # Errors
    /// As [`erase`](Self::erase).
    pub fn suppress<'a>(
        folder: impl AsRef<Path>,
        owners: impl IntoIterator<Item = &'a str>,
        until: Option<SystemTime>,
    ) -> Result<Receipt> {
        Opening::new().suppress(folder, owners, until)
    }

    /// Writes all of the index in a folder anew, in one segment, without what was erased.
    ///
    /// # Errors
    /// There is no index, it is damaged, or it cannot be written.
    pub fn compact(folder: impl AsRef<Path>) -> Result<Self> {
        Opening::new().compact(folder)
    }
}

impl Opening {
    /// As [`Index::erase`].
    ///
    /// # Errors
    /// As there; or the index is sealed, and no key is given or another one.
    pub fn erase<'a>(
        &self,
        folder: impl AsRef<Path>,
        owners: impl IntoIterator<Item = &'a str>,
    ) -> Result<Receipt> {
        self.forget(folder.as_ref(), owners.into_iter(), None)
    }

    /// As [`Index::suppress`].
    ///
    /// # Errors
    /// As there; or the index is sealed, and no key is given or another one.
    pub fn suppress<'a>(
        &self,
        folder: impl AsRef<Path>,
        owners: impl IntoIterator<Item = &'a str>,
        until: Option<SystemTime>,
    ) -> Result<Receipt> {
        self.forget(folder.as_ref(), owners.into_iter(), Some(until.map(seconds)))
    }

    fn forget<'a>(
        &self,
        folder: &Path,
        owners: impl Iterator<Item = &'a str>,
        suppressed: Option<Option<u64>>,
    ) -> Result<Receipt> {
        let _lock = Lock::of(folder)?;
        let index = self.open(folder)?;
        let segments = &index.generation.segments;
        let mut manifest: Manifest = index.generation.manifest.clone();
        let (mut named, mut dead) = (Vec::new(), Vec::new());
        for owner in owners {
            // Who is suppressed already is found by name until the index is compacted.
            let number = segments.iter().find_map(|segment| segment.number_of(owner));
            named.push(Erased { owner: owner.to_owned(), known: number.is_some() });
            let Some(number) = number else { continue };
            manifest.suppressed.retain(|suppressed| suppressed.owner != number);
            match suppressed {
                Some(until) => manifest.suppressed.push(Suppressed { owner: number, until }),
                None => dead.push(number),
            }
        }
        for (segment, entry) in segments.iter().zip(&mut manifest.segments) {
            entry.bury(
                segment,
                &index.generation.manifest,
                dead.iter().copied().filter(|number| segment.owner_name(*number).is_some()),
            );
        }
        if named.is_empty() {
            return Err(Error::config("no owners are named; name at least one"));
        }
        let is_anybody = named.iter().any(|erased| erased.known);
        if is_anybody {
            manifest.generation += 1;
            write_manifest(folder, &manifest, index.generation.seal.as_ref())?;
        }
        Ok(Receipt {
            index: manifest.lineage,
            generation: manifest.generation,
            at: seconds(SystemTime::now()),
            suppressed: suppressed.is_some(),
            until: suppressed.flatten(),
            owners: named,
            in_folder: is_anybody,
        })
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

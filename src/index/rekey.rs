//! Sealing an index anew under another key, or one that was not sealed.

use std::path::Path;

use super::folder::{Lock, Target, random_id};
use super::key::IndexKey;
use super::manifest::FileEntry;
use super::opening::Opening;
use super::seal::Seal;
use super::{Bytes, Index};
use crate::error::Result;

impl Opening {
    /// Seals every file of an index anew under another key, or for the first time if it was not sealed. What is in them stays as it is; after this the old
    /// key opens nothing in the folder any more. Servers go on with what they have open, and need the new key to open it again.
    ///
    /// # Errors
    /// There is no index, it is damaged, somebody else is changing it, or the key that this opening names is not its own.
    pub fn rekey(&self, folder: impl AsRef<Path>, key: IndexKey) -> Result<Index> {
        let folder = folder.as_ref();
        let lock = Lock::of(folder)?;
        let (mut manifest, seal) = self.manifest(folder)?;
        // What is damaged is not sealed as if it were whole.
        Index::open_as(folder, manifest.clone(), seal.clone(), self, None)?;
        let target = Target::folder(folder, Some(Seal::new(key.clone(), &manifest.lineage)))?;
        let mut files = Vec::new();
        for segment in &mut manifest.segments {
            let id = random_id()?;
            let mut anew = |entry: &mut FileEntry| -> Result<()> {
                let path = folder.join(&entry.name);
                let content = match &seal {
                    None => Bytes::load(&path, self.loads())?,
                    Some(seal) => Bytes::open(&path, seal, &entry.name)?,
                };
                let file = target.copy(id, &entry.name, content.as_ref())?;
                *entry = file.entry();
                files.push(file);
                Ok(())
            };
            anew(&mut segment.strong)?;
            anew(&mut segment.weak)?;
            anew(&mut segment.postings)?;
            anew(&mut segment.owner_names)?;
            anew(&mut segment.openings)?;
            anew(&mut segment.observed)?;
        }
        manifest.generation += 1;
        target.commit(&manifest, files)?;
        drop(lock);
        Opening::new().key(key).load(self.loads()).open(folder)
    }
}

//! How an index is opened: with which key, and into what memory.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::key::IndexKey;
use super::manifest::Manifest;
use super::past::Past;
use super::seal::Seal;
use super::{Index, IndexBuilder};
use crate::error::{Error, Result};

/// How an index is opened.
///
/// A sealed index needs a key: the one that is given, or what the environment names
/// ([`IndexKey::from_environment`]). One that is not sealed is opened if no key is given.
///
/// ```no_run
/// use tightlip::{Load, Opening};
/// let index = Opening::new().key_file("/run/secrets/index.key").load(Load::Heap).open("customers.tlx")?;
/// println!("{} bytes in memory", index.memory().bytes);
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Opening {
    key: Source,
    load: Load,
}

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Environment,
    File(PathBuf),
    Key(IndexKey),
}

/// Where the bytes of an index that is not sealed are while it is open. Those of a sealed one are decrypted to memory of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serve", derive(serde::Deserialize))]
#[cfg_attr(feature = "serve", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Load {
    /// Files are mapped: opened at once, read as they are needed, shared by processes. A file that somebody could write to is read instead, since
    /// whoever cuts a mapped file short ends the processes that look at it.
    #[default]
    #[cfg_attr(feature = "serve", serde(rename = "mmap"))]
    Mapped,
    /// Files are read into memory.
    Heap,
}

impl FromStr for Load {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "mmap" => Ok(Self::Mapped),
            "heap" => Ok(Self::Heap),
            _ => Err(Error::config("expected mmap or heap")),
        }
    }
}

impl Opening {
    /// Files mapped, and a key from the environment if one is needed.
    pub fn new() -> Self {
        Self::default()
    }

    /// The key of a sealed index.
    pub fn key(mut self, key: IndexKey) -> Self {
        self.key = Source::Key(key);
        self
    }

    /// The file of the key of a sealed index. It is read each time an index is opened, so that the key may be changed while a server runs.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Source::File(path.into());
        self
    }

    /// Where the bytes of an index that is not sealed are.
    pub fn load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// As [`Index::open`].
    ///
    /// # Errors
    /// As there; or the index is sealed, and no key is given or another one.
    pub fn open(&self, folder: impl AsRef<Path>) -> Result<Index> {
        Index::open_after(folder.as_ref(), self, None)
    }

    /// As [`Index::verify`].
    ///
    /// # Errors
    /// As there; or the index is sealed, and no key is given or another one.
    pub fn verify(&self, folder: impl AsRef<Path>) -> Result<Index> {
        let index = self.open(folder)?;
        index.generation.verify()?;
        Ok(index)
    }

    /// As [`IndexBuilder::updating`].
    ///
    /// # Errors
    /// As there; or the index is sealed, and no key is given or another one.
    pub fn updating(&self, folder: impl AsRef<Path>) -> Result<IndexBuilder> {
        IndexBuilder::going_on(Past::open(folder.as_ref(), self)?)
    }

    /// As [`Index::compact`].
    ///
    /// # Errors
    /// As there; or the index is sealed, and no key is given or another one.
    pub fn compact(&self, folder: impl AsRef<Path>) -> Result<Index> {
        let folder = folder.as_ref();
        let runs = folder.parent().filter(|runs| runs.is_dir());
        let builder = self.updating(folder)?.compacting();
        runs.into_iter().fold(builder, IndexBuilder::runs_in).finish(folder)
    }

    pub(super) fn loads(&self) -> Load {
        self.load
    }

    /// The key, if one is named.
    ///
    /// # Errors
    /// What is named is no key.
    pub(crate) fn named_key(&self) -> Result<Option<IndexKey>> {
        match &self.key {
            Source::Environment => IndexKey::from_environment(),
            Source::File(path) => IndexKey::from_file(path).map(Some),
            Source::Key(key) => Ok(Some(key.clone())),
        }
    }

    /// The manifest of the index in a folder, and what its files are sealed with.
    ///
    /// # Errors
    /// There is no index, it is damaged, it was made by another version, or it is sealed and the key is not its own.
    pub(super) fn manifest(&self, folder: &Path) -> Result<(Manifest, Option<Seal>)> {
        let (manifest, seal) = Manifest::read(folder, || self.named_key())?;
        // Else whoever can write to the folder could put an index of their own there.
        if seal.is_none() && !matches!(self.key, Source::Environment) {
            return Err(Error::config(format!(
                "{} is not sealed, though a key is given; seal it with `tightlip index rekey`, or open it without",
                folder.display()
            )));
        }
        Ok((manifest, seal))
    }
}

//! Where the bytes of an index come from.

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};

/// The bytes of one file of an index: mapped, or on the heap.
pub(crate) enum Bytes {
    Mapped(memmap2::Mmap),
    Heap(Vec<u8>),
}

impl Bytes {
    /// Maps a file of an index.
    #[allow(unsafe_code)]
    pub(crate) fn map(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::file("open", path, &error))?;
        let length = file.metadata().map_err(|error| Error::file("open", path, &error))?.len();
        if length == 0 {
            return Ok(Self::Heap(Vec::new())); // an empty file cannot be mapped
        }
        // SAFETY: files of an index are written once, under a name of their own, and only ever removed, never truncated or written in place
        // (CONTRACT, "Index files"); their folder is closed to other users. Whoever breaks that can crash this process.
        let mapped = unsafe { memmap2::Mmap::map(&file) };
        mapped.map(Self::Mapped).map_err(|error| Error::file("map", path, &error))
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Heap(bytes) => bytes,
        }
    }
}

//! Where the bytes of an index come from.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zeroize::Zeroize;

use super::opening::Load;
use super::seal::{Opened, Seal, opened_bytes};
use crate::error::{Error, Result};

/// The bytes of one file of an index: mapped, on the heap, or decrypted.
pub(crate) enum Bytes {
    Mapped(memmap2::Mmap),
    Heap(Vec<u8>),
    Secret(Secret),
}

impl Bytes {
    /// Takes in a file of an index as it is.
    pub(crate) fn load(path: &Path, load: Load) -> Result<Self> {
        let unreadable = |error: &std::io::Error| Error::file("open", path, error);
        let mut file = File::open(path).map_err(|error| unreadable(&error))?;
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        // What somebody may write to they may cut short, and then the next look at it ends the process.
        if load == Load::Mapped && metadata.len() > 0 && metadata.permissions().readonly() {
            return Self::map(&file).map_err(|error| Error::file("map", path, &error));
        }
        let mut content = Vec::with_capacity(metadata.len() as usize);
        file.read_to_end(&mut content).map_err(|error| Error::file("read", path, &error))?;
        Ok(Self::Heap(content))
    }

    /// Decrypts a file of a sealed index.
    ///
    /// # Errors
    /// It cannot be read, there is not enough memory, or it was not sealed so.
    pub(crate) fn open(path: &Path, seal: &Seal, name: &str) -> Result<Self> {
        let unreadable = |error: &std::io::Error| Error::file("open", path, error);
        let not_sealed_so = || {
            Error::index(format!(
                "{} is damaged: it was altered, cut short or sealed for another index; restore it or build the index again",
                path.display()
            ))
        };
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let sealed = file.metadata().map_err(|error| unreadable(&error))?.len();
        let length = opened_bytes(sealed).ok_or_else(not_sealed_so)?;
        let mut secret = Secret::new(length)?;
        let mut opened =
            Opened::new(seal, name, BufReader::new(file), sealed).map_err(|_| not_sealed_so())?;
        opened.read_exact(secret.content.as_mut().map_or(&mut [][..], |map| &mut map[..])).map_err(
            |error| match error.kind() {
                std::io::ErrorKind::InvalidInput | std::io::ErrorKind::UnexpectedEof => not_sealed_so(),
                _ => Error::file("read", path, &error),
            },
        )?;
        // Of a file that says nothing the only piece is still to be opened.
        match opened.read(&mut [0]) {
            Ok(0) => Ok(Self::Secret(secret)),
            _ => Err(not_sealed_so()),
        }
    }

    #[allow(unsafe_code)]
    fn map(file: &File) -> std::io::Result<Self> {
        // SAFETY: files of an index are written once, under a name of their own, and only ever removed, never truncated or written in place
        // (CONTRACT, "Index files"); nobody may open this one for writing (see `load`), and their folder is closed to other users. Whoever makes
        // it writable again and cuts it short can crash this process.
        unsafe { memmap2::Mmap::map(file) }.map(Self::Mapped)
    }

    /// The bytes that were decrypted, and whether they stay in memory.
    pub(crate) fn secret(&self) -> Option<(usize, bool)> {
        match self {
            Self::Secret(secret) => Some((secret.as_ref().len(), secret.stays)),
            Self::Mapped(_) | Self::Heap(_) => None,
        }
    }

    /// The bytes that were read into memory.
    pub(crate) fn on_heap(&self) -> usize {
        match self {
            Self::Heap(bytes) => bytes.len(),
            Self::Mapped(_) | Self::Secret(_) => 0,
        }
    }
}

impl AsRef<[u8]> for Bytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Heap(bytes) => bytes,
            Self::Secret(secret) => secret.as_ref(),
        }
    }
}

/// Memory for what is secret: not swapped and in no core dump where the system lets it be so, and wiped when it is dropped.
pub(crate) struct Secret {
    /// `None`: no bytes, which cannot be mapped.
    content: Option<memmap2::MmapMut>,
    stays: bool,
}

impl Secret {
    fn new(length: u64) -> Result<Self> {
        if length == 0 {
            return Ok(Self { content: None, stays: true });
        }
        let too_large = |error: &std::io::Error| {
            Error::io(format!("cannot get {length} bytes of memory for a sealed index"), error)
        };
        let usable = usize::try_from(length)
            .map_err(|_| too_large(&std::io::Error::other("this machine addresses fewer")))?;
        let content = memmap2::MmapMut::map_anon(usable).map_err(|error| too_large(&error))?;
        // Neither is a reason not to open an index; who is told of it may raise the limit.
        #[cfg(target_os = "linux")]
        let _ = content.advise(memmap2::Advice::DontDump);
        #[cfg(unix)]
        let stays = content.lock().is_ok();
        #[cfg(not(unix))]
        let stays = false;
        Ok(Self { content: Some(content), stays })
    }
}

impl AsRef<[u8]> for Secret {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.content.as_deref().unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.content.iter_mut().for_each(|content| content.zeroize());
    }
}

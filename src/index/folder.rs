//! The folder of an index: how its files come into being, all of them or none.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use xxhash_rust::xxh3::Xxh3;

use super::Bytes;
use super::manifest::{self, FileEntry, Manifest};
use super::opening::{Load, Opening};
use super::seal::{Seal, Sealing};
use crate::error::{Error, Result};

/// How the files of an unfinished index begin.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// What the files of a segment are called, behind a prefix of eight hexadecimal digits and a dot.
const FILES: [&str; 6] = ["strong", "weak", "postings", "owners", "openings", "observed"];

/// Whether a file of this name can be part of an index. No other is ever removed.
pub(super) fn is_ours(name: &str) -> bool {
    let segment = |(prefix, file): (&str, &str)| {
        prefix.len() == 8 && prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) && FILES.contains(&file)
    };
    name.starts_with(UNFINISHED) || name.split_once('.').is_some_and(segment)
}

/// Where an index is being written.
pub(crate) struct Target {
    /// `None`: kept in memory.
    folder: Option<PathBuf>,
    /// Names the segment, and begins the names of the files, so that they never meet others in the same folder.
    id: u32,
    seal: Option<Seal>,
}

impl Target {
    pub(crate) fn memory() -> Self {
        Self { folder: None, id: 0, seal: None }
    }

    /// Makes the folder, or takes one that is empty or holds an index. Files in it are sealed, if there is something to seal them with.
    pub(crate) fn folder(path: &Path, seal: Option<Seal>) -> Result<Self> {
        let unusable = |error: &io::Error| Error::file("write to", path, error);
        if !Self::is_there(path)? {
            fs::create_dir_all(path).map_err(|error| unusable(&error))?;
        }
        for_owner_only(path, 0o700).map_err(|error| unusable(&error))?;
        let target = Self { folder: Some(path.to_owned()), id: random_id()?, seal };
        target.remove(|name| name.starts_with(UNFINISHED));
        Ok(target)
    }

    /// Whether the folder is there already.
    ///
    /// # Errors
    /// It is, and is neither empty nor an index; or it is a file.
    pub(crate) fn is_there(path: &Path) -> Result<bool> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(Error::config(format!("{} is a file; an index is a folder", path.display())));
            }
            Err(error) => return Err(Error::file("write to", path, &error)),
        };
        let names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        // A file of this name alone makes no index: web applications have one too.
        let is_index = names.iter().any(|name| name == manifest::NAME)
            && (names.iter().any(|name| is_ours(name)) || Opening::new().manifest(path).is_ok());
        if !is_index && !names.iter().all(|name| name.starts_with(UNFINISHED)) {
            return Err(Error::config(format!(
                "{} holds other files and is not an index; name a new or empty folder",
                path.display()
            )));
        }
        Ok(true)
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn create(&mut self, name: &str) -> Result<Output> {
        self.create_as(format!("{:08x}.{name}", self.id))
    }

    fn create_as(&self, name: String) -> Result<Output> {
        let sink = match (&self.folder, &self.seal) {
            (None, _) => Sink::Heap(Vec::new()),
            (Some(folder), seal) => {
                let file = tempfile::Builder::new()
                    .prefix(UNFINISHED)
                    .tempfile_in(folder) // for the owner only
                    .map_err(|error| Error::file("write to", folder, &error))?;
                let file = BufWriter::with_capacity(256 << 10, Hashed::new(file));
                match seal {
                    None => Sink::File(file),
                    Some(seal) => Sink::Sealed(Box::new(Sealing::new(seal, &name, file)?)),
                }
            }
        };
        Ok(Output { name, sink, seal: self.seal.clone() })
    }

    /// Writes a file of another segment anew, sealed as this target says, under a name that goes with `id`.
    pub(crate) fn copy(&self, id: u32, name: &str, content: &[u8]) -> Result<Finished> {
        let kind = name.split_once('.').map_or(name, |(_, kind)| kind);
        let mut output = self.create_as(format!("{id:08x}.{kind}"))?;
        output.write_all(content).map_err(|error| Error::io("cannot write the index", &error))?;
        output.finish()
    }

    /// Gives the files their names and makes the manifest speak of them; then what an earlier index left is removed.
    pub(crate) fn commit(self, manifest: &Manifest, files: impl IntoIterator<Item = Finished>) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let unwritable = |error: io::Error| Error::file("write to", folder, &error);
        for file in files {
            if let Content::File(temporary) = file.content {
                for_nobody_to_write(temporary.as_file()).map_err(unwritable)?;
                temporary.persist(folder.join(&file.entry.name)).map_err(|error| unwritable(error.error))?;
            }
        }
        write_manifest(folder, manifest, self.seal.as_ref())?;
        let kept: Vec<&str> = manifest.files().map(|file| file.name.as_str()).collect();
        self.remove(|name| is_ours(name) && !kept.contains(&name));
        Ok(())
    }

    /// Removes files of the folder. Whoever has them open keeps them; one that cannot be removed does no harm.
    fn remove(&self, which: impl Fn(&str) -> bool) {
        let entries = self.folder.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        for entry in entries {
            if entry.file_name().to_str().is_some_and(&which) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Puts another manifest in the place of the one that is there: from then on the index is what it says.
pub(crate) fn write_manifest(folder: &Path, manifest: &Manifest, seal: Option<&Seal>) -> Result<()> {
    let text = manifest.to_json(seal)?;
    let write = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(folder.join(manifest::NAME)).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| Error::file("write to", folder, &error))
}

/// Says that nobody else may write into a folder, for as long as it lives.
pub(crate) struct Lock(Option<File>);

impl Lock {
    /// Takes the folder, which need not be there yet.
    ///
    /// # Errors
    /// Somebody else has it.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        // Where a folder cannot be opened, writers have to see to it themselves that they are alone.
        let Ok(file) = File::open(folder) else { return Ok(Self(None)) };
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => Err(Error::config(format!(
                "{} is being changed by another process; try again when it has ended",
                folder.display()
            ))),
            _ => Ok(Self(Some(file))),
        }
    }

    /// The same, or one of the folder if it was not there.
    pub(crate) fn or_of(self, folder: &Path) -> Result<Self> {
        if self.0.is_some() { Ok(self) } else { Self::of(folder) }
    }
}

#[cfg(unix)]
fn for_owner_only(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn for_owner_only(_: &Path, _: u32) -> io::Result<()> {
    Ok(()) // the folder inherits the permissions of its parent
}

/// Lets nobody write to a file, not even its owner: it is going to be mapped.
fn for_nobody_to_write(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

/// A number for a segment that no other has.
pub(crate) fn random_id() -> Result<u32> {
    Ok(u32::from_str_radix(&manifest::random::<4>()?, 16).expect("eight hexadecimal digits"))
}

/// A file being written.
pub(crate) struct Output {
    name: String,
    sink: Sink,
    seal: Option<Seal>,
}

enum Sink {
    File(BufWriter<Hashed>),
    Sealed(Box<Sealing<BufWriter<Hashed>>>),
    Heap(Vec<u8>),
}

/// A file that is counted and hashed on the way, as it is on the disk. Best written to in large pieces.
struct Hashed {
    file: NamedTempFile,
    hash: Box<Xxh3>,
    bytes: u64,
}

impl Hashed {
    fn new(file: NamedTempFile) -> Self {
        Self { file, hash: Box::default(), bytes: 0 }
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::File(file) => file.write(bytes),
            Sink::Sealed(file) => file.write(bytes),
            Sink::Heap(heap) => heap.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::File(file) => file.flush(),
            Sink::Sealed(file) => file.flush(),
            Sink::Heap(_) => Ok(()),
        }
    }
}

impl Output {
    /// Makes sure that the content is on the disk.
    pub(crate) fn finish(self) -> Result<Finished> {
        let unwritable = |error: io::Error| Error::io("cannot write the index", &error);
        let file = match self.sink {
            Sink::Heap(content) => {
                let entry = FileEntry {
                    name: self.name,
                    bytes: content.len() as u64,
                    checksum: manifest::checksum(&content),
                };
                return Ok(Finished { entry, content: Content::Heap(content), seal: None });
            }
            Sink::File(file) => file,
            Sink::Sealed(file) => file.finish().map_err(unwritable)?,
        };
        let Hashed { file, hash, bytes } =
            file.into_inner().map_err(|error| unwritable(error.into_error()))?;
        file.as_file().sync_all().map_err(unwritable)?;
        let entry = FileEntry { name: self.name, bytes, checksum: format!("{:032x}", hash.digest128()) };
        Ok(Finished { entry, content: Content::File(file), seal: self.seal })
    }
}

/// A file that is written but not yet part of an index.
pub(crate) struct Finished {
    entry: FileEntry,
    content: Content,
    seal: Option<Seal>,
}

enum Content {
    File(NamedTempFile),
    Heap(Vec<u8>),
}

impl Finished {
    pub(crate) fn entry(&self) -> FileEntry {
        self.entry.clone()
    }

    pub(crate) fn bytes(&self) -> Result<Bytes> {
        match (&self.content, &self.seal) {
            (Content::File(file), None) => {
                for_nobody_to_write(file.as_file())
                    .map_err(|error| Error::io("cannot write the index", &error))?;
                Bytes::load(file.path(), Load::Mapped)
            }
            (Content::File(file), Some(seal)) => Bytes::open(file.path(), seal, &self.entry.name),
            (Content::Heap(bytes), _) => Ok(Bytes::Heap(bytes.clone())),
        }
    }
}

//! The manifest: what an index consists of. Replaced as a whole, so that an index is either the old one or the new one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::Region;
use super::key::IndexKey;
use super::seal::Seal;
use crate::error::{Error, Result};
use crate::identifier::KindSpec;

/// The name of the manifest in the folder of an index.
pub(crate) const NAME: &str = "manifest.json";

/// The version of the format that this crate reads and writes.
const FORMAT: u32 = 5;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// The folding its keys were made with.
    pub(crate) folding: String,
    /// Random: names this index for as long as it lives, over all its generations.
    pub(crate) lineage: String,
    /// Random: the key of the hashes that stand for people in findings and reports.
    pub(crate) hash_key: String,
    /// Counts the changes.
    pub(crate) generation: u64,
    /// The region of telephone numbers and dates that did not say their own.
    pub(crate) region: Region,
    /// The kinds, in the order of the first byte of their keys.
    pub(crate) kinds: Vec<KindSpec>,
    /// The calling codes of its telephone numbers.
    pub(crate) calling_codes: Vec<u16>,
    /// Whether its values are found that are written backwards.
    pub(crate) reversed: bool,
    /// The number of the next owner; none is ever used again.
    pub(crate) next_owner: u32,
    /// Owners that are unknown, but whose strong values are withheld from everyone.
    pub(crate) suppressed: Vec<Suppressed>,
    pub(crate) segments: Vec<SegmentEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentEntry {
    /// Random: names the segment, whatever its files are called.
    pub(crate) id: u32,
    pub(crate) owners: u32,
    /// Owners who do not count in this segment, in order: they were erased, or are in a later one.
    pub(crate) dead: Vec<u32>,
    /// How many identifiers of each kind, in the order of the kinds, and how many of them are of the dead.
    pub(crate) identifiers: Vec<u64>,
    pub(crate) gone: Vec<u64>,
    /// How many of them are only observed, as ordinary language and as canaries, and how many may be found where they are not meant.
    pub(crate) ordinary: Vec<u64>,
    pub(crate) canaries: Vec<u64>,
    pub(crate) noisy: Vec<u64>,
    pub(crate) strong: FileEntry,
    pub(crate) weak: FileEntry,
    pub(crate) postings: FileEntry,
    pub(crate) owner_names: FileEntry,
    pub(crate) openings: FileEntry,
    pub(crate) observed: FileEntry,
}

impl SegmentEntry {
    pub(crate) fn files(&self) -> [&FileEntry; 6] {
        [&self.strong, &self.weak, &self.postings, &self.owner_names, &self.openings, &self.observed]
    }
}

/// An owner of whom only strong values count.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suppressed {
    pub(crate) owner: u32,
    /// Seconds since 1970, in UTC, from which on nothing of them counts.
    pub(crate) until: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// XXH3-128 of the content, in hexadecimal.
    pub(crate) checksum: String,
}

/// The file: the manifest as text, and the checksum of that text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open<'a> {
    checksum: String,
    #[serde(borrow)]
    manifest: &'a RawValue,
}

/// The file of a sealed index: which key and which index it is, and the manifest, sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    format: u32,
    key: String,
    lineage: String,
    sealed: String,
}

pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Random bytes in hexadecimal.
pub(crate) fn random<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|_| Error::io("cannot get random numbers", &std::io::Error::other("the system has none")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Manifest {
    /// The manifest of a new index.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new(lineage: String, kinds: Vec<KindSpec>, region: Region) -> Result<Self> {
        Ok(Self {
            format: FORMAT,
            folding: crate::text::version(),
            lineage,
            hash_key: random::<32>()?,
            generation: 1,
            region,
            kinds,
            calling_codes: Vec::new(),
            reversed: false,
            next_owner: 0,
            suppressed: Vec::new(),
            segments: Vec::new(),
        })
    }

    /// The owners of a segment that no longer count, and those whose strong values alone do, in order.
    pub(crate) fn gone(&self, segment: &SegmentEntry) -> (Vec<u32>, Vec<u32>) {
        let over = self.over();
        let suppressed = self.suppressed.iter().map(|suppressed| suppressed.owner);
        let mut suppressed: Vec<u32> = suppressed.filter(|owner| !over.contains(owner)).collect();
        let mut dead: Vec<u32> = segment.dead.iter().chain(&over).copied().collect();
        dead.sort_unstable();
        suppressed.sort_unstable();
        (dead, suppressed)
    }

    /// Owners whose suppression is over.
    pub(crate) fn over(&self) -> BTreeSet<u32> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let is_over = |suppressed: &&Suppressed| suppressed.until.is_some_and(|until| until <= now);
        self.suppressed.iter().filter(is_over).map(|suppressed| suppressed.owner).collect()
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.segments.iter().flat_map(SegmentEntry::files)
    }

    /// The file.
    ///
    /// # Errors
    /// It is to be sealed, and the system has no random numbers.
    pub(crate) fn to_json(&self, seal: Option<&Seal>) -> Result<String> {
        let manifest = serde_json::value::to_raw_value(self).expect("a manifest is plain data");
        let Some(seal) = seal else {
            let checksum = checksum(manifest.get().as_bytes());
            return Ok(serde_json::to_string(&Open { checksum, manifest: &manifest }).expect("plain data"));
        };
        let sealed = BASE64.encode(seal.seal(NAME, manifest.get().as_bytes())?);
        let (key, lineage) = (seal.key_id(), self.lineage.clone());
        Ok(serde_json::to_string(&Closed { format: self.format, key, lineage, sealed }).expect("plain data"))
    }

    /// Reads the manifest of the index in `folder`, and says what its files are sealed with. `key` is asked for the key if they are.
    ///
    /// # Errors
    /// There is none, it is damaged, it was made by another version, or it is sealed under another key.
    pub(crate) fn read(
        folder: &Path,
        key: impl FnOnce() -> Result<Option<IndexKey>>,
    ) -> Result<(Self, Option<Seal>)> {
        let path = folder.join(NAME);
        let text = std::fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound if folder.is_dir() => {
                Error::index(format!("{} is not an index: it has no {NAME}", folder.display()))
            }
            std::io::ErrorKind::NotFound => Error::file("open the index", folder, &error),
            std::io::ErrorKind::NotADirectory => {
                Error::index(format!("{} is not an index: expected a folder", folder.display()))
            }
            _ => Error::file("open", &path, &error),
        })?;
        let closed = serde_json::from_slice::<Closed>(&text).ok();
        let read = match closed {
            None => Self::parse(&text).map(|manifest| (manifest, None)),
            Some(closed) => {
                let key = key()?.ok_or_else(|| {
                    let reason = "is sealed, and no key is given; name its file with --key-file or TIGHTLIP_INDEX_KEY_FILE";
                    Error::config(format!("{} {reason}", folder.display()))
                })?;
                closed.open(key)
            }
        };
        read.map_err(|error| error.about(path.display()))
    }

    /// Whether the text of a manifest is one that this crate reads, as far as can be told without its key.
    #[cfg(feature = "store")]
    pub(crate) fn check(text: &[u8]) -> Result<()> {
        match serde_json::from_slice::<Closed>(text) {
            Ok(closed) => check_format(closed.format),
            Err(_) => Self::parse(text).map(drop),
        }
    }

    /// Whether the file of a manifest says that it is sealed.
    pub(crate) fn is_sealed(folder: &Path) -> bool {
        std::fs::read(folder.join(NAME)).is_ok_and(|text| serde_json::from_slice::<Closed>(&text).is_ok())
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        let file: Open = serde_json::from_slice(text).map_err(|_| damaged())?;
        if checksum(file.manifest.get().as_bytes()) != file.checksum {
            return Err(damaged());
        }
        Self::from_text(file.manifest.get())
    }

    fn from_text(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
            folding: String,
        }
        let version: Version = serde_json::from_str(text).map_err(|_| damaged())?;
        check_format(version.format)?;
        if version.folding != crate::text::version() {
            return Err(Error::index(format!(
                "the index was folded by {}, this tightlip folds by {}; build the index again",
                version.folding,
                crate::text::version()
            )));
        }
        serde_json::from_str(text).map_err(|_| damaged())
    }
}

impl Closed {
    fn open(self, key: IndexKey) -> Result<(Manifest, Option<Seal>)> {
        check_format(self.format)?;
        let seal = Seal::new(key, &self.lineage);
        if seal.key_id() != self.key {
            return Err(Error::config(format!(
                "the index is sealed under another key: expected the key {}, the one that is given is {}",
                self.key.chars().filter(char::is_ascii_hexdigit).take(16).collect::<String>(),
                seal.key_id()
            )));
        }
        let text = BASE64
            .decode(&self.sealed)
            .ok()
            .and_then(|sealed| seal.open(NAME, &sealed))
            .ok_or_else(damaged)?;
        let manifest = Manifest::from_text(std::str::from_utf8(&text).map_err(|_| damaged())?)?;
        if manifest.lineage != self.lineage {
            return Err(damaged());
        }
        Ok((manifest, Some(seal)))
    }
}

fn damaged() -> Error {
    Error::index("the manifest is damaged; restore it or build the index again")
}

fn check_format(format: u32) -> Result<()> {
    if format == FORMAT {
        return Ok(());
    }
    Err(Error::index(format!(
        "the index has format {format}, this tightlip reads format {FORMAT}; build the index again"
    )))
}

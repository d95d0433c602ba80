//! The manifest: what an index consists of. Replaced as a whole, so that an index is either the old one or the new one.

use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::Region;
use crate::error::{Error, Result};
use crate::identifier::KindSpec;

/// The name of the manifest in the folder of an index.
pub(crate) const NAME: &str = "manifest.json";

/// The version of the format that this crate reads and writes.
const FORMAT: u32 = 2;

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
    pub(crate) owners: u32,
    /// Owners of this segment that were erased, in order.
    pub(crate) dead: Vec<u32>,
    /// How many identifiers of each kind, in the order of the kinds.
    pub(crate) identifiers: Vec<u64>,
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
struct Sealed<'a> {
    checksum: String,
    #[serde(borrow)]
    manifest: &'a RawValue,
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
    pub(crate) fn new(
        kinds: Vec<KindSpec>,
        region: Region,
        calling_codes: Vec<u16>,
        segments: Vec<SegmentEntry>,
    ) -> Result<Self> {
        Ok(Self {
            format: FORMAT,
            folding: crate::text::version(),
            lineage: random::<16>()?,
            hash_key: random::<32>()?,
            generation: 1,
            region,
            kinds,
            calling_codes,
            reversed: false,
            next_owner: segments.iter().map(|segment| segment.owners).sum(),
            suppressed: Vec::new(),
            segments,
        })
    }

    /// The owners of a segment that no longer count, and those whose strong values alone do, in order.
    pub(crate) fn gone(&self, segment: &SegmentEntry) -> (Vec<u32>, Vec<u32>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let is_over = |suppressed: &&Suppressed| suppressed.until.is_some_and(|until| until <= now);
        let (over, suppressed): (Vec<_>, Vec<_>) = self.suppressed.iter().partition(is_over);
        let over = over.into_iter().map(|over| over.owner);
        let mut dead: Vec<u32> = segment.dead.iter().copied().chain(over).collect();
        let mut suppressed: Vec<u32> = suppressed.into_iter().map(|suppressed| suppressed.owner).collect();
        dead.sort_unstable();
        suppressed.sort_unstable();
        (dead, suppressed)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.segments
            .iter()
            .flat_map(|s| [&s.strong, &s.weak, &s.postings, &s.owner_names, &s.openings, &s.observed])
    }

    pub(crate) fn to_json(&self) -> String {
        let manifest = serde_json::value::to_raw_value(self).expect("a manifest is plain data");
        let checksum = checksum(manifest.get().as_bytes());
        serde_json::to_string(&Sealed { checksum, manifest: &manifest }).expect("a manifest is plain data")
    }

    /// Reads the manifest of the index in `folder`.
    ///
    /// # Errors
    /// There is none, it is damaged, or it was made by another version.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
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
        Self::parse(&text).map_err(|error| error.about(path.display()))
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        let damaged = || Error::index("the manifest is damaged; restore it or build the index again");
        let sealed: Sealed = serde_json::from_slice(text).map_err(|_| damaged())?;
        if checksum(sealed.manifest.get().as_bytes()) != sealed.checksum {
            return Err(damaged());
        }
        #[derive(Deserialize)]
        struct Version {
            format: u32,
            folding: String,
        }
        let version: Version = serde_json::from_str(sealed.manifest.get()).map_err(|_| damaged())?;
        if version.format != FORMAT {
            return Err(Error::index(format!(
                "the index has format {}, this tightlip reads format {FORMAT}; build the index again",
                version.format
            )));
        }
        if version.folding != crate::text::version() {
            return Err(Error::index(format!(
                "the index was folded by {}, this tightlip folds by {}; build the index again",
                version.folding,
                crate::text::version()
            )));
        }
        serde_json::from_str(sealed.manifest.get()).map_err(|_| damaged())
    }
}

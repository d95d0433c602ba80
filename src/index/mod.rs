//! The index: which values are known, and whose they are.
//!
//! Takes identifiers ([`IndexBuilder`]), gives maps from folded keys to owners that are mapped rather than read, and tables that say where no key can
//! begin. Promises that an [`Index`] that exists has been verified, that owner numbers never change while it lives, and that it is on disk
//! as a whole or not at all.

mod alternatives;
mod builder;
mod bytes;
mod erase;
mod folder;
mod hints;
mod keys;
mod list;
mod manifest;
mod observed;
mod openings;
mod ordinary;
mod owner_names;
mod past;
mod people;
mod postings;
mod schema;
mod segment;
mod slips;
mod sort;
pub(crate) mod source;
mod spellings;
mod step;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

pub(crate) use alternatives::{
    Alternative, Alternatives, FirstAlternative, FirstAlternatives, Sort, Standing,
};
pub use builder::IndexBuilder;
pub(crate) use bytes::Bytes;
pub use erase::{Erased, Receipt};
pub(crate) use hints::{HINT, INITIAL, hint_kind};
pub use keys::Region;
pub(crate) use list::People;
use manifest::{FileEntry, Manifest, SegmentEntry};
pub(crate) use observed::Observed;
pub(crate) use openings::{
    BARRED, CHARACTERS, DEAD, END, FirstWord, HIDING, KindMask, MOST_KINDS, NO_KIND, OFF, Openings, Place,
    READING, SPLIT, character,
};
pub(crate) use postings::Owner;
pub use schema::Schema;
use segment::{Segment, SegmentBytes};
pub(crate) use slips::{RIGHT, Slips};
pub(crate) use step::{Ways, ending, step, ways};

use crate::error::{Error, Result};
use crate::identifier::{Between, KindSpec, Strength};

/// The longest key of text, in bytes.
pub(crate) const LONGEST_KEY: usize = keys::LONGEST;

pub(crate) use keys::BACKWARDS;

/// In place of a segment: the value is in none.
const UNLISTED: u16 = u16::MAX;

/// A finite-state map from keys to ordinals.
pub(crate) type KeyMap = fst::raw::Fst<Bytes>;

/// Known identifiers and whose they are. Cheap to clone; shared by all streams.
///
/// ```no_run
/// let index = tightlip::Index::open("customers.tlx")?;
/// println!("{} owners", index.info().owners);
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone)]
pub struct Index {
    generation: Arc<Generation>,
}

/// What is in an index. Serialises to what `tightlip index info --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct IndexInfo {
    /// How many owners.
    pub owners: u64,
    /// How many identifiers of each kind, kinds without any left out; the same value of two owners counts twice.
    pub identifiers: std::collections::BTreeMap<String, u64>,
    /// The segments.
    pub segments: Vec<SegmentInfo>,
    /// Values that are known but only observed.
    pub observed: ObservedInfo,
    /// Values that may be found where they are not meant, by kind: very short codes, plain numbers, dates.
    pub noisy: std::collections::BTreeMap<String, u64>,
    /// Sizes.
    pub bytes: IndexBytes,
    /// Owners who were erased and whose keys are still in the files, until the index is compacted.
    #[serde(skip_serializing_if = "is_zero")]
    pub erased: u64,
    /// Owners who are unknown, but whose strong values are withheld from everyone.
    #[serde(skip_serializing_if = "is_zero")]
    pub suppressed: u64,
    /// Counts the changes to the index, from 1.
    pub generation: u64,
    /// The folding that its keys were made with.
    pub folding: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How many values are known but only observed, by kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ObservedInfo {
    /// Ordinary language.
    pub ordinary: std::collections::BTreeMap<String, u64>,
    /// Found in the company's own texts outside what was written to their owner.
    pub canaries: std::collections::BTreeMap<String, u64>,
}

/// One segment of an index.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Owners that it brings.
    pub owners: u64,
    /// Identifiers in it.
    pub identifiers: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Sizes of an index in bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct IndexBytes {
    /// Everything.
    pub total: u64,
    /// Keys.
    pub keys: u64,
    /// Whose the keys are.
    pub owners: u64,
    /// The names of the owners.
    pub owner_names: u64,
    /// Tables that say where no key begins.
    pub accelerators: u64,
}

/// One state of an index.
pub(crate) struct Generation {
    manifest: Manifest,
    segments: Vec<Segment>,
    openings: Openings,
    /// Words that stand for the first words of keys.
    first_alternatives: FirstAlternatives,
    /// Made when somebody asks first.
    slips: OnceLock<Slips>,
    long_lists: people::LongLists,
    /// Read when somebody asks first.
    purposes: OnceLock<people::Purposes>,
    /// Strong kinds come before weak ones.
    strong_kinds: usize,
    hash_key: [u8; 32],
    /// What a newer generation has forgotten, for streams that go on with this one.
    forgotten: Arc<Forgotten>,
}

/// Owners who were erased while streams run. All generations of an index that follow one another share it.
#[derive(Default)]
pub(crate) struct Forgotten {
    is_anybody: AtomicBool,
    owners: RwLock<Vec<u32>>,
}

impl Forgotten {
    /// Whether an owner was erased since the stream began.
    #[inline]
    pub(crate) fn has(&self, owner: u32) -> bool {
        // A panic elsewhere leaves the list whole.
        let owners = || self.owners.read().unwrap_or_else(PoisonError::into_inner);
        self.is_anybody.load(Ordering::Acquire) && owners().binary_search(&owner).is_ok()
    }

    fn add(&self, owners: impl IntoIterator<Item = u32>) {
        let mut known = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(owners);
        known.sort_unstable();
        known.dedup();
        self.is_anybody.store(!known.is_empty(), Ordering::Release);
    }
}

/// A key that was found: which one, in which segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyId {
    pub(crate) segment: u16,
    pub(crate) ordinal: u64,
}

impl Index {
    fn new(generation: Generation) -> Result<Self> {
        Ok(Self { generation: Arc::new(generation) })
    }

    /// Opens the index that this one has become in its folder. Streams that go on with this one learn whom it has forgotten: from then on these
    /// people's values are withheld from everyone, themselves included.
    ///
    /// # Errors
    /// As [`open`](Self::open); this index stays as it is.
    pub fn reopen(&self, folder: impl AsRef<Path>) -> Result<Self> {
        let mut newer = Self::open(folder)?;
        let generation = Arc::get_mut(&mut newer.generation).expect("just opened");
        if generation.lineage() == self.generation.lineage() {
            let is_known =
                |number: &u32| generation.owner_name(*number).is_some() && !generation.is_gone(*number);
            let known = self.generation.segments.iter().flat_map(Segment::numbers);
            self.generation.forgotten.add(known.filter(|number| !is_known(number)));
            generation.forgotten = Arc::clone(&self.generation.forgotten);
        }
        Ok(newer)
    }

    /// Opens the index in a folder: checks every file against the manifest and maps it.
    ///
    /// # Errors
    /// There is no index, one of its files is missing or damaged, or it was made by another version.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        // A writer may remove the files of the manifest that was just read.
        for _ in 0..3 {
            let manifest = Manifest::read(folder)?;
            match Self::open_as(folder, manifest) {
                Err(error) if error.is_io() => continue,
                opened => return opened,
            }
        }
        Self::open_as(folder, Manifest::read(folder)?)
    }

    fn open_as(folder: &Path, manifest: Manifest) -> Result<Self> {
        let open = |entry: &FileEntry| -> Result<Bytes> {
            let path = folder.join(&entry.name);
            let bytes = Bytes::map(&path)?;
            let content = bytes.as_ref();
            if content.len() as u64 != entry.bytes || manifest::checksum(content) != entry.checksum {
                return Err(Error::index(format!(
                    "{} is damaged: its checksum does not fit; restore it or build the index again",
                    path.display()
                )));
            }
            Ok(bytes)
        };
        let segment = |entry: &SegmentEntry| {
            let bytes = SegmentBytes {
                strong: open(&entry.strong)?,
                weak: open(&entry.weak)?,
                postings: open(&entry.postings)?,
                owner_names: open(&entry.owner_names)?,
                openings: open(&entry.openings)?,
                observed: open(&entry.observed)?,
            };
            let (dead, suppressed) = manifest.gone(entry);
            Segment::new(dead, suppressed, bytes)
        };
        let segments = manifest.segments.iter().map(segment).collect::<Result<Vec<_>>>()?;
        Self::new(Generation::new(manifest, segments)?)
    }

    /// Checks what opening does not: that every key leads to owners that have a name.
    ///
    /// # Errors
    /// What [`open`](Self::open) says, or that a key is without its owners.
    pub fn verify(folder: impl AsRef<Path>) -> Result<Self> {
        let index = Self::open(folder)?;
        for segment in &index.generation.segments {
            for map in [&segment.strong, &segment.weak] {
                let mut stream = map.stream();
                while let Some((_, ordinal)) = fst::Streamer::next(&mut stream) {
                    let (mut owners, mut named) = (0, true);
                    segment.owners(ordinal.value(), |owner| {
                        owners += 1;
                        named &= index.generation.owner_name(owner.number).is_some();
                    });
                    if owners == 0 || !named {
                        return Err(Error::index("a key has no owner; build the index again"));
                    }
                }
            }
        }
        Ok(index)
    }

    /// What is in the index.
    pub fn info(&self) -> IndexInfo {
        let manifest = &self.generation.manifest;
        let by_kind = |counts: &dyn Fn(&SegmentEntry) -> &[u64]| {
            let mut all = std::collections::BTreeMap::new();
            for segment in &manifest.segments {
                for (spec, count) in
                    manifest.kinds.iter().zip(counts(segment)).filter(|(_, count)| **count > 0)
                {
                    *all.entry(spec.kind.name().to_owned()).or_default() += count;
                }
            }
            all
        };
        let mut sizes = [0; 4];
        for segment in &self.generation.segments {
            sizes.iter_mut().zip(segment.sizes()).for_each(|(sum, size)| *sum += size as u64);
        }
        let [keys, owners, owner_names, accelerators] = sizes;
        let segments = manifest.segments.iter().map(|segment| SegmentInfo {
            owners: u64::from(segment.owners),
            identifiers: segment.identifiers.iter().sum(),
            bytes: [
                &segment.strong,
                &segment.weak,
                &segment.postings,
                &segment.owner_names,
                &segment.openings,
                &segment.observed,
            ]
            .map(|file| file.bytes)
            .iter()
            .sum(),
        });
        let count = |of: &dyn Fn(&Segment) -> usize| -> u64 {
            self.generation.segments.iter().map(|segment| of(segment) as u64).sum()
        };
        let (erased, suppressed) =
            (count(&|segment| segment.dead.len()), count(&|segment| segment.suppressed.len()));
        let named: u64 = manifest.segments.iter().map(|segment| u64::from(segment.owners)).sum();
        IndexInfo {
            owners: named - erased - suppressed,
            erased,
            suppressed,
            identifiers: by_kind(&|segment| &segment.identifiers),
            segments: segments.collect(),
            observed: ObservedInfo {
                ordinary: by_kind(&|segment| &segment.ordinary),
                canaries: by_kind(&|segment| &segment.canaries),
            },
            noisy: by_kind(&|segment| &segment.noisy),
            bytes: IndexBytes {
                total: keys + owners + owner_names + accelerators,
                keys,
                owners,
                owner_names,
                accelerators,
            },
            generation: manifest.generation,
            folding: manifest.folding.clone(),
        }
    }

    /// Whether the index knows this owner.
    pub fn knows(&self, owner: &str) -> bool {
        self.generation.owner_number(owner).is_some()
    }

    /// What stands for an owner in findings and disclosure reports, `k:` and 16 hexadecimal digits; also for one whom the index has forgotten.
    pub fn subject(&self, owner: &str) -> String {
        format!("k:{}", self.generation.keyed_hash(&[b"owner", owner.as_bytes()]))
    }

    pub(crate) fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// The same index with tables that let every walk begin: its slow twin, for tests and benches.
    #[doc(hidden)]
    pub fn without_openings(folder: impl AsRef<Path>) -> Result<Self> {
        let mut index = Self::open(folder)?;
        let generation = Arc::get_mut(&mut index.generation).expect("just opened");
        generation.openings = Openings::everywhere();
        Ok(index)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("generation", &self.generation.manifest.generation)
            .field("segments", &self.generation.segments.len())
            .finish_non_exhaustive()
    }
}

impl Generation {
    fn new(manifest: Manifest, segments: Vec<Segment>) -> Result<Self> {
        let damaged = || Error::index("the manifest is damaged; restore it or build the index again");
        if manifest.kinds.len() > MOST_KINDS || segments.len() > usize::from(u16::MAX) / 2 {
            return Err(damaged());
        }
        step::common_inputs();
        let mut openings = Openings::for_keys(0);
        segments.iter().for_each(|segment| openings.join(&segment.openings));
        let has_keys =
            |place: usize| manifest.segments.iter().any(|segment| segment.identifiers.get(place) > Some(&0));
        let mut kinds = manifest.kinds.iter().enumerate().filter(|(place, _)| has_keys(*place));
        let has_digits = kinds.any(|(_, spec)| spec.shape.gaps().between == Between::Characters);
        openings.add_readings(has_digits);
        let mut hash_key = [0; 32];
        for (byte, hex) in hash_key.iter_mut().zip(manifest.hash_key.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(hex)
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                .ok_or_else(damaged)?;
        }
        let strong_kinds = manifest.kinds.iter().take_while(|spec| spec.strength == Strength::Strong).count();
        let mut generation = Self {
            manifest,
            segments,
            openings,
            first_alternatives: FirstAlternatives::default(),
            slips: OnceLock::new(),
            long_lists: people::LongLists::default(),
            purposes: OnceLock::new(),
            strong_kinds,
            hash_key,
            forgotten: Arc::default(),
        };
        generation.find_first_alternatives();
        Ok(generation)
    }

    fn find_first_alternatives(&mut self) {
        let mut openings = std::mem::replace(&mut self.openings, Openings::for_keys(0));
        let mut found = FirstAlternatives::default();
        for (kind, spec) in (0..).zip(self.kinds()) {
            let Some(alternatives) = Alternatives::of(spec.shape) else { continue };
            for (segment, map) in self.maps(spec.strength) {
                if let Some(start) = step(map, map.root().addr(), kind) {
                    found.add(&mut openings, alternatives, (kind, segment), map, start);
                }
            }
        }
        (self.openings, self.first_alternatives) = (openings, found);
    }

    pub(crate) fn number(&self) -> u64 {
        self.manifest.generation
    }

    pub(crate) fn kinds(&self) -> &[KindSpec] {
        &self.manifest.kinds
    }

    pub(crate) fn calling_codes(&self) -> &[u16] {
        &self.manifest.calling_codes
    }

    pub(crate) fn openings(&self) -> &Openings {
        &self.openings
    }

    pub(crate) fn first_alternatives(&self) -> &FirstAlternatives {
        &self.first_alternatives
    }

    pub(crate) fn slips(&self) -> &Slips {
        self.slips.get_or_init(|| Slips::new(self))
    }

    /// The maps in which a kind has its keys, with the number of their segment.
    pub(crate) fn maps(&self, strength: Strength) -> impl Iterator<Item = (u16, &KeyMap)> {
        self.segments.iter().enumerate().map(move |(number, segment)| match strength {
            Strength::Strong => (number as u16, &segment.strong),
            Strength::Weak => (number as u16, &segment.weak),
        })
    }

    /// The map of a segment that holds the keys of a kind.
    #[inline]
    pub(crate) fn map(&self, segment: u16, kind: u8) -> &KeyMap {
        let segment = &self.segments[usize::from(segment)];
        if usize::from(kind) < self.strong_kinds { &segment.strong } else { &segment.weak }
    }

    /// Calls `each` with the live owners of a key. One may come more than once.
    pub(crate) fn owners(&self, key: KeyId, each: impl FnMut(Owner)) {
        self.segments[usize::from(key.segment)].owners(key.ordinal, each);
    }

    /// What a key says as it stands in a text, without what says how it is written.
    pub(crate) fn text(&self, kind: u8, key: KeyId) -> Option<Vec<u8>> {
        let key = self.map(key.segment, kind).get_key(key.ordinal)?;
        Some(key[1..].iter().copied().skip_while(|byte| *byte < b' ').collect())
    }

    /// What stands for the value that a key spells.
    pub(crate) fn value(&self, key: KeyId) -> KeyId {
        if key.segment == UNLISTED {
            return key;
        }
        KeyId { ordinal: self.segments[usize::from(key.segment)].value(key.ordinal), ..key }
    }

    /// Whether values of a key are only observed, and why.
    pub(crate) fn observed(&self, key: KeyId) -> Option<Observed> {
        self.segments.get(usize::from(key.segment))?.observed(key.ordinal)
    }

    /// Whether an owner was erased, or is suppressed.
    fn is_gone(&self, number: u32) -> bool {
        self.segments.iter().any(|segment| segment.is_gone(number))
    }

    /// Whether an owner was erased since this generation was opened.
    #[inline]
    pub(crate) fn has_forgotten(&self, owner: u32) -> bool {
        self.forgotten.has(owner)
    }

    pub(crate) fn lineage(&self) -> &str {
        &self.manifest.lineage
    }

    /// The values that a text is, read as each kind in turn.
    pub(crate) fn find(&self, text: &str) -> Vec<KeyId> {
        let mut found = Vec::new();
        for (place, spec) in self.kinds().iter().enumerate() {
            let Ok(keys) = keys::keys(spec, text, self.manifest.region) else { continue };
            for (segment, map) in self.maps(spec.strength) {
                let output = map.get([&[place as u8], &keys.main[..]].concat());
                found.extend(output.map(|output| KeyId { segment, ordinal: output.value() }));
            }
        }
        found
    }

    /// What stands for a value that the index need not know, read as a kind.
    pub(crate) fn unlisted(&self, kind: u8, text: &str) -> KeyId {
        let spec = &self.kinds()[usize::from(kind)];
        let (key, code) = match keys::keys(spec, text, self.manifest.region) {
            Ok(keys) => (keys.main, keys.calling_code),
            Err(_) => (text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "").into_bytes(), None),
        };
        let code = code.unwrap_or(0).to_le_bytes();
        let hash = self.keyed_hash(&[b"unlisted", spec.kind.name().as_bytes(), &code, &key]);
        let ordinal = u64::from_str_radix(&hash, 16).expect("sixteen hexadecimal digits");
        KeyId { segment: UNLISTED, ordinal }
    }

    pub(crate) fn owner_number(&self, name: &str) -> Option<u32> {
        self.segments.iter().find_map(|segment| segment.owner_number(name))
    }

    fn owner_name(&self, number: u32) -> Option<&[u8]> {
        self.segments.iter().find_map(|segment| segment.owner_name(number))
    }

    /// A hash that stands for an owner; it cannot be tested without the key of the index.
    pub(crate) fn owner_hash(&self, number: u32) -> String {
        self.keyed_hash(&[b"owner", self.owner_name(number).unwrap_or_default()])
    }

    /// The first 64 bits of BLAKE3 under the key of the index, in hexadecimal.
    pub(crate) fn keyed_hash(&self, parts: &[&[u8]]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.hash_key);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

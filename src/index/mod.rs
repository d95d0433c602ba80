//! The index: which values are known, and whose they are.
//!
//! Takes identifiers ([`IndexBuilder`]), gives maps from folded keys to owners that are mapped rather than read, and tables that say where no key can
//! begin. Promises that an [`Index`] that exists has been verified, that owner numbers never change while it lives, and that it is on disk
//! as a whole or not at all.

mod across;
mod alternatives;
mod builder;
mod bytes;
mod count;
mod crew;
mod derived;
mod erase;
mod folder;
mod folding;
#[cfg(feature = "serve")]
pub(crate) mod follow;
mod followers;
mod hints;
mod info;
mod jumps;
mod key;
mod keys;
mod list;
mod manifest;
mod merge;
mod numbering;
mod observed;
mod opening;
mod openings;
mod ordinary;
mod owner_names;
pub(crate) mod parts;
mod past;
mod people;
mod postings;
mod rekey;
mod reopen;
mod schema;
mod seal;
mod segment;
mod slips;
mod sort;
pub(crate) mod source;
mod spellings;
mod step;
#[cfg(feature = "store")]
pub(crate) mod store;
mod tables;

use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub(crate) use alternatives::{
    Alternative, Alternatives, FirstAlternative, FirstAlternatives, SHORTEST_REST, Sort, Standing,
    is_particle,
};
pub use builder::IndexBuilder;
pub(crate) use bytes::Bytes;
pub use erase::{Erased, Receipt};
pub(crate) use followers::Follower;
pub(crate) use hints::{HINT, INITIAL, hint_kind};
pub use info::{IndexBytes, IndexInfo, IndexMemory, ObservedInfo, SegmentInfo};
pub(crate) use jumps::Jumps;
pub use key::IndexKey;
pub use keys::Region;
pub(crate) use list::People;
use manifest::{FileEntry, Manifest, SegmentEntry};
pub(crate) use observed::Observed;
pub use opening::{Load, Opening};
pub(crate) use openings::{
    FirstWord, HIDING, KindMask, MOST_KINDS, NO_KIND, Openings, READING, WORD, character,
};
use owner_names::OwnerNames;
pub use parts::KeyWriter;
pub(crate) use postings::Owner;
use reopen::Forgotten;
pub use schema::Schema;
use seal::Seal;
use segment::{Segment, SegmentBytes, SegmentData};
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
    memo: Arc<Memo>,
}

/// What others have worked out for a generation, so that they need not do it again for each response. It goes when the index does.
#[derive(Default)]
struct Memo(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

/// Policies that are in use at a time, nearly always one or two.
const MOST_REMEMBERED: usize = 4;

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
    /// How it was opened, and what its files are sealed with.
    opening: Opening,
    seal: Option<Seal>,
}

/// A key that was found: which one, in which segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyId {
    pub(crate) segment: u16,
    pub(crate) ordinal: u64,
}

impl Index {
    /// Opens the index in a folder: checks every file against the manifest and maps it. If it is sealed, its key is what the
    /// [environment](IndexKey::from_environment) names; [`Opening`] takes one otherwise, and says into what memory files are read.
    ///
    /// # Errors
    /// There is no index, one of its files is missing or damaged, it was made by another version, or it is sealed and the key is not there or another.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Opening::new().open(folder)
    }

    /// Opens an index; what has not changed since `before` is shared with it.
    fn open_after(folder: &Path, opening: &Opening, before: Option<&Generation>) -> Result<Self> {
        let open = || {
            let (manifest, seal) = opening.manifest(folder)?;
            if seal.is_none() && before.is_some_and(|before| before.seal.is_some()) {
                return Err(Error::index(format!("{} was sealed and no longer is", folder.display())));
            }
            Self::open_as(folder, manifest, seal, opening, before)
        };
        // A writer may remove the files of the manifest that was just read.
        for _ in 0..3 {
            match open() {
                Err(error) if error.is_io() => continue,
                opened => return opened,
            }
        }
        open()
    }

    fn open_as(
        folder: &Path,
        manifest: Manifest,
        seal: Option<Seal>,
        opening: &Opening,
        before: Option<&Generation>,
    ) -> Result<Self> {
        let open = |entry: &FileEntry| -> Result<Bytes> {
            let path = folder.join(&entry.name);
            // What is sealed is authenticated as it is decrypted; that it is the right length is seen sooner.
            let (bytes, is_whole) = match &seal {
                None => {
                    let bytes = Bytes::load(&path, opening.loads())?;
                    let content = bytes.as_ref();
                    let is_whole =
                        content.len() as u64 == entry.bytes && manifest::checksum(content) == entry.checksum;
                    (bytes, is_whole)
                }
                Some(seal) => {
                    let length =
                        std::fs::metadata(&path).map_err(|error| Error::file("open", &path, &error))?.len();
                    let is_whole = length == entry.bytes;
                    (
                        if is_whole {
                            Bytes::open(&path, seal, &entry.name)?
                        } else {
                            Bytes::Heap(Vec::new())
                        },
                        is_whole,
                    )
                }
            };
            if !is_whole {
                return Err(Error::index(format!(
                    "{} is damaged: its checksum does not fit; restore it or build the index again",
                    path.display()
                )));
            }
            Ok(bytes)
        };
        let data = |entry: &SegmentEntry| -> Result<Arc<SegmentData>> {
            if let Some(data) = before.and_then(|before| before.shared(&manifest, entry)) {
                return Ok(data);
            }
            let bytes = SegmentBytes {
                strong: open(&entry.strong)?,
                weak: open(&entry.weak)?,
                postings: open(&entry.postings)?,
                owner_names: open(&entry.owner_names)?,
                openings: open(&entry.openings)?,
                observed: open(&entry.observed)?,
            };
            SegmentData::new(bytes).map(Arc::new)
        };
        let segment = |entry: &SegmentEntry| Ok(Segment::new(data(entry)?, manifest.gone(entry)));
        let segments = manifest.segments.iter().map(segment).collect::<Result<Vec<_>>>()?;
        let generation = Generation::new(manifest, segments, opening.clone(), seal)?;
        Ok(Self::of(Arc::new(generation)))
    }

    /// Checks what opening does not: that every key leads to owners that have a name.
    ///
    /// # Errors
    /// What [`open`](Self::open) says, or that a key is without its owners.
    pub fn verify(folder: impl AsRef<Path>) -> Result<Self> {
        Opening::new().verify(folder)
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

    fn of(generation: Arc<Generation>) -> Self {
        Self { generation, memo: Arc::default() }
    }

    /// What was made for this index before, or is made now.
    pub(crate) fn remembered<T: Any + Send + Sync>(
        &self,
        is_it: impl Fn(&T) -> bool,
        make: impl FnOnce(&Arc<Generation>) -> T,
    ) -> Arc<T> {
        let mut known = self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found =
            known.iter().find_map(|known| Arc::clone(known).downcast::<T>().ok().filter(|it| is_it(it)));
        found.unwrap_or_else(|| {
            let made = Arc::new(make(&self.generation));
            known.truncate(MOST_REMEMBERED - 1);
            known.insert(0, Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
            made
        })
    }

    /// The same index with tables that let every walk begin, and walks that take each step: its slow twin, for tests and benches.
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
    fn new(manifest: Manifest, segments: Vec<Segment>, opening: Opening, seal: Option<Seal>) -> Result<Self> {
        let damaged = || Error::index("the manifest is damaged; restore it or build the index again");
        if manifest.kinds.len() > MOST_KINDS || segments.len() > usize::from(u16::MAX) / 2 {
            return Err(damaged());
        }
        step::common_inputs();
        let mut tables = segments.iter().map(|segment| segment.openings());
        let mut openings = tables.next().unwrap_or_else(|| Ok(Openings::for_keys(0)))?;
        for table in tables {
            openings.join(&table?);
        }
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
            opening,
            seal,
        };
        generation.find_first_alternatives();
        Ok(generation)
    }

    fn verify(&self) -> Result<()> {
        for segment in &self.segments {
            for map in [&segment.strong, &segment.weak] {
                let mut stream = map.stream();
                while let Some((_, ordinal)) = fst::Streamer::next(&mut stream) {
                    let (mut owners, mut named) = (0, true);
                    segment.postings.owners(ordinal.value(), |owner| {
                        owners += 1;
                        named &= segment.owner_name(owner.number).is_some();
                    });
                    if owners == 0 || !named {
                        return Err(Error::index("a key has no owner; build the index again"));
                    }
                }
            }
        }
        Ok(())
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

    /// What a key says as it stands in a text, without what says how it is written.
    pub(crate) fn text(&self, kind: u8, key: KeyId) -> Option<Vec<u8>> {
        let key = self.map(key.segment, kind).get_key(key.ordinal)?;
        Some(key[1..].iter().copied().skip_while(|byte| *byte < b' ').collect())
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
        self.segments.iter().find_map(|segment| segment.owner_number(name.as_bytes()))
    }

    /// The numbers of all owners who are known.
    #[cfg(all(feature = "cli", feature = "postgres"))]
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.segments.iter().flat_map(Segment::numbers)
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

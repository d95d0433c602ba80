//! Building an index: values in any order go in, one segment comes out, beside those that stay of an index that is changed.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::crew::{self, Crew};
use super::folder::{Finished, Lock, Output, Target};
use super::folding::{Folding, Recipe};
use super::key::IndexKey;
use super::keys::Rejection;
use super::manifest::{self, Manifest, SegmentEntry};
use super::merge::{Merge, Merged, resolve_spellings};
use super::numbering::number_owners;
use super::observed::ObservedKeys;
use super::opening::Opening;
use super::parts::Parts;
use super::past::Past;
use super::seal::Seal;
use super::segment::{Segment, SegmentBytes, SegmentData};
use super::sort::Sorter;
use super::source::{Batch, Value};
use super::tables::Tables;
use super::{Generation, Index, KeyId, KeyMap, Region, Schema};
use crate::error::{Error, Result};
use crate::identifier::{Identifier, KindSpec, Strength};

/// The longest name of an owner, in bytes.
pub(crate) const LONGEST_OWNER: usize = 1024;

/// Builds an index from known identifiers.
///
/// Values may come in any order and more than once; rows of one owner are joined by sorting, in memory up to
/// [a bound](Self::memory) and in unnamed temporary files beyond it.
///
/// ```
/// use tightlip::{Identifier, IndexBuilder, Kind};
///
/// let mut builder = IndexBuilder::new();
/// builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// builder.add(Identifier { owner: "C-1002", kind: Kind::Phone, text: "+1 415 555 0104" })?;
/// let index = builder.finish_in_memory()?;
/// assert_eq!(index.info().owners, 2);
///
/// let mut builder = IndexBuilder::new();
/// let error = builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann at home" }).unwrap_err();
/// assert_eq!(error.to_string(), "email: not an email address (expected name@domain.example)");
/// # Ok::<(), tightlip::Error>(())
/// ```
pub struct IndexBuilder {
    /// Strong kinds first: a key begins with the place of its kind, so strong keys sort before weak ones.
    kinds: Vec<KindSpec>,
    region: Region,
    memory: usize,
    reversed: bool,
    runs: PathBuf,
    threads: Option<NonZeroUsize>,
    /// What was folded, and by whom: nobody while the crew has it.
    folded: Vec<Folding>,
    crew: Option<Crew<Batch, Batch, Folding>>,
    calling_codes: BTreeSet<u16>,
    keys: usize,
    searches: Vec<Search>,
    key: Option<IndexKey>,
    /// What sorted runs are sealed with, if the index is.
    run_seal: Option<Seal>,
    /// Is told how far writing is.
    progress: Option<Progress>,
    /// Says that what was begun is not to be finished.
    interrupted: Arc<AtomicBool>,
    /// What the index was before, if it is changed.
    past: Option<Past>,
    /// Keys that were derived and sorted elsewhere, in place of rows and spellings.
    parts: Option<Parts>,
    /// Whether all of it is written anew.
    compacts: bool,
}

/// Is told how many records of how many are written.
type Progress = Box<dyn FnMut(u64, u64) + Send>;

/// More threads than this wait for the one that reads, or for the one that writes.
const MOST_THREADS: usize = 8;

/// With less memory for each, threads make more runs than they save time.
const LEAST_OF_A_THREAD: usize = 16 << 20;

/// So many records are written between two such calls.
const TOLD_EVERY: u64 = 1 << 14;

/// Finds the keys that are to be observed only, with their kinds, when the index is built. What looks for values is not known to this layer.
pub(crate) type Search = Box<dyn FnOnce(&Arc<Generation>) -> Result<Vec<(u8, KeyId)>> + Send>;

impl Default for IndexBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl IndexBuilder {
    /// A builder that knows the built-in kinds.
    pub fn new() -> Self {
        Self {
            kinds: Schema::default().kinds(),
            region: Region::default(),
            memory: 512 << 20,
            reversed: false,
            runs: std::env::temp_dir(),
            threads: None,
            folded: Vec::new(),
            crew: None,
            calling_codes: BTreeSet::new(),
            keys: 0,
            searches: Vec::new(),
            key: None,
            run_seal: None,
            progress: None,
            interrupted: Arc::default(),
            past: None,
            parts: None,
            compacts: false,
        }
    }

    /// A builder that changes the index in a folder: owners who are added replace those of the same name, all others stay, and what was erased is
    /// written no more. It is the only one that may write there until it is [finished](Self::finish) or dropped.
    ///
    /// The kinds, the region, the key of a sealed index and whether values are found backwards are those of the index.
    ///
    /// What is written is a segment of its own, beside those that are there: a small change costs little. Now and then older segments are
    /// written anew together with it: those that are at most four times as large as what lies behind them, and all if what lies behind the first holds a
    /// fourth of the keys, or if a fourth of the owners no longer count.
    ///
    /// # Errors
    /// There is no index, it is damaged, or somebody else is changing it.
    ///
    /// ```no_run
    /// use tightlip::{Identifier, IndexBuilder, Kind};
    ///
    /// let mut builder = IndexBuilder::updating("customers.tlx")?;
    /// builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann.lee@example.com" })?;
    /// builder.finish("customers.tlx")?;
    /// # Ok::<(), tightlip::Error>(())
    /// ```
    pub fn updating(folder: impl AsRef<Path>) -> Result<Self> {
        Opening::new().updating(folder)
    }

    pub(super) fn going_on(past: Past) -> Result<Self> {
        let manifest = past.manifest();
        Ok(Self {
            kinds: manifest.kinds.clone(),
            region: manifest.region,
            reversed: manifest.reversed,
            calling_codes: manifest.calling_codes.iter().copied().collect(),
            run_seal: past.seal().map(|_| Seal::of_the_moment()).transpose()?,
            past: Some(past),
            ..Self::new()
        })
    }

    /// Writes all of the index anew.
    pub(super) fn compacting(mut self) -> Self {
        self.compacts = true;
        self
    }

    /// Knows the kinds of a schema too. To be called before the first value is added.
    pub fn schema(mut self, schema: &Schema) -> Self {
        self.kinds = schema.kinds();
        self
    }

    /// The region of telephone numbers and dates that do not say their own; `US` unless set.
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// The bytes that sorting may hold; 512 MiB unless set.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// How many threads fold, sort and write at the same time, at most eight; unless set as many as there are cores and 16 MiB of [memory](Self::memory)
    /// for each. The index is the same. Values that are [added](Self::add) one by one are folded by the thread that adds them.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Whether values are found that are written backwards (`moc.elpmaxe@nna`): long ones of strong kinds, and names. Off unless set: each has one
    /// more key then, and the index takes about 40 % more bytes.
    pub fn reversed(mut self, reversed: bool) -> Self {
        self.reversed = reversed;
        self
    }

    /// A builder of keys that [`KeyWriter`](crate::KeyWriter)s have written and somebody has sorted: files of lines, or Parquet with the columns `key`,
    /// `kind` and `owner`, each sorted by `key` and none overlapping another. Of all rows together it builds the same index; no other values can be added.
    ///
    /// The kinds, the region and whether values are found backwards are those of the writers.
    ///
    /// # Errors
    /// A part cannot be read or is none, parts overlap or are not sorted, a line is missing or came twice, or the writers differ.
    pub fn from_parts<P: AsRef<Path>>(parts: impl IntoIterator<Item = P>) -> Result<Self> {
        let builder = Self::new();
        let parts = parts.into_iter().map(|part| part.as_ref().to_owned()).collect();
        let parts = Parts::open(parts, &builder.runs, builder.memory / 4, false)?;
        Ok(builder.parts(parts))
    }

    pub(crate) fn parts(mut self, parts: Parts) -> Self {
        self.keys = parts.keys();
        self.parts = Some(parts);
        self
    }

    /// Seals every file with a key, without which nothing in them can be read; sorted runs are sealed too. An index that is sealed stays so when it is
    /// changed. To be called before the first value is added.
    pub fn sealed(mut self, key: IndexKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Calls `told` now and then while the index is written, with how many records are done and how many there are.
    pub fn on_progress(mut self, told: impl FnMut(u64, u64) + Send + 'static) -> Self {
        self.progress = Some(Box::new(told));
        self
    }

    /// Gives up, and leaves everything as it was, when this becomes true: adding a value, or finishing, is an error then.
    pub fn interrupted_by(mut self, interrupted: Arc<AtomicBool>) -> Self {
        self.interrupted = interrupted;
        self
    }

    pub(crate) fn search(mut self, search: Search) -> Self {
        self.searches.push(search);
        self
    }

    /// The folder for sorted runs that do not fit in memory; the system's temporary folder unless set. The files in it have no name and
    /// vanish with the process.
    pub fn runs_in(mut self, folder: &Path) -> Self {
        self.runs = folder.to_owned();
        self
    }

    /// Adds a value that somebody has verified to be its owner's.
    ///
    /// # Errors
    /// The value is not one of its kind, or too short to look for; the kind is not in the schema; a sorted run cannot be written.
    pub fn add(&mut self, identifier: Identifier) -> Result<()> {
        self.add_identifier(identifier, true)
    }

    /// Adds a value that nobody has verified: it protects its owner, but does not let the one who gave it read.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_unverified(&mut self, identifier: Identifier) -> Result<()> {
        self.add_identifier(identifier, false)
    }

    fn add_identifier(&mut self, Identifier { owner, kind, text }: Identifier, confers: bool) -> Result<()> {
        let place = self.kinds.iter().position(|spec| spec.kind == kind).ok_or_else(|| {
            Error::config(format!("the kind `{kind}` is not in the schema; add it under [kinds]"))
        })?;
        match self.add_value(&Value { owner, place, text, confers })? {
            Some(rejection) => Err(Error::data(format!("{kind}: {rejection}"))),
            None => Ok(()),
        }
    }

    /// The kinds, in the order that places them.
    pub(crate) fn kinds(&self) -> &[KindSpec] {
        &self.kinds
    }

    /// Adds a value, unless it is rejected.
    pub(crate) fn add_value(&mut self, value: &Value) -> Result<Option<Rejection>> {
        goes_on(&self.interrupted)?;
        self.end_crew()?;
        if self.folded.is_empty() {
            self.fold_in(1)?;
        }
        self.folded[0].add(value)
    }

    /// Adds the values of a batch, at the same time as those of others. Gives back, in order, the batches that are done.
    pub(super) fn add_batch(&mut self, mut batch: Batch) -> Result<Vec<Batch>> {
        goes_on(&self.interrupted)?;
        if self.crew.is_none() && self.folded.len() < self.at_once() {
            self.fold_in(self.at_once())?;
        }
        if let [alone] = &mut self.folded[..] {
            batch.judge(|value| alone.add(value))?;
            return Ok(vec![batch]);
        }
        let crew = self.crew.get_or_insert_with(|| {
            Crew::new(std::mem::take(&mut self.folded), |folding: &mut Folding, mut batch: Batch| {
                batch.judge(|value| folding.add(value))?;
                Ok(batch)
            })
        });
        crew.give(batch)
    }

    /// Waits for the batches that are not done.
    pub(super) fn rest_of_batches(&mut self) -> Result<Vec<Batch>> {
        self.crew.as_mut().map_or_else(|| Ok(Vec::new()), Crew::rest)
    }

    fn at_once(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let as_many = || cores().min(self.memory / LEAST_OF_A_THREAD).max(1);
        self.threads.map_or_else(as_many, NonZeroUsize::get).min(MOST_THREADS)
    }

    /// Makes what so many threads need, who share the memory.
    fn fold_in(&mut self, threads: usize) -> Result<()> {
        if self.key.is_some() && self.run_seal.is_none() {
            self.run_seal = Some(Seal::of_the_moment()?);
        }
        let (kinds, region, reversed) = (self.kinds.clone(), self.region, self.reversed);
        let recipe = Arc::new(Recipe { kinds, region, reversed });
        let (rows, spellings) = (self.memory / 2 / threads, self.memory / 4 / threads);
        for folding in &mut self.folded {
            folding.shrink(rows, spellings);
        }
        while self.folded.len() < threads {
            let (rows, spellings) = (self.sorter(rows), self.sorter(spellings));
            self.folded.push(Folding::new(Arc::clone(&recipe), rows, spellings));
        }
        Ok(())
    }

    fn end_crew(&mut self) -> Result<()> {
        if let Some(crew) = self.crew.take() {
            self.folded = crew.end()?;
        }
        Ok(())
    }

    fn sorter(&self, memory: usize) -> Sorter {
        Sorter::new(&self.runs, memory).sealed(self.run_seal.as_ref())
    }

    /// Whether [`finish`](Self::finish) would take this folder, to be asked before hours of reading: it is new, empty or an index.
    ///
    /// # Errors
    /// It is a file or holds something else.
    #[cfg(feature = "cli")]
    pub(crate) fn check_folder(folder: &Path) -> Result<()> {
        Target::is_there(folder).map(drop)
    }

    /// Writes the index into a folder, which becomes readable for its owner only. An index that is already there is replaced at once and as a
    /// whole: until then it stays as it is, and streams that use it go on with it.
    ///
    /// # Errors
    /// The folder holds something else, or a file cannot be written.
    pub fn finish(self, folder: impl AsRef<Path>) -> Result<Index> {
        let is_there = self.past.as_ref().is_some_and(|past| past.is_in(folder.as_ref()));
        let lock = if is_there { None } else { Some(Lock::of(folder.as_ref())?) };
        let lineage = match &self.past {
            Some(past) => past.manifest().lineage.clone(),
            None => manifest::random::<16>()?,
        };
        let seal = match (&self.key, &self.past) {
            (Some(key), _) => Some(Seal::new(key.clone(), &lineage)),
            (None, past) => past.as_ref().and_then(Past::seal).cloned(),
        };
        let target = Target::folder(folder.as_ref(), seal.clone())?;
        // A folder that was not there is there now.
        let lock = lock.map(|lock| lock.or_of(folder.as_ref())).transpose()?;
        // Under another key nothing stays as it is.
        let goes_on = is_there && self.key.is_none();
        let index = self.finish_in(target, lineage, seal, goes_on);
        drop(lock);
        index
    }

    /// Keeps the index in memory instead of in a folder.
    ///
    /// # Errors
    /// A sorted run cannot be written or read.
    pub fn finish_in_memory(self) -> Result<Index> {
        self.finish_in(Target::memory(), manifest::random::<16>()?, None, false)
    }

    /// Writes a segment; `beside` those of the past that stay, if their files are where it is written.
    fn finish_in(
        mut self,
        mut target: Target,
        lineage: String,
        seal: Option<Seal>,
        beside: bool,
    ) -> Result<Index> {
        let parts = self.parts.take();
        self.end_crew()?;
        if let Some(parts) = &parts {
            if !self.folded.is_empty() || self.past.is_some() {
                return Err(Error::config("an index is built of parts or of values, not of both"));
            }
            let made = parts.made();
            (self.kinds, self.region, self.reversed) = (made.kinds.clone(), made.region, made.reversed);
            self.calling_codes = parts.calling_codes().collect();
            if self.key.is_some() {
                self.run_seal = Some(Seal::of_the_moment()?);
            }
        }
        let threads = self.at_once();
        let folded = crew::all(std::mem::take(&mut self.folded), Folding::close)?;
        self.keys += folded.iter().map(|folding| folding.keys).sum::<usize>();
        self.calling_codes.extend(folded.iter().flat_map(|folding| &folding.calling_codes));
        let (past, new) = (self.past.as_ref(), self.keys);
        let first_folded = past.filter(|_| beside && !self.compacts).map_or(0, |past| past.first_folded(new));
        self.keys += past.map_or(0, |past| past.keys(first_folded));
        let mut carried = Vec::new();
        let (numbered, records, keys, spellings) = if let Some(parts) = parts {
            let records = parts.lines();
            let (numbered, keys, spellings) = parts.sorted()?;
            (numbered, records, keys, spellings)
        } else {
            let (rows, mut spellings): (Vec<_>, Vec<_>) =
                folded.into_iter().map(|folding| (folding.rows, folding.spellings)).unzip();
            let sorters = (0..threads).map(|_| self.sorter(self.memory / 4 / threads)).collect();
            let (numbered, keys) = number_owners(Sorter::together(rows)?, past, first_folded, sorters)?;
            let mut keys = crew::all(keys, Sorter::close)?;
            if let Some(past) = past {
                let mut passed = [self.sorter(self.memory / 8), self.sorter(self.memory / 8)];
                let [more_keys, more_spellings] = &mut passed;
                carried = past.pass_on(first_folded, &numbered.replaced, more_keys, more_spellings)?;
                let [more_keys, more_spellings] = passed;
                keys.push(more_keys.close()?);
                spellings.push(more_spellings.close()?);
            }
            let records = keys.iter().chain(&spellings).map(Sorter::len).sum();
            (numbered, records, Sorter::together(keys)?, Sorter::together(spellings)?)
        };
        let names = numbered.names;
        if names.len() as u64 > u64::from(u32::MAX >> 3) {
            return Err(Error::data("more than 500 million owners do not fit in one index"));
        }

        let (mut told, mut progress) = (0, self.progress.take());
        let mut merge = Merge::new(keys, spellings)?;
        let mut tables = Tables::new(&self.kinds, self.keys, self.sorter(self.memory / 4));
        let first_weak = self.kinds.iter().take_while(|spec| spec.strength == Strength::Strong).count();
        let mut write_keys = |name, until: usize| -> Result<Finished> {
            let mut map = fst::raw::Builder::new(target.create(name)?).map_err(unwritable)?;
            let next = || {
                goes_on(&self.interrupted)?;
                if let Some(progress) = progress.as_mut().filter(|_| merge.done >= told + TOLD_EVERY) {
                    told = merge.done;
                    progress(told, records);
                }
                merge.next(until)
            };
            let insert = |merged: &Merged| {
                merged.keys().try_for_each(|key| map.insert(key.key, key.ordinal)).map_err(unwritable)
            };
            crew::both(threads > 1, next, insert, |merged| tables.add(merged))?;
            map.into_inner().map_err(unwritable)?.finish()
        };
        let strong = write_keys("strong", first_weak)?;
        let weak = write_keys("weak", usize::MAX)?;
        let Tables {
            mut openings, mut postings, spelled, identifiers, ordinary, noisy, ordinary_keys, ..
        } = tables;
        let maps = [
            KeyMap::new(strong.bytes()?).map_err(unwritable)?,
            KeyMap::new(weak.bytes()?).map_err(unwritable)?,
        ];
        resolve_spellings(spelled.sorted()?, &maps, first_weak, threads, &mut postings)?;
        let [strong_bytes, weak_bytes] = maps.map(KeyMap::into_inner);
        let none = vec![0; self.kinds.len()];

        let mut write = |name, content: &dyn Fn(&mut Output) -> std::io::Result<()>| {
            let mut output = target.create(name)?;
            content(&mut output).map_err(|error| Error::io("cannot write the index", &error))?;
            output.finish()
        };
        let postings = write("postings", &|out| postings.write(out))?;
        let owner_names = write("owners", &|out| names.write(out))?;
        openings.shrink();
        let openings = write("openings", &|out| openings.write(out))?;
        let mut observed = write("observed", &|out| ObservedKeys::write(&ordinary_keys, &[], out))?;
        let entry = SegmentEntry {
            id: target.id(),
            owners: names.len() as u32,
            dead: Vec::new(),
            identifiers,
            gone: none.clone(),
            ordinary,
            canaries: none,
            noisy,
            strong: strong.entry(),
            weak: weak.entry(),
            postings: postings.entry(),
            owner_names: owner_names.entry(),
            openings: openings.entry(),
            observed: observed.entry(),
        };
        let bytes = SegmentBytes {
            strong: strong_bytes,
            weak: weak_bytes,
            postings: postings.bytes()?,
            owner_names: owner_names.bytes()?,
            openings: openings.bytes()?,
            observed: observed.bytes()?,
        };
        let (mut segments, opening) = match past {
            Some(past) => (past.kept(first_folded).collect(), past.opening().clone()),
            None => (Vec::new(), self.key.clone().map_or_else(Opening::new, |key| Opening::new().key(key))),
        };
        segments.push(Arc::new(SegmentData::new(bytes)?));
        let mut manifest = match past {
            Some(past) => past.go_on(numbered.dead, entry),
            None => {
                let mut manifest = Manifest::new(lineage, self.kinds, self.region)?;
                manifest.reversed = self.reversed;
                manifest.segments.push(entry);
                manifest
            }
        };
        manifest.calling_codes = self.calling_codes.into_iter().collect();
        manifest.next_owner = numbered.next;
        let as_they_count =
            |(data, entry): (Arc<SegmentData>, &SegmentEntry)| Segment::new(data, manifest.gone(entry));
        let segments = segments.into_iter().zip(&manifest.segments).map(as_they_count).collect();
        let mut generation = Arc::new(Generation::new(manifest, segments, opening, seal)?);
        if !self.searches.is_empty() || !carried.is_empty() {
            let written = first_folded as u16;
            let find = |key: &Vec<u8>| {
                let map = generation.map(written, key[0]);
                Some((key[0], KeyId { segment: written, ordinal: map.get(key)?.value() }))
            };
            let mut found: Vec<(u8, KeyId)> = carried.iter().filter_map(find).collect();
            for search in self.searches {
                found.append(&mut search(&generation)?);
            }
            let generation = Arc::get_mut(&mut generation).expect("searches are over");
            let canaries = generation.note_canaries(first_folded, found);
            let mut output = target.create("observed")?;
            ObservedKeys::write(&ordinary_keys, &canaries, &mut output)
                .map_err(|error| Error::io("cannot write the index", &error))?;
            observed = output.finish()?;
            generation.manifest.segments[first_folded].observed = observed.entry();
            let data = Arc::get_mut(&mut generation.segments[first_folded].data).expect("it is new");
            data.observed = ObservedKeys::new(observed.bytes()?)?;
        }
        target.commit(&generation.manifest, [strong, weak, postings, owner_names, openings, observed])?;
        Ok(Index::of(generation))
    }
}

impl Generation {
    /// Counts the canaries among the keys that a search has found in a segment, and gives their ordinals with those of all that they spell, in order.
    fn note_canaries(&mut self, segment: usize, mut found: Vec<(u8, KeyId)>) -> Vec<u32> {
        found.sort_unstable();
        found.dedup();
        let mut keys = BTreeSet::new();
        for (kind, key) in found.into_iter().filter(|(_, key)| usize::from(key.segment) == segment) {
            self.segments[segment].with_values(key.ordinal, |ordinal| {
                keys.insert((ordinal as u32, kind));
            });
        }
        let counts = &mut self.manifest.segments[segment].canaries;
        for (ordinal, kind) in &keys {
            counts[usize::from(*kind)] += u64::from(self.segments[segment].is_value(u64::from(*ordinal)));
        }
        keys.into_iter().map(|(ordinal, _)| ordinal).collect()
    }
}

/// Why a name cannot be an owner's.
pub(super) fn bad_owner(owner: &str) -> Option<Rejection> {
    let is_bad = owner.is_empty() || owner.len() > LONGEST_OWNER || owner.contains('\0');
    is_bad.then_some("the owner is empty, longer than 1,024 bytes or contains a NUL")
}

fn goes_on(interrupted: &AtomicBool) -> Result<()> {
    if interrupted.load(Ordering::Relaxed) {
        return Err(Error::io("interrupted", &std::io::Error::other("nothing was written")));
    }
    Ok(())
}

fn unwritable(error: fst::Error) -> Error {
    match error {
        fst::Error::Io(error) => Error::io("cannot write the keys", &error),
        // Keys come sorted and once each, and were written by the crate that reads them.
        fst::Error::Fst(_) => {
            Error::index("the keys came out of order; this is a bug in tightlip, please report it")
        }
    }
}

//! Sorting more records than fit in memory: sorted runs on disk, merged as they are read.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::seal::{Opened, Seal, Sealing};
use crate::error::{Error, Result};

/// Collects records of bytes and gives them back in order.
///
/// Holds at most `memory` bytes of records and their bookkeeping; beyond that it writes sorted runs to unnamed files in the folder,
/// which the system removes when they are closed, however the process ends. What is [sealed](Self::sealed) says nothing there. It works in one thread:
/// several threads have one each, and their records are given back [together](Self::together).
pub(crate) struct Sorter {
    folder: PathBuf,
    memory: usize,
    held: Records,
    /// How many records were added.
    count: u64,
    /// Runs, and how often what is in them was merged: never less often than in the run behind.
    runs: Vec<(u32, File)>,
    seal: Option<Seal>,
}

/// Records in memory.
#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// Where a record is, and how what is still to be compared of it begins: fetching that from where the record is takes longer than comparing it.
#[derive(Clone, Copy)]
struct Place {
    first: u64,
    start: u32,
    length: u32,
}

impl Place {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.length as usize]
    }

    /// The record without so many bytes at its beginning.
    fn behind(self, bytes: &[u8], depth: usize) -> &[u8] {
        self.of(bytes).get(depth..).unwrap_or_default()
    }
}

/// So many bytes are compared at once.
const STEP: usize = size_of::<u64>();

/// The first bytes as a number, zeros behind the end.
fn first(bytes: &[u8]) -> u64 {
    let mut first = [0; STEP];
    let known = bytes.len().min(STEP);
    first[..known].copy_from_slice(&bytes[..known]);
    u64::from_be_bytes(first)
}

impl Records {
    fn push(&mut self, parts: &[&[u8]]) {
        let start = self.bytes.len();
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        let record = &self.bytes[start..];
        self.places.push(Place { first: first(record), start: start as u32, length: record.len() as u32 });
    }

    /// How many bytes there are, with the bookkeeping.
    fn size(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.places)
    }

    fn sort(&mut self) {
        sort(&mut self.places, &self.bytes, 0);
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}

/// So few records, or such that agree in so many bytes, are compared as a whole.
const FEW: usize = 8;
const LONG: usize = 128;

/// Sorts records that agree up to a depth, by the bytes that follow: a step at a time, and only where they still agree.
fn sort(places: &mut [Place], bytes: &[u8], depth: usize) {
    places.sort_unstable_by_key(|place| place.first);
    for same in places.chunk_by_mut(|one, other| one.first == other.first) {
        if same.len() <= FEW || depth >= LONG {
            same.sort_unstable_by(|one, other| one.behind(bytes, depth).cmp(other.behind(bytes, depth)));
            continue;
        }
        // What ends here comes before what goes on, and the shorter one first: zeros at its end look like those behind it.
        let next = depth + STEP;
        same.sort_unstable_by_key(|place| (place.length as usize).min(next + 1));
        let ended = same.partition_point(|place| place.length as usize <= next);
        let rest = &mut same[ended..];
        rest.iter_mut().for_each(|place| place.first = first(place.behind(bytes, next)));
        sort(rest, bytes, next);
    }
}

/// So many runs of one level are merged into one, or a large dictionary and little memory would open more files than the system allows.
const MOST_RUNS: usize = 16;

impl Sorter {
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        let (held, runs) = (Records::default(), Vec::new());
        Self { folder: folder.to_owned(), memory, held, count: 0, runs, seal: None }
    }

    /// The same, with runs that nobody else can read.
    pub(crate) fn sealed(mut self, seal: Option<&Seal>) -> Self {
        self.seal = seal.cloned();
        self
    }

    /// Makes do with less memory from now on.
    pub(crate) fn shrink(&mut self, memory: usize) {
        self.memory = self.memory.min(memory);
    }

    /// Adds the record that is the concatenation of `parts`.
    pub(crate) fn push(&mut self, parts: &[&[u8]]) -> Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let is_full = self.held.size() + length + size_of::<Place>() > self.memory;
        if !self.held.places.is_empty() && (is_full || self.held.bytes.len() + length > u32::MAX as usize) {
            self.spill()?;
        }
        self.held.push(parts);
        self.count += 1;
        Ok(())
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// The records in order.
    pub(crate) fn sorted(self) -> Result<Sorted> {
        Self::together(vec![self.close()?])
    }

    /// Sorts what is left, once: no more is added.
    pub(crate) fn close(mut self) -> Result<Self> {
        if self.runs.is_empty() {
            self.held.sort();
            return Ok(self);
        }
        if !self.held.places.is_empty() {
            self.spill()?;
        }
        // Give back what the merge does not need before it starts.
        self.held = Records::default();
        Ok(self)
    }

    /// The records of closed sorters in order.
    pub(crate) fn together(sorters: Vec<Self>) -> Result<Sorted> {
        let files = sorters.iter().map(|sorter| sorter.runs.len()).sum::<usize>();
        let memory: usize = sorters.iter().map(|sorter| sorter.memory).sum();
        let mut runs = Vec::new();
        for sorter in sorters {
            for (_, file) in sorter.runs {
                runs.push(Run::open(file, buffer(memory, files), sorter.seal.as_ref()).map_err(unreadable)?);
            }
            runs.push(Run::held(sorter.held));
        }
        Sorted::merge(runs)
    }

    fn spill(&mut self) -> Result<()> {
        self.held.sort();
        let mut run = self.run()?;
        let mut records = self.held.places.iter().map(|place| place.of(&self.held.bytes));
        let written = records.try_for_each(|record| run.push(record));
        let file = written.and_then(|()| run.finish()).map_err(|e| self.unwritable(&e))?;
        self.runs.push((0, file));
        self.held.clear();
        while let Some(first) = self.runs.len().checked_sub(MOST_RUNS)
            && self.runs[first].0 == self.runs[self.runs.len() - 1].0
        {
            self.merge_from(first)?;
        }
        Ok(())
    }

    /// Makes one run of all from this one on.
    fn merge_from(&mut self, first: usize) -> Result<()> {
        let level = self.runs[first].0 + 1;
        let files = self.runs.split_off(first);
        let buffer = buffer(self.memory, files.len());
        let open = |(_, file)| Run::open(file, buffer, self.seal.as_ref()).map_err(unreadable);
        let mut sorted = Sorted::merge(files.into_iter().map(open).collect::<Result<_>>()?)?;
        let (mut run, mut record) = (self.run()?, Vec::new());
        while sorted.next(&mut record)? {
            run.push(&record).map_err(|e| self.unwritable(&e))?;
        }
        self.runs.push((level, run.finish().map_err(|e| self.unwritable(&e))?));
        Ok(())
    }

    fn run(&self) -> Result<RunBuilder> {
        let file = tempfile::tempfile_in(&self.folder).map_err(|error| self.unwritable(&error))?;
        let file = BufWriter::with_capacity(256 << 10, file);
        Ok(match &self.seal {
            None => RunBuilder::Open(file),
            Some(seal) => RunBuilder::Sealed(Box::new(Sealing::new(seal, RUN, file)?)),
        })
    }

    fn unwritable(&self, error: &std::io::Error) -> Error {
        Error::file("write a sorted run in", &self.folder, error)
    }
}

/// The bytes to read ahead of each of so many runs.
fn buffer(memory: usize, runs: usize) -> usize {
    (memory / runs.max(1)).clamp(4 << 10, 256 << 10)
}

/// Puts the next record into what it is given; `false` at the end.
type Next = Box<dyn FnMut(&mut Vec<u8>) -> Result<bool> + Send>;

/// Records in order. Equal records come one after the other.
pub(crate) enum Sorted {
    Here(Runs),
    /// What was sorted elsewhere.
    Elsewhere(Next),
}

/// Runs that are merged.
pub(crate) struct Runs {
    runs: Vec<Run>,
    /// A heap of those that have a record still: on top that whose record comes first.
    heap: Vec<usize>,
}

impl Sorted {
    fn merge(mut runs: Vec<Run>) -> Result<Self> {
        let mut heap = Vec::new();
        for (at, run) in runs.iter_mut().enumerate() {
            if run.next().map_err(unreadable)? {
                heap.push(at);
            }
        }
        let mut merged = Runs { runs, heap };
        (0..merged.heap.len() / 2).rev().for_each(|at| merged.sink(at));
        Ok(Self::Here(merged))
    }

    /// Puts the next record into `record`; `false` at the end.
    pub(crate) fn next(&mut self, record: &mut Vec<u8>) -> Result<bool> {
        record.clear();
        match self {
            Self::Here(runs) => runs.next(record),
            Self::Elsewhere(next) => next(record),
        }
    }
}

impl Runs {
    fn next(&mut self, record: &mut Vec<u8>) -> Result<bool> {
        let Some(&first) = self.heap.first() else { return Ok(false) };
        let run = &mut self.runs[first];
        std::mem::swap(record, &mut run.record);
        if !run.next().map_err(unreadable)? {
            self.heap.swap_remove(0);
        }
        self.sink(0);
        Ok(true)
    }

    /// Lets a run sink to its place in the heap.
    fn sink(&mut self, mut at: usize) {
        let comes_before = |a: usize, b: usize| self.runs[a].record < self.runs[b].record;
        loop {
            let child = 2 * at + 1;
            let Some(&left) = self.heap.get(child) else { return };
            let right = self.heap.get(child + 1).is_some_and(|right| comes_before(*right, left));
            let child = child + usize::from(right);
            if !comes_before(self.heap[child], self.heap[at]) {
                return;
            }
            self.heap.swap(at, child);
            at = child;
        }
    }
}

/// What runs are sealed as: each has random bytes of its own.
const RUN: &str = "run";

/// A sorted run being written: every record behind its length.
enum RunBuilder {
    Open(BufWriter<File>),
    Sealed(Box<Sealing<BufWriter<File>>>),
}

impl RunBuilder {
    fn push(&mut self, record: &[u8]) -> std::io::Result<()> {
        let file: &mut dyn Write = match self {
            Self::Open(file) => file,
            Self::Sealed(file) => file,
        };
        file.write_all(&(record.len() as u32).to_le_bytes())?;
        file.write_all(record)
    }

    fn finish(self) -> std::io::Result<File> {
        let file = match self {
            Self::Open(file) => file,
            Self::Sealed(file) => file.finish()?,
        };
        let mut file = file.into_inner()?;
        std::io::Seek::rewind(&mut file)?;
        Ok(file)
    }
}

/// A sorted run that is read.
struct Run {
    from: RunFrom,
    /// The record that was read last.
    record: Vec<u8>,
}

enum RunFrom {
    Memory { bytes: Vec<u8>, places: std::vec::IntoIter<Place> },
    Open(BufReader<File>),
    Sealed(Box<Opened<BufReader<File>>>),
}

impl Run {
    fn open(file: File, buffer: usize, seal: Option<&Seal>) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        let file = BufReader::with_capacity(buffer, file);
        let from = match seal {
            None => RunFrom::Open(file),
            Some(seal) => RunFrom::Sealed(Box::new(Opened::new(seal, RUN, file, length)?)),
        };
        Ok(Self { from, record: Vec::new() })
    }

    fn held(records: Records) -> Self {
        let (bytes, places) = (records.bytes, records.places.into_iter());
        Self { from: RunFrom::Memory { bytes, places }, record: Vec::new() }
    }

    /// Reads the next record, if there is one.
    fn next(&mut self) -> std::io::Result<bool> {
        match &mut self.from {
            RunFrom::Memory { bytes, places } => {
                let next = places.next();
                self.record.clear();
                self.record.extend_from_slice(next.map_or(&[], |place| place.of(bytes)));
                Ok(next.is_some())
            }
            RunFrom::Open(file) => next_record(file, &mut self.record),
            RunFrom::Sealed(file) => next_record(file, &mut self.record),
        }
    }
}

fn next_record(file: &mut impl Read, record: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut length = [0; 4];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
        other => other?,
    }
    record.resize(u32::from_le_bytes(length) as usize, 0);
    file.read_exact(record)?;
    Ok(true)
}

fn unreadable(error: std::io::Error) -> Error {
    Error::io("cannot read a sorted run", &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_runs_say_nothing() {
        let seal = Seal::of_the_moment().unwrap();
        for (seal, says) in [(None, true), (Some(&seal), false)] {
            let mut sorter = Sorter::new(&std::env::temp_dir(), 1).sealed(seal);
            sorter.push(&[b"ann@example.com"]).unwrap();
            sorter.push(&[b"bob@example.com"]).unwrap();
            let (mut file, mut content) = (&sorter.runs[0].1, Vec::new());
            file.read_to_end(&mut content).unwrap();
            assert_eq!(content.windows(15).any(|window| window == b"ann@example.com"), says);
        }
    }

    #[test]
    fn runs_and_memory_agree() {
        // Many agree in their first bytes, or come twice, or end with zeros.
        let record = |n: u32| -> Vec<u8> {
            let hash = n.wrapping_mul(2_654_435_761);
            let alike = [0, b'a', b'z'][hash as usize % 3];
            [vec![alike; hash as usize / 3 % 40], hash.to_le_bytes()[..hash as usize % 4].to_vec()].concat()
        };
        let seal = Seal::of_the_moment().unwrap();
        for (memory, seal) in
            [(1, None), (100, None), (4_000, None), (1 << 22, None), (100, Some(&seal)), (4_000, Some(&seal))]
        {
            let records: Vec<_> = (0..if memory < 1_000 { 2_000 } else { 40_000 }).map(record).collect();
            let mut expected = records.clone();
            expected.sort();
            for sorters in [1, 3] {
                let mut sorters: Vec<_> = (0..sorters)
                    .map(|_| Sorter::new(&std::env::temp_dir(), memory / sorters).sealed(seal))
                    .collect();
                for (n, record) in records.iter().enumerate() {
                    let at = n % sorters.len();
                    sorters[at].push(&[&record[..record.len() / 2], &record[record.len() / 2..]]).unwrap();
                }
                let closed = sorters.into_iter().map(|sorter| sorter.close().unwrap()).collect();
                let mut sorted = Sorter::together(closed).unwrap();
                let (mut record, mut found) = (Vec::new(), Vec::new());
                while sorted.next(&mut record).unwrap() {
                    found.push(record.clone());
                }
                assert!(found == expected, "with {memory} bytes");
            }
        }
    }
}
